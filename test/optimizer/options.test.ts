import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { Belief } from '../../src/optimizer/belief.ts';
import { confidenceSurface } from '../../src/optimizer/confidence.ts';
import { sortedRows } from '../../src/optimizer/data.ts';
import { latinHypercube } from '../../src/optimizer/initial.ts';
import { buildModels } from '../../src/optimizer/models.ts';
import type { Datum, Point, Problem, SuggestOptions } from '../../src/optimizer/problem.ts';
import { chebyshev, drawWeights } from '../../src/optimizer/scalarize.ts';
import { compileSpace } from '../../src/optimizer/space.ts';
import { suggest } from '../../src/optimizer/suggest.ts';

const square: Problem = {
  parameters: ['a', 'b'].map((name) => ({ name, type: 'continuous', min: 0, max: 1 })),
  constraints: [],
  objectives: [{ name: 'y', goal: 'maximize' }],
};

function ask(problem: Problem, data: readonly Datum[], options: Partial<SuggestOptions>) {
  const answer = suggest(problem, data, [], { count: 1, seed: 4, initial: 6, ...options });
  if (!answer.ok) expect.fail(answer.failure.message);
  return answer.value;
}

const values = (point: Point) => {
  const [a, b] = [Number(point['a']), Number(point['b'])];
  return { y: -((a - 0.7) ** 2) - (b - 0.3) ** 2, z: -((a - 0.2) ** 2) - (b - 0.3) ** 2 };
};

function campaign(problem: Problem, count: number, options: Partial<SuggestOptions>): Datum[] {
  const data: Datum[] = [];
  while (data.length < count) {
    for (const { point } of ask(problem, data, { count: 2, ...options }).suggestions)
      data.push({ point, values: values(point) });
  }
  return data;
}

const two: Problem = { ...square, objectives: ['y', 'z'].map((name) => ({ name, goal: 'maximize', reference: -1 })) };

describe('rules of choice', () => {
  it.each(['gain', 'ucb', 'thompson'] as const)('%s finds the top of a bowl', (acquisition) => {
    const data = campaign(square, 20, { acquisition });
    expect(Math.max(...data.map(({ point }) => values(point).y))).toBeGreaterThan(-0.01);
    expect(new Set(data.map(({ point }) => JSON.stringify(point))).size).toBe(data.length);
  });

  it.each([{ scalarize: true }, { acquisition: 'ucb' }, { acquisition: 'thompson' }] as const)(
    '%j spreads over the front of two objectives',
    (options) => {
      const late = campaign(two, 20, options).slice(8);
      const on = late
        .filter(({ point }) => Math.abs(Number(point['b']) - 0.3) < 0.15)
        .map(({ point }) => Number(point['a']));
      expect(on.length).toBeGreaterThan(6);
      expect(Math.max(...on) - Math.min(...on)).toBeGreaterThan(0.15);
    },
  );

  it.each(['ucb', 'thompson'] as const)('%s gives no expected gain, and every suggestion says why', (acquisition) => {
    const { model, suggestions } = ask(square, campaign(square, 8, {}), { acquisition });
    expect(model.expectedGain).toBeUndefined();
    expect(suggestions[0]!.acquisition).toBeTypeOf('number');
    expect(suggestions[0]!.reason).toMatch(/\.$/);
  });

  it('refuses a confidence that is no number of standard deviations', () => {
    const answer = suggest(square, [], [], { count: 1, seed: 1, confidence: -2 });
    expect(answer).toMatchObject({ ok: false, failure: { code: 'input.invalid' } });
  });
});

describe('the confidence bound', () => {
  it.each([
    [square],
    [two],
    [{ ...square, objectives: [{ name: 'y', goal: 'target', target: -0.2 }] } satisfies Problem],
  ])('has the gradient of finite differences (%#)', (problem) => {
    const data = campaign(two, 8, {});
    const space = compileSpace(problem);
    const models = buildModels(problem, space, sortedRows(space, data))!;
    const beliefs = models.aims.map(({ outcome }) => new Belief(outcome.gp, 1));
    beliefs.forEach((belief) => belief.add(Float64Array.of(0.5, 0.5)));
    const surface = confidenceSurface({
      ...{ space, aims: models.aims, beliefs, gates: [], confidence: 0.5 },
      ...{ weights: Float64Array.of(0.4, 0.6), ideal: Float64Array.of(1, 1) },
    });
    const x = Float64Array.of(0.31, 0.82);
    const gradient = new Float64Array(2);
    surface(x, gradient);
    for (const j of [0, 1]) {
      const at = (step: number) => surface(x.map((u, k) => (k === j ? u + step : u)));
      expect(gradient[j]!).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 5);
    }
  });
});

