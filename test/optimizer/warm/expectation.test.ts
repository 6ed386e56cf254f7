import { describe, expect, it } from 'vitest';
import { unwrap } from '../../../src/base/failure.ts';
import { stream } from '../../../src/base/random.ts';
import type { Parameter } from '../../../src/optimizer/problem.ts';
import { compileSpace, encode, modelPoint } from '../../../src/optimizer/space.ts';
import { suggest } from '../../../src/optimizer/suggest.ts';
import { expectationGate, expectedPoints, logExpectation } from '../../../src/optimizer/warm/expectation.ts';
import { hill, measured, parametersOf, problemOf } from './fixtures.ts';

const parameters: Parameter[] = [
  { name: 'heat', type: 'continuous', min: 20, max: 120 },
  { name: 'time', type: 'continuous', min: 1, max: 100, scale: 'log' },
  { name: 'base', type: 'categorical', levels: ['a', 'b', 'c'] },
];
const space = compileSpace(problemOf(parameters));
const expectation = {
  parameters: {
    heat: { near: 80, within: 10 },
    time: { near: 10, within: 10 },
    base: { weights: { a: 2, b: 1 } },
  },
};
const at = (heat: number, time: number, base: string) => modelPoint(space, encode(space, { heat, time, base }));

describe('expectation of an expert', () => {
  it('is highest where the optimum is expected, and one deviation away has the value of a normal bell', () => {
    const log = logExpectation(space, expectation);
    expect(log(at(80, 10, 'a'))).toBeCloseTo(0, 12);
    const bell = (share: number) => Math.log(0.01 + 0.99 * share);
    expect(log(at(90, 10, 'a'))).toBeCloseTo(bell(Math.exp(-0.5)), 10);
    expect(log(at(80, 20, 'a'))).toBeCloseTo(bell(Math.exp(-0.5)), 10);
    expect(log(at(80, 10, 'b'))).toBeCloseTo(bell(0.5), 10);
    expect(log(at(80, 10, 'c'))).toBeCloseTo(Math.log(0.01), 10);
  });

  it('has an exact gradient', () => {
    const gate = expectationGate(space, expectation, 2);
    const x = at(87, 6, 'b');
    const gradient = new Float64Array(3);
    gate(x, gradient);
    for (const j of [0, 1]) {
      const moved = (step: number) => gate(x.map((value, k) => (k === j ? value + step : value)));
      expect(gradient[j]).toBeCloseTo((moved(1e-6) - moved(-1e-6)) / 2e-6, 5);
    }
  });

  it('fades with the number of observations', () => {
    const far = at(30, 90, 'c');
    const after = (n: number) => expectationGate(space, expectation, n)(far);
    expect(after(5)).toBeCloseTo(Math.log(0.01), 10);
    expect(after(50)).toBeCloseTo(Math.log(0.01) / 10, 10);
  });

  it('draws most points where the optimum is expected', () => {
    const points = expectedPoints(space, expectation, 40, [], stream(1, 'test'));
    const near = points.filter((x) => Math.abs(x[0]! - 0.6) < 0.2);
    expect(near.length).toBeGreaterThan(25);
  });

  it('draws the search to a good guess and lets it leave a bad one', () => {
    const problem = problemOf(parametersOf(2));
    const guess = (a: number, b: number) => ({
      parameters: { x0: { near: a, within: 0.1 }, x1: { near: b, within: 0.1 } },
    });
    const ask = (a: number, b: number, count: number) => {
      const data = measured(problem, count, hill, 'new');
      const options = { count: 1, seed: 2, expectation: guess(a, b), initial: 0 };
      const { point } = unwrap(suggest(problem, data, [], options)).suggestions[0]!;
      return Math.hypot(Number(point['x0']) - a, Number(point['x1']) - b);
    };
    expect(ask(0.1, 0.9, 2)).toBeLessThan(0.25);
    expect(ask(0.1, 0.9, 30)).toBeGreaterThan(0.4);
  });
});
