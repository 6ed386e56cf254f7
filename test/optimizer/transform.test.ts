import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { Belief } from '../../src/optimizer/belief.ts';
import { type Outcome, fitOutcome, predictionOf, sortedRows, unitValue } from '../../src/optimizer/data.ts';
import { expectedGain } from '../../src/optimizer/expected-gain.ts';
import { explainModel } from '../../src/optimizer/explain-model.ts';
import { buildModels } from '../../src/optimizer/models.ts';
import type { Datum, Problem } from '../../src/optimizer/problem.ts';
import { compileSpace } from '../../src/optimizer/space.ts';
import { normalCdf } from '../../src/optimizer/special.ts';
import { suggest } from '../../src/optimizer/suggest.ts';
import {
  type Transform,
  backward,
  forward,
  gainOf,
  momentsOf,
  slopeAt,
  transformOf,
} from '../../src/optimizer/transform.ts';
import { transformed } from '../../src/optimizer/transformed.ts';
import { unitSpace } from './reference.ts';

const powers = [0, 0.5, 1, 1.5, 2];
const plain = (power: number): Transform => ({ power, center: 0, spread: 1 });

/** Midpoint rule, which shares nothing with the code under test. */
const integral = (f: (x: number) => number, from: number, to: number, steps = 20_000): number => {
  const step = (to - from) / steps;
  let sum = 0;
  for (let k = 0; k < steps; k++) sum += f(from + (k + 0.5) * step);
  return sum * step;
};

describe('the transform', () => {
  it.each(powers)('of power %f is the integral of its defining slope', (power) => {
    for (const y of [-6, -1.3, -0.2, 0, 0.4, 2, 9]) {
      const slope = (s: number) => (s >= 0 ? (1 + s) ** (power - 1) : (1 - s) ** (1 - power));
      expect(forward(plain(power), y)).toBeCloseTo(integral(slope, 0, y), 6);
    }
  });

  it.each(powers)('of power %f comes back to the digit, far out and through zero', (power) => {
    const transform = { power, center: 0.3, spread: 1.7 };
    for (const y of [-1e6, -40, -1, -1e-8, 0, 1e-8, 1, 40, 1e6]) {
      expect(Math.abs(backward(transform, forward(transform, y)) - y)).toBeLessThan(1e-9 * (1 + Math.abs(y)));
    }
  });

  it.each(powers)('of power %f has the slope of finite differences', (power) => {
    const transform = { power, center: 0.3, spread: power === 1 ? 1 : 1.7 };
    for (const y of [-5, -0.5, 0.7, 4]) {
      const difference = (forward(transform, y + 1e-6) - forward(transform, y - 1e-6)) / 2e-6;
      expect(slopeAt(transform, y)).toBeCloseTo(difference, 7);
    }
  });

  it('standardises', () => {
    const u = Array.from([0.1, 0.2, 0.4, 5, 30], (y, _, all = Float64Array.of(0.1, 0.2, 0.4, 5, 30)) =>
      forward(transformOf(all, 0), y),
    );
    const mean = u.reduce((sum, value) => sum + value / 5, 0);
    expect(mean).toBeCloseTo(0, 12);
    expect(u.reduce((sum, value) => sum + (value - mean) ** 2 / 4, 0)).toBeCloseTo(1, 12);
  });
});

