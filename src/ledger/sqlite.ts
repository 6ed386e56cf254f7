import { createRequire } from 'node:module';
import process from 'node:process';
import type Database from 'better-sqlite3';
import { failure, FailureError } from '../base/failure.ts';

export type Connection = Database.Database;
export type Statement = Database.Statement<unknown[], unknown>;

/** SQLite's native part crashes the process without a word below this version of Node. */
const oldestNode = [22, 14] as const;

/** Loads SQLite. Throws `platform.unsupported` where it would crash the process. */
export function loadSqlite(version: string = process.versions.node): typeof Database {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]))
    throw new FailureError(
      failure('platform.unsupported', `Node ${version} is too old for the ledger's database.`, {
        mend: `Use Node ${oldestNode.join('.')} or newer.`,
      }),
    );
  return createRequire(import.meta.url)('better-sqlite3') as typeof Database;
}

/** What an error of SQLite means to the person who runs the lab; any other error comes back as it is. */
export function explained(error: unknown, where: string): unknown {
  if (!(error instanceof Error) || error instanceof FailureError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const found = meanings.find(([prefix]) => code.startsWith(prefix));
  if (found === undefined) return error;
  const [, failureCode, sentence, mend] = found;
  const told = new FailureError(failure(failureCode, `${sentence} (${error.message}).`, { mend, where }));
  told.cause = error;
  return told;
}

const meanings = [
  ['SQLITE_FULL', 'ledger.full', 'The disk has no room for the ledger', 'Free some space and start again.'],
  ['SQLITE_BUSY', 'ledger.locked', 'Another program is writing to the ledger', 'Stop it or wait until it has ended.'],
  ['SQLITE_CORRUPT', 'ledger.corrupt', 'The ledger file is damaged', 'Restore it from a copy.'],
  ['SQLITE_NOTADB', 'ledger.corrupt', 'The file is not a ledger', 'Name the ledger file of the campaign.'],
  ['SQLITE_CANTOPEN', 'input.unreadable', 'The ledger file cannot be opened', 'Check its path and its permissions.'],
  ['SQLITE_READONLY', 'input.unreadable', 'The ledger file may not be written', 'Check its permissions.'],
  ['SQLITE_IOERR', 'input.unreadable', 'The ledger file cannot be read or written', 'Check the disk.'],
] as const;

/** Runs `work`, its SQLite errors told as failures. */
export function explaining<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explained(error, where);
  }
}
