import { failure, FailureError } from '../base/failure.ts';
import type { Connection } from './sqlite.ts';
import { loadSqlite } from './sqlite.ts';

/**
 * Lets one controller at a time write to a ledger. The lock is SQLite's exclusive lock on an empty file beside the ledger:
 * the operating system holds it for the process and drops it when the process dies, however it dies. The file itself
 * stays, because removing it would let two newcomers hold locks on different files of one name. Readers do not look at it.
 */
export function takeLock(path: string): () => void {
  const Database = loadSqlite();
  const holder: Connection = new Database(`${path}.lock`, { timeout: 0 });
  try {
    holder.pragma('journal_mode = MEMORY');
    holder.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    holder.close();
    if ((error as { code?: unknown }).code !== 'SQLITE_BUSY') throw error;
    throw new FailureError(
      failure('ledger.locked', 'Another controller has this ledger open.', {
        where: path,
        mend: 'Stop it first, or look on with "labwright status".',
      }),
    );
  }
  return () => {
    holder.close();
  };
}
