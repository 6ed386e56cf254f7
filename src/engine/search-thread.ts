import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { BoundedSearch } from '../scheduling/bounded-search.ts';
import type { Asked } from './search-worker.ts';

/** The thread in which better plans are looked for. Between two steps it hears whether it is to end, or to look for another one. */
parentPort?.on('message', (asked: Asked) => {
  for (let next: Asked | undefined = asked; next !== undefined;) next = 'task' in next ? answer(next) : undefined;
});

/** Searches and answers; or drops it for what came meanwhile. */
function answer({ id, task }: Extract<Asked, { task: unknown }>): Asked | undefined {
  const search = new BoundedSearch(task);
  while (search.step()) {
    const heard = heardMeanwhile();
    if (heard === undefined) continue;
    if ('task' in heard) return heard;
    if (heard.id === id) break;
  }
  parentPort?.postMessage({ id, found: search.found });
  return undefined;
}

function heardMeanwhile(): Asked | undefined {
  return parentPort === null ? undefined : (receiveMessageOnPort(parentPort)?.message as Asked | undefined);
}
