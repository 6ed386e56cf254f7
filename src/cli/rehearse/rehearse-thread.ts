import { parentPort, workerData } from 'node:worker_threads';
import { FailureError } from '../../base/failure.ts';
import { virtualLab } from '../labs.ts';
import { figuresOf } from './figures.ts';
import { rehearseOnce } from './rehearsal.ts';
import type { Job, Word } from './replicates.ts';

/** The thread of one rehearsal. */
const { definition, startAt } = workerData as Job;
const say = (word: Word) => parentPort!.postMessage(word);
try {
  const onProgress = (completed: number) => say({ completed });
  const { ledger, ...outcome } = rehearseOnce(definition, virtualLab, { startAt, onProgress });
  const figures = figuresOf(ledger, outcome);
  ledger.close();
  say({ figures });
} catch (error) {
  if (!(error instanceof FailureError)) throw error;
  say({ failure: error.failure });
}
