import type { Stream } from '../../base/random.ts';
import type { Gate } from '../acquisition.ts';
import { samplePoints } from '../sample.ts';
import { isTaken, listPoints } from '../search.ts';
import { type Space, modelPoint, warped } from '../space.ts';
import type { Expectation } from './source.ts';

/** Share of the prior spread evenly over the space, so that an expert who is wrong slows the search but ends none. */
const even = 0.01;

/**
 * Logarithm of an expert's prior over where the optimum lies, at most 0, in model coordinates: for every named number a
 * normal bell, for every named category its weights, multiplied, over a floor of 1 %. Fills its gradient times `power`.
 */
export function logExpectation(space: Space, { parameters }: Expectation, power = 1): Gate {
  const bells = space.dimensions.flatMap(({ name, kind, encode, warp }, j) => {
    const expected = parameters[name];
    if (expected === undefined || kind === 'categorical' || !('near' in expected)) return [];
    const center = warped(encode(expected.near), warp);
    const sd = Math.abs(warped(encode(expected.near + expected.within), warp) - center);
    return [{ j, center, sd }];
  });
  const categories = space.dimensions.flatMap(({ name, kind, levels, decode }, j) => {
    const expected = parameters[name];
    if (expected === undefined || kind !== 'categorical' || !('weights' in expected)) return [];
    const largest = Math.max(...Object.values(expected.weights));
    return [
      { j, shares: Array.from({ length: levels }, (_, l) => (expected.weights[String(decode(l))] ?? 0) / largest) },
    ];
  });
  return (x, gradient) => {
    let share = 1;
    for (const { j, center, sd } of bells) share *= Math.exp(-0.5 * ((x[j]! - center) / sd) ** 2);
    for (const { j, shares } of categories) share *= shares[x[j]!] ?? 0;
    const density = even + (1 - even) * share;
    if (gradient !== undefined) {
      const slope = (power * (1 - even) * share) / density;
      for (const { j, center, sd } of bells) gradient[j]! -= (slope * (x[j]! - center)) / (sd * sd);
    }
    return power * Math.log(density);
  };
}

/**
 * Factor of the acquisition by which the belief about the optimum enters, prior^(strength / n) after n observations
 * (Hvarfner et al. 2022, piBO: Augmenting Acquisition Functions with User Beliefs for Bayesian Optimization), as a logarithm.
 */
export const expectationGate = (space: Space, expectation: Expectation, observations: number): Gate =>
  logExpectation(space, expectation, (expectation.strength ?? 5) / Math.max(1, observations));

/** Distinct points drawn from the expert's prior (by weight among samples of the space), none of them known. */
export function expectedPoints(
  space: Space,
  expectation: Expectation,
  count: number,
  known: readonly Float64Array[],
  random: Stream,
): Float64Array[] {
  const pool = count === 0 ? [] : (listPoints(space, random) ?? samplePoints(space, 2048, random));
  const density = logExpectation(space, expectation);
  // The largest of weight^(1 / uniform) is a draw by weight without replacement (Efraimidis and Spirakis 2006).
  return pool
    .filter((x) => !isTaken(x, known))
    .map((x) => ({ x, key: Math.log(1 - random.next()) / Math.exp(density(modelPoint(space, x))) }))
    .sort((a, b) => b.key - a.key)
    .slice(0, count)
    .map(({ x }) => Float64Array.from(x));
}
