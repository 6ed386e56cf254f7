import { improve, type Improver } from './improve.ts';
import type { Plan, SchedulingProblem } from './model.ts';
import { soonest } from './objective.ts';

/** Steps without a better plan after which a search is over, for few samples; what a step takes grows with their number. */
const usualPatience = 300;
/** Patience times samples, at most. */
const patienceOfAll = 20_000;
/** So many times as long as its patience lasts no search. */
const longest = 7;

export interface SearchTask {
  readonly problem: SchedulingProblem;
  /** A plan of this very problem, as `plan()` gives it. */
  readonly plan: Plan;
  readonly seed: number;
  /** Steps without a better plan after which the search is over; Infinity: only its caller ends it. */
  readonly patience?: number;
}

/**
 * A search that ends by itself, after counted work: the same task has the same end on every machine, and in a thread beside a
 * running campaign as in its rehearsal.
 */
export class BoundedSearch {
  readonly #given: Plan;
  readonly #improver: Improver;
  readonly #patience: number;
  #steps = 0;
  #last = 0;

  constructor({ problem, plan, seed, patience }: SearchTask) {
    this.#given = plan;
    this.#improver = improve(problem, plan, seed, problem.objective ?? soonest);
    const usual = Math.ceil(Math.min(usualPatience, patienceOfAll / Math.max(1, problem.samples.length)));
    this.#patience = patience ?? usual;
  }

  /** Does a small piece of work, mostly a millisecond, 20 at most in an ordinary lab; false when there is no more to be done. */
  step(): boolean {
    if (this.#steps - this.#last >= this.#patience || this.#steps >= longest * this.#patience) return false;
    this.#steps += 1;
    if (this.#improver.step()) this.#last = this.#steps;
    return true;
  }

  /** The better plan that has been found so far, if any. */
  get found(): Plan | undefined {
    if (this.#last === 0) return undefined;
    const { makeshift } = this.#given;
    return { ...this.#improver.plan, ...(makeshift === undefined ? {} : { makeshift }) };
  }
}
