import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { failure, FailureError } from '../base/failure.ts';
import { JournalRecord, type Journal } from './journal.ts';

/**
 * A journal in a file of JSON Lines. A last line that was torn by a crash was never promised to anybody and is cut off;
 * any other line that cannot be read is a failure (ledger.corrupt), because what it said might have been an effect.
 */
export const openFileJournal = (path: string): FileJournal => new FileJournal(path);

export class FileJournal implements Journal {
  readonly #path: string;
  readonly #records: JournalRecord[];
  #file: number;
  /** Bytes that hold whole records. */
  #length: number;
  /** Whether half a record may stand after them, from a write that failed. */
  #torn = false;

  constructor(path: string) {
    const { records, length } = load(path);
    this.#path = path;
    this.#records = records;
    this.#length = length;
    this.#file = openSync(path, 'a');
    ftruncateSync(this.#file, length);
    syncDirectory(path);
  }

  append(record: JournalRecord): void {
    const line = `${JSON.stringify(record)}\n`;
    try {
      if (this.#torn) ftruncateSync(this.#file, this.#length);
      this.#torn = true;
      writeAll(this.#file, line);
      // Forgetting may be forgotten: the result is said once more, and its controller repeats the forget.
      if (record.type !== 'forgotten') fsyncSync(this.#file);
    } catch (error) {
      throw unwritable(this.#path, error);
    }
    this.#torn = false;
    this.#length += Buffer.byteLength(line);
    this.#records.push(record);
  }

  records(): readonly JournalRecord[] {
    return this.#records;
  }

  compact(keep: readonly JournalRecord[]): void {
    const text = keep.map((record) => `${JSON.stringify(record)}\n`).join('');
    const fresh = `${this.#path}.new`;
    try {
      writeFileSync(fresh, text, { flush: true });
      renameSync(fresh, this.#path);
    } catch (error) {
      throw unwritable(this.#path, error);
    }
    closeSync(this.#file);
    this.#file = openSync(this.#path, 'a');
    syncDirectory(this.#path);
    this.#length = Buffer.byteLength(text);
    this.#torn = false;
    this.#records.splice(0, this.#records.length, ...keep);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function load(path: string): { records: JournalRecord[]; length: number } {
  if (!existsSync(path)) return { records: [], length: 0 };
  const bytes = readFileSync(path);
  const records: JournalRecord[] = [];
  let length = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, length)) {
    const json = parseLine(bytes.toString('utf8', length, end));
    const last = bytes.indexOf(10, end + 1) === -1;
    if (json === undefined && last) break;
    const record = JournalRecord.safeParse(json);
    if (!record.success) throw corrupt(path, records.length + 1);
    records.push(record.data);
    length = end + 1;
  }
  return { records, length };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
}

/** Makes a new or renamed name durable, as fsync(2) asks. */
function syncDirectory(path: string): void {
  const directory = openSync(dirname(path), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

const corrupt = (path: string, line: number): FailureError =>
  new FailureError(
    failure('ledger.corrupt', `Line ${line} of the device journal cannot be read.`, {
      where: path,
      mend: 'Look at the instrument, move the file away, and resolve by hand what ran last.',
    }),
  );

const unwritable = (path: string, error: unknown): FailureError =>
  new FailureError(
    failure('ledger.full', `The device journal cannot be written: ${(error as Error).message}.`, {
      where: path,
      mend: 'Free space on its disk.',
    }),
  );
