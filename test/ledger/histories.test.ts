import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventSchemas, type LabEvent } from '../../src/domain/event.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { summaryOf } from './histories/summary.ts';

const folder = join(import.meta.dirname, 'histories');
const names = readdirSync(folder).flatMap((file) => (file.endsWith('.jsonl') ? [file.slice(0, -'.jsonl'.length)] : []));

const recorded = (name: string): LabEvent[] =>
  readFileSync(join(folder, `${name}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LabEvent);

test.each(names)('%s still has the same hashes and means the same', (name) => {
  const ledger = Ledger.open(':memory:');
  for (const { hash, at, actor, version, ...event } of recorded(name))
    expect(ledger.transaction(() => ledger.append(event, at, actor, version)).hash).toBe(hash);
  expect(summaryOf(ledger)).toEqual(JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')));
  expect(ledger.replay().ok).toBe(true);
});

test('the newest history has every type of event', () => {
  const types = new Set(recorded(names.sort().at(-1)!).map(({ type }) => type));
  expect(Object.keys(eventSchemas).filter((type) => !types.has(type as LabEvent['type']))).toEqual([]);
});
