import { stream, type Stream } from '../base/random.ts';
import { nothingPlanned } from './emit.ts';
import type { Improver } from './improve.ts';
import { insertLinked } from './linked-insert.ts';
import { linkedOf, mostSteps, operationsOf, planOfTiming, timingOfPlan, type Linked, type Timing } from './linked.ts';
import type { Plan, SchedulingProblem } from './model.ts';
import { keep, level } from './posting.ts';
import { TemporalNetwork } from './temporal-network.ts';

/** How many times a first plan is tried for. */
const tries = 50;

/** Work (see `level`) for the first plan, all tries together, and for one step of a search. */
const effort = { first: 3e6, step: 2e6 };

/** A plan of samples whose steps are bound by links; those for which none is found are left out. */
export function planLinked(problem: SchedulingProblem): Plan {
  const operations = operationsOf(problem);
  if (typeof operations === 'string') return nothingPlanned(problem, operations, 'incapable');
  if (operations.steps.length > mostSteps) return insertLinked(problem, operations);
  const form = linkedOf(problem);
  if (typeof form === 'string') return nothingPlanned(problem, form, 'incapable');
  const inserted = insertLinked(problem, operations);
  const timing = firstTiming(form, stream(0, 'first plan of links'));
  if (timing === undefined) return inserted;
  const worse = inserted.unplanned.length > 0 || problem.now + timing.makespan < inserted.makespan;
  return worse ? planOfTiming(problem, form, timing) : inserted;
}

/** Tries with a limit for the end of all that grows, because a limit shows which orders lead nowhere. */
function firstTiming(form: Linked, random: Stream): Timing | undefined {
  const least = form.network.least(0, form.network.size - 1);
  const network = new TemporalNetwork(form.network.size);
  const budget = { left: effort.first };
  for (let i = 1; i <= tries && budget.left > 0; i++) {
    network.load(form.network);
    const limit = i === tries ? form.horizon : least + (form.horizon - least) * (i / tries) ** 2;
    const timing = limitEnd(network, limit) ? level(form, network, random, budget) : undefined;
    if (timing !== undefined) return timing;
  }
  return undefined;
}

const limitEnd = (network: TemporalNetwork, limit: number): boolean => network.post(network.size - 1, 0, -limit);

/** How often a plan as long as the best is looked for, to go on from there. */
const sideways = 0.3;

/**
 * Shortens plans of linked steps: again and again some operations may change their order, those near one time, of some
 * samples or any, and a plan that ends earlier is looked for by posting precedences (iterative flattening, Cesta, Oddi and
 * Smith 2000, as a large-neighbourhood search).
 */
export class LinkedSearch implements Improver {
  readonly #problem: SchedulingProblem;
  readonly #form: Linked;
  readonly #given: Plan;
  readonly #random: Stream;
  readonly #network: TemporalNetwork;
  #timing: Timing;

  /** Undefined when the problem does not have this form, or no plan is known to begin with. */
  static of(problem: SchedulingProblem, plan: Plan, seed: number): LinkedSearch | undefined {
    const form = linkedOf(problem);
    if (typeof form === 'string') return undefined;
    const timing = timingOfPlan(problem, form, plan) ?? firstTiming(form, stream(seed, 'first plan of links'));
    return timing && new LinkedSearch(problem, form, plan, timing, seed);
  }

  private constructor(problem: SchedulingProblem, form: Linked, plan: Plan, timing: Timing, seed: number) {
    this.#problem = problem;
    this.#form = form;
    this.#given = plan;
    this.#timing = timing;
    this.#random = stream(seed, 'linked search');
    this.#network = new TemporalNetwork(form.network.size);
  }

  step(): boolean {
    const before = this.#timing.makespan;
    const limit = before - (this.#random.chance(sideways) ? 0 : 1);
    this.#network.load(this.#form.network);
    if (!limitEnd(this.#network, limit)) return false;
    keep(this.#form, this.#network, this.#timing, this.#relaxed());
    const timing = level(this.#form, this.#network, this.#random, { left: effort.step });
    if (timing === undefined) return false;
    this.#timing = timing;
    return timing.makespan < before;
  }

  get makespan(): number {
    return this.plan.makespan;
  }

  get plan(): Plan {
    const made = planOfTiming(this.#problem, this.#form, this.#timing);
    return this.#given.unplanned.length > 0 || made.makespan < this.#given.makespan ? made : this.#given;
  }

  #relaxed(): Set<number> {
    const { steps, sample, duration } = this.#form;
    const { start, makespan } = this.#timing;
    const random = this.#random;
    const kind = random.next();
    const part = 0.1 + 0.4 * random.next();
    const from = random.next() * makespan * (1 - part);
    const until = from + part * makespan;
    const some = new Set(sample.filter(() => random.chance(part)));
    return new Set(
      steps.flatMap((_, o) => {
        const near = start[o]! < until && start[o]! + duration[o]! > from;
        const taken = kind < 0.5 ? near : kind < 0.75 ? some.has(sample[o]!) : random.chance(part);
        return taken ? [o] : [];
      }),
    );
  }
}
