import type { Lab } from './compile.ts';
import type { Track } from './world.ts';

/** What a plan is judged by: a weighted sum of times, all in ms after now; the less the better. */
export interface Objective {
  /** The end of the last sample. */
  readonly makespan: number;
  /** The mean end of a sample, weighted by 1 + its priority above the least one. */
  readonly completion: number;
  /** The mean over all samples of their waits, beyond the minimum, before steps that have a maximum wait. */
  readonly waiting: number;
}

/** Makespan first; the mean end of the samples chooses between plans of about one makespan and shows the way between them. */
export const makespanFirst: Objective = { makespan: 1, completion: 0.05, waiting: 0 };

/** Whether other things than the makespan only choose between plans of about one makespan. */
export const isMakespan = ({ makespan, completion, waiting }: Objective): boolean =>
  makespan > 0 && waiting === 0 && completion <= makespan / 10;

export function costOf(lab: Lab, tracks: ReadonlyMap<number, Track>, objective: Objective): number {
  let latest = lab.now;
  let ends = 0;
  let weights = 0;
  let waits = 0;
  const least = objective.completion === 0 ? 0 : leastPriority(lab);
  for (const [index, track] of tracks) {
    const weight = 1 + lab.tasks[index]!.sample.priority - least;
    latest = Math.max(latest, track.end);
    ends += weight * (track.end - lab.now);
    weights += weight;
    if (objective.waiting !== 0) waits += waitOf(lab, index, track);
  }
  const mean = weights === 0 ? 0 : ends / weights;
  const wait = tracks.size === 0 ? 0 : waits / tracks.size;
  return objective.makespan * (latest - lab.now) + objective.completion * mean + objective.waiting * wait;
}

const leastPriority = ({ tasks }: Lab): number =>
  tasks.reduce((least, { sample }) => Math.min(least, sample.priority), Infinity);

function waitOf({ tasks }: Lab, index: number, { works }: Track): number {
  const { steps, lastEnd } = tasks[index]!;
  let before = lastEnd;
  let wait = 0;
  for (const { step, start, end } of works) {
    const { minLag, maxLag } = steps[step]!;
    if (maxLag < Infinity && before > -Infinity) wait += start - before - minLag;
    before = end;
  }
  return wait;
}
