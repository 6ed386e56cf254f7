import type { Stream } from '../base/random.ts';
import { Belief } from './belief.ts';
import { type Outcome, predictionOf } from './data.ts';
import { snap } from './sample.ts';
import { sobol } from './sobol.ts';
import { type Space, modelPoint } from './space.ts';

/** Shares of the variance of a function that a parameter explains alone, and together with all its interactions. */
export interface SobolIndex {
  readonly first: number;
  readonly total: number;
}

const samples = 512;

/**
 * Sobol indices of the posterior mean of an outcome, its parameters independent and uniform over their ranges (levels
 * equally likely; constraints and tables left aside, since the indices are defined for independent inputs). With A and B
 * two halves of 512 scrambled Sobol points in twice the dimension and AB_i = A with column i of B (Saltelli et al. 2010):
 *
 *   first_i = 1 - E (f(B) - f(AB_i))^2 / (2 V),   total_i = E (f(A) - f(AB_i))^2 / (2 V)     (Jansen 1999),
 *
 * clipped to [0, 1]; all 0 where the mean is flat. Costs 512 (d + 2) evaluations of the mean.
 */
export function sobolIndices(space: Space, outcome: Outcome, random: Stream): Record<string, SobolIndex> {
  const d = space.dimensions.length;
  const [a, b] = halves(space, random);
  const belief = new Belief(outcome.gp, 0);
  const valueOf = (x: Float64Array) => {
    belief.look(modelPoint(space, x));
    return predictionOf(outcome, belief.mean, belief.sd).mean;
  };
  const atA = a.map(valueOf);
  const atB = b.map(valueOf);
  const all = [...atA, ...atB];
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const variance = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length;
  const share = (squares: number) => (variance > 1e-12 ? squares / (2 * samples * variance) : 0);
  const index = (j: number): SobolIndex => {
    let near = 0;
    let far = 0;
    a.forEach((row, i) => {
      const mixed = Float64Array.from(row);
      mixed[j] = b[i]![j]!;
      const value = valueOf(mixed);
      near += (atB[i]! - value) ** 2;
      far += (atA[i]! - value) ** 2;
    });
    const first = variance > 1e-12 ? 1 - share(near) : 0;
    return { first: clip(first), total: clip(share(far)) };
  };
  return Object.fromEntries(Array.from({ length: d }, (_, j) => [space.dimensions[j]!.name, index(j)]));
}

const clip = (value: number): number => Math.min(1, Math.max(0, value));

/** Two independent samples of the space, from one sequence in twice its dimension. */
function halves(space: Space, random: Stream): [Float64Array[], Float64Array[]] {
  const d = space.dimensions.length;
  const cube = sobol(samples, 2 * d, random);
  const half = (from: number) =>
    Array.from({ length: samples }, (_, i) =>
      Float64Array.from({ length: d }, (_level, j) => snap(space, j, cube[i * 2 * d + from + j]!)),
    );
  return [half(0), half(d)];
}
