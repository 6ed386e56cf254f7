import type { PriorPart, PriorView } from '../belief.ts';
import type { Gp } from '../fit.ts';
import { type Kernel, addKernelGradient, kernelVector, pack, packAll } from '../kernel.ts';
import { cholesky, dot, solveLower, solveUpper } from '../linalg.ts';

/** The model of a source, looked at from the present space. */
export interface Process {
  readonly gp: Gp;
  /** Present column of every column of the source, -1 where `fixed` holds its coordinate. */
  readonly columns: Int32Array;
  readonly fixed: Float64Array;
  /** Observations that the covariance is conditioned on, packed, and the factor of their covariance. */
  readonly base: { readonly packed: Float64Array; readonly count: number; readonly factor: Float64Array };
}

/** Covariances are conditioned on at most so many observations of a source; its mean is conditioned on all. */
export const baseSize = 128;

/**
 * A source's process. Of a long source the covariance is conditioned only on a subset, chosen by pivoted Cholesky (Harbrecht,
 * Peters and Schneider 2012): what is left of the variance is then never less than under all observations.
 */
export function processOf(gp: Gp, columns: Int32Array, fixed: Float64Array): Process {
  const { training, packed, factor } = gp;
  const n = training.points.length;
  if (n <= baseSize) return { gp, columns, fixed, base: { packed, count: n, factor } };
  const points = pivots(gp, baseSize).map((i) => ({ x: training.points[i]!, noise: noiseAt(gp, i) }));
  const chosen = packAll(
    gp.kernel,
    points.map(({ x }) => x),
  );
  const count = points.length;
  const base = new Float64Array(count * count);
  points.forEach(({ noise }, i) => {
    kernelVector(gp.kernel, chosen, i + 1, chosen, i * gp.kernel.stride, base, i * count);
    base[i * count + i]! += noise + 1e-8 * gp.kernel.variance;
  });
  cholesky(base, count);
  return { gp, columns, fixed, base: { packed: chosen, count, factor: base } };
}

const noiseAt = ({ training, settings }: Gp, i: number): number =>
  Number.isNaN(training.noise[i]!) ? settings.noise : training.noise[i]!;

/** Observations in the order in which they take most of the variance that is left. */
function pivots({ kernel, packed, training }: Gp, count: number): number[] {
  const n = training.points.length;
  const left = new Float64Array(n).fill(kernel.variance);
  const rows: Float64Array[] = [];
  const chosen: number[] = [];
  while (chosen.length < count) {
    let best = 0;
    for (let i = 1; i < n; i++) if (left[i]! > left[best]!) best = i;
    if (!(left[best]! > 1e-6 * kernel.variance)) break;
    const row = new Float64Array(n);
    kernelVector(kernel, packed, n, packed, best * kernel.stride, row, 0);
    for (const other of rows) {
      const share = other[best]!;
      for (let i = 0; i < n; i++) row[i]! -= share * other[i]!;
    }
    const root = Math.sqrt(left[best]!);
    for (let i = 0; i < n; i++) {
      row[i]! /= root;
      left[i]! -= row[i]! * row[i]!;
    }
    left[best] = 0;
    rows.push(row);
    chosen.push(best);
  }
  return chosen;
}

/** The posterior of one source at points of the present space. */
class ProcessView implements PriorView {
  readonly #process: Process;
  readonly #kernel: Kernel;
  readonly #x: Float64Array;
  readonly #query: Float64Array;
  readonly #all: Float64Array;
  readonly #allSlopes: Float64Array;
  readonly #z: Float64Array;
  readonly #baseSlopes: Float64Array;
  readonly #kept: Float64Array;
  readonly #keptZ: Float64Array;
  readonly #vector: Float64Array;
  readonly #slopes: Float64Array;
  mean = 0;
  variance = 0;

  constructor(process: Process, capacity: number) {
    const { gp, base } = process;
    this.#process = process;
    this.#kernel = gp.kernel;
    this.#x = new Float64Array(process.columns.length);
    this.#query = new Float64Array(gp.kernel.stride);
    this.#all = new Float64Array(gp.training.points.length);
    this.#allSlopes = new Float64Array(this.#all.length);
    this.#z = new Float64Array(base.count);
    this.#baseSlopes = new Float64Array(base.count);
    this.#kept = new Float64Array(capacity * gp.kernel.stride);
    this.#keptZ = new Float64Array(capacity * base.count);
    this.#vector = new Float64Array(capacity);
    this.#slopes = new Float64Array(capacity);
  }

