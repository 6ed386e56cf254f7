import { existsSync, readFileSync } from 'node:fs';
import type { Assignment, DurationBand, Plan, Resource, SchedulingProblem } from '../../src/scheduling/model.ts';

/** A laboratory instance as its file has it: seconds, one transporter, no buffer. */
export interface Instance {
  readonly transport: { readonly seconds: number; readonly pickSeconds: number };
  readonly devices: readonly {
    readonly id: string;
    readonly capacity?: number;
    readonly batch?: { readonly capacity: number };
  }[];
  readonly samples: readonly {
    readonly id: string;
    readonly steps: readonly {
      readonly devices: readonly string[];
      readonly seconds: number;
      readonly recipe?: number;
      readonly maxWaitSeconds?: number;
    }[];
  }[];
}

const folder = new URL('../../../shared/scheduling-instances/lab/', import.meta.url);

export const instancesPresent = existsSync(folder);

export const readInstance = (n: number): Instance =>
  JSON.parse(readFileSync(new URL(`lab-n${n}.json`, folder), 'utf8')) as Instance;

const exact = (seconds: number): DurationBand => ({
  low: seconds * 1000,
  typical: seconds * 1000,
  high: seconds * 1000,
});

/** In the model: an unlimited store that samples come from, and another that they go to, so that neither is a buffer. */
export function problemOf({ transport, devices, samples }: Instance): SchedulingProblem {
  const stores = ['store', 'exit'];
  const resources: Resource[] = devices.map(({ id, capacity, batch }) => {
    const places = batch?.capacity ?? capacity ?? 1;
    return {
      id,
      kind: batch === undefined ? 'station' : 'batch',
      capacity: places,
      concurrency: places,
      available: true,
    };
  });
  for (const id of stores) resources.push({ id, kind: 'rack', capacity: 9999, concurrency: 9999, available: true });
  const travel = Object.fromEntries(
    [...devices.map(({ id }) => id), 'store'].map((from) => [
      from,
      Object.fromEntries([...devices.map(({ id }) => id), 'exit'].map((to) => [to, exact(transport.seconds)])),
    ]),
  );
  return {
    now: 0,
    resources,
    transport: { transporters: ['arm'], travel, pickMs: transport.pickSeconds * 1000 },
    samples: samples.map(({ id, steps }) => ({
      id,
      priority: 0,
      release: 0,
      at: 'store',
      out: 'exit',
      remaining: steps.map((step, i) => ({
        id: `step-${i}`,
        alternatives: step.devices.map((resource) => ({ resource, duration: exact(step.seconds) })),
        ...(step.recipe === undefined ? {} : { recipe: String(step.recipe) }),
        lag: { min: 0, ...(step.maxWaitSeconds === undefined ? {} : { max: step.maxWaitSeconds * 1000 }) },
      })),
    })),
  };
}

interface Visit {
  readonly sample: string;
  readonly device: string;
  readonly recipe: number | undefined;
  readonly arrive: number;
  readonly start: number;
  readonly end: number;
  readonly leave: number;
}

/** The rules of the instances, word by word, in seconds; the makespan, or what is broken. */
export function judge(
  instance: Instance,
  plan: Plan,
): { readonly makespan: number; readonly broken: readonly string[] } {
  const broken: string[] = [];
  const { seconds: T, pickSeconds: P } = instance.transport;
  const visits = instance.samples.flatMap((sample) => visitsOf(sample, plan, broken, T));
  const moves = plan.assignments.filter(({ kind }) => kind === 'move').map(({ start }) => start / 1000);
  moves.sort((a, b) => a - b);
  moves.forEach((start, i) => {
    if (i > 0 && start < moves[i - 1]! + T) broken.push(`2: moves at ${moves[i - 1]} and ${start}`);
  });
  for (const { id, capacity, batch } of instance.devices) {
    const here = visits.filter(({ device }) => device === id);
    for (const { arrive } of here) {
      const inside = here.filter((other) => other.arrive <= arrive && arrive < other.leave + P);
      if (inside.length > (batch?.capacity ?? capacity ?? 1)) broken.push(`3: ${inside.length} in ${id} at ${arrive}`);
    }
    if (batch !== undefined) judgeBatches(here, batch.capacity, T, P, broken);
  }
  const outs = plan.assignments.filter(({ step }) => step === 'out').map(({ start }) => start / 1000 + T);
  return { makespan: Math.max(...outs), broken };
}

function visitsOf({ id, steps }: Instance['samples'][number], plan: Plan, broken: string[], T: number): Visit[] {
  const own = plan.assignments.filter(({ sample }) => sample === id);
  const find = (kind: Assignment['kind'], step: string) =>
    own.filter((other) => other.kind === kind && other.step === step);
  const arrivals = [...steps.map((_, i) => `step-${i}`), 'out'].map((step) => find('move', step));
  if (arrivals.some(({ length }) => length !== 1)) broken.push(`1: ${id} is not moved once for every step`);
  const visits: Visit[] = [];
  steps.forEach(({ devices, seconds, recipe, maxWaitSeconds }, i) => {
    const [work, ...more] = find('process', `step-${i}`);
    if (work === undefined || more.length > 0) return void broken.push(`1: ${id} does step ${i} not once`);
    const [start, end] = [work.start / 1000, work.end / 1000];
    const [arrive, leave] = [arrivals[i]![0]!.start / 1000, arrivals[i + 1]![0]!.start / 1000];
    if (!devices.includes(work.resource)) broken.push(`1: ${id} does step ${i} on ${work.resource}`);
    if (end !== start + seconds || start < arrive + T || leave < end)
      broken.push(`1: ${id} does step ${i} at ${start}`);
    const before = visits.at(-1);
    if (maxWaitSeconds !== undefined && start - before!.end > maxWaitSeconds)
      broken.push(`4: ${id} waits ${start - before!.end}`);
    visits.push({ sample: id, device: work.resource, recipe, arrive, start, end, leave });
  });
  return visits;
}

function judgeBatches(here: readonly Visit[], capacity: number, T: number, P: number, broken: string[]): void {
  for (const a of here) {
    const together = here.filter((b) => b.start < a.end && a.start < b.end);
    if (together.length > capacity) broken.push(`5: ${together.length} run in ${a.device} at ${a.start}`);
    for (const b of together)
      if (b.start !== a.start || b.end !== a.end || b.recipe !== a.recipe)
        broken.push(`5: ${a.sample} and ${b.sample} in ${a.device}`);
    for (const b of here) {
      const passes = [
        [b.arrive, b.arrive + T],
        [b.leave, b.leave + P],
      ] as const;
      for (const [from, until] of passes)
        if (from < a.end && a.start < until) broken.push(`5: ${b.sample} passes the door of ${a.device} at ${from}`);
    }
  }
}
