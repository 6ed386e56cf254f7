import type { Gp } from './fit.ts';
import { addKernelGradient, kernelVector, pack } from './kernel.ts';
import { cholesky, dot, solveLower, solveUpper } from './linalg.ts';

/**
 * What other knowledge adds to a process: a mean and a covariance of its own, independent of the process's kernel. Points
 * are in model coordinates.
 */
export interface PriorPart {
  /** Looks at a process with room for so many points; the observed ones are kept already. */
  view(observed: readonly Float64Array[], capacity: number): PriorView;
}

export interface PriorView {
  /** Mean and variance at the point looked at last. */
  mean: number;
  variance: number;
  look(x: Float64Array): void;
  /** Keeps the point looked at last as point `i`. */
  keep(i: number): void;
  /** Adds the covariance of the point looked at last with the first `n` kept points. */
  addCovariance(n: number, out: Float64Array, at: number): void;
  /**
   * Adds the derivative at the last `look` of byMean * mean + sum over the first n kept points of coefficient *
   * covariance + byVariance * variance / 2.
   */
  addGradient(byMean: number, coefficients: Float64Array, n: number, byVariance: number, gradient: Float64Array): void;
}

/**
 * A Gaussian process that also carries undecided points: places whose true value is not known yet (a noisy observation,
 * a pending experiment) and on which an acquisition conditions sample by sample. The Cholesky factor of the observations
 * is continued by one row for each of them, so that with z = inverse(L) k(x)
 *
 *   E[f(x) | undecided = draw] = mean + z . [whitened; draw],   Var = k(x, x) - z . z,
 *
 * where the draw is standard normal. Points are in model coordinates.
 */
export class Belief {
  readonly gp: Gp;
  readonly observed: number;
  /** Observed and undecided points together. */
  size: number;
  #stride: number;
  #factor: Float64Array;
  #packed: Float64Array;
  readonly #vector: Float64Array;
  readonly #slopes: Float64Array;
  readonly #query: Float64Array;
  readonly #adjoint: Float64Array;
  /** One over the variance of what stands at each of the first `#precise` points, measurement noise included. */
  readonly #precision: Float64Array;
  #precise = 0;
  readonly #prior: PriorView | undefined;
  /** Prior means of the undecided points. */
  readonly means: number[] = [];
  /** inverse(L) k(x) of the last `look`. */
  readonly z: Float64Array;
  mean = 0;
  sd = 0;
  /** At least `sd`, from the last `glance`. */
  widest = 0;

  constructor(gp: Gp, undecided: number) {
    const n = gp.training.points.length;
    const capacity = n + undecided;
    this.gp = gp;
    this.observed = n;
    this.size = n;
    this.#stride = capacity;
    this.#factor = new Float64Array(capacity * capacity);
    for (let i = 0; i < n; i++) this.#factor.set(gp.factor.subarray(i * n, i * n + i + 1), i * capacity);
    this.#packed = new Float64Array(capacity * gp.kernel.stride);
    this.#packed.set(gp.packed);
    this.#vector = new Float64Array(capacity);
    this.#slopes = new Float64Array(capacity);
    this.#query = new Float64Array(gp.kernel.stride);
    this.#adjoint = new Float64Array(capacity);
    this.#precision = new Float64Array(capacity);
    this.z = new Float64Array(capacity);
    this.#prior = gp.prior?.view(gp.training.points, capacity);
  }

  get undecided(): number {
    return this.size - this.observed;
  }