describe('scalarisation', () => {
  it('prefers what is better in every goal, and each of two tradeoffs for some weights', () => {
    const ideal = Float64Array.of(1, 1);
    const random = stream(1, 'test/weights');
    const winners = new Set<number>();
    for (let i = 0; i < 50; i++) {
      const weights = drawWeights([{}, {}], random);
      expect(weights[0]! + weights[1]!).toBeCloseTo(1, 12);
      const worth = [
        [1, 0.2],
        [0.5, 0.5],
        [0.2, 1],
      ].map((goals) => chebyshev(weights, ideal, goals));
      expect(worth[1]!).toBeGreaterThan(chebyshev(weights, ideal, [0.4, 0.45]));
      winners.add(worth.indexOf(Math.max(...worth)));
    }
    expect(winners.size).toBe(3);
  });

  it('draws an objective of weight 3 three times as heavy against another, at the median', () => {
    const random = stream(2, 'test/weights');
    const ratios = Array.from({ length: 2001 }, () => {
      const [first, second] = drawWeights([{ weight: 3 }, {}], random);
      return first! / second!;
    }).sort((a, b) => a - b);
    // The ratio of two exponential variables has median 1.
    expect(ratios[1000]!).toBeGreaterThan(2.6);
    expect(ratios[1000]!).toBeLessThan(3.4);
  });

  it('looks where the heavier objective is better', () => {
    const data = campaign(two, 10, {});
    const meanOf = (weights: readonly [number, number]) => {
      const objectives = two.objectives.map((objective, m) => ({ ...objective, weight: weights[m]! }));
      const found = Array.from({ length: 6 }, (_, seed) =>
        ask({ ...two, objectives }, data, { count: 1, seed, scalarize: true }),
      );
      return two.objectives.map(({ name }) => {
        const means = found.map(({ suggestions }) => suggestions[0]!.predicted![name]!.mean);
        return means.reduce((sum, mean) => sum + mean, 0) / means.length;
      });
    };
    const [first, second] = [meanOf([50, 1]), meanOf([1, 50])];
    expect(first[0]!).toBeGreaterThan(second[0]!);
    expect(second[1]!).toBeGreaterThan(first[1]!);
  });

  it.each([0, -1, Infinity])('refuses the weight %f', (weight) => {
    const objectives = [{ ...two.objectives[0]!, weight }, two.objectives[1]!];
    const answer = suggest({ ...two, objectives }, [], [], { count: 1, seed: 1 });
    expect(answer).toMatchObject({ ok: false, failure: { code: 'input.invalid' } });
  });
});

describe('initial designs', () => {
  it('a Latin hypercube meets every slice of every column once, over several calls', () => {
    const points = latinHypercube(compileSpace(square), 8, stream(1, 'test/latin'));
    for (const j of [0, 1]) expect(new Set(points.map((x) => Math.floor(8 * x[j]!))).size).toBe(8);
    const first = ask(square, [], { count: 5, initial: 8, design: 'latin' }).suggestions;
    const data = first.map(({ point }) => ({ point, values: values(point) }));
    const rest = ask(square, data, { count: 3, initial: 8, design: 'latin' }).suggestions;
    const all = [...first, ...rest].map(({ point }) => Math.floor(8 * Number(point['a'])));
    expect(new Set(all).size).toBe(8);
  });

  it('maximin keeps its points apart', () => {
    const points = ask(square, [], { count: 6, design: 'maximin' }).suggestions.map(({ point }) => point);
    const gaps = points.flatMap((p, i) =>
      points.slice(0, i).map((q) => Math.hypot(Number(p['a']) - Number(q['a']), Number(p['b']) - Number(q['b']))),
    );
    expect(Math.min(...gaps)).toBeGreaterThan(0.3);
  });
});
