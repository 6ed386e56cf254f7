import { fleetClosings, longestOpening, type FleetClosing } from './closings.ts';
import type {
  ClosedStretch,
  DurationBand,
  Objective,
  Resource,
  SampleTask,
  SchedulingProblem,
  StepTask,
} from './model.ts';
import { soonest } from './objective.ts';
import { obstacleOf, type Obstacle } from './obstacle.ts';
import { Price } from './price.ts';

/** A resource, and its place in the list that the planner counts in. */
export interface Station extends Resource {
  readonly index: number;
  /** Those that are not over. */
  readonly closed: readonly ClosedStretch[];
  readonly longestOpen: number;
}

export interface Alternative {
  readonly resource: number;
  /** Typical duration in ms. */
  readonly duration: number;
  /** W */
  readonly power: number;
}

export interface Step {
  readonly id: string;
  /** Only what is available now, and open for long enough at some time. */
  readonly alternatives: readonly Alternative[];
  readonly recipe: string | undefined;
  readonly minLag: number;
  /** The wait that is planned at most; Infinity when there is no maximum. */
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
  /** After this its next step cannot start within its maximum wait any more; Infinity without one. */
  readonly deadline: number;
  /** Ended later it is late; Infinity when it is due at no time. */
  readonly due: number;
  /** Why it cannot be planned at all. */
  readonly obstacle: Obstacle | undefined;
}

/** The problem with resources counted instead of named and only typical durations. */
export interface Lab {
  readonly now: number;
  readonly moved: boolean;
  readonly carriers: number;
  readonly pick: number;
  readonly fleet: readonly FleetClosing[];
  readonly stations: readonly Station[];
  readonly racks: readonly number[];
  /** Typical travel time from, to; Infinity where there is no way. */
  readonly travel: readonly (readonly number[])[];
  readonly tasks: readonly Task[];
  readonly objective: Objective;
  readonly price: Price;
  readonly indexOf: ReadonlyMap<string, number>;
}

export function compile(problem: SchedulingProblem): Lab {
  const stations = problem.resources.map((resource, index) => stationOf(resource, index, problem.now));
  const indexOf = new Map(stations.map(({ id, index }) => [id, index]));
  const { transport } = problem;
  const travel = stations.map((from) => stations.map((to) => transport?.travel[from.id]?.[to.id]?.typical ?? Infinity));
  const ways = Object.values(transport?.travel ?? {}).flatMap((to) => Object.values(to));
  const shape = {
    now: problem.now,
    moved: transport !== undefined,
    stations,
    indexOf,
    travel,
    stretch: stretchOf(ways),
    longestWay: travel.reduce((longest, row) => row.reduce(longerFinite, longest), 0),
  };
  return {
    ...shape,
    carriers: transport?.transporters.length ?? 0,
    pick: transport?.pickMs ?? 0,
    fleet: transport?.closed === undefined ? [] : fleetClosings(transport),
    racks: stations.filter(({ kind, available }) => kind === 'rack' && available).map(({ index }) => index),
    tasks: problem.samples.map((sample, index) => taskOf(sample, index, shape)),
    objective: problem.objective ?? soonest,
    price: new Price(problem.rates ?? []),
  };
}

function stationOf(resource: Resource, index: number, now: number): Station {
  const closed = (resource.closed ?? []).filter(({ to }) => to > now);
  const longestOpen = Math.min(resource.longestOpen ?? Infinity, longestOpening(closed, now));
  return { ...resource, index, closed, longestOpen };
}

const longerFinite = (longest: number, time: number): number => (time < Infinity && time > longest ? time : longest);

/** How many times as long as typical any of these can take. */
const stretchOf = (bands: readonly DurationBand[]): number =>
  bands.reduce((most, { typical, high }) => (typical > 0 ? Math.max(most, high / typical) : most), 1);

export interface Shape extends Pick<Lab, 'now' | 'moved' | 'stations' | 'indexOf' | 'travel'> {
  /** How many times as long as typical a way can take. */
  readonly stretch: number;
  /** The longest way of all, ms. */
  readonly longestWay: number;
}

function taskOf(sample: SampleTask, index: number, lab: Shape): Task {
  const { running } = sample;
  const place = running?.to ?? sample.at;
  const at = place === undefined ? -1 : (lab.indexOf.get(place) ?? -1);
  const out = lab.moved && sample.out !== undefined ? (lab.indexOf.get(sample.out) ?? -1) : -1;
  const steps = sample.remaining.map((step, i) => stepOf(step, lab, i === 0));
  const end = running === undefined ? lab.now : Math.max(lab.now, running.expectedEnd);
  const lastEnd = running?.kind === 'process' ? end : (sample.lastStepEnd ?? -Infinity);
  const task = {
    index,
    sample,
    at,
    ready: running === undefined ? Math.max(end, sample.release) : end,
    lastEnd,
    deadline: deadlineOf(sample.remaining[0], at, lastEnd, lab),
    due: sample.due ?? Infinity,
    steps,
    out,
    done: steps.length === 0 && (out < 0 || at < 0 || at === out),
  };
  return { ...task, obstacle: obstacleOf(task, place, lab) };
}

function stepOf(step: StepTask, lab: Shape, next: boolean): Step {
  const alternatives: Alternative[] = [];
  for (const { resource, duration, power = 0 } of step.alternatives) {
    const index = lab.indexOf.get(resource);
    const station = index === undefined ? undefined : lab.stations[index]!;
    if (index === undefined || !station!.available || station!.kind === 'rack') continue;
    if (duration.typical > station!.longestOpen) continue;
    alternatives.push({ resource: index, duration: duration.typical, power });
  }
  const { min, max = Infinity } = step.lag;
  const maxLag = next || max === Infinity ? max : Math.min(max, Math.max(min, cautious(step, max, lab)));
  return { id: step.id, alternatives, recipe: step.recipe, minLag: min, maxLag };
}

/**
 * A wait that has not begun is planned so short that it still holds when the ways and those who are worked on before take
 * as long as they can, but not shorter than any way takes.
 */
function cautious({ alternatives }: StepTask, max: number, { stretch, longestWay }: Shape): number {
  let most = stretch;
  for (const { duration } of alternatives)
    if (duration.typical > 0) most = Math.max(most, duration.high / duration.typical);
  return most === 1 ? max : Math.max(Math.floor(max / most), longestWay);
}

/** The latest time at which the sample can set out for its first step and still keep that step's maximum wait. */
function deadlineOf(step: StepTask | undefined, at: number, lastEnd: number, lab: Shape): number {
  if (step?.lag.max === undefined || lastEnd === -Infinity) return Infinity;
  if (!lab.moved || at < 0) return lastEnd + step.lag.max;
  const ways = step.alternatives.map(({ resource }) => {
    const to = lab.indexOf.get(resource) ?? -1;
    return to === at ? 0 : (lab.travel[at]![to] ?? Infinity);
  });
  return lastEnd + step.lag.max - Math.min(...ways);
}
