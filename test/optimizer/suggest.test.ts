import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Result } from '../../src/base/failure.ts';
import { stream } from '../../src/base/random.ts';
import type { Datum, Point, Problem, SuggestAnswer } from '../../src/optimizer/problem.ts';
import { suggest } from '../../src/optimizer/suggest.ts';
import { leavesSpace, spaces } from './spaces.ts';

const value = (result: Result<SuggestAnswer>): SuggestAnswer => {
  if (!result.ok) expect.fail(result.failure.message);
  return result.value;
};

const cube = (d: number): Problem => ({
  parameters: Array.from({ length: d }, (_, j) => ({ name: `x${j}`, type: 'continuous', min: -1, max: 1 })),
  constraints: [],
  objectives: [{ name: 'y', goal: 'maximize' }],
});

const bowl = (point: Point) => -Object.values(point).reduce<number>((sum, x) => sum + (Number(x) - 0.3) ** 2, 0);

/** Data from the optimizer's own initial design. */
function measured(problem: Problem, count: number, f: (point: Point) => number): Datum[] {
  const { suggestions } = value(suggest(problem, [], [], { count, seed: 11, initial: count }));
  return suggestions.map(({ point }) => ({ point, values: { y: f(point) } }));
}

describe('suggest', () => {
  it('begins with the initial design and passes over to the model within a batch', () => {
    const problem = cube(2);
    const { suggestions, model } = value(suggest(problem, [], [], { count: 3, seed: 1, initial: 4 }));
    expect(model.stage).toBe('initial');
    expect(suggestions.every(({ predicted }) => predicted === undefined)).toBe(true);
    const data = suggestions.map(({ point }) => ({ point, values: { y: bowl(point) } }));
    const next = value(suggest(problem, data, [], { count: 2, seed: 1, initial: 4 }));
    expect(next.model.stage).toBe('mixed');
    expect(next.suggestions[1]!.predicted!['y']!.sd).toBeGreaterThan(0);
    expect(next.suggestions[1]!.reason).toMatch(/^(Exploits|Balances|Explores): .*y .*\.$/);
    expect(next.model.outcomes[0]!.observations).toBe(3);
  });

  it('finds the top of a bowl', () => {
    const problem = cube(3);
    const data = measured(problem, 6, bowl);
    for (let i = 0; i < 14; i++) {
      const { point } = value(suggest(problem, data, [], { count: 1, seed: 2, initial: 6 })).suggestions[0]!;
      data.push({ point, values: { y: bowl(point) } });
    }
    expect(Math.max(...data.map((datum) => bowl(datum.point)))).toBeGreaterThan(-0.002);
  });

  it('comes near to a target', () => {
    const problem: Problem = { ...cube(2), objectives: [{ name: 'y', goal: 'target', target: -0.5 }] };
    const data = measured(problem, 5, bowl);
    for (let i = 0; i < 8; i++) {
      const { point } = value(suggest(problem, data, [], { count: 1, seed: 2, initial: 5 })).suggestions[0]!;
      data.push({ point, values: { y: bowl(point) } });
    }
    expect(Math.min(...data.map((datum) => Math.abs(bowl(datum.point) + 0.5)))).toBeLessThan(0.005);
  });

  it('gives the same answer for the same seed, another for another', () => {
    const problem = cube(2);
    const data = measured(problem, 6, bowl);
    const ask = (seed: number) => suggest(problem, data, [], { count: 3, seed });
    expect(ask(5)).toEqual(ask(5));
    const design = (seed: number) => suggest(problem, [], [], { count: 3, seed });
    expect(design(5)).not.toEqual(design(6));
  });

  it('does not mind the order of the data', () => {
    const problem = cube(3);
    const data = measured(problem, 9, bowl);
    const shuffled = [3, 1, 8, 0, 5, 7, 2, 6, 4].map((i) => data[i]!);
    const options = { count: 2, seed: 5, initial: 5 };
    expect(suggest(problem, shuffled, [], options)).toEqual(suggest(problem, data, [], options));
  });

  it('does not mind the unit of an outcome', () => {
    const problem = cube(2);
    const data = measured(problem, 8, bowl);
    const options = { count: 2, seed: 5, initial: 5 };
    const other = measured(problem, 8, (point) => 1e6 * bowl(point) - 4e5);
    const [a, b] = [data, other].map((rows) => value(suggest(problem, rows, [], options)).suggestions);
    a!.forEach(({ point, predicted }, i) => {
      for (const name of ['x0', 'x1']) expect(Number(b![i]!.point[name])).toBeCloseTo(Number(point[name]), 3);
      expect(b![i]!.predicted!['y']!.mean / 1e6 + 0.4).toBeCloseTo(predicted!['y']!.mean, 3);
    });
  });

  it('minimizes as it maximizes the opposite', () => {
    const problem = cube(2);
    const data = measured(problem, 8, bowl);
    const turned = data.map((datum) => ({ point: datum.point, values: { y: -bowl(datum.point) } }));
    const options = { count: 1, seed: 5, initial: 5 };
    const up = value(suggest(problem, data, [], options)).suggestions[0]!;
    const down = value(suggest({ ...problem, objectives: [{ name: 'y', goal: 'minimize' }] }, turned, [], options));
    expect(down.suggestions[0]!.point).toEqual(up.point);
    expect(down.suggestions[0]!.predicted!['y']!.mean).toBeCloseTo(-up.predicted!['y']!.mean, 9);
  });

  it('keeps away from pending points and from its own batch', () => {
    const problem = cube(2);
    const data = measured(problem, 8, bowl);
    const lone = value(suggest(problem, data, [], { count: 1, seed: 5, initial: 5 })).suggestions[0]!;
    const next = value(suggest(problem, data, [lone.point], { count: 3, seed: 5, initial: 5 })).suggestions;
    const points = [lone.point, ...next.map(({ point }) => point)];
    for (const [i, p] of points.entries()) {
      for (const q of points.slice(0, i)) {
        const gap = Math.hypot(Number(p['x0']) - Number(q['x0']), Number(p['x1']) - Number(q['x1']));
        expect(gap).toBeGreaterThan(1e-3);
      }
    }
  });

  it('learns from failures where not to go', () => {
    const problem = cube(2);
    const fails = (point: Point) => Number(point['x0']) > 0;
    const data: Datum[] = measured(problem, 16, bowl).map((datum) =>
      fails(datum.point) ? { point: datum.point, failed: true } : datum,
    );
    const { suggestions } = value(suggest(problem, data, [], { count: 4, seed: 5, initial: 5 }));
    expect(Math.max(...suggestions.map(({ point }) => Number(point['x0'])))).toBeLessThan(0.3);
  });

  it('goes on filling the space while nothing has succeeded', () => {
    const problem = cube(2);
    const data: Datum[] = measured(problem, 8, bowl).map(({ point }) => ({ point, failed: true }));
    expect(value(suggest(problem, data, [], { count: 2, seed: 5, initial: 5 })).model.stage).toBe('initial');
  });

  it('serves several objectives and outcome constraints', () => {
    const problem: Problem = {
      ...cube(2),
      objectives: [
        { name: 'y', goal: 'maximize' },
        { name: 'cost', goal: 'minimize', reference: 3 },
      ],
      outcomes: [{ name: 'heat', relation: '<=', bound: 0.5 }],
    };
    const data: Datum[] = measured(cube(2), 10, bowl).map(({ point }) => {
      const [a, b] = [Number(point['x0']), Number(point['x1'])];
      return { point, values: { y: bowl(point), cost: (a + 0.5) ** 2 + b ** 2, heat: b } };
    });
    const { suggestions, model } = value(suggest(problem, data, [], { count: 3, seed: 5, initial: 5 }));
    expect(model.outcomes.map(({ name }) => name)).toEqual(['y', 'cost', 'heat']);
    for (const { point, predicted } of suggestions) {
      expect(Number(point['x1'])).toBeLessThan(0.6);
      expect(Object.keys(predicted!)).toEqual(['y', 'cost']);
    }
  });

  it('measures a noisy point again only where repeats are allowed', () => {
    const problem: Problem = { ...cube(1), parameters: [{ name: 'x', type: 'ordinal', levels: [0, 1, 2, 9] }] };
    const data = [0, 1, 2].flatMap((x) =>
      [-0.4, 0.1, 0.5].map((error): Datum => ({ point: { x }, values: { y: 3 * x + error } })),
    );
    const steep = [...data, ...[-30, -31].map((y): Datum => ({ point: { x: 8.5 }, values: { y } }))];
    const ask = (repeats: boolean) =>
      value(suggest(problem, steep, [], { count: 1, seed: 1, repeats })).suggestions[0]!;
    expect(ask(false).point).toEqual({ x: 9 });
    expect(ask(true).point).toEqual({ x: 2 });
  });

  it('leaves out designs that break a constraint, and gives the others back to the last digit', () => {
    const designs = Array.from({ length: 9 }, (_, i) => ({ x0: Math.sin(i) / 3, x1: Math.cos(i) / 3 }));
    const problem: Problem = { ...cube(2), designs, constraints: [{ terms: { x0: 1 }, relation: '>=', bound: 0 }] };
    const { suggestions } = value(suggest(problem, [], [], { count: 4, seed: 1 }));
    for (const { point } of suggestions) {
      expect(designs).toContainEqual(point);
      expect(Number(point['x0'])).toBeGreaterThanOrEqual(0);
    }
  });

  it('takes only allowed designs, each once, until the table is used up', () => {
    const designs = Array.from({ length: 7 }, (_, i) => ({ x0: -1 + i / 3, x1: Math.sin(i) }));
    const problem: Problem = { ...cube(2), designs };
    const data: Datum[] = [];
    for (let i = 0; i < 7; i++) {
      const { point } = value(suggest(problem, data, [], { count: 1, seed: 5, initial: 3 })).suggestions[0]!;
      data.push({ point, values: { y: bowl(point) } });
    }
    expect(new Set(data.map(({ point }) => JSON.stringify(point))).size).toBe(7);
    const again = value(suggest(problem, data, [], { count: 1, seed: 5 })).suggestions[0]!;
    expect(designs).toContainEqual(again.point);
  });
});

describe('suggestions', () => {
  it('never leave the space and never repeat, whatever the space', () => {
    fc.assert(
      fc.property(spaces, fc.integer({ min: 1, max: 3 }), (problem, count) => {
        const random = stream(count, 'test/outcome');
        const options = { count, seed: 3, initial: 4 };
        const start = value(suggest(problem, [], [], { ...options, count: 5 })).suggestions;
        const distinct = new Set(start.map(({ point }) => JSON.stringify(point)));
        const data: Datum[] = start.map(({ point }) => ({ point, values: { y: random.normal() } }));
        const { suggestions } = value(suggest(problem, data.slice(1), [data[0]!.point], options));
        for (const { point } of [...start, ...suggestions]) expect(leavesSpace(problem, point)).toBeUndefined();
        const fresh = suggestions.filter(({ point }) => !distinct.has(JSON.stringify(point)));
        // Only a space that has run out may repeat.
        if (distinct.size === 5)
          expect(new Set(fresh.map(({ point }) => JSON.stringify(point))).size).toBe(fresh.length);
      }),
      { seed: 5, numRuns: 40 },
    );
  }, 20_000);
});