  look(x: Float64Array): void {
    const { gp, columns, fixed, base } = this.#process;
    for (let j = 0; j < columns.length; j++) this.#x[j] = columns[j]! < 0 ? fixed[j]! : x[columns[j]!]!;
    pack(this.#kernel, this.#x, this.#query);
    kernelVector(this.#kernel, gp.packed, this.#all.length, this.#query, 0, this.#all, 0, this.#allSlopes);
    kernelVector(this.#kernel, base.packed, base.count, this.#query, 0, this.#z, 0, this.#baseSlopes);
    solveLower(base.factor, base.count, this.#z);
    this.mean = gp.mean + dot(this.#all, gp.alpha);
    this.variance = Math.max(this.#kernel.variance - dot(this.#z, this.#z), 1e-12 * this.#kernel.variance);
  }

  keep(i: number): void {
    this.#kept.set(this.#query, i * this.#query.length);
    this.#keptZ.set(this.#z, i * this.#z.length);
  }

  addCovariance(n: number, out: Float64Array, at: number, scale = 1): void {
    const m = this.#z.length;
    kernelVector(this.#kernel, this.#kept, n, this.#query, 0, this.#vector, 0, this.#slopes);
    for (let i = 0, row = 0; i < n; i++, row += m) {
      let sum = this.#vector[i]!;
      for (let k = 0; k < m; k++) sum -= this.#z[k]! * this.#keptZ[row + k]!;
      out[at + i]! += scale * sum;
    }
  }

  /** As `addCovariance` was called last: the slopes at the kept points are those. */
  addGradient(byMean: number, coefficients: Float64Array, n: number, byVariance: number, gradient: Float64Array): void {
    const { gp, columns, base } = this.#process;
    const m = this.#z.length;
    const own = new Float64Array(columns.length);
    const byAll = gp.alpha.map((value) => byMean * value);
    addKernelGradient(this.#kernel, gp.packed, byAll.length, this.#query, this.#allSlopes, byAll, own);
    addKernelGradient(this.#kernel, this.#kept, n, this.#query, this.#slopes, coefficients, own);
    const adjoint = this.#z.map((value) => -byVariance * value);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < m; k++) adjoint[k]! -= coefficients[i]! * this.#keptZ[i * m + k]!;
    }
    solveUpper(base.factor, m, adjoint);
    addKernelGradient(this.#kernel, base.packed, m, this.#query, this.#baseSlopes, adjoint, own);
    for (let j = 0; j < columns.length; j++) if (columns[j]! >= 0) gradient[columns[j]!]! += own[j]!;
  }
}

/** Sources in one prior: sum over sources of weight (process - center). */
export class SourcesPrior implements PriorPart {
  readonly processes: readonly Process[];
  /** One a source, 0 or more. */
  readonly weights: Float64Array;
  /** Taken off the source's mean. */
  readonly centers: Float64Array;

  constructor(processes: readonly Process[], weights: Float64Array, centers: Float64Array) {
    this.processes = processes;
    this.weights = weights;
    this.centers = centers;
  }

  view(observed: readonly Float64Array[], capacity: number): SourcesView {
    const view = new SourcesView(this, capacity);
    observed.forEach((x, i) => {
      view.look(x);
      view.keep(i);
    });
    return view;
  }
}

export class SourcesView implements PriorView {
  readonly #prior: SourcesPrior;
  readonly #views: readonly ProcessView[];
  mean = 0;
  variance = 0;

  constructor(prior: SourcesPrior, capacity: number) {
    this.#prior = prior;
    this.#views = prior.processes.map((process) => new ProcessView(process, capacity));
  }

  look(x: Float64Array): void {
    const { weights, centers } = this.#prior;
    this.mean = 0;
    this.variance = 0;
    this.#views.forEach((view, s) => {
      view.look(x);
      this.mean += weights[s]! * (view.mean - centers[s]!);
      this.variance += weights[s]! ** 2 * view.variance;
    });
  }

  /** What each source adds to the mean at the point looked at last. */
  parts(): number[] {
    const { weights, centers } = this.#prior;
    return this.#views.map(({ mean }, s) => weights[s]! * (mean - centers[s]!));
  }

  keep(i: number): void {
    for (const view of this.#views) view.keep(i);
  }

  addCovariance(n: number, out: Float64Array, at: number): void {
    this.#views.forEach((view, s) => view.addCovariance(n, out, at, this.#prior.weights[s]! ** 2));
  }

  addGradient(byMean: number, coefficients: Float64Array, n: number, byVariance: number, gradient: Float64Array): void {
    const { weights } = this.#prior;
    this.#views.forEach((view, s) => {
      const square = weights[s]! ** 2;
      const scaled = coefficients.map((value) => square * value);
      view.addGradient(weights[s]! * byMean, scaled, n, square * byVariance, gradient);
    });
  }
}

/** What one source expects at several points, standardised by the source. */
export interface Predictions {
  readonly mean: Float64Array;
  /** Joint covariance, lower triangle, n x n. */
  readonly covariance: Float64Array;
}

export function predictAt(process: Process, points: readonly Float64Array[]): Predictions {
  const n = points.length;
  const view = new ProcessView(process, n);
  const mean = new Float64Array(n);
  const covariance = new Float64Array(n * n);
  points.forEach((x, i) => {
    view.look(x);
    mean[i] = view.mean;
    view.addCovariance(i, covariance, i * n);
    covariance[i * n + i] = view.variance;
    view.keep(i);
  });
  return { mean, covariance };
}
