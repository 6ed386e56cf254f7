import { invariant } from '../../src/base/invariant.ts';
import { stream } from '../../src/base/random.ts';
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
}

export interface LoopResult {
  readonly makespan: number;
  readonly samples: number;
  readonly missed: number;
  readonly events: number;
}

/** Runs one random lab to its end exactly as the engine does; throws, with the seed, when anything goes wrong. */
export function runLoop(
  seed: number,
  options: LoopOptions,
  lab: RandomLab = randomLab(stream(seed, 'lab')),
): LoopResult {
  const truth = new TrueLab(lab, stream(seed, 'durations'), options);
  const faults = stream(seed, 'faults');
  let previous: Plan | undefined;
  let events = 0;
  let wake = 0;
  while (!truth.finished) {
    const next = Math.min(truth.nextEvent(), wake);
    events += 1;
    if (next === Infinity || events > 3000)
      throw new Error(`seed ${seed}: no end in sight at ${truth.now}: ${describe(truth.problem(), previous)}`);
    truth.advance(next);
    disturb(truth, faults, options);
    if (faults.chance(options.amnesia)) previous = undefined;
    const improved = faults.chance(options.improvements ?? 0);
    const [made, wakeAt] = react(seed, truth, previous, improved);
    previous = made;
    wake = wakeAt;
  }
  return { makespan: truth.now, samples: truth.samples.length, missed: truth.missed, events };
}

/** One event: plan, check, dispatch, start. */
function react(seed: number, truth: TrueLab, previous: Plan | undefined, improved: boolean): [Plan, number] {
  const problem = truth.problem();
  const made = improved ? better(problem, plan(problem, previous), seed) : plan(problem, previous);
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
