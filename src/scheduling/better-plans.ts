import type { SearchTask } from './bounded-search.ts';
import type { Plan, SchedulingProblem } from './model.ts';
import { plan } from './planner.ts';
import { isWorthTaking, movedSteps } from './takeover.ts';

/** A better plan than this one for this problem. Samples in `announced` have been told before when they are worked on. */
export interface Wish extends Omit<SearchTask, 'seed'> {
  readonly announced: ReadonlySet<string>;
}

/** Ends of all that is planned, by the old plan and by the new one; and how many of the steps to come are moved (`movedSteps`). */
export interface Improvement {
  readonly endsBefore: number;
  readonly ends: number;
  readonly moved: number;
  readonly of: number;
}

/** What a search may hold up newcomers by: so much of the time that all that is planned takes. */
const mostPatience = 0.01;

/** When a better plan is looked for beside the one that is carried out, and whether what is found replaces it. */
export class BetterPlans {
  /** Samples for whose sake there has been a search. */
  #sought: ReadonlySet<string> = new Set();
  #wish: Wish | undefined;
  /** Who has not begun, and is not begun while the search goes on. */
  #waiting: { readonly samples: ReadonlySet<string>; readonly until: number } = {
    samples: new Set(),
    until: -Infinity,
  };
  #offer: Pick<Wish, 'plan' | 'announced'> | undefined;
  #news: { readonly chosen: Plan; readonly improvement: Improvement } | undefined;

  /**
   * The plan that is carried out from now on: a search is worth its while when samples have come. Several are not begun before it
   * ends, or `patience` (ms), or a hundredth of the time that all that is planned takes, is over: who begins at once in a poor
   * order has lost most of what a search can find.
   */
  note(problem: SchedulingProblem, current: Plan, patience: number): void {
    const open = problem.samples.filter(({ remaining, frozen }) => remaining.length > 0 && frozen !== true);
    if (open.every(({ id }) => this.#sought.has(id))) return;
    const announced = this.#sought;
    this.#sought = new Set(open.map(({ id }) => id));
    if (open.length < 2) return;
    this.#wish = { announced, problem, plan: current };
    const { now } = problem;
    const fresh = open.filter(
      ({ id, running, lastStepEnd }) => !announced.has(id) && (running ?? lastStepEnd) === undefined,
    );
    const until = now + Math.floor(Math.min(patience, mostPatience * (current.makespan - now)));
    if (fresh.length > 1) this.#waiting = { samples: new Set(fresh.map(({ id }) => id)), until };
  }

  /** Until when a sample is not begun, at most, because a better plan may be found; undefined when it may be. */
  waitsUntil(sample: string, now: number): number | undefined {
    const { samples, until } = this.#waiting;
    return now < until && samples.has(sample) ? until : undefined;
  }

  /** The lab is planned anew, so that nothing counts as announced any more. */
  forget(): void {
    this.#sought = new Set();
    this.#offer = undefined;
    this.#endWait();
  }

  /** What to look for now, told once. */
  takeWish(): Wish | undefined {
    const wish = this.#wish;
    this.#wish = undefined;
    return wish;
  }

  /** The search has ended; what it has found, if anything, is for the problem of then. */
  offer({ announced }: Wish, found: Plan | undefined): void {
    this.#endWait();
    if (found !== undefined) this.#offer = { plan: found, announced };
  }

  #endWait(): void {
    this.#waiting = { samples: new Set(), until: -Infinity };
  }

  /** Of what was found, fitted to what has happened since, and `kept` the one to go on with. */
  choose(problem: SchedulingProblem, kept: Plan): Plan {
    const offer = this.#offer;
    this.#offer = undefined;
    if (offer === undefined) return kept;
    const other = plan(problem, offer.plan);
    if (!isWorthTaking(problem, kept, other, offer.announced)) return kept;
    const all = new Set(problem.samples.map(({ id }) => id));
    const improvement = { endsBefore: kept.makespan, ends: other.makespan, ...movedSteps(kept, other, all) };
    this.#news = { chosen: other, improvement };
    return other;
  }

  /** By what `current` is better than what it has replaced, told once; undefined when it has replaced nothing. */
  takeNews(current: Plan): Improvement | undefined {
    const news = this.#news;
    this.#news = undefined;
    return news?.chosen === current ? news.improvement : undefined;
  }
}
