import type { Stream } from '../base/random.ts';
import type { InitialDesign } from './problem.ts';
import { samplePoints, snap } from './sample.ts';
import { isTaken, listPoints } from './search.ts';
import { type Space, distance, isFree } from './space.ts';

/** Experiments before the model decides, where the user does not say: twice the parameters plus one, 4 to 24. */
export const initialCount = (space: Space): number => Math.min(24, Math.max(4, 2 * space.dimensions.length + 1));

interface Design {
  readonly design: InitialDesign;
  /** Points of the sequence or design that were given out before. */
  readonly skip: number;
  /** Points of the whole design. */
  readonly size: number;
}

/**
 * Space-filling points beside those known. Spaces without constraints take the next points of a scrambled Sobol sequence
 * (all numbers continuous) or of a Latin hypercube, which `skip` counts; all others take, one after the other, the
 * candidate farthest from everything known (maximin, Johnson, Moore and Ylvisaker 1990; greedy, Kennard and Stone 1969).
 * Fewer than `count` where the space runs out.
 */
export function initialPoints(
  space: Space,
  count: number,
  known: readonly Float64Array[],
  random: Stream,
  { design, skip, size }: Design,
): Float64Array[] {
  const plain = space.designs === undefined && isFree(space) && design !== 'maximin';
  if (plain && design === 'latin') {
    return latinHypercube(space, Math.max(size, skip + count), random)
      .slice(skip, skip + count)
      .filter((x) => !isTaken(x, known));
  }
  if (plain && space.dimensions.every(({ kind }) => kind === 'continuous')) {
    return samplePoints(space, count, random, skip).filter((x) => !isTaken(x, known));
  }
  const pool = listPoints(space, random) ?? samplePoints(space, 512, random);
  const thinned = thin(pool, random);
  // The farthest from nothing would be the first listed, a corner; any point will do better.
  const start = known.length === 0 && thinned.length > 0 ? [random.pick(thinned)] : [];
  return [...start, ...farthest(space, thinned, count - start.length, [...known, ...start])];
}

/** A Latin hypercube (McKay, Beckman and Conover 1979): every one of `size` equal slices of every column is met once. */
export function latinHypercube(space: Space, size: number, random: Stream): Float64Array[] {
  const columns = space.dimensions.map((_, j) => {
    const slices = Array.from({ length: size }, (_slice, i) => i);
    for (let i = size - 1; i > 0; i--) {
      const k = random.integer(i + 1);
      [slices[i], slices[k]] = [slices[k]!, slices[i]!];
    }
    return slices.map((slice) => snap(space, j, (slice + random.next()) / size));
  });
  return Array.from({ length: size }, (_, i) => Float64Array.from(columns, (column) => column[i]!));
}

function thin(pool: readonly Float64Array[], random: Stream): Float64Array[] {
  const size = 2048;
  if (pool.length <= size) return [...pool];
  return Array.from({ length: size }, () => pool[random.integer(pool.length)]!);
}

function farthest(
  space: Space,
  pool: readonly Float64Array[],
  count: number,
  known: readonly Float64Array[],
): Float64Array[] {
  const gaps = pool.map((x) => known.reduce((gap, other) => Math.min(gap, distance(space, x, other)), Infinity));
  const chosen: Float64Array[] = [];
  while (chosen.length < count) {
    let best = -1;
    for (let i = 0; i < pool.length; i++) {
      if (gaps[i]! > 0 && !isTaken(pool[i]!, known) && (best < 0 || gaps[i]! > gaps[best]!)) best = i;
    }
    if (best < 0) break;
    const x = Float64Array.from(pool[best]!);
    chosen.push(x);
    pool.forEach((other, i) => (gaps[i] = Math.min(gaps[i]!, distance(space, x, other))));
  }
  return chosen;
}
