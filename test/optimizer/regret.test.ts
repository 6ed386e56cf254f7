import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { Belief } from '../../src/optimizer/belief.ts';
import { drawJointly } from '../../src/optimizer/draws.ts';
import { build } from '../../src/optimizer/fit.ts';
import type { Datum, Problem } from '../../src/optimizer/problem.ts';
import { normalCdf } from '../../src/optimizer/special.ts';
import { suggest } from '../../src/optimizer/suggest.ts';
import { trainingOf } from './reference.ts';

const line: Problem = {
  parameters: [{ name: 'x', type: 'continuous', min: 0, max: 1 }],
  constraints: [],
  objectives: [{ name: 'y', goal: 'maximize' }],
};

const regretOf = (problem: Problem, data: readonly Datum[], regretTolerance: number) => {
  const answer = suggest(problem, data, [], { count: 1, seed: 1, initial: 0, regretTolerance });
  if (!answer.ok) expect.fail(answer.failure.message);
  return { ...answer.value.model.regret!, suggestion: answer.value.suggestions[0]! };
};

const bump = (x: number) => Math.sin(5 * x);
const known = (count: number): Datum[] =>
  Array.from({ length: count }, (_, i) => {
    const x = i / (count - 1);
    return { point: { x }, values: { y: bump(x) }, noise: { y: 1e-8 } };
  });

describe('joint draws', () => {
  it('have the mean, the spread and the correlation of the posterior', () => {
    const { training } = trainingOf([[0.1], [0.4], [0.8]], [0, 1, -1]);
    const gp = build(training, 'matern52', Float64Array.of(Math.log(0.4), Math.log(0.01), 0), 0)!;
    const points = [0.2, 0.25, 0.95].map((x) => Float64Array.of(x));
    const draws = drawJointly(gp, points, 4096, stream(1, 'test/draws'));
    const mean = (f: (row: Float64Array) => number) => draws.reduce((sum, row) => sum + f(row), 0) / draws.length;
    const belief = new Belief(gp, 0);
    points.forEach((x, i) => {
      belief.look(x);
      expect(mean((row) => row[i]!)).toBeCloseTo(belief.mean, 2);
      expect(Math.sqrt(mean((row) => (row[i]! - belief.mean) ** 2))).toBeCloseTo(belief.sd, 2);
    });
    const gap = mean((row) => (row[0]! - row[1]!) ** 2) - mean((row) => row[0]! - row[1]!) ** 2;
    expect(gap).toBeLessThan(0.02);
  });
});

describe('regret', () => {
  it('agrees with the closed form where there are two designs and one is known', () => {
    const problem = { ...line, designs: [{ x: 0.2 }, { x: 0.9 }] };
    const data: Datum[] = [{ point: { x: 0.2 }, values: { y: 3 }, noise: { y: 1e-10 } }];
    for (const tolerance of [0.1, 0.5, 1.5]) {
      const { probability, suggestion } = regretOf(problem, data, tolerance);
      const { mean, sd } = suggestion.predicted!['y']!;
      expect(Math.abs(probability! - normalCdf((tolerance + 3 - mean) / sd))).toBeLessThan(0.015);
    }
  });

  it('shrinks as more is known, and becomes certain', () => {
    const at = (count: number) => regretOf(line, known(count), 0.05);
    expect(at(4).probability!).toBeLessThan(0.8);
    expect(at(30).probability!).toBeGreaterThan(0.95);
    expect(at(30).ninety).toBeLessThan(at(4).ninety);
  });

  it('does not mind the unit, nor whether more or less is wanted', () => {
    const data = known(5);
    const other = data.map((datum) => ({
      ...datum,
      values: { y: -1000 * bump(Number(datum.point['x'])) },
      noise: { y: 1e-2 },
    }));
    const down: Problem = { ...line, objectives: [{ name: 'y', goal: 'minimize' }] };
    const [a, b] = [regretOf(line, data, 0.1), regretOf(down, other, 100)];
    expect(b.probability!).toBeCloseTo(a.probability!, 2);
    expect(b.ninety / 1000).toBeCloseTo(a.ninety, 2);
  });

  it('refuses a negative tolerance in a sentence', () => {
    const answer = suggest(line, [], [], { count: 1, seed: 1, regretTolerance: -1 });
    expect(answer).toMatchObject({ ok: false, failure: { message: 'The tolerance of regret is -1.' } });
  });
});
