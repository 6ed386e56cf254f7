import { stream } from '../../../src/base/random.ts';
import { unwrap } from '../../../src/base/failure.ts';
import type { Datum, Parameter, Point, Problem, SuggestOptions } from '../../../src/optimizer/problem.ts';
import { sortedRows } from '../../../src/optimizer/data.ts';
import { samplePoints } from '../../../src/optimizer/sample.ts';
import { compileSpace, decode } from '../../../src/optimizer/space.ts';
import { suggest } from '../../../src/optimizer/suggest.ts';
import { fitSources } from '../../../src/optimizer/warm/fitted.ts';
import type { Multitask } from '../../../src/optimizer/warm/multitask.ts';
import { predictAt } from '../../../src/optimizer/warm/process.ts';
import type { Source } from '../../../src/optimizer/warm/source.ts';

export const parametersOf = (d: number): Parameter[] =>
  Array.from({ length: d }, (_, j) => ({ name: `x${j}`, type: 'continuous', min: 0, max: 1 }));

export const problemOf = (parameters: readonly Parameter[]): Problem => ({
  parameters,
  constraints: [],
  objectives: [{ name: 'y', goal: 'maximize' }],
});

export const numbers = (point: Point): number[] => Object.values(point).map(Number);

/** A smooth function of two numbers with one top near (0.7, 0.3). */
export function hill(point: Point): number {
  const [a = 0, b = 0] = numbers(point);
  return Math.exp(-6 * ((a - 0.7) ** 2 + (b - 0.3) ** 2)) + 0.2 * Math.sin(5 * a) * b;
}

/** Measurements at random points of the space. */
export function measured(problem: Problem, count: number, f: (point: Point) => number, seed: string): Datum[] {
  const space = compileSpace(problem);
  return samplePoints(space, count, stream(seed, 'test/measured')).map((x) => {
    const point = decode(space, x);
    return { point, values: { y: f(point) } };
  });
}

/** A multi-task problem of two sources and a few observations of their shifted sum, all over the same two numbers and a category. */
export function smallTask(count = 7): Multitask {
  const problem = problemOf([...parametersOf(2), { name: 'kind', type: 'categorical', levels: ['p', 'q', 'r'] }]);
  const kinds: Record<string, number> = { p: 0, q: 0.4, r: -0.5 };
  const value = (shift: number) => (point: Point) =>
    hill({ a: Number(point['x0']) + shift, b: Number(point['x1']) }) + kinds[String(point['kind'])]!;
  const sources: Source[] = [0.05, -0.2].map((shift, s) => ({
    name: `s${s}`,
    data: measured(problem, 9 + s, value(shift), `source ${s}`),
  }));
  const space = compileSpace(problem);
  const data = measured(problem, count, value(0), 'new');
  const points = sortedRows(space, data).map(({ model }) => model);
  const y = sortedRows(space, data).map(({ datum }) => ('values' in datum ? 3 * datum.values['y']! : NaN));
  const mean = y.reduce((sum, v) => sum + v / y.length, 0);
  const fitted = fitSources(problem, sources, 'y', false, false);
  return {
    training: { space, points, y: Float64Array.from(y, (v) => v - mean), noise: new Float64Array(count).fill(NaN) },
    processes: fitted.map(({ process }) => process),
    predictions: fitted.map(({ process }) => predictAt(process, points)),
    caps: Float64Array.of(1, 1),
    directions: [Float64Array.of(1, 0), Float64Array.of(0, 1)],
  };
}

/** Values in the order in which a campaign one at a time finds them. */
export function run(
  problem: Problem,
  f: (point: Point) => number,
  count: number,
  options: Omit<SuggestOptions, 'count'>,
): number[] {
  const data: Datum[] = [];
  while (data.length < count) {
    const { suggestions } = unwrap(suggest(problem, data, [], { count: 1, ...options }));
    const { point } = suggestions[0]!;
    data.push({ point, values: { y: f(point) } });
  }
  return data.map((datum) => ('values' in datum ? datum.values['y']! : NaN));
}
