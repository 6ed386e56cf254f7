import { type Gp, density, priorsOf, settingsAt, slope } from '../fit.ts';
import { lengthscaleCount } from '../kernel.ts';
import { minimize } from '../lbfgs.ts';
import { type Factored, type GpSettings, type Training, factorize, likelihoodGradient } from '../likelihood.ts';
import { inverseFromFactor } from '../linalg.ts';
import { type Predictions, type Process, SourcesPrior } from './process.ts';

/**
 * A multi-task Gaussian process of the new outcome:
 *
 *   y(x) = c + sum over sources s of a_s (f_s(x) - center_s) + d(x) + noise,   a_s >= 0,
 *
 * with independent processes f_s, each known from its source's data, and d for what is new. This is the linear model of
 * coregionalisation (Alvarez, Rosasco and Lawrence 2012) whose sources are conditioned on their own data once, which is
 * exact at given hyperparameters; those of a source come from its own data alone, so a fit costs O(n^3) in the new
 * observations (Kennedy and O'Hagan 2000; Tighineanu et al. 2024, Scalable Meta-Learning with Gaussian Processes). c is the
 * task's mean, the task's scale sqrt(sum of a_s^2 + variance of d), its correlation with source s a_s over that.
 */
export interface Multitask {
  readonly training: Training;
  readonly processes: readonly Process[];
  /** What each source expects at the new observations, standardised by the source. */
  readonly predictions: readonly Predictions[];
  /** Largest correlation per source. */
  readonly caps: Float64Array;
  /** Rows in which the weights a are fitted: a = sum of e^k direction. */
  readonly directions: readonly Float64Array[];
}

/** Log-normal prior of the weights: the sources together explain most of the outcome unless the data say otherwise. */
const together = { mean: Math.log(0.9), sd: 1 };
/** What is new has less variance than an outcome without sources, as a factor, and a prior this wide. */
const news = { factor: Math.log(0.3), sd: 1 };

interface Point {
  readonly weights: Float64Array;
  readonly factored: Factored;
}

export function fitMultitask(task: Multitask): Gp | undefined {
  const { training, directions } = task;
  let best: { x: Float64Array; value: number } | undefined;
  for (const start of startsOf(task)) {
    const found =
      training.points.length === 0
        ? { x: start, value: 0 }
        : minimize((theta, gradient) => multitaskObjective(task, theta, gradient), start, { evaluations: 60 });
    if (best === undefined || found.value < best.value) best = found;
  }
  if (best === undefined) return undefined;
  const own = best.x.slice(0, best.x.length - directions.length);
  const free = settingsAt('matern52', own);
  const { weights, variance } = capped(weightsAt(task, best.x), free.variance, task.caps);
  const settings = { ...free, variance };
  const factored = factorizeAt(task, settings, weights);
  if (factored === undefined) return undefined;
  const prior = new SourcesPrior(task.processes, weights, Float64Array.from(task.predictions, centerOf));
  return { ...factored, training, settings, logPosterior: -best.value, prior };
}

/** Correlations of the outcome with the sources under weights a and a residual variance. */
export function correlations(weights: Float64Array, variance: number): Float64Array {
  const scale = Math.sqrt(weights.reduce((sum, a) => sum + a * a, variance));
  return weights.map((a) => a / scale);
}

/** Weights cut where a correlation is above its cap; what is cut goes to the residual, so that the task's scale stays. */
function capped(weights: Float64Array, variance: number, caps: Float64Array) {
  const square = weights.reduce((sum, a) => sum + a * a, variance);
  const cut = weights.map((a, s) => Math.min(a, caps[s]! * Math.sqrt(square)));
  return { weights: cut, variance: cut.reduce((rest, a, s) => rest + weights[s]! ** 2 - a * a, variance) };
}

