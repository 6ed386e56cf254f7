import type { LifeCycle } from './contract.ts';

/**
 *   suggested -> planned -> running -> observed -> running (the next stage) ... -> completed
 *                              |           |
 *                              |           +-> held -> running | dropped
 *                              +-> failed | lost
 *                              +-> indeterminate -> running | lost      (a person decides)
 *   whatever has not ended -> cancelled
 */
const endings: ReadonlySet<LifeCycle> = new Set(['completed', 'failed', 'lost', 'dropped', 'cancelled']);

export const hasEnded = (status: LifeCycle): boolean => endings.has(status);

export const noCounts = (): Record<LifeCycle, number> => ({
  suggested: 0,
  planned: 0,
  running: 0,
  observed: 0,
  held: 0,
  dropped: 0,
  completed: 0,
  failed: 0,
  lost: 0,
  indeterminate: 0,
  cancelled: 0,
});
