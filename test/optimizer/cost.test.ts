import { describe, expect, it } from 'vitest';
import { unwrap } from '../../src/base/failure.ts';
import { costGate, costOf, leastCost } from '../../src/optimizer/cost.ts';
import type { Cost, Datum, Point, Problem } from '../../src/optimizer/problem.ts';
import { compileSpace, encode, modelPoint } from '../../src/optimizer/space.ts';
import { suggest } from '../../src/optimizer/suggest.ts';

const problem: Problem = {
  parameters: [
    { name: 'a', type: 'continuous', min: -1, max: 1 },
    { name: 'b', type: 'continuous', min: 0.1, max: 10, scale: 'log' },
    { name: 'k', type: 'categorical', levels: ['x', 'y'] },
  ],
  constraints: [],
  objectives: [{ name: 'y', goal: 'maximize' }],
};
const cost: Cost = { base: 2, terms: { a: 1, b: 0.5 }, levels: { k: { y: 3 } } };

describe('cost', () => {
  it('is the same for the search as for the ledger', () => {
    const space = compileSpace(problem);
    const gate = costGate(problem, cost);
    for (const point of [
      { a: -1, b: 0.1, k: 'x' },
      { a: 0.3, b: 4, k: 'y' },
      { a: 1, b: 10, k: 'y' },
    ]) {
      const x = modelPoint(space, encode(space, point));
      expect(gate(x)).toBeCloseTo(-Math.log(costOf(cost, point)), 12);
      const gradient = new Float64Array(3);
      gate(x, gradient);
      for (const j of [0, 1]) {
        const shift = (step: number) => x.map((value, k) => (k === j ? value + step : value));
        expect((gate(shift(1e-6)) - gate(shift(-1e-6))) / 2e-6).toBeCloseTo(gradient[j]!, 6);
      }
    }
    expect(leastCost(cost, problem.parameters)).toBeCloseTo(1.05, 12);
  });

  it('must be positive everywhere', () => {
    const result = suggest({ ...problem, cost: { base: 0.5, terms: { a: 1 } } }, [], [], { count: 1, seed: 1 });
    expect(result).toMatchObject({
      ok: false,
      failure: { code: 'input.invalid', message: 'An experiment could cost -0.5.' },
    });
  });

  const value = (point: Point) => Math.sin(3 * Number(point['a'])) + 0.1 * Math.log(Number(point['b']));
  const data = (): Datum[] =>
    unwrap(suggest(problem, [], [], { count: 9, seed: 4, initial: 9 })).suggestions.map(({ point }) => {
      return { point, values: { y: value(point) } };
    });

  it('turns the choice to what is cheap and as good', () => {
    const options = { count: 4, seed: 4, initial: 0 };
    const spend = (given: Problem) =>
      unwrap(suggest(given, data(), [], options)).suggestions.reduce((sum, { point }) => sum + costOf(cost, point), 0);
    expect(spend({ ...problem, cost })).toBeLessThan(0.8 * spend(problem));
  });

  it('leaves the expected gain in the unit of the objective', () => {
    const options = { count: 1, seed: 4, initial: 0 };
    const plain = unwrap(suggest(problem, data(), [], options));
    expect(plain.model.expectedGain!).toBeGreaterThan(0);
    expect(plain.model.expectedGain!).toBeLessThan(2);
    const scaled = data().map((datum) => ({ ...datum, values: { y: 1000 * value(datum.point) } }));
    expect(unwrap(suggest(problem, scaled, [], options)).model.expectedGain! / plain.model.expectedGain!).toBeCloseTo(
      1000,
      0,
    );
    const answer = unwrap(suggest({ ...problem, cost }, data(), [], options));
    const [chosen] = answer.suggestions;
    expect(chosen!.cost).toBeCloseTo(costOf(cost, chosen!.point), 12);
    expect(answer.model.expectedGain!).toBeLessThanOrEqual(plain.model.expectedGain! * 1.05);
  });
});
