import { fleetClosings } from './closings.ts';
import { longestSetup } from './setup.ts';
import type { Assignment, ClosedStretch, Plan, RunningActivity, SampleTask, SchedulingProblem } from './model.ts';

/** The lab at this moment and what the plan still has to start, arranged for quick questions. */
export interface Scene {
  readonly problem: SchedulingProblem;
  readonly samples: ReadonlyMap<string, SampleTask>;
  /** Not started yet, in the order of the plan. */
  readonly coming: readonly Assignment[];
  /** The first coming assignment of every sample. */
  readonly next: ReadonlyMap<string, Assignment>;
  /** All coming assignments of every sample. */
  readonly ways: ReadonlyMap<string, readonly Assignment[]>;
  /** Coming assignments that work on, or bring a sample to, a resource, in the order of the plan. */
  readonly comingTo: ReadonlyMap<string, readonly Assignment[]>;
  /** Members of every coming batch. */
  readonly batches: ReadonlyMap<string, readonly Assignment[]>;
  readonly running: readonly { readonly sample: string; readonly activity: RunningActivity }[];
  /** Samples that hold a place, by resource, with the time at which they are known to give it up. */
  readonly holders: ReadonlyMap<string, Holder[]>;
  /** When no move can be begun or gone on with, sorted. */
  readonly shut: readonly ClosedStretch[];
  /** When the last known closed stretch and set-up are over, ms; -Infinity without any. */
  readonly lastClosing: number;
}

export interface Holder {
  readonly sample: string;
  /** Infinity while nothing is under way that frees the place. */
  readonly until: number;
}

export function sceneOf(problem: SchedulingProblem, plan: Plan): Scene {
  const coming = plan.assignments.filter(({ fixed }) => fixed !== true);
  const ways = groupBy(coming, ({ sample }) => sample);
  const next = new Map([...ways].map(([sample, way]) => [sample, way[0]!]));
  const running = problem.samples.flatMap(({ id, running: activity }) => (activity ? [{ sample: id, activity }] : []));
  return {
    problem,
    samples: new Map(problem.samples.map((sample) => [sample.id, sample])),
    coming,
    next,
    ways,
    comingTo: groupBy(coming, (assignment) => (assignment.kind === 'move' ? assignment.to : assignment.resource)),
    batches: groupBy(coming, ({ kind, batch }) => (kind === 'process' ? batch : undefined)),
    running,
    holders: holdersOf(problem),
    shut: shutOf(problem),
    lastClosing: lastClosingOf(problem),
  };
}

function shutOf({ transport }: SchedulingProblem): ClosedStretch[] {
  if (transport?.closed === undefined) return [];
  return fleetClosings(transport).filter(({ count }) => count === transport.transporters.length);
}

function lastClosingOf({ resources, transport }: SchedulingProblem): number {
  const all = [...resources.map(({ closed }) => closed), ...Object.values(transport?.closed ?? {})];
  const setUp = resources.map((one) => (one.last?.end ?? -Infinity) + longestSetup(one));
  return all.reduce((latest, closed) => Math.max(latest, closed?.at(-1)?.to ?? -Infinity), Math.max(...setUp));
}

function groupBy(
  items: readonly Assignment[],
  keyOf: (item: Assignment) => string | undefined,
): Map<string, Assignment[]> {
  const groups = new Map<string, Assignment[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [item]);
    else list.push(item);
  }
  return groups;
}

function holdersOf({ now, samples, transport }: SchedulingProblem): Map<string, Holder[]> {
  const holders = new Map<string, Holder[]>();
  const add = (resource: string | undefined, holder: Holder) => {
    if (resource === undefined || holder.until <= now) return;
    const list = holders.get(resource);
    if (list === undefined) holders.set(resource, [holder]);
    else list.push(holder);
  };
  for (const sample of samples) {
    const { id, at, running, frozen } = sample;
    if (running?.kind === 'move') {
      add(at, { sample: id, until: running.start + (transport?.pickMs ?? 0) });
      add(running.to, { sample: id, until: Infinity });
    } else if (running !== undefined) add(running.to, { sample: id, until: Infinity });
    else if (frozen === true || (transport !== undefined && !finished(sample)))
      add(at, { sample: id, until: Infinity });
  }
  return holders;
}

const finished = ({ remaining, out, at }: SampleTask): boolean =>
  remaining.length === 0 && (out === undefined || out === at);
