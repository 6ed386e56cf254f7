import type { Lab } from './compile.ts';
import type { Objective, Weights } from './model.ts';
import type { Track } from './world.ts';

/** Makespan first; the mean end of the samples chooses between plans of about one makespan and shows the way between them. */
export const makespanFirst: Objective = [{ makespan: 1, completion: 0.05 }];

/** All samples early on average, and the last not late. */
export const soonest: Objective = [{ makespan: 1, completion: 1 }];

/** Whether other things than the makespan only choose between plans of about one makespan. */
export const isMakespan = ([first]: Objective): boolean => {
  const { makespan = 0, completion = 0, waiting = 0, lateness = 0, energy = 0 } = first ?? {};
  return makespan > 0 && waiting + lateness + energy === 0 && completion <= makespan / 10;
};

/** One sum for each of the objective's, in its order. */
export type Cost = readonly number[];

export function costOf(lab: Lab, tracks: ReadonlyMap<number, Track>, objective: Objective): Cost {
  const asks = (name: keyof Weights) => objective.some((weights) => (weights[name] ?? 0) !== 0);
  const ends = endsOf(lab, tracks);
  const terms: Required<Weights> = {
    makespan: ends.latest - lab.now,
    completion: ends.completion,
    lateness: ends.lateness,
    waiting: asks('waiting') ? meanWait(lab, tracks) : 0,
    energy: asks('energy') ? energyCost(lab, tracks) : 0,
  };
  return objective.map(
    ({ makespan = 0, completion = 0, waiting = 0, lateness = 0, energy = 0 }) =>
      makespan * terms.makespan +
      completion * terms.completion +
      waiting * terms.waiting +
      lateness * terms.lateness +
      energy * terms.energy,
  );
}

/** Parts by which costs differ that only the order of sums brings about. */
const rounding = 1e-9;

function compareSums(a: number, b: number): number {
  if (a === b || Math.abs(a - b) <= rounding * Math.abs(b)) return 0;
  return a < b ? -1 : 1;
}

/** Less than 0 when `a` costs less: in the first sum in which they differ. */
export function compareCosts(a: Cost, b: Cost): number {
  for (let i = 0; i < a.length; i++) {
    const compared = compareSums(a[i]!, b[i]!);
    if (compared !== 0) return compared;
  }
  return 0;
}

/** A new order is worth its unrest when it saves so much of the cost of the old one. */
export const realGain = 0.03;

/** Whether `cost` is less by a part `gain` of `old` in one sum, and in none before it more. */
export function isGain(cost: Cost, old: Cost, gain: number): boolean {
  for (let i = 0; i < cost.length; i++) {
    const compared = compareSums(cost[i]!, old[i]!);
    if (compared > 0) return false;
    if (compared < 0 && cost[i]! < (1 - gain) * old[i]!) return true;
  }
  return false;
}

/** Whether `cost` is less than `best` in one sum, and in none before it more by a part `leeway`. */
export function isNear(cost: Cost, best: Cost, leeway: number): boolean {
  for (let i = 0; i < cost.length; i++) {
    const compared = compareSums(cost[i]!, best[i]!);
    if (compared < 0) return true;
    if (compared > 0 && cost[i]! >= best[i]! * (1 + leeway)) return false;
  }
  return true;
}

function endsOf({ now, tasks }: Lab, tracks: ReadonlyMap<number, Track>) {
  const least = tasks.reduce((found, { sample }) => Math.min(found, sample.priority), Infinity);
  let [latest, sum, late, weights] = [now, 0, 0, 0];
  for (const [index, { end }] of tracks) {
    const { sample, due } = tasks[index]!;
    const weight = 1 + sample.priority - least;
    latest = Math.max(latest, end);
    sum += weight * (end - now);
    late += weight * Math.max(0, end - due);
    weights += weight;
  }
  const mean = (total: number) => (weights === 0 ? 0 : total / weights);
  return { latest, completion: mean(sum), lateness: mean(late) };
}

function meanWait(lab: Lab, tracks: ReadonlyMap<number, Track>): number {
  let wait = 0;
  for (const [index, track] of tracks) wait += waitOf(lab, index, track);
  return tracks.size === 0 ? 0 : wait / tracks.size;
}

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

/** Those who share a run share what it draws. */
function energyCost({ tasks, price }: Lab, tracks: ReadonlyMap<number, Track>): number {
  const counted = new Set<unknown>();
  let sum = 0;
  for (const [index, { works }] of tracks)
    for (const { resource, step, start, end, run } of works) {
      if (run !== undefined && counted.has(run)) continue;
      if (run !== undefined) counted.add(run);
      const { alternatives } = tasks[index]!.steps[step]!;
      const power = alternatives.find((one) => one.resource === resource)?.power ?? 0;
      if (power > 0) sum += power * price.between(start, end);
    }
  return sum;
}
