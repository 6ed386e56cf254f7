import { describe, expect, it } from 'vitest';
import { Belief } from '../../../src/optimizer/belief.ts';
import { drawJointly } from '../../../src/optimizer/draws.ts';
import type { Gp } from '../../../src/optimizer/fit.ts';
import { stream } from '../../../src/base/random.ts';
import { correlations, fitMultitask, multitaskObjective } from '../../../src/optimizer/warm/multitask.ts';
import { type Process, SourcesPrior, baseSize, processOf } from '../../../src/optimizer/warm/process.ts';
import { fitSources } from '../../../src/optimizer/warm/fitted.ts';
import { hill, measured, parametersOf, problemOf, smallTask } from './fixtures.ts';

/** Solves A X = B by Gauss and Jordan with pivots, apart from the code under test; and gives log |A|. */
function solve(a: number[][], b: number[][]): { x: number[][]; logDeterminant: number } {
  const n = a.length;
  const rows = a.map((row, i) => [...row, ...b[i]!]);
  let logDeterminant = 0;
  for (let k = 0; k < n; k++) {
    const best = rows.reduce((top, row, i) => (i >= k && Math.abs(row[k]!) > Math.abs(rows[top]![k]!) ? i : top), k);
    [rows[k], rows[best]] = [rows[best]!, rows[k]!];
    const pivot = rows[k]![k]!;
    logDeterminant += Math.log(Math.abs(pivot));
    rows[k] = rows[k]!.map((value) => value / pivot);
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const share = rows[i]![k]!;
      rows[i] = rows[i]!.map((value, j) => value - share * rows[k]![j]!);
    }
  }
  return { x: rows.map((row) => row.slice(n)), logDeterminant };
}

/** Matern-5/2 written out for two numbers and one category. */
function kernel({ settings }: Gp, x: Float64Array, y: Float64Array): number {
  const [l0, l1, l2] = settings.lengthscales;
  const r2 = ((x[0]! - y[0]!) / l0!) ** 2 + ((x[1]! - y[1]!) / l1!) ** 2 + (x[2] === y[2] ? 0 : 1 / l2! ** 2);
  const a = Math.sqrt(5 * r2);
  return settings.variance * (1 + a + (a * a) / 3) * Math.exp(-a);
}

interface Entry {
  /** -1 for the new outcome. */
  readonly source: number;
  readonly x: Float64Array;
  readonly y: number;
}

/** All observations of all tasks, their joint covariance and means under the model of coregionalisation. */
function jointModel(gp: Gp, processes: readonly Process[]) {
  const { weights, centers } = gp.prior as SourcesPrior;
  const entries: Entry[] = [
    ...processes.flatMap((process, source) =>
      process.gp.training.points.map((x, i) => ({ source, x, y: process.gp.training.y[i]! })),
    ),
    ...gp.training.points.map((x, i) => ({ source: -1, x, y: gp.training.y[i]! })),
  ];
  const covariance = (a: Entry, b: Entry): number => {
    if (a.source >= 0 && b.source >= 0) return a.source === b.source ? kernel(processes[a.source]!.gp, a.x, b.x) : 0;
    if (a.source >= 0) return weights[a.source]! * kernel(processes[a.source]!.gp, a.x, b.x);
    if (b.source >= 0) return covariance(b, a);
    return processes.reduce(
      (sum, { gp: own }, s) => sum + weights[s]! ** 2 * kernel(own, a.x, b.x),
      kernel(gp, a.x, b.x),
    );
  };
  const mean = ({ source }: Entry): number =>
    source >= 0
      ? processes[source]!.gp.mean
      : processes.reduce((sum, { gp: own }, s) => sum + weights[s]! * (own.mean - centers[s]!), gp.mean);
  const noise = ({ source }: Entry) => (source < 0 ? gp : processes[source]!.gp).settings.noise;
  const matrix = (rows: readonly Entry[]) =>
    rows.map((a, i) => rows.map((b, j) => covariance(a, b) + (i === j ? noise(a) : 0)));
  return { entries, covariance, mean, matrix };
}

const task = smallTask();
const gp = fitMultitask(task)!;
const joint = jointModel(gp, task.processes);
const places = [
  [0.2, 0.9, 0],
  [0.65, 0.35, 1],
  [0.5, 0.1, 2],
].map((x) => Float64Array.from(x));

