import type { Errand } from './errands.ts';
import { Forecast } from './forecast.ts';
import type { Assignment } from './model.ts';
import type { Scene } from './scene.ts';

/** What becomes of the maximum waits that run, or will run because the step before them has begun. */
export interface Outlook {
  /** By how much each sample concerned may come too late. */
  readonly shortfalls: ReadonlyMap<string, Shortfall>;
  /** The moves and steps that the waits depend on, which are to start as soon as they can. */
  readonly urgent: ReadonlySet<Assignment>;
}

export interface Shortfall {
  /** 0 or less: not at all; Infinity: nothing bounds it. */
  readonly ms: number;
  /** It grows smaller when the step before the wait starts later. */
  readonly passes: boolean;
}

/** How often the errands are timed anew until they hold for each other. */
const rounds = 6;

/**
 * The worst that can happen to the maximum waits when `started` starts now and then only what those waits need, at once,
 * whatever the durations turn out to be within their bands. An upper bound, by spans of time: sufficient for keeping the
 * waits, not necessary. Samples in `inTurn` do not count on overtaking anybody in the order of the plan.
 */
export function outlook(
  scene: Scene,
  started: readonly Assignment[] = [],
  inTurn: ReadonlySet<string> = new Set(),
): Outlook {
  let known: Timing = { errands: new Map(), arrivals: new Map() };
  for (let round = 0; ; round++) {
    const forecast = new Forecast(scene, started, inTurn, known);
    const found = forecast.run();
    const timing = { errands: forecast.errands.all, arrivals: forecast.arrivals };
    if (agree(timing, known)) return found;
    if (round === rounds) {
      const never = { ms: Infinity, passes: false };
      return { ...found, shortfalls: new Map([...found.shortfalls.keys()].map((id) => [id, never])) };
    }
    known = timing;
  }
}

/** What one round finds and the next builds on. */
export interface Timing {
  readonly errands: ReadonlyMap<Assignment, Errand>;
  /** When the members of runs with a limited wait before them are there at the latest. */
  readonly arrivals: ReadonlyMap<Assignment, number>;
}

function agree(a: Timing, b: Timing): boolean {
  if (a.errands.size !== b.errands.size || a.arrivals.size !== b.arrivals.size) return false;
  for (const [move, { from, until }] of a.errands) {
    const other = b.errands.get(move);
    if (other === undefined || other.from !== from || other.until !== until) return false;
  }
  return [...a.arrivals].every(([work, time]) => b.arrivals.get(work) === time);
}
