import { type Family, type Kernel, kernelVector, makeKernel, packAll } from './kernel.ts';
import { cholesky, inverseFromFactor, logDiagonal, solveLower, solveUpper } from './linalg.ts';
import type { Space } from './space.ts';

/** Standardised observations: points in model coordinates, outcomes, and known noise variances (NaN where learned). */
export interface Training {
  readonly space: Space;
  readonly points: readonly Float64Array[];
  readonly y: Float64Array;
  readonly noise: Float64Array;
}

/** Everything a Gaussian process is fixed by. */
export interface GpSettings {
  readonly family: Family;
  readonly lengthscales: Float64Array;
  readonly variance: number;
  /** Noise variance where it is not known. */
  readonly noise: number;
  /** Constant prior mean; found in closed form under a standard normal prior when absent. */
  readonly mean?: number;
}

export interface Factored {
  readonly kernel: Kernel;
  readonly packed: Float64Array;
  readonly mean: number;
  /** Lower Cholesky factor of K + noise, row-major n x n. */
  readonly factor: Float64Array;
  /** Derivative of every kernel entry by r^2, lower triangle. */
  readonly slopes: Float64Array;
  /** inverse(L) (y - mean). */
  readonly whitened: Float64Array;
  /** inverse(K + noise) (y - mean). */
  readonly alpha: Float64Array;
  /** log p(y | hyperparameters), Rasmussen and Williams 2006, equation 2.30. */
  readonly logLikelihood: number;
}

/** Added to the diagonal, relative to the prior variance, one after the other until the factorisation works. */
const remedies = [0, 1e-10, 1e-8, 1e-6, 1e-4];

/**
 * Factors K + noise at given hyperparameters; undefined where even the strongest remedy fails. `extra` is covariance of
 * the observations from elsewhere (lower triangle, n x n), added to K.
 */
export function factorize(training: Training, settings: GpSettings, extra?: Float64Array): Factored | undefined {
  const { points, y } = training;
  const n = points.length;
  const kernel = makeKernel(training.space, settings);
  const packed = packAll(kernel, points);
  const slopes = new Float64Array(n * n);
  const covariance = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    kernelVector(kernel, packed, i + 1, packed, i * kernel.stride, covariance, i * n, slopes);
  }
  extra?.forEach((value, k) => (covariance[k]! += value));
  for (const jitter of remedies) {
    const factor = Float64Array.from(covariance);
    for (let i = 0; i < n; i++) factor[i * n + i]! += noiseAt(training, settings, i) + jitter * settings.variance;
    if (cholesky(factor, n)) return finish({ kernel, packed, factor, slopes }, y, settings.mean);
  }
  return undefined;
}

const noiseAt = ({ noise }: Training, settings: GpSettings, i: number): number =>
  Number.isNaN(noise[i]!) ? settings.noise : noise[i]!;

function finish(
  parts: Pick<Factored, 'kernel' | 'packed' | 'factor' | 'slopes'>,
  y: Float64Array,
  fixedMean: number | undefined,
): Factored {
  const n = y.length;
  const { factor } = parts;
  const ones = new Float64Array(n).fill(1);
  const whitened = Float64Array.from(y);
  solveLower(factor, n, whitened);
  solveLower(factor, n, ones);
  let onesOnes = 1;
  let onesY = 0;
  for (let i = 0; i < n; i++) {
    onesOnes += ones[i]! * ones[i]!;
    onesY += ones[i]! * whitened[i]!;
  }
  const mean = fixedMean ?? onesY / onesOnes;
  let quadratic = 0;
  for (let i = 0; i < n; i++) {
    whitened[i]! -= mean * ones[i]!;
    quadratic += whitened[i]! * whitened[i]!;
  }
  const alpha = Float64Array.from(whitened);
  solveUpper(factor, n, alpha);
  const logLikelihood = -0.5 * quadratic - logDiagonal(factor, n) - 0.5 * n * Math.log(2 * Math.PI);
  return { ...parts, mean, whitened, alpha, logLikelihood };
}

/**
 * Gradient of the log marginal likelihood by [log lengthscales..., log noise, log variance] (Rasmussen and Williams 2006,
 * equation 5.9): 1/2 trace((alpha alpha' - inverse(K)) dK). The mean may be held or profiled: the derivative is the same.
 */
export function likelihoodGradient(training: Training, settings: GpSettings, factored: Factored): Float64Array {
  const { kernel, packed, slopes, alpha, factor } = factored;
  const n = training.points.length;
  const inverse = inverseFromFactor(factor, n);
  const scales = settings.lengthscales.length;
  const gradient = new Float64Array(scales + 2);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      slopes[i * n + j]! *= alpha[i]! * alpha[j]! - inverse[i * n + j]!;
    }
  }
  addNumberGradients(kernel, packed, slopes, n, gradient);
  addTableGradients(training, settings, slopes, gradient);
  let noiseTrace = 0;
  let knownTrace = 0;
  let total = -n;
  for (let i = 0; i < n; i++) {
    const diagonal = alpha[i]! * alpha[i]! - inverse[i * n + i]!;
    if (Number.isNaN(training.noise[i]!)) noiseTrace += settings.noise * diagonal;
    else knownTrace += training.noise[i]! * diagonal;
    total += alpha[i]! * (training.y[i]! - factored.mean);
  }
  gradient[scales] = 0.5 * noiseTrace;
  gradient[scales + 1] = 0.5 * (total - noiseTrace - knownTrace);
  return gradient;
}

/** By log lengthscale of a number: dk = -2 (scaled difference)^2 dk/dr^2; each unordered pair counts twice, halved. */
function addNumberGradients(
  kernel: Kernel,
  packed: Float64Array,
  weights: Float64Array,
  n: number,
  gradient: Float64Array,
): void {
  const { stride } = kernel;
  for (let k = 0; k < kernel.space.numeric.length; k++) {
    let sum = 0;
    for (let i = 1; i < n; i++) {
      const own = packed[i * stride + k]!;
      const row = i * n;
      for (let j = 0, at = k; j < i; j++, at += stride) {
        const gap = own - packed[at]!;
        sum += weights[row + j]! * gap * gap;
      }
    }
    gradient[k] = -2 * sum;
  }
}

function addTableGradients(
  { space, points }: Training,
  { lengthscales }: GpSettings,
  weights: Float64Array,
  gradient: Float64Array,
): void {
  const n = points.length;
  space.tables.forEach(({ column, levels, distances }, t) => {
    const k = space.numeric.length + t;
    let sum = 0;
    for (let i = 1; i < n; i++) {
      const own = points[i]![column]! * levels;
      for (let j = 0; j < i; j++) sum += weights[i * n + j]! * distances[own + points[j]![column]!]!;
    }
    gradient[k] = (-2 * sum) / lengthscales[k]! ** 2;
  });
}
