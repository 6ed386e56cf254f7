import { closeSync, existsSync, openSync, realpathSync } from 'node:fs';
import { failure, FailureError } from '../base/failure.ts';
import { takeLock } from './lock.ts';
import { EventLog } from './event-log.ts';
import { projections } from './projections/all.ts';
import { rebuild } from './replay.ts';
import { corrupt } from './rows.ts';
import { checkVersion, createTables, isEmpty, isOutdated, remakeTables } from './schema.ts';
import { explaining, loadSqlite, type Connection } from './sqlite.ts';

export interface OpenOptions {
  /** Makes the ledger when there is none. Always so for ":memory:". */
  readonly create?: boolean;
  /** For looking on while another process writes. */
  readonly readonly?: boolean;
  /** True (default): every transaction is on the disk when it returns. False: the last ones may go with a power cut. */
  readonly durable?: boolean;
}

export interface Opened {
  readonly db: Connection;
  /** The file, or ":memory:". */
  readonly path: string;
  readonly close: () => void;
}

/** How long a statement waits for another process's checkpoint, ms. */
const patience = 5000;

/**
 * Opens the file and makes sure that it is a ledger of this version; the tables of an earlier one are made again from its
 * events, in memory where it is only read. Throws `ledger.missing`, `ledger.locked`,
 * `ledger.version`, `ledger.corrupt`, `ledger.full` and `input.unreadable`.
 */
export function openFile(path: string, options: OpenOptions): Opened {
  const Database = loadSqlite();
  const inMemory = path === ':memory:';
  const create = inMemory || (options.create === true && options.readonly !== true);
  return explaining(path, () => {
    if (!inMemory && !existsSync(path)) {
      if (!create) throw missing(path, 'There is no ledger at this path.');
      touch(path);
    }
    const file = inMemory ? path : realpathSync(path);
    const release = inMemory || options.readonly === true ? () => undefined : takeLock(file);
    let db = new Database(file, { readonly: options.readonly === true, timeout: patience });
    const close = () => {
      db.close();
      release();
    };
    try {
      if (options.readonly === true && isOutdated(db)) db = copyOf(db);
      prepare(db, path, options, create);
      return { db, path, close };
    } catch (error) {
      close();
      throw error;
    }
  });
}

function prepare(db: Connection, path: string, options: OpenOptions, create: boolean): void {
  if (isEmpty(db)) {
    if (!create) throw missing(path, 'The file holds no ledger.');
    db.pragma('journal_mode = WAL');
    createTables(db, schemas);
  }
  if (isOutdated(db)) upgrade(db, path);
  checkVersion(db, path);
  if (options.readonly === true) return;
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${options.durable === false ? 'NORMAL' : 'FULL'}`);
}

const schemas = projections.map(({ schema }) => schema);

function upgrade(db: Connection, path: string): void {
  remakeTables(db, schemas, () => {
    const outcome = rebuild(db, new EventLog(db));
    if ('broken' in outcome) throw corrupt(`Event ${outcome.broken.seq}: ${outcome.broken.reason}`, path);
  });
}

/** The same database in memory, where it may be written; the file is closed. */
function copyOf(db: Connection): Connection {
  const Database = loadSqlite();
  const image = db.serialize();
  db.close();
  // Bytes 18 and 19 say whether there is a write-ahead log (2) or not (1); a database in memory has none.
  image[18] = image[19] = 1;
  return new Database(image);
}

/** The lock file's name comes from the ledger's real path, so the ledger must exist before it is locked. */
function touch(path: string): void {
  try {
    closeSync(openSync(path, 'a'));
  } catch (error) {
    throw new FailureError(
      failure('input.unreadable', `The ledger cannot be made (${(error as Error).message}).`, {
        where: path,
        mend: 'Name a folder that exists and may be written.',
      }),
    );
  }
}

function missing(path: string, sentence: string): FailureError {
  return new FailureError(
    failure('ledger.missing', sentence, {
      where: path,
      mend: 'Check the path, or start the campaign with "labwright run".',
    }),
  );
}