describe('back in the units of the outcome', () => {
  // Far above zero power 0 is a logarithm: 1 + y is log-normal and everything has a closed form.
  const transform = { power: 0, center: 5, spread: 0.8 };
  const [mean, sd] = [0.4, 0.7];
  const [m, s] = [5 + 0.8 * mean, 0.8 * sd];

  it('mean and standard deviation are those of the log-normal distribution', () => {
    const moments = momentsOf(transform, mean, sd);
    const expected = Math.exp(m + (s * s) / 2);
    expect(moments.mean / (expected - 1)).toBeCloseTo(1, 7);
    expect(moments.sd / (expected * Math.sqrt(Math.expm1(s * s)))).toBeCloseTo(1, 5);
  });

  it.each([-3, -1, 0, 2, 6])('the expected improvement above %f is the price of a call (Black 1976)', (level) => {
    const strike = Math.exp(5 + 0.8 * level);
    const d = (m - Math.log(strike)) / s;
    const price = Math.exp(m + (s * s) / 2) * normalCdf(d + s) - strike * normalCdf(d);
    expect(gainOf(transform, level, mean, sd) / price).toBeCloseTo(1, 3);
  });

  it.each([0.5, 1.5, 2])('moments through the kink at zero, power %f', (power) => {
    const bent = { power, center: 0.1, spread: 0.9 };
    const weight = (u: number) => Math.exp(-0.5 * ((u - 0.2) / 1.1) ** 2) / (1.1 * Math.sqrt(2 * Math.PI));
    const average = integral((u) => weight(u) * backward(bent, u), -10, 10);
    const square = integral((u) => weight(u) * backward(bent, u) ** 2, -10, 10);
    const moments = momentsOf(bent, 0.2, 1.1);
    expect(moments.mean).toBeCloseTo(average, 3);
    expect(moments.sd).toBeCloseTo(Math.sqrt(square - average ** 2), 3);
  });
});

const line: Problem = {
  parameters: [{ name: 'x', type: 'continuous', min: 0, max: 1 }],
  constraints: [],
  objectives: [{ name: 'y', goal: 'maximize' }],
};
const smooth = (x: number) => Math.sin(5 * x) + 0.5 * Math.cos(11 * x);
const measured = (shape: (value: number) => number, count = 14): Datum[] =>
  Array.from({ length: count }, (_, i) => ({
    point: { x: (i + 0.5) / count },
    values: { y: shape(smooth((i + 0.5) / count)) },
  }));
const outcomeOf = (data: readonly Datum[]): Outcome => {
  const space = compileSpace(line);
  return fitOutcome(space, sortedRows(space, data), 'y', false, true)!;
};

describe('the choice by evidence', () => {
  it('leaves a smooth outcome alone', () => {
    expect(outcomeOf(measured((f) => 3 + 2 * f)).transform).toBeUndefined();
  });

  it.each([
    ['orders of magnitude', (f: number) => Math.exp(4 * f), [0, 0.5]],
    ['a ceiling', (f: number) => -Math.exp(-4 * f), [1.5, 2]],
  ])('sees %s', (_, shape, wanted) => {
    expect(wanted).toContain(outcomeOf(measured(shape)).transform?.power);
  });

  it('depends neither on the unit nor on zeros and negative values', () => {
    const shape = (f: number) => Math.exp(4 * f);
    const one = outcomeOf(measured(shape));
    const other = outcomeOf(measured((f) => 1000 * (shape(f) - shape(0))));
    expect(other.transform!.power).toBe(one.transform!.power);
    expect(other.gp.logPosterior).toBeCloseTo(one.gp.logPosterior, 6);
  });

  it('also on many observations, of which it sees a part', () => {
    expect(outcomeOf(measured((f) => Math.exp(4 * f), 160)).transform).toBeDefined();
  });
});

it('known noise goes through the transform by the delta method', () => {
  const transform = { power: 0.5, center: 0.2, spread: 1.3 };
  const training = {
    ...{ space: unitSpace(1), points: [Float64Array.of(0.1), Float64Array.of(0.9)] },
    ...{ y: Float64Array.of(2, -1), noise: Float64Array.of(1e-4, NaN) },
  };
  const { noise } = transformed(training, transform);
  const random = stream(3, 'test/delta');
  let squares = 0;
  for (let i = 0; i < 20_000; i++) {
    squares += (forward(transform, 2 + 0.01 * random.normal()) - forward(transform, 2)) ** 2 / 20_000;
  }
  expect(noise[0]! / squares).toBeCloseTo(1, 1);
  expect(noise[1]).toBeNaN();
});

