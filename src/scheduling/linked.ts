import { defectOfSample } from './defect.ts';
import type { Assignment, Plan, SampleTask, SchedulingProblem, StepTask } from './model.ts';
import { TemporalNetwork } from './temporal-network.ts';

/** Equal resources, which do as many operations at once as they have workers. */
export interface Pool {
  /** The resource of every worker. */
  readonly workers: readonly string[];
  readonly operations: readonly number[];
}

/** The steps of all samples, one after the other, and who can do them. */
export interface Operations {
  readonly sample: Int32Array;
  readonly steps: readonly StepTask[];
  readonly duration: Float64Array;
  readonly pools: readonly Pool[];
}

/**
 * A problem of steps that only links and pools bind. Times of the network: the origin, which is now; the start of every
 * operation, at its number + 1; the end of all.
 */
export interface Linked extends Operations {
  readonly network: TemporalNetwork;
  /** No operation is worth starting later. */
  readonly horizon: number;
}

/** A network of more steps takes too much time and memory, which grow with their square and faster. */
export const mostSteps = 400;

export const isLinked = ({ samples }: SchedulingProblem): boolean => samples.some(({ links }) => links !== undefined);

/** The operations of a problem that links bind, or why it cannot be planned, as a sentence. */
export function operationsOf(problem: SchedulingProblem): Operations | string {
  if (problem.transport !== undefined) return 'Steps that only links bind cannot be planned in a lab with transport.';
  const begun = problem.samples.find(({ links, running, lastStepEnd, frozen }) =>
    links === undefined ? frozen === true : running !== undefined || lastStepEnd !== undefined || frozen === true,
  );
  if (begun !== undefined) return `${begun.id} is frozen or has begun, so that its links cannot be planned any more.`;
  const defect = problem.samples.map(defectOfSample).find((sentence) => sentence !== undefined);
  if (defect !== undefined) return defect;
  const steps = problem.samples.flatMap(({ remaining }) => remaining);
  const pools = poolsOf(problem, steps);
  if (typeof pools === 'string') return pools;
  const duration = Float64Array.from(steps, ({ alternatives }) => alternatives[0]!.duration.typical);
  const sample = Int32Array.from(problem.samples.flatMap(({ remaining }, i) => remaining.map(() => i)));
  return { sample, steps, duration, pools };
}

/** The problem with the network of its time limits, or why it cannot be planned so, as a sentence. */
export function linkedOf(problem: SchedulingProblem): Linked | string {
  const operations = operationsOf(problem);
  if (typeof operations === 'string') return operations;
  const { steps, duration, pools } = operations;
  if (steps.length > mostSteps)
    return `${steps.length} steps that links bind are too many for one network: ${mostSteps} at most.`;
  const network = new TemporalNetwork(steps.length + 2);
  for (let o = 0; o < steps.length; o++) network.post(o + 1, steps.length + 1, duration[o]!);
  const contradiction = bindAll(problem, duration, network) ?? bindPools(problem, pools, network);
  if (contradiction !== undefined) return contradiction;
  const lags = problem.samples.flatMap(({ links = [], remaining }) => [
    ...links.map(({ min = 0 }) => Math.abs(min)),
    ...remaining.map(({ lag }) => lag.min),
  ]);
  const horizon = [...duration, ...lags].reduce((sum, time) => sum + time, 0);
  return { ...operations, network, horizon: horizon + network.least(0, steps.length + 1) };
}

/** Operations with the same resources to choose from share a pool; other shapes are a sentence. */
function poolsOf({ resources }: SchedulingProblem, steps: readonly StepTask[]): Pool[] | string {
  const known = new Map(resources.map((resource) => [resource.id, resource]));
  const pools = new Map<string, number[]>();
  const owner = new Map<string, string>();
  for (const [o, { id, alternatives }] of steps.entries()) {
    const ids = alternatives.map(({ resource }) => resource).sort();
    const key = ids.join('\n');
    if (ids.length === 0 || ids.some((resource) => known.get(resource)?.kind !== 'station'))
      return `${id} needs a station that this lab has; batches and racks cannot be used by steps that links bind.`;
    if (ids.some((resource) => known.get(resource)!.setup !== undefined))
      return `${id} needs a resource that is set up between uses, which steps that links bind cannot use.`;
    if (ids.some((resource) => known.get(resource)!.closed?.length))
      return `${id} needs a resource that is closed at times, which steps that links bind cannot use.`;
    if (ids.some((resource) => (owner.get(resource) ?? key) !== key))
      return `${id} can use only some of the resources that other steps choose from.`;
    if (new Set(alternatives.map((alternative) => alternative.duration.typical)).size > 1)
      return `${id} takes more time on one resource than on another, which steps that links bind must not.`;
    for (const resource of ids) owner.set(resource, key);
    pools.set(key, [...(pools.get(key) ?? []), o]);
  }
  const workersOf = (id: string): string[] => {
    const { available, concurrency } = known.get(id)!;
    return new Array<string>(available ? Math.min(concurrency, steps.length) : 0).fill(id);
  };
  const made = [...pools].map(([key, operations]) => ({ workers: key.split('\n').flatMap(workersOf), operations }));
  const lost = made.find(({ workers }) => workers.length === 0);
  return lost === undefined ? made : `${steps[lost.operations[0]!]!.id} has no resource that is available now.`;
}

