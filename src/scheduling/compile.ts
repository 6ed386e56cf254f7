import type { Resource, SampleTask, SchedulingProblem, StepTask, UnplannedCause } from './model.ts';

/** A resource, and its place in the list that the planner counts in. */
export interface Station extends Resource {
  readonly index: number;
}

export interface Alternative {
  readonly resource: number;
  /** Typical duration in ms. */
  readonly duration: number;
}

export interface Step {
  readonly id: string;
  /** Only what is available now. */
  readonly alternatives: readonly Alternative[];
  readonly recipe: string | undefined;
  readonly minLag: number;
  /** Infinity when there is no maximum. */
  readonly maxLag: number;
}

/** A sample as the planner sees it: what is still to be done, from where and from when on. */
export interface Task {
  readonly index: number;
  readonly sample: SampleTask;
  /** Where it is once `ready`; -1 when it has not entered the lab. */
  readonly at: number;
  /** Nothing of it can start before; >= now. */
  readonly ready: number;
  /** End of the step before the first remaining one; -Infinity at the beginning. */
  readonly lastEnd: number;
  readonly steps: readonly Step[];
  /** Where it is taken at the end; -1 when it stays. */
  readonly out: number;
  /** Nothing is left to be done. */
  readonly done: boolean;
  /** Why it cannot be planned at all. */
  readonly obstacle: Obstacle | undefined;
}

export interface Obstacle {
  readonly cause: UnplannedCause;
  readonly reason: string;
}

/** The problem with resources counted instead of named and only typical durations. */
export interface Lab {
  readonly now: number;
  readonly moved: boolean;
  readonly carriers: number;
  readonly pick: number;
  readonly stations: readonly Station[];
  readonly racks: readonly number[];
  /** Typical travel time from, to; Infinity where there is no way. */
  readonly travel: readonly (readonly number[])[];
  readonly tasks: readonly Task[];
  readonly indexOf: ReadonlyMap<string, number>;
}

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

export function compile(problem: SchedulingProblem): Lab {
  const stations = problem.resources.map((resource, index) => ({ ...resource, index }));
  const indexOf = new Map(stations.map(({ id, index }) => [id, index]));
  const { transport } = problem;
  const travel = stations.map((from) => stations.map((to) => transport?.travel[from.id]?.[to.id]?.typical ?? Infinity));
  const shape = { now: problem.now, moved: transport !== undefined, stations, indexOf };
  return {
    ...shape,
    carriers: transport?.transporters.length ?? 0,
    pick: transport?.pickMs ?? 0,
    racks: stations.filter(({ kind, available }) => kind === 'rack' && available).map(({ index }) => index),
    travel,
    tasks: problem.samples.map((sample, index) => taskOf(sample, index, shape)),
  };
}

function taskOf(sample: SampleTask, index: number, lab: Pick<Lab, 'now' | 'moved' | 'stations' | 'indexOf'>): Task {
  const { running } = sample;
  const place = running?.to ?? sample.at;
  const at = place === undefined ? -1 : (lab.indexOf.get(place) ?? -1);
  const out = lab.moved && sample.out !== undefined ? (lab.indexOf.get(sample.out) ?? -1) : -1;
  const steps = sample.remaining.map((step) => stepOf(step, lab));
  const end = running === undefined ? lab.now : Math.max(lab.now, running.expectedEnd);
  const task = {
    index,
    sample,
    at,
    ready: running === undefined ? Math.max(end, sample.release) : end,
    lastEnd: running?.kind === 'process' ? end : (sample.lastStepEnd ?? -Infinity),
    steps,
    out,
    done: steps.length === 0 && (out < 0 || at < 0 || at === out),
  };
  return { ...task, obstacle: obstacleOf(task, place, lab) };
}

function stepOf(step: StepTask, lab: Pick<Lab, 'stations' | 'indexOf'>): Step {
  const alternatives: Alternative[] = [];
  for (const { resource, duration } of step.alternatives) {
    const index = lab.indexOf.get(resource);
    if (index === undefined || !lab.stations[index]!.available || lab.stations[index]!.kind === 'rack') continue;
    alternatives.push({ resource: index, duration: duration.typical });
  }
  return {
    id: step.id,
    alternatives,
    recipe: step.recipe,
    minLag: step.lag.min,
    maxLag: step.lag.max ?? Infinity,
  };
}

function obstacleOf(
  task: Omit<Task, 'obstacle'>,
  place: string | undefined,
  lab: Pick<Lab, 'now' | 'indexOf'>,
): Obstacle | undefined {
  const { sample, steps } = task;
  if (place !== undefined && task.at < 0)
    return { cause: 'incapable', reason: `${sample.id} is at ${place}, which this lab does not have.` };
  if (sample.out !== undefined && !lab.indexOf.has(sample.out))
    return {
      cause: 'incapable',
      reason: `${sample.id} goes to ${sample.out} at the end, which this lab does not have.`,
    };
  const first = steps[0];
  if (first !== undefined && task.lastEnd + first.maxLag < lab.now) {
    const late = seconds(lab.now - task.lastEnd - first.maxLag);
    const limit = seconds(first.maxLag);
    const reason = `${sample.id} has missed its maximum wait of ${limit} before ${first.id} by ${late}.`;
    return { cause: 'missed', reason };
  }
  const lost = steps.findIndex(({ alternatives }) => alternatives.length === 0);
  return lost < 0 ? undefined : lostStep(sample, sample.remaining[lost]!, lab);
}

function lostStep(sample: SampleTask, step: StepTask, lab: Pick<Lab, 'indexOf'>): Obstacle {
  const known = step.alternatives.filter(({ resource }) => lab.indexOf.has(resource)).map(({ resource }) => resource);
  return known.length === 0
    ? { cause: 'incapable', reason: `No resource of this lab can do ${step.id} of ${sample.id}.` }
    : {
        cause: 'unavailable',
        reason: `${sample.id} needs ${known.join(' or ')} for ${step.id}, which ${known.length > 1 ? 'are' : 'is'} not available.`,
      };
}
