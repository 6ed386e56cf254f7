import type { Assignment, Plan, SampleTask, SchedulingProblem } from './model.ts';

/**
 * A problem in which nothing blocks: chains of operations, each on one of some machines, which do one at a time (job shop,
 * flexible job shop). Operations are counted through all chains; times are ms after `now`.
 */
export interface Disjunctive {
  readonly count: number;
  readonly machines: number;
  /** Chain of every operation; its operations have consecutive numbers. */
  readonly chain: Int32Array;
  /** The operation before and after in its chain; -1 without one. */
  readonly before: Int32Array;
  readonly after: Int32Array;
  /** Least time from the end of `before` to the start; of the first of a chain from now to its start. */
  readonly lag: Float64Array;
  readonly options: readonly (readonly Option[])[];
  /** When a machine is free for the first time. */
  readonly free: Float64Array;
}

export interface Option {
  readonly machine: number;
  readonly duration: number;
}

/** The problem in this form; undefined when something in it blocks, batches, is shared, is set up, is closed at times or has a maximum wait. */
export function disjunctiveOf(problem: SchedulingProblem): Disjunctive | undefined {
  const { now, resources, transport } = problem;
  const samples = problem.samples.filter(({ remaining }) => remaining.length > 0);
  if (transport !== undefined || !problem.samples.every(isPlain)) return undefined;
  const indexOf = new Map(resources.map(({ id }, index) => [id, index]));
  const usable = (id: string) => {
    const resource = resources[indexOf.get(id) ?? -1];
    if (resource?.kind !== 'station' || resource.setup !== undefined) return false;
    return resource.concurrency === 1 && resource.available && !resource.closed?.length;
  };
  const steps = samples.flatMap(({ remaining }) => remaining);
  if (!steps.every(({ alternatives }) => alternatives.length > 0 && alternatives.every((a) => usable(a.resource))))
    return undefined;
  const chain = Int32Array.from(samples.flatMap(({ remaining }, i) => remaining.map(() => i)));
  const count = chain.length;
  const isFirst = (o: number) => o === 0 || chain[o - 1] !== chain[o];
  const free = new Float64Array(resources.length);
  for (const { running } of problem.samples) {
    const machine = running === undefined ? undefined : indexOf.get(running.resource);
    if (machine !== undefined) free[machine] = Math.max(free[machine]!, running!.expectedEnd - now);
  }
  return {
    count,
    machines: resources.length,
    chain,
    before: Int32Array.from(chain, (_, o) => (isFirst(o) ? -1 : o - 1)),
    after: Int32Array.from(chain, (_, o) => (o === count - 1 || isFirst(o + 1) ? -1 : o + 1)),
    lag: Float64Array.from(steps, ({ lag }, o) => (isFirst(o) ? releaseOf(samples[chain[o]!]!, now) : lag.min)),
    options: steps.map(({ alternatives }) =>
      alternatives.map((a) => ({ machine: indexOf.get(a.resource)!, duration: a.duration.typical })),
    ),
    free,
  };
}

const isPlain = ({ frozen, remaining, running }: SampleTask): boolean =>
  frozen !== true && running?.kind !== 'move' && remaining.every(({ lag }) => lag.max === undefined);

/** The earliest start of the first remaining step, ms after `now`. */
function releaseOf({ release, running, lastStepEnd, remaining }: SampleTask, now: number): number {
  const end = running === undefined ? Math.max(now, release) : Math.max(now, running.expectedEnd);
  const last = running?.kind === 'process' ? end : (lastStepEnd ?? -Infinity);
  return Math.max(end, last + remaining[0]!.lag.min) - now;
}

/** Machines and an order of all operations that agrees with every chain and every machine. */
export interface Selection {
  readonly machine: Int32Array;
  readonly order: Int32Array;
}

/** What a plan has chosen; undefined when it leaves an operation out. */
export function selectionOf(problem: SchedulingProblem, plan: Plan): Selection | undefined {
  const indexOf = new Map(problem.resources.map(({ id }, index) => [id, index]));
  const works = new Map<string, Assignment>();
  for (const assignment of plan.assignments)
    if (assignment.fixed !== true) works.set(`${assignment.sample}\n${assignment.step}`, assignment);
  const own = operationsOf(problem).map(({ sample, step }) => works.get(`${sample}\n${step}`));
  if (own.some((work) => work === undefined)) return undefined;
  const order = Int32Array.from(own.keys());
  // Operations of no length come before those that start when they end.
  order.sort((a, b) => own[a]!.start - own[b]!.start || own[a]!.end - own[b]!.end || a - b);
  return { machine: Int32Array.from(own, (work) => indexOf.get(work!.resource)!), order };
}

const operationsOf = ({ samples }: SchedulingProblem): { sample: string; step: string }[] =>
  samples.flatMap(({ id, remaining }) => remaining.map((step) => ({ sample: id, step: step.id })));

/** The plan in which every operation starts at its time (ms after now). */
export function planOf(problem: SchedulingProblem, machine: Int32Array, start: Float64Array): Plan {
  const { now, resources } = problem;
  const running = problem.samples.flatMap(({ id, running: activity }): Assignment[] => {
    if (activity === undefined) return [];
    const { step, kind, resource, start: begun } = activity;
    return [{ sample: id, step, kind, resource, start: begun, end: Math.max(now, activity.expectedEnd), fixed: true }];
  });
  const steps = problem.samples.flatMap(({ remaining }) => remaining);
  const planned = operationsOf(problem).map(({ sample, step }, o): Assignment => {
    const resource = resources[machine[o]!]!.id;
    const { duration } = steps[o]!.alternatives.find((alternative) => alternative.resource === resource)!;
    const begin = now + start[o]!;
    return { sample, step, kind: 'process', resource, start: begin, end: begin + duration.typical };
  });
  const assignments = [...running, ...planned].sort((a, b) => a.start - b.start);
  return { assignments, makespan: assignments.reduce((end, a) => Math.max(end, a.end), now), unplanned: [] };
}