/** Posts releases, chains and links; a sentence when they contradict each other. */
function bindAll({ samples, now }: SchedulingProblem, duration: Float64Array, network: TemporalNetwork) {
  let offset = 0;
  for (const task of samples) {
    const numbers = new Map(task.remaining.map(({ id }, i) => [id, offset + i]));
    const ready = Math.max(now, task.release, task.running?.expectedEnd ?? now) - now;
    for (const o of numbers.values()) network.post(0, o + 1, task.links === undefined ? ready : Math.max(0, ready));
    const contradiction =
      task.links === undefined
        ? bindChain(task, offset, now, duration, network)
        : bindLinks(task, numbers, duration, network);
    if (contradiction !== undefined) return contradiction;
    offset += task.remaining.length;
  }
  return undefined;
}

/** A pool of which something still runs is used when all of it is free. */
function bindPools({ samples, now }: SchedulingProblem, pools: readonly Pool[], network: TemporalNetwork) {
  for (const { running } of samples) {
    const pool = pools.find(({ workers }) => running !== undefined && workers.includes(running.resource));
    for (const o of pool?.operations ?? [])
      if (!network.post(0, o + 1, running!.expectedEnd - now)) return `${running!.resource} is busy for too long.`;
  }
  return undefined;
}

function bindChain(task: SampleTask, offset: number, now: number, duration: Float64Array, network: TemporalNetwork) {
  const { id, remaining, running, lastStepEnd } = task;
  const last = running?.kind === 'process' ? Math.max(now, running.expectedEnd) : lastStepEnd;
  for (const [i, { lag, id: step }] of remaining.entries()) {
    const o = offset + i;
    const before = i === 0 ? 0 : o;
    const length = i === 0 ? (last ?? -Infinity) - now : duration[o - 1]!;
    if (length === -Infinity) continue;
    const fits = network.post(before, o + 1, length + lag.min);
    if (!fits || (lag.max !== undefined && !network.post(o + 1, before, -length - lag.max)))
      return `The time limits before ${step} of ${id} contradict others.`;
  }
  return undefined;
}

function bindLinks(
  task: SampleTask,
  numbers: ReadonlyMap<string, number>,
  duration: Float64Array,
  network: TemporalNetwork,
) {
  for (const { from, to, min, max } of task.links!) {
    const [a, b] = [numbers.get(from.step), numbers.get(to.step)];
    if (a === undefined || b === undefined) return `A link of ${task.id} names a step that it does not have.`;
    const shift = (from.point === 'end' ? duration[a]! : 0) - (to.point === 'end' ? duration[b]! : 0);
    const fits = min === undefined || network.post(a + 1, b + 1, min + shift);
    if (!fits || (max !== undefined && !network.post(b + 1, a + 1, -max - shift)))
      return `The link of ${task.id} from ${from.step} to ${to.step} contradicts others.`;
  }
  return undefined;
}

/** When every operation starts (ms after now), and who does it. */
export interface Timing {
  readonly start: Float64Array;
  /** Which of the workers of its pool does an operation. */
  readonly worker: Int32Array;
  readonly makespan: number;
}

/** Gives operations, by start, the worker that has been free longest; there always is one when no pool is overfull. */
export function timingOf({ pools, duration }: Operations, start: Float64Array): Timing {
  const worker = new Int32Array(start.length);
  let makespan = 0;
  for (const { workers, operations } of pools) {
    const free = workers.map(() => 0);
    const order = operations.toSorted((a, b) => start[a]! - start[b]! || duration[a]! - duration[b]!);
    for (const o of order) {
      let chosen = 0;
      for (let k = 1; k < free.length; k++) if (free[k]! < free[chosen]!) chosen = k;
      worker[o] = chosen;
      free[chosen] = start[o]! + duration[o]!;
      makespan = Math.max(makespan, free[chosen]!);
    }
  }
  return { start, worker, makespan };
}

/** What a plan has chosen; undefined when it leaves an operation out. */
export function timingOfPlan({ samples, now }: SchedulingProblem, form: Linked, plan: Plan): Timing | undefined {
  const starts = new Map(plan.assignments.map(({ sample, step, start }) => [`${sample}\n${step}`, start - now]));
  const own = form.steps.map(({ id }, o) => starts.get(`${samples[form.sample[o]!]!.id}\n${id}`));
  return own.some((start) => start === undefined) ? undefined : timingOf(form, Float64Array.from(own as number[]));
}

export function planOfTiming(problem: SchedulingProblem, form: Operations, { start, worker }: Timing): Plan {
  const { now, samples } = problem;
  const pool = new Map(form.pools.flatMap((one) => one.operations.map((o) => [o, one])));
  const running = samples.flatMap(({ id, running: activity }): Assignment[] => {
    if (activity === undefined) return [];
    const { step, kind, resource, start: begun, expectedEnd } = activity;
    return [{ sample: id, step, kind, resource, start: begun, end: Math.max(now, expectedEnd), fixed: true }];
  });
  const planned = form.steps.map(({ id }, o): Assignment => {
    const resource = pool.get(o)!.workers[worker[o]!]!;
    const begin = now + start[o]!;
    return {
      sample: samples[form.sample[o]!]!.id,
      step: id,
      kind: 'process',
      resource,
      start: begin,
      end: begin + form.duration[o]!,
    };
  });
  const assignments = [...running, ...planned].sort((a, b) => a.start - b.start);
  return { assignments, makespan: assignments.reduce((end, a) => Math.max(end, a.end), now), unplanned: [] };
}
