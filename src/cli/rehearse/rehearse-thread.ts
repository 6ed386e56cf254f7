import { parentPort } from 'node:worker_threads';
import { FailureError } from '../../base/failure.ts';
import { perform, type Job, type Word } from './replicates.ts';

/** A thread that rehearses one job after the other. */
const say = (word: Word) => parentPort!.postMessage(word);

parentPort!.on('message', (job: Job) => {
  try {
    say({ figures: perform(job, (_, completed) => say({ completed })) });
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    say({ failure: error.failure });
  }
});
