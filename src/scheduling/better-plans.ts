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

/** When a better plan is looked for beside the one that is carried out, and whether what is found replaces it. */
export class BetterPlans {
  /** Samples for whose sake there has been a search. */
  #sought: ReadonlySet<string> = new Set();
  #wish: Wish | undefined;
  #offer: Pick<Wish, 'plan' | 'announced'> | undefined;
  #news: { readonly chosen: Plan; readonly improvement: Improvement } | undefined;

  /** The plan that is carried out from now on: a search is worth its while when samples have come. */
  note(problem: SchedulingProblem, current: Plan): void {
    const open = problem.samples.filter(({ remaining, frozen }) => remaining.length > 0 && frozen !== true);
    if (open.every(({ id }) => this.#sought.has(id))) return;
    const announced = this.#sought;
    this.#sought = new Set(open.map(({ id }) => id));
    if (open.length > 1) this.#wish = { announced, problem, plan: current };
  }

  /** The lab is planned anew, so that nothing counts as announced any more. */
  forget(): void {
    this.#sought = new Set();
    this.#offer = undefined;
  }

  /** What to look for now, told once. */
  takeWish(): Wish | undefined {
    const wish = this.#wish;
    this.#wish = undefined;
    return wish;
  }

  /** Was found for a wish, but for the problem of then. */
  offer({ announced }: Wish, found: Plan): void {
    this.#offer = { plan: found, announced };
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
