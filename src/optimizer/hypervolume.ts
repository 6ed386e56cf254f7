/** Sets of outcomes, every objective maximised. A row is one point. */
export type Front = readonly Float64Array[];

const dominates = (p: Float64Array, q: Float64Array): boolean => p.every((value, k) => value >= q[k]!);

/** The rows that no other row dominates, without repeats. */
export function paretoFront(rows: Front): Float64Array[] {
  const front: Float64Array[] = [];
  for (const row of rows) {
    if (front.some((other) => dominates(other, row))) continue;
    for (let i = front.length - 1; i >= 0; i--) if (dominates(row, front[i]!)) front.splice(i, 1);
    front.push(row);
  }
  return front;
}

/** A box [lower, upper) of outcomes; upper may be infinite. */
export interface Box {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/**
 * Disjoint boxes that cover everything above `reference` that the front does not dominate. Slices along the last
 * objective, recursively: n + 1 boxes for two objectives, O(n^(m - 1)) for m.
 */
export function nondominatedBoxes(front: Front, reference: Float64Array): Box[] {
  const m = reference.length;
  const inside = front.filter((row) => row.every((value, k) => value > reference[k]!));
  if (m === 1) {
    const best = inside.reduce((value, row) => Math.max(value, row[0]!), reference[0]!);
    return [{ lower: Float64Array.of(best), upper: Float64Array.of(Infinity) }];
  }
  const sorted = paretoFront(inside).sort((p, q) => p[m - 1]! - q[m - 1]!);
  const boxes: Box[] = [];
  const base = reference.slice(0, m - 1);
  for (let k = 0; k <= sorted.length; k++) {
    const low = k === 0 ? reference[m - 1]! : sorted[k - 1]![m - 1]!;
    const high = k === sorted.length ? Infinity : sorted[k]![m - 1]!;
    if (!(high > low)) continue;
    const above = sorted.slice(k).map((row) => row.slice(0, m - 1));
    for (const { lower, upper } of nondominatedBoxes(above, base)) {
      boxes.push({ lower: Float64Array.of(...lower, low), upper: Float64Array.of(...upper, high) });
    }
  }
  return boxes;
}

/** Volume above `reference` that the front dominates, in the product of the objectives' units; 0 for an empty front. */
export function hypervolume(front: Front, reference: Float64Array): number {
  const m = reference.length;
  const sorted = paretoFront(front.filter((row) => row.every((value, k) => value > reference[k]!)));
  if (sorted.length === 0) return 0;
  if (m === 1) return Math.max(...sorted.map((row) => row[0]!)) - reference[0]!;
  sorted.sort((p, q) => p[m - 1]! - q[m - 1]!);
  let volume = 0;
  sorted.forEach((row, k) => {
    const low = k === 0 ? reference[m - 1]! : sorted[k - 1]![m - 1]!;
    const slice = sorted.slice(k).map((other) => other.slice(0, m - 1));
    volume += (row[m - 1]! - low) * hypervolume(slice, reference.slice(0, m - 1));
  });
  return volume;
}

/**
 * A reference point a tenth of the front's range below its worst values (Ishibuchi et al. 2018); where the front is one
 * point, a tenth of the range of all rows, or 0.1 where that is nothing too.
 */
export function inferReference(rows: Front): Float64Array {
  const front = paretoFront(rows);
  return Float64Array.from(rows[0]!, (_, k) => {
    const worst = Math.min(...front.map((row) => row[k]!));
    const best = Math.max(...front.map((row) => row[k]!));
    const lowest = Math.min(...rows.map((row) => row[k]!));
    const range = best > worst ? best - worst : best - lowest;
    return worst - 0.1 * (range > 0 ? range : 1);
  });
}
