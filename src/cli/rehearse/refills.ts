import type { Watch } from './person.ts';
import type { StockCurve } from './stock.ts';

/** Work for a person: a material to be refilled before it is short. Times are ms from the start of the campaign. */
export interface Refill {
  readonly material: string;
  readonly unit: string;
  /** All that the campaign uses of the material, SI: what would have sufficed from the beginning. */
  readonly needed: number;
  /** What is to be filled in this time, SI: as much as there was, or what is lacking until the end. */
  readonly amount: number;
  /** Less than a quarter is left from here on. */
  readonly low: number;
  /** The next experiment cannot be supplied. */
  readonly short: number;
  /** At the latest: the end of the last stretch between `low` and `short` in which one of `by` is there. */
  readonly due?: number;
  /** Who may do it then, where the lab names people. */
  readonly by?: readonly string[];
  /** Nobody is there between `low` and `short`: when somebody last was before. */
  readonly lastChance?: number;
}

/** A material counts as low below this share of what there was. */
const lowShare = 0.25;

/**
 * The refills that a campaign needs. `real` are the stock curves of a rehearsal that ended for want of `stopped`, `ample` those
 * of one with endless stock, `watches` when who may refill is there (same zero of time). Every refill brings the stock back to
 * what there was.
 */
export function refillsOf(
  real: readonly StockCurve[],
  ample: readonly StockCurve[],
  stopped: { readonly material: string; readonly at: number },
  watches: readonly Watch[] | undefined,
): Refill[] {
  const refills = ample.flatMap(({ material, unit, points }): Refill[] => {
    const had = real.find((curve) => curve.material === material)!;
    const full = had.points[0]![1];
    const needed = points[0]![1] - points.at(-1)![1];
    const isStopped = stopped.material === material;
    const times = Math.max(Math.ceil((needed * (1 - 1e-9)) / full) - 1, isStopped ? 1 : 0);
    return Array.from({ length: times }, (_, k): Refill => {
      // Up to the first shortage the real rehearsal knows better; both may differ in what they chose.
      const known = k === 0 && isStopped;
      const short = known ? stopped.at : (whenUsed(points, (k + 1) * full) ?? Infinity);
      const low = whenUsed(known ? had.points : points, (k + 1 - lowShare) * full) ?? short;
      const amount = Math.max(0, Math.min(full, needed - (k + 1) * full));
      return { material, unit, needed, amount, low: Math.min(low, short), short, ...whoFor(low, short, watches) };
    });
  });
  return refills.sort((a, b) => a.short - b.short);
}

/** When more than an amount has left the stock; undefined where it never does. */
const whenUsed = (points: StockCurve['points'], amount: number): number | undefined =>
  points.find(([, left]) => points[0]![1] - left > amount)?.[0];

function whoFor(low: number, short: number, watches: readonly Watch[] | undefined) {
  if (watches === undefined) return { due: short };
  const there = watches.filter(({ from, to }) => from < short && to > low);
  if (there.length > 0) {
    const due = Math.min(short, Math.max(...there.map(({ to }) => to)));
    const by = [...new Set(there.filter(({ from, to }) => from < due && to >= due).map(({ person }) => person))];
    return { due, by };
  }
  const before = watches.filter(({ to }) => to <= low).map(({ to }) => to);
  return before.length === 0 ? {} : { lastChance: Math.max(...before) };
}
