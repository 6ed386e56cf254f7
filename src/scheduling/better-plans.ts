import type { SearchTask } from './bounded-search.ts';
import type { Plan, SampleTask, SchedulingProblem } from './model.ts';
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

/** What a search may hold up newcomers by: so much of the time that the steps of one of them take. */
const mostPatience = 0.01;

/** When a better plan is looked for beside the one that is carried out, and whether what is found replaces it. */
export class BetterPlans {
  /** Samples for whose sake there has been a search since the lab was planned anew. */
  #sought: ReadonlySet<string> = new Set();
  /** When samples are held, each once in its life; undefined for those who never were, or whose search has ended. */
  readonly #holds = new Map<string, { readonly from: number; readonly until: number } | undefined>();
  #wish: Wish | undefined;
  #offer: Pick<Wish, 'plan' | 'announced'> | undefined;
  #news: { readonly chosen: Plan; readonly improvement: Improvement } | undefined;

  /**
   * The problem to be planned. Several samples that have come and have not begun are not released before the search for their
   * sake ends, or `patience` (ms), or a hundredth of the time that the shortest of them takes, is over: who begins at once in a poor order
   * has lost most of what a search can find.
   */
  hold(problem: SchedulingProblem, patience: number): SchedulingProblem {
    const { now, samples } = problem;
    const came = samples.filter(({ id }) => !this.#holds.has(id));
    const fresh = came.filter(hasNotBegun);
    const shortest = Math.min(...fresh.map(leastWork));
    const until = fresh.length > 1 ? now + Math.floor(Math.min(patience, mostPatience * shortest)) : now;
    for (const { id } of came) this.#holds.set(id, undefined);
    for (const { id } of fresh) this.#holds.set(id, { from: now, until });
    const present = new Set(samples.map(({ id }) => id));
    for (const id of this.#holds.keys()) if (!present.has(id)) this.#holds.delete(id);
    if (samples.every(({ id }) => this.heldUntil(id, now) === undefined)) return problem;
    const held = (task: SampleTask): SampleTask => {
      const release = this.heldUntil(task.id, now);
      return release === undefined ? task : { ...task, release: Math.max(release, task.release) };
    };
    return { ...problem, samples: samples.map(held) };
  }

  /** Until when a sample is not released, at most; undefined when it is. */
  heldUntil(sample: string, now: number): number | undefined {
    const hold = this.#holds.get(sample);
    return hold !== undefined && hold.from <= now && now < hold.until ? hold.until : undefined;
  }

  /** The plan that is carried out from now on: a search is worth its while when samples have come. */
  note(problem: SchedulingProblem, current: Plan): void {
    const open = problem.samples.filter(({ remaining, frozen }) => remaining.length > 0 && frozen !== true);
    if (open.every(({ id }) => this.#sought.has(id))) return;
    // Who is still held has been promised nothing.
    const told = [...this.#sought].filter((id) => this.heldUntil(id, problem.now) === undefined);
    this.#sought = new Set(open.map(({ id }) => id));
    if (open.length > 1) this.#wish = { announced: new Set(told), problem, plan: current };
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

  /** The search has ended; what it has found, if anything, is for the problem of then. */
  offer({ announced, problem }: Wish, found: Plan | undefined): void {
    for (const { id } of problem.samples) if (this.#holds.has(id)) this.#holds.set(id, undefined);
    if (found !== undefined) this.#offer = { plan: found, announced };
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

const hasNotBegun = ({ remaining, frozen, running, lastStepEnd }: SampleTask): boolean =>
  remaining.length > 0 && frozen !== true && (running ?? lastStepEnd) === undefined;

/** Of all its steps, one after the other, ms. */
const leastWork = ({ remaining }: SampleTask): number =>
  remaining.reduce((sum, step) => sum + Math.min(...step.alternatives.map(({ duration }) => duration.typical)), 0);
