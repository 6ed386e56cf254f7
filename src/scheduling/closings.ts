import type { ClosedStretch, Transport } from './model.ts';

/** Questions about closed stretches, which are sorted and disjoint; all times are ms. */

type Closed = readonly ClosedStretch[];

/** The earliest t >= from at which something may begin that takes `length`, so that it overlaps no closed stretch. */
export function opensAt(closed: Closed, from: number, length: number): number {
  let t = from;
  for (const stretch of closed) {
    if (stretch.to <= t) continue;
    if (t < stretch.from && t + length <= stretch.from) return t;
    t = stretch.to;
  }
  return t;
}

/** The stretch that keeps something from beginning at `t`; undefined when nothing does. */
export const closingAt = (closed: Closed, t: number, length: number): ClosedStretch | undefined =>
  closed.find(({ from, to }) => to > t && (from <= t || from < t + length));

/** Begins after `from` (ms), or at it when the work takes no time, are put off to `until`. */
export interface Delay {
  readonly from: number;
  readonly until: number;
}

/** What closed stretches put off of all that may begin between `lo` and `hi`. */
export const delaysOf = (closed: Closed, lo: number, hi: number, length: number): Delay[] =>
  closed
    .filter(({ from, to }) => to > lo && (length > 0 ? from - length < hi : from <= hi))
    .map(({ from, to }) => ({ from: from - length, until: opensAt(closed, to, length) }));

/** The longest stretch from `now` on that is open, ms. */
export function longestOpening(closed: Closed, now: number): number {
  let longest = 0;
  let open = now;
  for (const { from, to } of closed) {
    if (to <= open) continue;
    longest = Math.max(longest, from - open);
    open = to;
  }
  return open === Infinity ? longest : Infinity;
}

/** How many transporters of a pool are closed during a stretch. */
export interface FleetClosing extends ClosedStretch {
  readonly count: number;
}

/**
 * The closed stretches of all transporters, sorted. At times at which other ones are open than before, all are closed for
 * a millisecond: so no move goes on over such a time, and those that are open can always share the moves between two.
 */
export function fleetClosings({ transporters, closed = {} }: Transport): FleetClosing[] {
  const own = transporters.map((id) => closed[id] ?? []);
  const all = own.length;
  const times = [...new Set(own.flat().flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const countAt = (t: number) => own.filter((list) => list.some(({ from, to }) => from <= t && t < to)).length;
  let before = 0;
  return times.flatMap((from, i) => {
    const to = times[i + 1] ?? Infinity;
    const count = countAt(from);
    const changes = before < all && count < all && from < to;
    before = count;
    const rest = { from: changes ? from + 1 : from, to, count };
    return [...(changes ? [{ from, to: from + 1, count: all }] : []), ...(count > 0 ? [rest] : [])];
  });
}
