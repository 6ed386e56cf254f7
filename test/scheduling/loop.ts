import { invariant } from '../../src/base/invariant.ts';
import { stream, type Stream } from '../../src/base/random.ts';
import { BetterPlans, type Wish } from '../../src/scheduling/better-plans.ts';
import { BoundedSearch } from '../../src/scheduling/bounded-search.ts';
import { check } from '../../src/scheduling/checker.ts';
import { dispatch } from '../../src/scheduling/dispatcher.ts';
import { improve } from '../../src/scheduling/improve.ts';
import type { Plan, SchedulingProblem } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { randomLab, type RandomLab } from './random-lab.ts';
import { TrueLab } from './true-lab.ts';

export interface LoopOptions {
  /** Chance per event that a device is lost for a while. */
  readonly outages: number;
  /** Chance that a duration leaves its band. */
  readonly wild: number;
  /** Chance per event that the plan is forgotten, as after a restart. */
  readonly amnesia: number;
  /** Chance per event that a sample is frozen for a while. */
  readonly freezes: number;
  /** Chance per event that the plan is improved before it is used. */
  readonly improvements?: number;
  /** Better plans are looked for beside the one that is carried out, and are there after up to so long, ms. */
  readonly searches?: number;
}

export interface LoopResult {
  readonly makespan: number;
  readonly samples: number;
  readonly missed: number;
  readonly events: number;
  /** Better plans that replaced the one before. */
  readonly taken: number;
}

/** Runs one random lab to its end exactly as the engine does; throws, with the seed, when anything goes wrong. */
export function runLoop(
  seed: number,
  options: LoopOptions,
  lab: RandomLab = randomLab(stream(seed, 'lab')),
): LoopResult {
  const truth = new TrueLab(lab, stream(seed, 'durations'), options);
  const faults = stream(seed, 'faults');
  const searching =
    options.searches === undefined ? undefined : new Searching(stream(seed, 'searches'), options.searches);
  let previous: Plan | undefined;
  let events = 0;
  let wake = 0;
  while (!truth.finished) {
    const next = Math.min(truth.nextEvent(), wake, searching?.ends ?? Infinity);
    events += 1;
    if (next === Infinity || events > 3000)
      throw new Error(`seed ${seed}: no end in sight at ${truth.now}: ${describe(truth.problem(), previous)}`);
    truth.advance(next);
    disturb(truth, faults, options);
    if (faults.chance(options.amnesia)) previous = undefined;
    const improved = faults.chance(options.improvements ?? 0);
    const choose = (problem: SchedulingProblem): Plan => {
      const kept = plan(problem, previous);
      return improved ? better(problem, kept, seed) : (searching?.choose(problem, kept) ?? kept);
    };
    const problem = searching?.hold(truth.problem()) ?? truth.problem();
    const [made, wakeAt] = react(seed, truth, problem, choose(problem));
    previous = made;
    wake = wakeAt;
  }
  const { taken = 0 } = searching ?? {};
  return { makespan: truth.now, samples: truth.samples.length, missed: truth.missed, events, taken };
}

/** How long newcomers wait for a search, ms. */
const patience = 2000;

/** A search as beside the engine, which ends a while later. */
class Searching {
  readonly #random: Stream;
  readonly #longest: number;
  readonly #plans = new BetterPlans();
  #found: { readonly wish: Wish; readonly plan: Plan | undefined } | undefined;
  ends = Infinity;
  taken = 0;

  constructor(random: Stream, longest: number) {
    this.#random = random;
    this.#longest = longest;
  }

  choose(problem: SchedulingProblem, kept: Plan): Plan {
    if (problem.now >= this.ends) {
      this.ends = Infinity;
      const { wish, plan: found } = this.#found!;
      this.#plans.offer(wish, found);
    }
    const chosen = this.#plans.choose(problem, kept);
    if (chosen !== kept) this.taken += 1;
    this.#plans.note(problem, chosen);
    const wish = this.#plans.takeWish();
    if (wish !== undefined) this.#search(wish, problem.now);
    return chosen;
  }

  hold(problem: SchedulingProblem): SchedulingProblem {
    return this.#plans.hold(problem, patience);
  }

  #search(wish: Wish, now: number): void {
    const search = new BoundedSearch({ problem: wish.problem, plan: wish.plan, seed: 1 });
    while (search.step());
    this.#found = { wish, plan: search.found };
    this.ends = now + this.#random.integer(this.#longest + 1);
  }
}

/** One event: plan, check, dispatch, start. */
function react(seed: number, truth: TrueLab, problem: SchedulingProblem, made: Plan): [Plan, number] {
  const faults = check(problem, made);
  invariant(faults.length === 0, `seed ${seed} at ${truth.now}: ${faults.join(' ')}`);
  const { start, waiting, wakeAt } = dispatch(problem, made);
  for (const { reason } of waiting) invariant(/^\S.*\.$/.test(reason), `seed ${seed}: no sentence: ${reason}`);
  try {
    truth.start(start);
  } catch (error) {
    throw new Error(`seed ${seed} at ${truth.now}`, { cause: error });
  }
  const missed = made.unplanned.filter(({ cause }) => cause === 'missed');
  for (const { sample } of missed) truth.discard(sample);
  invariant(wakeAt === undefined || wakeAt > truth.now, `seed ${seed}: to be woken at ${wakeAt}, at ${truth.now}`);
  return [made, missed.length > 0 ? truth.now : (wakeAt ?? Infinity)];
}

function better(problem: SchedulingProblem, made: Plan, seed: number): Plan {
  const improver = improve(problem, made, seed);
  for (let i = 0; i < 20; i++) improver.step();
  invariant(improver.plan.unplanned.length === made.unplanned.length, `seed ${seed}: improvement loses samples`);
  return improver.plan;
}

function disturb(truth: TrueLab, faults: ReturnType<typeof stream>, options: LoopOptions): void {
  const { resources } = truth.lab;
  if (faults.chance(options.outages)) {
    const { id, kind } = faults.pick(resources);
    if (kind !== 'rack' && !truth.lost.has(id)) truth.lose(id, truth.now + 1000 + faults.integer(900_000));
  }
  if (truth.samples.length > 0 && faults.chance(options.freezes))
    truth.freeze(faults.integer(truth.samples.length), truth.now + 1000 + faults.integer(300_000));
}

function describe(problem: SchedulingProblem, previous: Plan | undefined): string {
  const made = plan(problem, previous);
  const states = problem.samples.map(({ id, at, running, remaining }) => {
    const steps = remaining.map(
      ({ id: step, alternatives }) => `${step}@${alternatives.map(({ resource }) => resource).join('|')}`,
    );
    return `${id} at ${at}, ${running?.step ?? 'idle'}, then ${steps.join(' ')}`;
  });
  const plans = made.assignments.map(({ start, kind, sample, step, resource, to = '', batch = '' }) =>
    [start, kind, sample, step, resource, to, batch].join(' '),
  );
  const reasons = [...dispatch(problem, made).waiting, ...made.unplanned].map(({ reason }) => reason);
  return ['', ...states, ...plans, ...reasons].join('\n');
}
