import type { Space } from './space.ts';

/** Matern-5/2 s (1 + a + a^2 / 3) e^-a with a = sqrt(5) r, or squared exponential s e^(-r^2 / 2). */
export type Family = 'matern52' | 'rbf';

export interface Hyperparameters {
  readonly family: Family;
  /** One per number, then one per table of categories, in parameter ranges. */
  readonly lengthscales: Float64Array;
  /** Prior variance s of the standardised outcome. */
  readonly variance: number;
}

/**
 * A kernel with everything that does not depend on the points worked out: r^2 = sum over numbers of (difference /
 * lengthscale)^2 + sum over tables of distance / lengthscale^2. Points are packed: numbers already divided by their
 * lengthscales, then the level of every category.
 */
export interface Kernel extends Hyperparameters {
  readonly space: Space;
  readonly stride: number;
  readonly categories: readonly { readonly column: number; readonly levels: number; readonly weighted: Float64Array }[];
}

export function makeKernel(space: Space, hyper: Hyperparameters): Kernel {
  const byColumn = new Map<number, { column: number; levels: number; weighted: Float64Array }>();
  space.tables.forEach(({ column, levels, distances }, t) => {
    const weight = 1 / hyper.lengthscales[space.numeric.length + t]! ** 2;
    const entry = byColumn.get(column) ?? { column, levels, weighted: new Float64Array(levels * levels) };
    distances.forEach((value, k) => (entry.weighted[k]! += weight * value));
    byColumn.set(column, entry);
  });
  const categories = [...byColumn.values()];
  return { ...hyper, space, stride: space.numeric.length + categories.length, categories };
}

/** Lengthscales of a space: one a number, one a table. */
export const lengthscaleCount = (space: Space): number => space.numeric.length + space.tables.length;

/** Writes the packed form of a point in model coordinates at `at`. */
export function pack(kernel: Kernel, x: Float64Array, out: Float64Array, at = 0): void {
  const { numeric } = kernel.space;
  for (let k = 0; k < numeric.length; k++) out[at + k] = x[numeric[k]!]! / kernel.lengthscales[k]!;
  kernel.categories.forEach(({ column }, c) => (out[at + numeric.length + c] = x[column]!));
}

export function packAll(kernel: Kernel, points: readonly Float64Array[], capacity = points.length): Float64Array {
  const packed = new Float64Array(capacity * kernel.stride);
  points.forEach((x, i) => pack(kernel, x, packed, i * kernel.stride));
  return packed;
}

/**
 * k(point i, q) for the first `n` packed points, into `out`; where `slope` is given also the derivative of k by r^2
 * there, which every gradient is made of.
 */
export function kernelVector(
  kernel: Kernel,
  packed: Float64Array,
  n: number,
  q: Float64Array,
  qAt: number,
  out: Float64Array,
  outAt: number,
  slope?: Float64Array,
): void {
  const { stride, variance, categories, family } = kernel;
  const numbers = kernel.space.numeric.length;
  // Sums grow column by column: the same as point by point, without a short loop for every point.
  const end = outAt + n;
  out.fill(0, outAt, end);
  for (let k = 0; k < numbers; k++) {
    const own = q[qAt + k]!;
    for (let i = outAt, at = k; i < end; i++, at += stride) {
      const gap = packed[at]! - own;
      out[i]! += gap * gap;
    }
  }
  for (let c = 0; c < categories.length; c++) {
    const { levels, weighted } = categories[c]!;
    const own = q[qAt + numbers + c]!;
    for (let i = outAt, at = numbers + c; i < end; i++, at += stride) out[i]! += weighted[packed[at]! * levels + own]!;
  }
  if (family === 'rbf') shapeRbf(out, outAt, n, variance, slope);
  else shapeMatern(out, outAt, n, variance, slope);
}

function shapeRbf(out: Float64Array, at: number, n: number, variance: number, slope?: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const value = variance * Math.exp(-0.5 * out[at + i]!);
    out[at + i] = value;
    if (slope !== undefined) slope[at + i] = -0.5 * value;
  }
}

function shapeMatern(out: Float64Array, at: number, n: number, variance: number, slope?: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const a = Math.sqrt(5 * out[at + i]!);
    const decay = variance * Math.exp(-a);
    out[at + i] = (1 + a + (a * a) / 3) * decay;
    if (slope !== undefined) slope[at + i] = (-5 / 6) * (1 + a) * decay;
  }
}

/**
 * Adds to `gradient` (model coordinates) the derivative by x of sum_i coefficient_i k(point i, x), where `q` is x packed
 * and `slope` came from `kernelVector` at x. Categories get none.
 */
export function addKernelGradient(
  kernel: Kernel,
  packed: Float64Array,
  n: number,
  q: Float64Array,
  slope: Float64Array,
  coefficients: Float64Array,
  gradient: Float64Array,
): void {
  const { numeric } = kernel.space;
  for (let k = 0; k < numeric.length; k++) {
    let sum = 0;
    const own = q[k]!;
    for (let i = 0, at = k; i < n; i++, at += kernel.stride) sum += coefficients[i]! * slope[i]! * (own - packed[at]!);
    gradient[numeric[k]!]! += (2 * sum) / kernel.lengthscales[k]!;
  }
}
