import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Campaign } from '../../src/domain/campaign.ts';
import { SourceEntry } from '../../src/domain/source.ts';
import { withSources } from '../../src/cli/sources.ts';
import { exportTable } from '../../src/cli/export.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { definitionOf, WholeLab } from '../engine/whole-lab.ts';

const short = (experiments: number, change: (campaign: Campaign) => void = () => undefined) =>
  definitionOf('colour-match', ({ campaign }) => {
    Object.assign(campaign.budget, { experiments });
    Object.assign(campaign.batch, { size: 4, initial: 4 });
    delete (campaign.objectives[0] as { stop_at?: number }).stop_at;
    change(campaign);
  });

describe('sources of a campaign', () => {
  let folder: string;
  let ledgerFile: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'labwright-sources-'));
    ledgerFile = join(folder, 'ledger.sqlite');
    const lab = new WholeLab(short(12), Ledger.open(ledgerFile, { create: true, durable: false }));
    lab.startController();
    lab.run();
    writeFileSync(join(folder, 'spring.csv'), [...exportTable(lab.ledger, 'experiments', 'csv')].join(''));
    lab.ledger.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const read = (sources: Record<string, object>, extra: readonly string[] = []) =>
    withSources(
      short(8, (campaign) => {
        campaign.sources = Object.fromEntries(
          Object.entries(sources).map(([name, entry]) => [name, SourceEntry.parse(entry)]),
        );
      }),
      join(folder, 'campaign.yaml'),
      extra,
    );

  test('a run folder, its ledger and the table exported from it tell the same', () => {
    const { sources } = read({
      folder: { ledger: '.' },
      file: { ledger: 'ledger.sqlite' },
      table: { table: 'spring.csv' },
    });
    expect(sources!['folder']).toHaveLength(12);
    expect(sources!['file']).toEqual(sources!['folder']);
    expect(sources!['table']).toEqual(sources!['folder']);
  });

  test('paths of the command line are named after their files', () => {
    expect(Object.keys(read({}, [join(folder, 'spring.csv')]).campaign.sources!)).toEqual(['spring']);
  });

  test.each([
    [{ x: { ledger: 'nowhere' } }, /no ledger/],
    [{ x: { table: 'nowhere.csv' } }, /cannot be read/],
  ])('what cannot be read is said with its place: %j', (sources, sentence) => {
    expect(() => read(sources)).toThrow(sentence);
  });

  test('a table with text where a number should be names the line', () => {
    writeFileSync(join(folder, 'bad.csv'), 'red,yellow,blue,difference\n1,2,3,4\n1,two,3,4\n');
    expect(() => read({ bad: { table: 'bad.csv' } })).toThrow(/"two" in the column "yellow" is no number/);
  });

  test('numbers come into the units of this campaign', () => {
    const before = read({ spring: { ledger: 'ledger.sqlite' } }).sources!['spring']!;
    const definition = short(8, (campaign) => {
      campaign.sources = { spring: SourceEntry.parse({ ledger: 'ledger.sqlite' }) };
      const { red } = campaign.space as Record<string, { min: object; max: object }>;
      for (const bound of [red!.min, red!.max] as { value: number; unit: string }[])
        Object.assign(bound, { value: bound.value / 1000, unit: 'mL' });
    });
    const after = withSources(definition, join(folder, 'campaign.yaml')).sources!['spring']!;
    expect(after[0]!.point['red']).toBeCloseTo((before[0]!.point['red'] as number) / 1000, 9);
    expect(after[0]!.point['blue']).toBe(before[0]!.point['blue']);
  });

  test('a campaign with a source trusts it, says so, and goes on with it without the files', () => {
    const definition = read({ spring: { ledger: 'ledger.sqlite' } });
    const lab = new WholeLab(definition);
    lab.startController();
    lab.until('suggestions.received', 1);
    lab.killController();
    lab.startController();
    lab.run();
    expect(lab.finished).toBe(true);
    const told = lab.events.flatMap((event) =>
      event.type === 'suggestions.received' ? [event.data.model?.sources ?? []] : [],
    );
    expect(told.length).toBeGreaterThanOrEqual(2);
    for (const sources of told) expect(sources).toMatchObject([{ name: 'spring', observations: 12, cap: 1 }]);
    expect(told.at(-1)![0]!.trust).toBeGreaterThan(0.5);
  });

  test('an operator takes a source away while the campaign runs', () => {
    const lab = new WholeLab(read({ spring: { ledger: 'ledger.sqlite' } }));
    lab.startController();
    lab.until('suggestions.received', 1);
    const capped = lab.engine.order({ op: 'change', change: { sources: { spring: { cap: 0.25 } } } }, 'ann');
    expect(capped.ok).toBe(true);
    lab.until('suggestions.received', 2);
    const trusted = lab.events.findLast((event) => event.type === 'suggestions.received');
    expect(trusted?.type === 'suggestions.received' && trusted.data.model?.sources?.[0]?.trust).toBeLessThanOrEqual(
      0.25,
    );
    const unknown = lab.engine.order({ op: 'change', change: { sources: { autumn: null } } }, 'ann');
    expect(unknown.ok ? '' : unknown.failure.message).toMatch(/no source "autumn"/);
    expect(lab.engine.order({ op: 'change', change: { sources: { spring: null } } }, 'ann').ok).toBe(true);
    lab.run();
    expect(lab.finished).toBe(true);
    expect(lab.ledger.definition()!.campaign.sources).toEqual({});
  });
});
