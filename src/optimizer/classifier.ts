import { type Kernel, addKernelGradient, kernelVector, lengthscaleCount, makeKernel, pack, packAll } from './kernel.ts';
import { cholesky, logDiagonal, solveLower, solveUpper } from './linalg.ts';
import type { Space } from './space.ts';
import { inverseMills, logNormalCdf, normalQuantile } from './special.ts';

/** A probit Gaussian process classifier of success and failure, by Laplace's approximation. */
export interface Classifier {
  readonly kernel: Kernel;
  readonly packed: Float64Array;
  readonly mean: number;
  /** Derivative of the log likelihood at the mode. */
  readonly slope: Float64Array;
  /** Square roots of minus its second derivative. */
  readonly root: Float64Array;
  /** Cholesky factor of I + root K root. */
  readonly factor: Float64Array;
  readonly evidence: number;
}

/**
 * Fits whether experiments succeed (Rasmussen and Williams 2006, algorithm 3.1, probit likelihood). Labels are +1 or -1.
 * The lengthscale, shared by all parameters, and the latent variance are taken from a grid by approximate evidence:
 * failures are few, and a grid cannot run away with them.
 */
export function fitClassifier(space: Space, points: readonly Float64Array[], labels: Float64Array): Classifier {
  const share = (labels.filter((label) => label > 0).length + 1) / (labels.length + 2);
  const mean = normalQuantile(share);
  let best: Classifier | undefined;
  for (const lengthscale of [0.15, 0.3, 0.6]) {
    for (const variance of [1, 4]) {
      const lengthscales = new Float64Array(lengthscaleCount(space)).fill(
        lengthscale * Math.sqrt(lengthscaleCount(space)),
      );
      const kernel = makeKernel(space, { family: 'matern52', lengthscales, variance });
      const fitted = laplace(kernel, packAll(kernel, points), labels, mean);
      if (best === undefined || fitted.evidence > best.evidence) best = fitted;
    }
  }
  return best!;
}

function laplace(kernel: Kernel, packed: Float64Array, labels: Float64Array, mean: number): Classifier {
  const n = labels.length;
  const covariance = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    kernelVector(kernel, packed, n, packed, i * kernel.stride, covariance, i * n);
    covariance[i * n + i]! += 1e-6;
  }
  let latent = new Float64Array(n);
  let step = newton(covariance, labels, latent, mean);
  for (let round = 0; round < 30; round++) {
    const change = Math.max(...step.next.map((value, i) => Math.abs(value - latent[i]!)));
    latent = step.next;
    step = newton(covariance, labels, latent, mean);
    if (change < 1e-6) break;
  }
  let evidence = -logDiagonal(step.factor, n);
  for (let i = 0; i < n; i++) {
    evidence += logNormalCdf(labels[i]! * (latent[i]! + mean)) - 0.5 * step.weights[i]! * latent[i]!;
  }
  return { kernel, packed, mean, slope: step.slope, root: step.root, factor: step.factor, evidence };
}

/** One Newton step of the mode search; latent values are without their mean. */
function newton(covariance: Float64Array, labels: Float64Array, latent: Float64Array, mean: number) {
  const n = labels.length;
  const slope = new Float64Array(n);
  const root = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const f = latent[i]! + mean;
    const ratio = inverseMills(labels[i]! * f);
    slope[i] = labels[i]! * ratio;
    root[i] = Math.sqrt(Math.max(ratio * (ratio + labels[i]! * f), 1e-12));
  }
  const factor = Float64Array.from(covariance, (k, at) => k * root[Math.floor(at / n)]! * root[at % n]!);
  for (let i = 0; i < n; i++) factor[i * n + i]! += 1;
  cholesky(factor, n);
  const b = Float64Array.from(slope, (value, i) => value + root[i]! * root[i]! * latent[i]!);
  const inner = multiply(covariance, b).map((value, i) => value * root[i]!);
  solveLower(factor, n, inner);
  solveUpper(factor, n, inner);
  const weights = b.map((value, i) => value - root[i]! * inner[i]!);
  return { next: multiply(covariance, weights), weights, slope, root, factor };
}

function multiply(matrix: Float64Array, vector: Float64Array): Float64Array<ArrayBuffer> {
  const n = vector.length;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[i]! += matrix[i * n + j]! * vector[j]!;
  return out;
}

/**
 * log P(success at x) = log Phi(m / sqrt(1 + v)) with the latent mean m and variance v (equations 3.24 and 3.82); adds its
 * derivative to `gradient`.
 */
export function latentAt(classifier: Classifier, x: Float64Array, gradient?: Float64Array): { logProbability: number } {
  const { kernel, packed, slope, root, factor } = classifier;
  const n = slope.length;
  const query = new Float64Array(kernel.stride);
  const vector = new Float64Array(n);
  const slopes = new Float64Array(n);
  pack(kernel, x, query);
  kernelVector(kernel, packed, n, query, 0, vector, 0, slopes);
  const v = Float64Array.from(vector, (value, i) => value * root[i]!);
  solveLower(factor, n, v);
  let mean = classifier.mean;
  let variance = kernel.variance;
  for (let i = 0; i < n; i++) {
    mean += vector[i]! * slope[i]!;
    variance -= v[i]! * v[i]!;
  }
  const spread = Math.sqrt(1 + Math.max(0, variance));
  const z = mean / spread;
  if (gradient !== undefined) {
    solveUpper(factor, n, v);
    const ratio = inverseMills(z);
    const byVector = v.map((value, i) => ratio * (slope[i]! / spread + (z * root[i]! * value) / (spread * spread)));
    addKernelGradient(kernel, packed, n, query, slopes, byVector, gradient);
  }
  return { logProbability: logNormalCdf(z) };
}