/** Minus log posterior of [log lengthscales, log (noise - floor), log variance, log weights of directions], and its gradient. */
export function multitaskObjective(task: Multitask, theta: Float64Array, gradient: Float64Array): number {
  const { training, predictions, directions } = task;
  if (theta.some((value) => Math.abs(value) > 25)) return Infinity;
  const own = theta.slice(0, theta.length - directions.length);
  const weights = weightsAt(task, theta);
  const settings = settingsAt('matern52', own);
  const factored = factorizeAt(task, settings, weights);
  if (factored === undefined) return Infinity;
  const byWeight = weightGradient({ weights, factored }, predictions);
  // The gradient by the residual's variance is found from the whole covariance, of which the sources' share is taken off.
  const by = likelihoodGradient({ ...training, y: residual(task, weights) }, settings, factored);
  const last = own.length - 1;
  by[last]! -= byWeight.reduce((sum, { byCovariance }, s) => sum + 0.5 * weights[s]! * byCovariance, 0);
  let value = factored.logLikelihood - 0.5 * factored.mean * factored.mean;
  const priors = ownPriors(task);
  own.forEach((t, k) => {
    const prior = k < last - 1 ? priors.lengthscale : k === last - 1 ? priors.noise : priors.variance;
    const chain = k === last - 1 ? Math.exp(t) / settings.noise : 1;
    value += density(prior, t);
    gradient[k] = -(by[k]! * chain + slope(prior, t));
  });
  directions.forEach((direction, p) => {
    const t = theta[own.length + p]!;
    const { mean, sd } = directionPrior(task);
    const rise = byWeight.reduce((sum, part, s) => sum + direction[s]! * (part.byMean + part.byCovariance), 0);
    value -= 0.5 * ((t - mean) / sd) ** 2;
    gradient[own.length + p] = -(Math.exp(t) * rise - (t - mean) / (sd * sd));
  });
  return -value;
}

const directionPrior = ({ directions }: Multitask) => ({
  ...together,
  mean: together.mean - Math.log(directions.length),
});

function ownPriors({ training }: Multitask) {
  const priors = priorsOf(training.space);
  return { ...priors, variance: { mean: priors.variance.mean + news.factor, sd: news.sd } };
}

const weightsAt = ({ directions, processes }: Multitask, theta: Float64Array): Float64Array =>
  Float64Array.from(processes, (_, s) =>
    directions.reduce((sum, row, p) => sum + row[s]! * Math.exp(theta[theta.length - directions.length + p]!), 0),
  );

/** Mean of what a source expects at the new observations: the task's mean is learned beside it. */
export const centerOf = ({ mean }: Predictions): number =>
  mean.length === 0 ? 0 : mean.reduce((sum, value) => sum + value, 0) / mean.length;

function residual({ training, predictions }: Multitask, weights: Float64Array): Float64Array {
  const y = Float64Array.from(training.y);
  predictions.forEach((prediction, s) => {
    const center = centerOf(prediction);
    prediction.mean.forEach((mean, i) => (y[i]! -= weights[s]! * (mean - center)));
  });
  return y;
}

function factorizeAt(task: Multitask, settings: GpSettings, weights: Float64Array): Factored | undefined {
  const n = task.training.points.length;
  const extra = new Float64Array(n * n);
  task.predictions.forEach(({ covariance }, s) => {
    const square = weights[s]! ** 2;
    for (let k = 0; k < extra.length; k++) extra[k]! += square * covariance[k]!;
  });
  const training = { ...task.training, y: residual(task, weights) };
  return factorize(training, settings, extra);
}

/** Derivative of the log likelihood by every weight, through the mean and through the covariance. */
function weightGradient({ weights, factored }: Point, predictions: readonly Predictions[]) {
  const { alpha, factor } = factored;
  const n = alpha.length;
  const inverse = inverseFromFactor(factor, n);
  return predictions.map((prediction, s) => {
    const center = centerOf(prediction);
    let byMean = 0;
    let trace = 0;
    for (let i = 0; i < n; i++) {
      byMean += alpha[i]! * (prediction.mean[i]! - center);
      for (let j = 0; j <= i; j++) {
        const share = (alpha[i]! * alpha[j]! - inverse[i * n + j]!) * prediction.covariance[i * n + j]!;
        trace += i === j ? share : 2 * share;
      }
    }
    return { byMean, byCovariance: weights[s]! * trace };
  });
}

function startsOf(task: Multitask): Float64Array[] {
  const { space, points } = task.training;
  const scales = lengthscaleCount(space);
  const priors = ownPriors(task);
  const start = (lengthscale: number, noise: number) => {
    const theta = new Float64Array(scales + 2 + task.directions.length).fill(lengthscale);
    theta[scales] = noise;
    theta[scales + 1] = priors.variance.mean;
    theta.fill(directionPrior(task).mean, scales + 2);
    return theta;
  };
  if (points.length === 0) return [start(priors.lengthscale.mean, priors.noise.mean)];
  const root = 0.5 * Math.log(scales);
  return [start(Math.log(0.25) + root, Math.log(1e-3)), start(Math.log(0.7) + root, Math.log(1e-2))];
}
