import { Worker } from 'node:worker_threads';
import { sibling } from '../base/sibling.ts';
import { failed, failure, type Result } from '../base/failure.ts';
import type { Advice, Advisor, Question } from './advisor.ts';

/** The optimizer in a thread of its own. A thread that dies fails what it was asked and is started again. */
export function workerAdvisor(): Advisor {
  const waiting = new Map<number, (advice: Result<Advice>) => void>();
  let next = 0;
  let worker: Worker | undefined;
  let closed = false;

  const failAll = (message: string) => {
    const answers = [...waiting.values()];
    waiting.clear();
    worker = undefined;
    for (const answer of answers)
      answer(failed(failure('optimizer.failed', `The optimizer's thread ended: ${message}.`)));
  };
  const start = (): Worker => {
    const thread = new Worker(sibling(import.meta.url, 'optimizer-thread'));
    thread.on('message', ({ id, advice }: { id: number; advice: Result<Advice> }) => {
      const answer = waiting.get(id);
      waiting.delete(id);
      answer?.(advice);
    });
    thread.on('error', (error) => failAll(error.message));
    thread.on('exit', (code) => {
      if (!closed && worker === thread) failAll(`code ${code}`);
    });
    // An idle optimizer does not keep the process alive.
    thread.unref();
    return thread;
  };

  return {
    ask(question: Question, answer) {
      worker ??= start();
      const id = next++;
      waiting.set(id, answer);
      worker.postMessage({ id, question });
    },
    async close() {
      closed = true;
      await worker?.terminate();
    },
  };
}
