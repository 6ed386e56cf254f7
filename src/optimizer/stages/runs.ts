import { isTaken } from '../search.ts';
import { samePoint, satisfies } from '../space.ts';
import type { Situation } from './decide.ts';
import type { Node } from './network.ts';
import type { Worth } from './policy.ts';

/**
 * Runs that several samples share, such as a furnace with four places and one temperature profile: samples whose stage has
 * equal shared parameters go through together, and the cost of the run is paid once. A run is open until it begins.
 */
export const isSameRun = ({ shared }: Node, a: Float64Array, b: Float64Array): boolean =>
  shared !== undefined && shared.columns.every((j) => Math.abs(a[j]! - b[j]!) <= samePoint);

/** One member of every open run of a stage that has room: its search coordinates. */
export function openRuns({ network, flights }: Situation, stage: number): Float64Array[] {
  const node = network.nodes[stage]!;
  const { shared } = node;
  if (shared === undefined) return [];
  const runs: { readonly x: Float64Array; members: number }[] = [];
  for (const flight of flights) {
    if (flight.stage !== stage || !flight.open || flight.alone) continue;
    const run = runs.find(({ x }) => isSameRun(node, x, flight.x));
    if (run === undefined) runs.push({ x: flight.x, members: 1 });
    else run.members += 1;
  }
  return runs.filter(({ members }) => members % shared.capacity > 0).map(({ x }) => x);
}

/** Settings of a stage in a run, at most so many. */
const most = 24;

/** The settings of a stage at which a sample can join a run: the given ones with the run's shared values. */
export function settingsIn(node: Node, run: Float64Array, given: readonly Float64Array[]): Float64Array[] {
  const { space, shared } = node;
  const moved = given.map((x) => x.map((value, j) => (shared!.columns.includes(j) ? run[j]! : value)));
  const points = space.designs?.filter((x) => isSameRun(node, x, run)) ?? moved;
  const distinct: Float64Array[] = [];
  for (const x of points) {
    if (distinct.length < most && satisfies(space, x) && !isTaken(x, distinct)) distinct.push(x);
  }
  return distinct;
}

/**
 * Expected gain per cost of a run that is opened for one sample and joined by the others that raise it most: every member
 * adds its gain, the run's cost is paid once. `share` is that cost divided by the places, which every worth contains.
 */
export function rateOfRun(own: Worth, others: readonly Worth[], share: number, capacity: number): number {
  let { gain } = own;
  let cost = own.cost + (capacity - 1) * share;
  const later = (worth: Worth) => worth.cost - share;
  const best = [...others].sort((a, b) => b.gain - a.gain).slice(0, capacity - 1);
  for (const worth of best) {
    if (worth.gain * cost <= gain * later(worth)) continue;
    gain += worth.gain;
    cost += later(worth);
  }
  return gain / cost;
}

/** What of its share a sample is charged in a run that is open. */
const charged = 1e-6;

/**
 * By what options are compared: their rate, but that of a sample which joins an open run is on a millionth of its share,
 * since the run is paid for whether it joins or not. It goes first unless it promises next to nothing.
 */
export const rankOf = ({ rate, joins = false }: { readonly rate: number; readonly joins?: boolean }): number =>
  joins ? rate / charged : rate;
