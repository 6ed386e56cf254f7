import type { Assignment, DurationBand, SampleTask, SchedulingProblem, StepTask } from './model.ts';
import type { Scene } from './scene.ts';

/** When something happens at the earliest and at the latest, ms. */
export interface Span {
  readonly lo: number;
  readonly hi: number;
}

/** A sample as it is once all that starts now has started. */
export interface Standing {
  readonly task: SampleTask;
  /** Where it is, or is being moved to; undefined outside the lab. */
  readonly place: string | undefined;
  /** The end of what it does now; now when it rests. */
  readonly ready: Span;
  /** The end of its last step, or of the one that runs; undefined at the beginning. */
  readonly since: Span | undefined;
  /** A step of it runs. */
  readonly works: boolean;
  /** What the plan has it do after that. */
  readonly rest: readonly Assignment[];
  /** The place that it is being moved from, and until when it holds it. */
  readonly left: { readonly place: string; readonly until: number } | undefined;
}

export function standingOf(scene: Scene, id: string, started: readonly Assignment[]): Standing {
  const { problem, samples, ways } = scene;
  const task = samples.get(id)!;
  const { now } = problem;
  const way = ways.get(id) ?? [];
  const { running, lastStepEnd, at } = task;
  const ended = lastStepEnd === undefined ? undefined : { lo: lastStepEnd, hi: lastStepEnd };
  const begun = started.find(({ sample }) => sample === id);
  if (begun !== undefined) {
    const { low, high } = bandOf(problem, task, begun);
    const ready = { lo: now + low, hi: now + high };
    return doing(problem, task, begun.kind, begun.to ?? begun.resource, ready, now, way.slice(1), ended);
  }
  if (running !== undefined) {
    const { expectedEnd, earliestEnd = expectedEnd, latestEnd = expectedEnd, start } = running;
    // What is beyond its band already may end at any time: the guess is all there is.
    const hi = latestEnd < now ? Math.max(now, expectedEnd) : latestEnd;
    const ready = { lo: Math.min(hi, Math.max(now, earliestEnd)), hi };
    return doing(problem, task, running.kind, running.to, ready, start, way, ended);
  }
  const time = Math.max(now, task.release);
  const ready = { lo: time, hi: time };
  return { task, place: at, ready, since: ended, works: false, rest: way, left: undefined };
}

function doing(
  { transport }: SchedulingProblem,
  task: SampleTask,
  kind: Assignment['kind'],
  place: string,
  ready: Span,
  start: number,
  rest: readonly Assignment[],
  ended: Span | undefined,
): Standing {
  const works = kind === 'process';
  const left = works || task.at === undefined ? undefined : { place: task.at, until: start + transport!.pickMs };
  return { task, place, ready, since: works ? ready : ended, works, rest, left };
}

export const stepOf = ({ remaining }: SampleTask, id: string): StepTask | undefined =>
  remaining.find((step) => step.id === id);

/** How long an assignment may take. */
export function bandOf({ transport }: SchedulingProblem, task: SampleTask, assignment: Assignment): DurationBand {
  const { kind, step, resource, from, to, start, end } = assignment;
  const typical = end - start;
  const band =
    kind === 'move'
      ? transport?.travel[from!]?.[to!]
      : stepOf(task, step)?.alternatives.find((alternative) => alternative.resource === resource)?.duration;
  return band ?? { low: typical, typical, high: typical };
}

/** The first step of the way that has to start within a maximum wait after `since`, if that is the next one at all. */
export function limitedWork({ task, rest, since }: Pick<Standing, 'task' | 'rest' | 'since'>): Assignment | undefined {
  const work = since === undefined ? undefined : rest.find(({ kind }) => kind === 'process');
  return work !== undefined && stepOf(task, work.step)?.lag.max !== undefined ? work : undefined;
}

/** True when the step that comes after this one has a maximum wait. */
export function isHead({ samples }: Scene, { kind, sample, step }: Assignment): boolean {
  const remaining = samples.get(sample)?.remaining ?? [];
  const position = remaining.findIndex(({ id }) => id === step);
  return kind === 'process' && position >= 0 && remaining[position + 1]?.lag.max !== undefined;
}
