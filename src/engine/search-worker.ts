import { Worker } from 'node:worker_threads';
import { sibling } from '../base/sibling.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { SearchTask } from '../scheduling/bounded-search.ts';
import type { Plan } from '../scheduling/model.ts';
import { searchLimitMs, type Searcher } from './searcher.ts';

/** What the thread is told: to search, or that it is enough. */
export type Asked = { readonly id: number; readonly task: SearchTask } | { readonly id: number };

export interface WorkerSearcher extends Searcher {
  /** The search ends within one step, with what it has found. */
  enough(): void;
}

/**
 * A search in a thread of its own, so that the event loop of the engine never waits for it. After `limitMs` of wall time it ends
 * with what it has found. A thread that dies, or cannot be started, is told of, has found nothing, and is started again for the
 * next search.
 */
export function workerSearcher(clock: Clock, onLost: (why: string) => void, limitMs = searchLimitMs): WorkerSearcher {
  let worker: Worker | undefined;
  let current: { readonly id: number; readonly answer: (found: Plan | undefined) => void } | undefined;
  let limit: Timer | undefined;
  let count = 0;
  let closed = false;

  const lose = (thread: Worker, why: string) => {
    if (closed || worker !== thread) return;
    const asked = current;
    worker = undefined;
    current = undefined;
    limit?.cancel();
    onLost(why);
    asked?.answer(undefined);
  };
  const start = (): Worker | undefined => {
    let thread: Worker;
    try {
      thread = new Worker(sibling(import.meta.url, 'search-thread'));
    } catch (error) {
      onLost((error as Error).message);
      return undefined;
    }
    thread.on('message', ({ id, found }: { id: number; found: Plan | undefined }) => {
      if (current?.id !== id) return;
      const { answer } = current;
      current = undefined;
      limit?.cancel();
      thread.unref();
      answer(found);
    });
    thread.on('error', (error) => lose(thread, error.message));
    thread.on('exit', (code) => lose(thread, `its thread ended with code ${code}`));
    return thread;
  };
  // A thread takes longer to start than most searches.
  worker = start();
  worker?.unref();
  const tell = (asked: Asked) => worker?.postMessage(asked);
  const enough = () => {
    if (current !== undefined) tell({ id: current.id });
  };

  return {
    search(task, answer) {
      if (closed) return;
      worker ??= start();
      if (worker === undefined) return void clock.after(0, () => answer(undefined));
      // An idle search does not keep the process alive.
      worker.ref();
      const id = ++count;
      current = { id, answer };
      limit?.cancel();
      limit = clock.after(clock.networkMs(limitMs), enough);
      tell({ id, task });
    },
    enough,
    async close() {
      closed = true;
      limit?.cancel();
      await worker?.terminate();
    },
  };
}
