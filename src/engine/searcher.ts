import type { Clock, Timer } from '../base/clock.ts';
import { BoundedSearch, type SearchTask } from '../scheduling/bounded-search.ts';
import type { Plan } from '../scheduling/model.ts';

/** Wall ms that a search beside a campaign takes at most: what it began from is past by then. */
export const searchLimitMs = 2000;

/** Where better plans come from while the lab goes on with the one it has. */
export interface Searcher {
  /**
   * Begins a search and drops the one before. Answers once if it is not dropped, never from inside `search`, with a better plan, or
   * undefined when none was found.
   */
  search(task: SearchTask, answer: (found: Plan | undefined) => void): void;
  close(): Promise<void>;
}

/** In this thread: on a virtual clock it answers `takesMs` of lab time later, having done nothing if it was dropped meanwhile. */
export function inlineSearcher(clock: Clock, takesMs = 0): Searcher {
  let timer: Timer | undefined;
  return {
    search(task, answer) {
      timer?.cancel();
      timer = clock.after(takesMs, () => answer(searchToTheEnd(task)));
    },
    async close() {
      timer?.cancel();
    },
  };
}

function searchToTheEnd(task: SearchTask): Plan | undefined {
  const search = new BoundedSearch(task);
  while (search.step());
  return search.found;
}
