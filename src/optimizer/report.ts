import { type Outcome, predictionOf, unitValue } from './data.ts';
import { inverseFromFactor } from './linalg.ts';
import type { OutcomeReport } from './problem.ts';
import type { Space } from './space.ts';

/** What the posterior says at the observations themselves, all on the scale of the model. */
export interface AtObservations {
  /** Mean and variance of f at observation i, given all observations. */
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  /** Mean and variance of observation i predicted from all others. */
  readonly leftOutMean: Float64Array;
  readonly leftOutVariance: Float64Array;
}

/**
 * Closed forms from C = K + noise: mean = y - noise alpha, variance = noise - noise^2 inverse(C)_ii; left out
 * (Rasmussen and Williams 2006, equations 5.10 to 5.12): y_i - alpha_i / inverse(C)_ii and 1 / inverse(C)_ii.
 */
export function atObservations({ gp }: Outcome): AtObservations {
  const { alpha, factor, training, settings } = gp;
  const n = alpha.length;
  const inverse = inverseFromFactor(factor, n);
  const noise = training.noise.map((value) => (Number.isNaN(value) ? settings.noise : value));
  const diagonal = alpha.map((_, i) => inverse[i * n + i]!);
  return {
    mean: training.y.map((y, i) => y - noise[i]! * alpha[i]!),
    variance: noise.map((value, i) => Math.max(0, value - value * value * diagonal[i]!)),
    leftOutMean: training.y.map((y, i) => y - alpha[i]! / diagonal[i]!),
    leftOutVariance: diagonal.map((value) => 1 / value),
  };
}

/** Half width of a 90 % interval of the normal distribution, in standard deviations. */
const ninety = 1.6448536269514722;

export function reportOutcome(space: Space, outcome: Outcome, at: AtObservations): OutcomeReport {
  const { gp, name, offset } = outcome;
  const { y } = gp.training;
  const n = y.length;
  let squares = 0;
  let inside = 0;
  let spread = 0;
  for (let i = 0; i < n; i++) {
    const sd = Math.sqrt(at.leftOutVariance[i]!);
    const value = unitValue(outcome, y[i]!);
    squares += (value - predictionOf(outcome, at.leftOutMean[i]!, sd).mean) ** 2;
    spread += (value - offset) ** 2;
    if (Math.abs(y[i]! - at.leftOutMean[i]!) <= ninety * sd) inside += 1;
  }
  return {
    name,
    observations: n,
    sensitivity: sensitivity(space, gp.settings.lengthscales),
    noiseSd: noiseSdOf(outcome),
    leaveOneOutError: Math.sqrt(squares / n),
    explained: spread > 0 ? 1 - squares / spread : 0,
    coverage: inside / n,
  };
}

/** The learned or (where all are) known noise, its variance averaged over the observations, in the outcome's unit. */
function noiseSdOf(outcome: Outcome): number {
  const { y, noise } = outcome.gp.training;
  const known = noise.every((value) => !Number.isNaN(value));
  const variance = y.reduce((sum, u, i) => {
    const own = known ? noise[i]! : outcome.gp.settings.noise;
    return sum + predictionOf(outcome, u, Math.sqrt(own)).sd ** 2 / y.length;
  }, 0);
  return Math.sqrt(variance);
}

/** Inverse lengthscales, which have no unit since parameters are scaled to [0, 1], as shares of their sum. */
function sensitivity(space: Space, lengthscales: Float64Array): Record<string, number> {
  const share = new Float64Array(space.dimensions.length);
  space.numeric.forEach((column, k) => {
    if (space.dimensions[column]!.levels !== 1) share[column]! += 1 / lengthscales[k]!;
  });
  space.tables.forEach(({ column, levels }, t) => {
    if (levels > 1) share[column]! += 1 / lengthscales[space.numeric.length + t]!;
  });
  const total = share.reduce((sum, value) => sum + value, 0) || 1;
  return Object.fromEntries(space.dimensions.map(({ name }, j) => [name, share[j]! / total]));
}
