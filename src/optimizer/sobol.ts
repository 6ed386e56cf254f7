import type { Stream } from '../base/random.ts';
import { directionTable } from './sobol-table.ts';
import { normalQuantile } from './special.ts';

const bits = 32;

/** Dimensions for which direction numbers are at hand; further ones are drawn pseudo-randomly. */
export const sobolDimensions = directionTable.length + 1;

/** Direction numbers of one dimension (counted from 0), most significant bit first, by the recurrence of Bratley and Fox. */
function directionsOf(dimension: number): Uint32Array {
  const v = new Uint32Array(bits);
  if (dimension === 0) {
    for (let k = 0; k < bits; k++) v[k] = 2 ** (31 - k);
    return v;
  }
  const [degree = 0, coefficients = 0, ...initial] = directionTable[dimension - 1]!;
  for (let k = 0; k < bits; k++) {
    if (k < degree) {
      v[k] = initial[k]! * 2 ** (31 - k);
      continue;
    }
    let word = v[k - degree]! ^ (v[k - degree]! >>> degree);
    for (let i = 1; i < degree; i++) if ((coefficients >>> (degree - 1 - i)) & 1) word ^= v[k - i]!;
    v[k] = word;
  }
  return v;
}

/**
 * Left matrix scrambling (Matousek 1998): every direction number is multiplied by one random lower triangular bit matrix
 * with unit diagonal, which keeps the net's balance and breaks its alignment.
 */
function scramble(directions: Uint32Array, random: Stream): Uint32Array {
  const rows = new Uint32Array(bits);
  for (let i = 0; i < bits; i++) {
    const above = i === 0 ? 0 : (0xffffffff << (bits - i)) >>> 0;
    const word = random.integer(65536) * 65536 + random.integer(65536);
    rows[i] = (word & above) | (1 << (31 - i));
  }
  return directions.map((v) => {
    let out = 0;
    for (let i = 0; i < bits; i++) out |= parity(rows[i]! & v) << (31 - i);
    return out >>> 0;
  });
}

function parity(word: number): number {
  let x = word ^ (word >>> 16);
  x ^= x >>> 8;
  x ^= x >>> 4;
  return (0x6996 >>> (x & 15)) & 1;
}

/**
 * Points of a scrambled Sobol sequence (Sobol 1967; direction numbers of Joe and Kuo 2008; left matrix scrambling and a
 * digital shift). Row-major `count` x `dimensions`, every entry in (0, 1). `skip` leaves out the first points of the same
 * sequence. Dimensions beyond `sobolDimensions` are pseudo-random.
 */
export function sobol(count: number, dimensions: number, random: Stream, skip = 0): Float64Array {
  const points = new Float64Array(count * dimensions);
  for (let d = 0; d < dimensions; d++) {
    if (d >= sobolDimensions) {
      for (let i = 0; i < count; i++) points[i * dimensions + d] = (random.integer(2 ** 31) + 0.5) / 2 ** 31;
      continue;
    }
    const directions = scramble(directionsOf(d), random);
    const shift = (random.integer(65536) * 65536 + random.integer(65536)) >>> 0;
    for (let i = 0; i < count; i++) {
      points[i * dimensions + d] = ((digits(directions, i + skip) ^ shift) >>> 0) / 2 ** 32 + 2 ** -33;
    }
  }
  return points;
}

/** The sequence's word at an index, from the Gray code of the index. */
function digits(directions: Uint32Array, index: number): number {
  let gray = index ^ (index >>> 1);
  let word = 0;
  for (let k = 0; gray !== 0; k++, gray >>>= 1) if (gray & 1) word ^= directions[k]!;
  return word;
}

/** Quasi-random standard normal draws, row-major `count` x `dimensions`, by the quantile of scrambled Sobol points. */
export function sobolNormals(count: number, dimensions: number, random: Stream): Float64Array {
  return sobol(count, dimensions, random).map(normalQuantile);
}