describe('a transformed model', () => {
  const data = measured((f) => Math.exp(4 * f));
  const truth = (x: number) => Math.exp(4 * smooth(x));

  it('predicts and explains in the unit of the outcome', () => {
    const points = [0.21, 0.5, 0.83].map((x) => ({ x }));
    const explained = explainModel(line, data, points, 1);
    if (!explained.ok) expect.fail(explained.failure.message);
    for (const { point, predicted } of explained.value.points) {
      const { mean, sd } = predicted['y']!;
      expect(Math.abs(mean - truth(Number(point['x'])))).toBeLessThan(3 * sd + 1e-3);
      expect(sd).toBeLessThan(0.5 + 0.3 * truth(Number(point['x'])));
    }
    const [report] = explained.value.outcomes;
    expect(report!.explained).toBeGreaterThan(0.5);
    const spread = Math.max(...data.map((datum) => ('values' in datum ? datum.values['y']! : 0)));
    expect(report!.leaveOneOutError).toBeLessThan(spread);
    expect(report!.noiseSd).toBeLessThan(0.2 * spread);
  });

  it('goes through what was observed', () => {
    const outcome = outcomeOf(data);
    const belief = new Belief(outcome.gp, 0);
    for (const x of [1.5 / 14, 8.5 / 14]) {
      belief.look(Float64Array.of(x));
      expect(predictionOf(outcome, belief.mean, belief.sd).mean / truth(x)).toBeCloseTo(1, 1);
    }
  });

  it('keeps a bound: the probability is that of the value, whatever the scale', () => {
    const problem: Problem = {
      ...line,
      objectives: [{ name: 'z', goal: 'maximize' }],
      outcomes: [{ name: 'y', relation: '<=', bound: 3 }],
    };
    const both = data.map((datum) => ({ ...datum, values: { ...('values' in datum ? datum.values : {}), z: 1 } }));
    const space = compileSpace(problem);
    const models = buildModels(problem, space, sortedRows(space, both))!;
    const outcome = models.outcomes.get('y')!;
    expect(outcome.transform).toBeDefined();
    const x = Float64Array.of(0.47);
    const belief = new Belief(outcome.gp, 0);
    belief.look(x);
    const random = stream(5, 'test/bound');
    let below = 0;
    for (let i = 0; i < 40_000; i++) {
      if (unitValue(outcome, belief.mean + belief.sd * random.normal()) <= 3) below += 1 / 40_000;
    }
    expect(Math.exp(models.chances[0]!(x))).toBeCloseTo(below, 1);
  });

  it('expects a gain in the unit of the outcome', () => {
    const space = compileSpace(line);
    const rows = sortedRows(space, data);
    const models = buildModels(line, space, rows)!;
    const answer = suggest(line, data, [], { count: 1, seed: 2, initial: 0 });
    if (!answer.ok) expect.fail(answer.failure.message);
    const [suggestion] = answer.value.suggestions;
    const incumbents = rows.map((_, i) => i);
    const { outcome, at } = models.aims[0]!;
    const belief = new Belief(outcome.gp, 0);
    belief.look(Float64Array.of(Number(suggestion!.point['x'])));
    const best = unitValue(outcome, Math.max(...at.mean));
    const random = stream(7, 'test/gain');
    let gain = 0;
    for (let i = 0; i < 100_000; i++) {
      gain += Math.max(0, unitValue(outcome, belief.mean + belief.sd * random.normal()) - best) / 100_000;
    }
    expect(expectedGain(space, models.aims, incumbents, answer.value.suggestions) / gain).toBeCloseTo(1, 1);
    expect(answer.value.model.expectedGain! / gain).toBeCloseTo(1, 1);
  });

  it('stays on the scale given for a target and for several objectives', () => {
    const space = compileSpace(line);
    const target: Problem = { ...line, objectives: [{ name: 'y', goal: 'target', target: 2 }] };
    expect(buildModels(target, space, sortedRows(space, data))!.aims[0]!.outcome.transform).toBeUndefined();
    const two: Problem = { ...line, objectives: [...line.objectives, { name: 'z', goal: 'minimize' }] };
    const both = data.map((datum) => ({ ...datum, values: { ...('values' in datum ? datum.values : {}), z: 1 } }));
    expect(buildModels(two, space, sortedRows(space, both))!.aims[0]!.outcome.transform).toBeUndefined();
  });
});