describe('multi-task process', () => {
  it('has the posterior of the dense joint model over sources and new data', () => {
    const { entries, covariance, mean, matrix } = joint;
    const belief = new Belief(gp, 0);
    for (const x of places) {
      const at: Entry = { source: -1, x, y: NaN };
      const cross = entries.map((entry) => covariance(entry, at));
      const { x: solved } = solve(
        matrix(entries),
        entries.map((entry, i) => [entry.y - mean(entry), cross[i]!]),
      );
      belief.look(x);
      expect(belief.mean).toBeCloseTo(mean(at) + cross.reduce((sum, c, i) => sum + c * solved[i]![0]!, 0), 7);
      const variance = covariance(at, at) - cross.reduce((sum, c, i) => sum + c * solved[i]![1]!, 0);
      expect(belief.sd ** 2).toBeCloseTo(variance, 7);
    }
  });

  it('has the likelihood of the new data given the sources', () => {
    const { entries, mean, matrix } = joint;
    const logDensity = (rows: readonly Entry[]) => {
      const gaps = rows.map((row) => row.y - mean(row));
      const { x, logDeterminant } = solve(
        matrix(rows),
        gaps.map((gap) => [gap]),
      );
      const quadratic = gaps.reduce((sum, gap, i) => sum + gap * x[i]![0]!, 0);
      return -0.5 * (quadratic + logDeterminant + rows.length * Math.log(2 * Math.PI));
    };
    const known = entries.filter(({ source }) => source >= 0);
    expect(gp.logLikelihood).toBeCloseTo(logDensity(entries) - logDensity(known), 6);
  });

  it('has an exact gradient of the log posterior', () => {
    const theta = Float64Array.of(-0.3, 0.2, 0.4, -3, -0.7, -0.5, -1.2);
    const gradient = new Float64Array(theta.length);
    const scratch = new Float64Array(theta.length);
    multitaskObjective(task, theta, gradient);
    theta.forEach((_, k) => {
      const at = (step: number) =>
        multitaskObjective(
          task,
          theta.map((t, j) => (j === k ? t + step : t)),
          scratch,
        );
      expect(gradient[k]).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 4);
    });
  });

  it('has exact gradients of mean, spread and draws, with undecided points', () => {
    const belief = new Belief(gp, 2);
    belief.add(places[0]!);
    belief.add(places[2]!);
    const x = places[1]!;
    const value = (at: Float64Array) => {
      belief.look(at);
      return 1.3 * belief.mean + 0.4 * belief.sd + 0.7 * belief.z[7]! - 0.2 * belief.z[8]!;
    };
    value(x);
    const gradient = new Float64Array(3);
    belief.addGradient(1.3, Float64Array.of(0.7, -0.2), 0.4, gradient);
    for (const k of [0, 1]) {
      const at = (step: number) => value(x.map((v, j) => (j === k ? v + step : v)));
      expect(gradient[k]).toBeCloseTo((at(1e-6) - at(-1e-6)) / 2e-6, 5);
    }
  });

  it('draws jointly what it believes', () => {
    const drawn = drawJointly(gp, places, 512, stream(1, 'test'));
    const belief = new Belief(gp, 0);
    places.forEach((x, i) => {
      belief.look(x);
      const mean = drawn.reduce((sum, row) => sum + row[i]! / drawn.length, 0);
      const variance = drawn.reduce((sum, row) => sum + (row[i]! - mean) ** 2 / drawn.length, 0);
      expect(Math.abs(mean - belief.mean)).toBeLessThan(0.02 * belief.sd + 1e-6);
      expect(Math.sqrt(variance) / belief.sd).toBeGreaterThan(0.95);
      expect(Math.sqrt(variance) / belief.sd).toBeLessThan(1.05);
    });
  });

  it('keeps a correlation under its cap, and correlations below 1', () => {
    const weights = ({ prior }: Gp) => (prior as SourcesPrior).weights;
    const free = correlations(weights(gp), gp.settings.variance);
    expect(Math.max(...free)).toBeGreaterThan(0.5);
    expect(Math.hypot(...free)).toBeLessThan(1);
    const bound = fitMultitask({ ...task, caps: Float64Array.of(0.2, 0.3) })!;
    const held = correlations(weights(bound), bound.settings.variance);
    expect(held[0]).toBeLessThanOrEqual(0.2 + 1e-12);
    expect(held[1]).toBeLessThanOrEqual(0.3 + 1e-12);
    expect(Math.max(...weights(bound))).toBeLessThan(Math.max(...weights(gp)));
  });

  it('is never surer of a long source than all its observations allow', () => {
    const problem = problemOf(parametersOf(2));
    const source = { name: 'long', data: measured(problem, baseSize + 60, hill, 'long') };
    const { process } = fitSources(problem, [source], 'y', false, false)[0]!;
    expect(process.base.count).toBeLessThanOrEqual(baseSize);
    const exact = new Belief(process.gp, 0);
    const view = new SourcesPrior([process], Float64Array.of(1), Float64Array.of(0)).view([], 0);
    for (const x of [Float64Array.of(0.1, 0.2), Float64Array.of(0.66, 0.9)]) {
      view.look(x);
      exact.look(x);
      expect(view.mean).toBeCloseTo(exact.mean, 8);
      expect(view.variance).toBeGreaterThan(0.999 * exact.sd ** 2);
    }
    expect(processOf(process.gp, process.columns, process.fixed)).toEqual(process);
  });
});
