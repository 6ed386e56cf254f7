import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { sibling } from '../../base/sibling.ts';
import { FailureError, type Failure } from '../../base/failure.ts';
import type { Definition } from '../../domain/campaign.ts';
import { virtualLab } from '../labs.ts';
import { figuresOf, type Figures } from './figures.ts';
import { rehearseOnce } from './rehearsal.ts';

/** One rehearsal to be done. */
export interface Job {
  /** With its own seed. */
  readonly definition: Definition;
  /** Lab time at which the campaign begins, ms since 1970. */
  readonly startAt: number;
  /** What it is for, in a word or two. */
  readonly name: string;
}

/** What the thread of a rehearsal says. */
export type Word = { readonly completed: number } | { readonly figures: Figures } | { readonly failure: Failure };

/** Told whenever an experiment of a rehearsal is completed. */
export type Progress = (job: Job, completed: number) => void;

/** One rehearsal in this thread. Throws FailureError where the controller gives up. */
export function perform(job: Job, progress: Progress): Figures {
  const { definition, startAt } = job;
  const onProgress = (completed: number) => progress(job, completed);
  const { ledger, ...outcome } = rehearseOnce(definition, virtualLab, { startAt, onProgress });
  const figures = figuresOf(ledger, outcome);
  ledger.close();
  return figures;
}

/** Rehearses in threads, as many at once as there are processors; the order of the figures is that of the jobs. */
export async function rehearseAll(jobs: readonly Job[], progress: Progress): Promise<Figures[]> {
  // A thread loads the whole program anew: not for one.
  if (jobs.length === 1) return [perform(jobs[0]!, progress)];
  const results: Figures[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const thread = new Worker(sibling(import.meta.url, 'rehearse-thread'));
    try {
      for (let i = next++; i < jobs.length; i = next++) results[i] = await inThread(thread, jobs[i]!, progress);
    } finally {
      await thread.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs.length, availableParallelism()) }, work));
  return results;
}

function inThread(thread: Worker, job: Job, progress: Progress): Promise<Figures> {
  thread.removeAllListeners();
  return new Promise((resolve, reject) => {
    thread.on('message', (word: Word) => {
      if ('completed' in word) progress(job, word.completed);
      else if ('figures' in word) resolve(word.figures);
      else reject(new FailureError(word.failure));
    });
    thread.on('error', reject);
    thread.on('exit', (code) => reject(new Error(`the thread of ${job.name} ended with code ${code}`)));
    thread.postMessage(job);
  });
}
