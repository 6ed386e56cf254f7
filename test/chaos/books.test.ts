import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { World } from '../../simulators/world.ts';
import { definitionOf, WholeLab } from '../engine/whole-lab.ts';
import { compareBooks } from './books.ts';

/** A world of which something else is told than what was. */
const lying = (world: World, lies: Partial<World>): World =>
  new Proxy(world, {
    get: (target, name) => {
      if (Object.hasOwn(lies, name)) return lies[name as keyof World];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

describe('the comparison of books and world', () => {
  let lab: WholeLab;
  let journals: string;

  beforeAll(() => {
    journals = mkdtempSync(join(tmpdir(), 'labwright-books-'));
    const definition = definitionOf('colour-match', ({ campaign }) => {
      Object.assign(campaign.budget, { experiments: 3 });
      Object.assign(campaign.batch, { size: 3, initial: 3 });
    });
    lab = new WholeLab(definition);
    lab.startController();
    lab.run();
  });
  afterAll(() => rmSync(journals, { recursive: true }));

  const violations = (lies: Partial<World> = {}): string =>
    compareBooks(lab.ledger, lying(lab.world, lies), journals).violations.join('\n');
  const key = (): string =>
    lab.ledger.commands().find(({ outcome, consumes }) => outcome === 'ok' && consumes.length > 0)!.key;

  test('finds nothing where all is well', () => {
    const { experiments, commands } = compareBooks(lab.ledger, lab.world, journals);
    expect(violations()).toBe('');
    expect(experiments).toEqual({ completed: 3 });
    expect(commands).toBeGreaterThan(6);
  });

  test('finds what was poured and is not booked', () => {
    const pours = lab.world.pours();
    expect(violations({ pours: () => [...pours, pours[0]!] })).toMatch(/^booked for .*\nstock of /s);
    const stray = { ...pours[0]!, key: 'nobody' };
    expect(violations({ pours: () => [...pours, stray] })).toMatch(
      /was poured for nobody, which the books do not know/,
    );
  });

  test('finds what is booked and was not poured', () => {
    expect(violations({ pours: () => lab.world.pours().slice(1) })).toMatch(/^booked for /);
  });

  test('finds a false ok', () => {
    expect(violations({ truthOf: (asked) => (asked === key() ? 'partly' : 'happened') })).toMatch(
      /^false ok: command /,
    );
  });

  test('finds a command that acted twice', () => {
    const accidents = [{ at: 0, device: 'handler', message: `The command ${key()} was carried out twice.` }];
    expect(violations({ accidents: () => accidents })).toMatch(/twice/);
  });

  test('finds energy that nobody has drawn', () => {
    expect(violations({ drawn: (device, at) => lab.world.drawn(device, at) / 4 })).toMatch(/^energy: handler has /);
  });

  test('finds a result that the books do not know', () => {
    const record = { type: 'done', key: 'nobody', event: { outcome: 'ok' } };
    writeFileSync(join(journals, 'handler'), `${JSON.stringify(record)}\n`);
    expect(violations()).toBe('handler has a result of nobody, which the books do not know');
    writeFileSync(join(journals, 'handler'), '');
  });
});
