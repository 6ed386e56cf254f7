import type { Stream } from '../base/random.ts';
import { Belief } from './belief.ts';
import type { Gp } from './fit.ts';
import { sobolNormals } from './sobol.ts';

/**
 * Joint draws of the true function from the posterior at the given points (model coordinates), without measurement
 * noise: row s holds the values of draw s in standardised units. Quasi-random normals; costs O(m (n + m)^2) for m points
 * and n observations.
 */
export function drawJointly(gp: Gp, points: readonly Float64Array[], count: number, random: Stream): Float64Array[] {
  const { whitened } = gp;
  const n = whitened.length;
  const belief = new Belief(gp, points.length);
  const rows = points.map((x) => belief.add(x));
  const means = rows.map((weights, i) => {
    let sum = belief.means[i]!;
    for (let k = 0; k < n; k++) sum += weights[k]! * whitened[k]!;
    return sum;
  });
  const m = points.length;
  const normals = sobolNormals(count, m, random);
  return Array.from({ length: count }, (_, s) =>
    Float64Array.from(rows, (weights, i) => {
      let value = means[i]!;
      for (let k = 0; k <= i; k++) value += weights[n + k]! * normals[s * m + k]!;
      return value;
    }),
  );
}