  /** Adds an undecided point and returns the weights of [whitened; draw] in its value, its own draw last. */
  add(x: Float64Array): Float64Array {
    const { kernel } = this.gp;
    const i = this.size;
    const row = i * this.#stride;
    this.#prior?.look(x);
    pack(kernel, x, this.#packed, i * kernel.stride);
    for (let jitter = 1e-9; ; jitter *= 100) {
      kernelVector(kernel, this.#packed, i + 1, this.#packed, i * kernel.stride, this.#factor, row);
      this.#prior?.addCovariance(i, this.#factor, row);
      this.#factor[row + i]! += (this.#prior?.variance ?? 0) + jitter * kernel.variance;
      if (cholesky(this.#factor, i + 1, this.#stride, i)) break;
    }
    this.#prior?.keep(i);
    this.means.push(this.gp.mean + (this.#prior?.mean ?? 0));
    this.size = i + 1;
    return this.#factor.slice(row, row + i + 1);
  }

  /** Sets `z`, `mean` (of the observations alone) and `sd` (given observations and undecided points) at x. */
  look(x: Float64Array): void {
    const { kernel, whitened, mean } = this.gp;
    this.#relate(x, this.#slopes);
    this.z.set(this.#vector);
    solveLower(this.#factor, this.size, this.z, this.#stride);
    let variance = kernel.variance + (this.#prior?.variance ?? 0);
    for (let i = 0; i < this.size; i++) variance -= this.z[i]! * this.z[i]!;
    let sum = mean + (this.#prior?.mean ?? 0);
    for (let i = 0; i < this.observed; i++) sum += this.z[i]! * whitened[i]!;
    this.mean = sum;
    this.sd = Math.sqrt(Math.max(variance, 1e-12 * kernel.variance));
  }

  /**
   * Sets `widest` at x, for O(n) where `look` costs O(n^2): the standard deviation given only the one point that tells most,
   * which is never below that given all. `meanBy` then tells the mean.
   */
  glance(x: Float64Array): void {
    this.#relate(x);
    const vector = this.#vector;
    const precision = this.#precisions();
    let told = 0;
    for (let i = 0; i < this.size; i++) {
      const part = vector[i]! * vector[i]! * precision[i]!;
      if (part > told) told = part;
    }
    const { variance } = this.gp.kernel;
    this.widest = Math.sqrt(Math.max(variance + (this.#prior?.variance ?? 0) - told, 1e-12 * variance));
  }

  /** inverse(L') [whitened; draw], by which `meanBy` weighs covariances, as long as no point is added. */
  weightsGiven(draw: Float64Array): Float64Array {
    const weights = new Float64Array(this.size);
    weights.set(this.gp.whitened);
    weights.set(draw, this.observed);
    solveUpper(this.#factor, this.size, weights, this.#stride);
    return weights;
  }

  /** The mean at the last `look` or `glance` given the draw that the weights are of, up to rounding. */
  meanBy(weights: Float64Array): number {
    return this.gp.mean + (this.#prior?.mean ?? 0) + dot(weights, this.#vector);
  }

  /** Covariances of x with every point. */
  #relate(x: Float64Array, slopes?: Float64Array): void {
    const { kernel } = this.gp;
    pack(kernel, x, this.#query);
    kernelVector(kernel, this.#packed, this.size, this.#query, 0, this.#vector, 0, slopes);
    this.#prior?.look(x);
    this.#prior?.addCovariance(this.size, this.#vector, 0);
  }

  #precisions(): Float64Array {
    for (; this.#precise < this.size; this.#precise++) {
      const row = this.#factor.subarray(this.#precise * this.#stride);
      this.#precision[this.#precise] = 1 / dot(row, row, this.#precise + 1);
    }
    return this.#precision;
  }

  /**
   * Adds to `gradient` the derivative at the last `look` of byMean * mean + sum of byDraw * z (undecided part) + bySd * sd.
   */
  addGradient(byMean: number, byDraw: Float64Array, bySd: number, gradient: Float64Array): void {
    const q = this.#adjoint;
    const ratio = bySd / this.sd;
    for (let i = 0; i < this.observed; i++) q[i] = byMean * this.gp.whitened[i]! - ratio * this.z[i]!;
    for (let i = this.observed; i < this.size; i++) q[i] = byDraw[i - this.observed]! - ratio * this.z[i]!;
    solveUpper(this.#factor, this.size, q, this.#stride);
    addKernelGradient(this.gp.kernel, this.#packed, this.size, this.#query, this.#slopes, q, gradient);
    this.#prior?.addGradient(byMean, q, this.size, ratio, gradient);
  }
}
