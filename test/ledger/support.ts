import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { FailureError, type Failure } from '../../src/base/failure.ts';

export * from './story.ts';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A path in a folder that is removed when the tests of the file have ended. */
export function freshPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'labwright-ledger-'));
  folders.push(folder);
  return join(folder, 'lab.ledger');
}

/** The failure that `work` ends with. */
export function failureFrom(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    if (error instanceof FailureError) return error.failure;
    throw error;
  }
  throw new Error('nothing failed');
}
