import type { PriorPart } from './belief.ts';
import { minimize } from './lbfgs.ts';
import { type Factored, type GpSettings, type Training, factorize, likelihoodGradient } from './likelihood.ts';
import { type Family, lengthscaleCount } from './kernel.ts';
import type { Space } from './space.ts';

/** A Gaussian process at its most probable hyperparameters. */
export interface Gp extends Factored {
  readonly training: Training;
  readonly settings: GpSettings;
  /** Log likelihood plus log priors, which ranks fits of the same data. */
  readonly logPosterior: number;
  /** Mean and covariance beside the kernel's, already in the factor. */
  readonly prior?: PriorPart;
}

/** Smallest learned noise variance of a standardised outcome: a simulator's noise-free answer is still interpolated. */
const noiseFloor = 1e-6;

/** Log-normal priors as mean and standard deviation of the logarithm. */
interface Prior {
  readonly mean: number;
  readonly sd: number;
}

interface Priors {
  readonly lengthscale: Prior;
  readonly noise: Prior;
  readonly variance: Prior;
}

/**
 * Lengthscales grow with the square root of the dimension, so that the prior over functions stays as complex in 60
 * dimensions as in 2 (Hvarfner, Hellsten and Nardi 2024, Vanilla Bayesian Optimization Performs Great in High Dimensions).
 * Their prior is wide (sd 1.73), which leaves the mode of few data overconfident; these are narrower, and set where the
 * test functions and tables of the benchmark were searched fastest. Where there are categories the data say less about
 * each lengthscale and effects add up over levels: smoother and with more variance.
 */
export const priorsOf = (space: Space): Priors => {
  const root = 0.5 * Math.log(lengthscaleCount(space));
  return space.tables.length > 0
    ? { lengthscale: { mean: 0.7 + root, sd: 0.7 }, noise: { mean: -3.5, sd: 1.3 }, variance: { mean: 1, sd: 0.5 } }
    : { lengthscale: { mean: 0.4 + root, sd: 1 }, noise: { mean: -4, sd: 1.3 }, variance: { mean: 0, sd: 0.7 } };
};

/** Log density of a log-normal variable at exp(t), up to a constant, and its derivative by t. */
export const density = ({ mean, sd }: Prior, t: number): number => -t - 0.5 * ((t - mean) / sd) ** 2;
export const slope = ({ mean, sd }: Prior, t: number): number => -1 - (t - mean) / (sd * sd);

export const settingsAt = (family: Family, theta: Float64Array): GpSettings => {
  const scales = theta.length - 2;
  return {
    family,
    lengthscales: theta.slice(0, scales).map(Math.exp),
    noise: noiseFloor + Math.exp(theta[scales]!),
    variance: Math.exp(theta[scales + 1]!),
  };
};

/** [log lengthscales..., log (noise - floor), log variance] of settings. */
export const thetaOf = ({ lengthscales, noise, variance }: GpSettings): Float64Array =>
  Float64Array.from([...lengthscales, Math.max(1e-9, noise - noiseFloor), variance], Math.log);

/** Minus log posterior of [log lengthscales..., log (noise - floor), log variance] and its gradient. */
function objective(training: Training, family: Family, theta: Float64Array, gradient: Float64Array): number {
  const scales = theta.length - 2;
  const priors = priorsOf(training.space);
  if (theta.some((value) => Math.abs(value) > 25)) return Infinity;
  const settings = settingsAt(family, theta);
  const factored = factorize(training, settings);
  if (factored === undefined) return Infinity;
  const by = likelihoodGradient(training, settings, factored);
  let value = factored.logLikelihood - 0.5 * factored.mean * factored.mean;
  theta.forEach((t, k) => {
    const prior = k < scales ? priors.lengthscale : k === scales ? priors.noise : priors.variance;
    const chain = k === scales ? Math.exp(t) / settings.noise : 1;
    value += density(prior, t);
    gradient[k] = -(by[k]! * chain + slope(prior, t));
  });
  return -value;
}

/**
 * Maximum a posteriori fit by L-BFGS from several starts. Above `subset` observations the starts compete on a part of
 * the data, and only the winner is refined on all of it, since one evaluation costs O(n^3).
 */
export function fitGp(training: Training, family: Family, warm?: Float64Array): Gp | undefined {
  const n = training.points.length;
  const small = part(training);
  const evaluations = n > subset ? 40 : 60;
  let best: { x: Float64Array; value: number } | undefined;
  for (const start of warm === undefined ? starts(training) : [warm]) {
    const found = minimize((theta, gradient) => objective(small, family, theta, gradient), start, { evaluations });
    if (best === undefined || found.value < best.value) best = found;
  }
  if (small !== training) {
    const refine = { evaluations: n > 1000 ? 4 : n > 400 ? 10 : 20, tolerance: 1e-2 };
    best = minimize((theta, gradient) => objective(training, family, theta, gradient), best!.x, refine);
  }
  return build(training, family, best!.x, -best!.value);
}

const subset = 120;

/** Of many observations every k-th of the sorted data, the highest outcomes always among them; few as they are. */
export function part(training: Training): Training {
  const n = training.points.length;
  if (n <= subset) return training;
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => training.y[b]! - training.y[a]!);
  const keep = new Set(order.slice(0, 20));
  for (let k = 0; keep.size < 100 && k < n; k++) keep.add(Math.floor((k * 0.618034 * n) % n));
  const rows = [...keep].sort((a, b) => a - b);
  return {
    space: training.space,
    points: rows.map((i) => training.points[i]!),
    y: Float64Array.from(rows, (i) => training.y[i]!),
    noise: Float64Array.from(rows, (i) => training.noise[i]!),
  };
}

function starts({ space }: Training): Float64Array[] {
  const scales = lengthscaleCount(space);
  const start = (lengthscale: number, noise: number) => {
    const theta = new Float64Array(scales + 2).fill(Math.log(lengthscale));
    theta[scales] = Math.log(noise);
    theta[scales + 1] = 0;
    return theta;
  };
  const root = Math.sqrt(scales);
  return [start(0.25 * root, 1e-3), start(0.7 * root, 1e-2)];
}

/** The process at given hyperparameters; undefined where its covariance cannot be factored. */
export function build(training: Training, family: Family, theta: Float64Array, logPosterior: number): Gp | undefined {
  const settings = settingsAt(family, theta);
  const factored = factorize(training, settings);
  return factored === undefined ? undefined : { ...factored, training, settings, logPosterior };
}
