import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FailureError } from '../../src/base/failure.ts';
import { CommandKey } from '../../src/domain/ids.ts';
import { openFileJournal } from '../../src/wire/file-journal.ts';
import { memoryJournal, type Journal, type JournalRecord } from '../../src/wire/journal.ts';

const key = CommandKey.parse('k1');
const records: JournalRecord[] = [
  { type: 'epoch', epoch: 3 },
  {
    type: 'accepted',
    key,
    hash: 'h',
    capability: 'dispense',
    expiresAt: 10,
    event: { kind: 'ack', n: 1, boot: 'b' },
  },
  { type: 'started', key, at: 5, reserved: 17 },
];

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'labwright-journal-'));
  path = join(folder, 'pump.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const makers: [string, () => Journal][] = [
  ['memory', memoryJournal],
  ['file', () => openFileJournal(path)],
];

describe.each(makers)('a %s journal', (_, make) => {
  it('keeps records in order, and replaces them when compacted', () => {
    const journal = make();
    for (const record of records) journal.append(record);
    expect(journal.records()).toEqual(records);
    journal.compact(records.slice(0, 1));
    journal.append(records[2]!);
    expect(journal.records()).toEqual([records[0], records[2]]);
  });
});

describe('a file journal', () => {
  const fill = (): void => {
    const journal = openFileJournal(path);
    for (const record of records) journal.append(record);
    journal.close();
  };

  it('is read again', () => {
    fill();
    expect(openFileJournal(path).records()).toEqual(records);
  });

  it('is read again after it was compacted', () => {
    fill();
    const journal = openFileJournal(path);
    journal.compact(records.slice(1));
    journal.append(records[0]!);
    journal.close();
    expect(openFileJournal(path).records()).toEqual([...records.slice(1), records[0]]);
  });

  it('loses nothing but the torn line, wherever it was torn', () => {
    fill();
    const text = readFileSync(path, 'utf8');
    const lastLine = text.trimEnd().lastIndexOf('\n') + 1;
    for (let cut = lastLine; cut < text.length; cut++) {
      writeFileSync(path, text.slice(0, cut));
      const journal = openFileJournal(path);
      expect(journal.records()).toEqual(records.slice(0, 2));
      journal.append(records[2]!);
      journal.close();
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
  });

  it('cuts off a last line that is complete but no JSON', () => {
    fill();
    appendFileSync(path, '\u0000\u0000\u0000\n');
    expect(openFileJournal(path).records()).toEqual(records);
  });

  it.each([
    ['garbage in the middle', (text: string) => text.replace('\n', '\nnonsense\n')],
    ['a last record of a later version', (text: string) => `${text}{"type":"teleported","key":"k1"}\n`],
  ])('refuses %s', (_, damage) => {
    fill();
    writeFileSync(path, damage(readFileSync(path, 'utf8')));
    expect(() => openFileJournal(path)).toThrow(FailureError);
    expect(() => openFileJournal(path)).toThrow(/pump\.jsonl: Line \d of the device journal cannot be read\./);
  });

  it('says so when it cannot write', () => {
    const journal = openFileJournal(path);
    journal.close();
    expect(() => journal.append(records[0]!)).toThrow(/pump\.jsonl: The device journal cannot be written: EBADF/);
    expect(() => journal.append(records[0]!)).toThrow(FailureError);
    expect(journal.records()).toEqual([]);
  });
});
