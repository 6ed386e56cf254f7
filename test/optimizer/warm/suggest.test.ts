import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unwrap } from '../../../src/base/failure.ts';
import type { Datum, Point, Problem, SuggestOptions } from '../../../src/optimizer/problem.ts';
import { suggest } from '../../../src/optimizer/suggest.ts';
import type { Source } from '../../../src/optimizer/warm/source.ts';
import { leavesSpace, spaces } from '../spaces.ts';
import { hill, measured, numbers, parametersOf, problemOf, run } from './fixtures.ts';

const plane = problemOf(parametersOf(2));
const ask = (
  problem: Problem,
  data: readonly Datum[],
  options: Partial<SuggestOptions>,
  pending: readonly Point[] = [],
) => unwrap(suggest(problem, data, pending, { count: 1, seed: 3, ...options }));

const source = (name: string, f: (point: Point) => number, count = 25, problem = plane): Source => ({
  ...{ name, data: measured(problem, count, f, name) },
});
const related = source('related', (point) => 20 + 5 * hill(point));
const negated = source('negated', (point) => -hill(point));

const distance = (a: Point, b: Point) => Math.hypot(...numbers(a).map((value, j) => value - numbers(b)[j]!));

describe('suggest with sources', () => {
  it('begins where a source is best, says so, and fills the space with the other half of a batch', () => {
    const { suggestions, model } = ask(plane, [], { sources: [related], count: 4 });
    const first = suggestions.filter(({ reason }) => reason.startsWith('From the sources alone'));
    expect(first.length).toBeGreaterThanOrEqual(2);
    expect(distance(first[0]!.point, { a: 0.7, b: 0.35 })).toBeLessThan(0.25);
    expect(first[0]!.predicted!['y']!.mean).toBeGreaterThan(22);
    expect(first[0]!.sources!['y']!['related']).toBeGreaterThan(0);
    const gaps = suggestions.flatMap(({ point }, i) =>
      suggestions.slice(0, i).map((other) => distance(point, other.point)),
    );
    expect(Math.min(...gaps)).toBeGreaterThan(0.005);
    expect(Math.max(...gaps)).toBeGreaterThan(0.3);
    expect(model.sources).toMatchObject([{ name: 'related', outcome: 'y', observations: 25, ignored: 0, cap: 1 }]);
    expect(model.sources![0]!.trust).toBeGreaterThan(0.5);
  });

  it('goes on after one observation, with points pending', () => {
    const data = [{ point: { x0: 0.2, x1: 0.8 }, values: { y: hill({ a: 0.2, b: 0.8 }) } }];
    const pending = [{ x0: 0.7, x1: 0.3 }];
    const { suggestions } = ask(plane, data, { sources: [related], count: 3 }, pending);
    for (const { point } of suggestions) expect(distance(point, pending[0]!)).toBeGreaterThan(0.02);
  });

  it('trusts a related source more as data come, and a misleading one less', () => {
    const data = measured(plane, 12, hill, 'new');
    const trust = (sources: readonly Source[]) => ask(plane, data, { sources, initial: 0 }).model.sources![0]!;
    expect(trust([related]).trust).toBeGreaterThan(0.6);
    expect(trust([related]).ranking).toBeGreaterThan(0.8);
    expect(trust([negated]).trust).toBeLessThan(0.05);
    expect(trust([negated]).ranking).toBeLessThan(0.3);
  });

  it('equals a cold start exactly where every source is capped at 0', () => {
    for (const count of [0, 3, 9]) {
      const data = measured(plane, count, hill, 'new');
      const cold = ask(plane, data, { count: 2 });
      const capped = ask(plane, data, { count: 2, sources: [{ ...related, cap: 0 }] });
      expect(capped.suggestions).toEqual(cold.suggestions);
      expect(capped.model.sources).toMatchObject([{ name: 'related', trust: 0, cap: 0 }]);
    }
  });

  it('never trusts a source beyond its cap', () => {
    const data = measured(plane, 12, hill, 'new');
    const { model } = ask(plane, data, { sources: [{ ...related, cap: 0.25 }], initial: 0 });
    expect(model.sources![0]!.trust).toBeGreaterThan(0);
    expect(model.sources![0]!.trust).toBeLessThanOrEqual(0.25);
  });

  it('does not mind the order of sources', () => {
    const other = source('other', (point) => hill(point) - numbers(point)[0]!);
    const data = measured(plane, 6, hill, 'new');
    const [forwards, backwards] = [
      [related, other, negated],
      [negated, other, related],
    ].map((sources) => ask(plane, data, { sources, initial: 0, count: 2 }));
    expect(backwards!.suggestions).toEqual(forwards!.suggestions);
    const byName = (answer: typeof forwards) =>
      Object.fromEntries(answer!.model.sources!.map((one) => [one.name, one]));
    expect(byName(backwards)).toEqual(byName(forwards));
  });

  it('stays in the space, whatever the source says', () => {
    fc.assert(
      fc.property(spaces, fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 99 }), (problem, known, seed) => {
        const f = (point: Point) => Object.values(point).reduce<number>((sum, v) => sum + (Number(v) || 0), 0);
        const data = measured(problem, known, f, `new ${seed}`);
        const wide = measured(problemOf(problem.parameters), 6, f, `wide ${seed}`);
        const { suggestions } = ask(problem, data, { sources: [{ name: 'wide', data: wide }], count: 2, seed });
        for (const { point } of suggestions) expect(leavesSpace(problem, point)).toBeUndefined();
      }),
      { numRuns: 15, seed: 5 },
    );
  }, 60_000);

  it('takes a source of another space: fewer parameters, others, and a table of expectations', () => {
    const wide = problemOf([...parametersOf(2), { name: 'kind', type: 'categorical', levels: ['p', 'q'] }]);
    const renamed = related.data.map((datum) => {
      const [a, b] = numbers(datum.point);
      return { point: { a: a!, x1: b!, stir: 3 }, values: { quality: 'values' in datum ? datum.values['y']! : 0 } };
    });
    const sources = [{ name: 'old', data: renamed, renames: { x0: 'a', y: 'quality' } }];
    const { suggestions, model } = ask(wide, [], { sources });
    const [a, b] = numbers(suggestions[0]!.point);
    expect(distance({ a: a!, b: b! }, { a: 0.7, b: 0.35 })).toBeLessThan(0.25);
    expect(model.sources![0]!.observations).toBe(25);
  });

  it('models several objectives, each with the sources that know it', () => {
    const both: Problem = {
      ...plane,
      objectives: [
        { name: 'y', goal: 'maximize' },
        { name: 'waste', goal: 'minimize' },
      ],
    };
    const data = measured(plane, 8, hill, 'new').map((datum) => ({
      point: datum.point,
      values: { ...('values' in datum ? datum.values : {}), waste: numbers(datum.point)[0]! },
    }));
    const { suggestions, model } = ask(both, data, { sources: [related], initial: 0, count: 2 });
    expect(suggestions).toHaveLength(2);
    expect(model.sources!.map(({ outcome, observations }) => [outcome, observations])).toEqual([
      ['y', 25],
      ['waste', 0],
    ]);
    for (const rule of [{ scalarize: true }, { acquisition: 'ucb' }, { acquisition: 'thompson' }] as const) {
      expect(ask(both, data, { sources: [related], initial: 0, count: 2, ...rule }).suggestions).toHaveLength(2);
    }
  });

  it('copes with sources that say nothing and with units at the ends of the range', () => {
    const data = measured(plane, 5, (point) => 1e300 * hill(point), 'new');
    const strange = [
      source('constant', () => 3, 8),
      source('tiny', (point) => 1e-300 * hill(point), 8),
      { name: 'single', data: related.data.slice(0, 1) },
      { name: 'foreign', data: [1, 2].map((q) => ({ point: { q }, values: { y: q } })) },
    ];
    for (const known of [[], data]) {
      const { suggestions, model } = ask(plane, known, { sources: strange, initial: 0, count: 2 });
      for (const { point } of suggestions) expect(leavesSpace(plane, point)).toBeUndefined();
      for (const { trust } of model.sources!) expect(trust).toBeGreaterThanOrEqual(0);
    }
  });

  it('refuses what cannot be meant', () => {
    const refused = (options: Partial<SuggestOptions>) => {
      const result = suggest(plane, [], [], { count: 1, seed: 1, ...options });
      return result.ok ? '' : result.failure.message;
    };
    expect(refused({ sources: [related, related] })).toMatch(/two sources called "related"/);
    expect(refused({ sources: [{ ...related, cap: 2 }] })).toMatch(/cap 2/);
    expect(refused({ sources: [{ ...related, renames: { heat: 'x0' } }] })).toMatch(/renames "heat"/);
    expect(refused({ expectation: { parameters: { x9: { near: 1, within: 1 } } } })).toMatch(/no known parameter "x9"/);
    expect(refused({ expectation: { parameters: { x0: { near: 1, within: 0 } } } })).toMatch(/no number with a spread/);
  });
});

describe('misleading sources', () => {
  const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;
  /** Experiments until the hill is nearly climbed, at the median of a few seeds. */
  const experiments = (sources: readonly Source[]) =>
    median(
      [0, 1, 2, 3, 4].map((seed) => {
        const hit = run(plane, hill, 30, { seed, sources }).findIndex((value) => value > 0.97);
        return hit < 0 ? 31 : hit + 1;
      }),
    );
  const cold = experiments([]);
  const moved = (by: number) => (point: Point) => hill({ a: numbers(point)[0]! + by, b: numbers(point)[1]! - by });

  it('are never far behind a cold start, and a related one is ahead of it', () => {
    const permuted = source('permuted', (point) => hill({ a: numbers(point)[1]!, b: numbers(point)[0]! }));
    const shifted = source('shifted', moved(0.35));
    for (const wrong of [negated, permuted, shifted]) expect(experiments([wrong])).toBeLessThanOrEqual(cold + 2);
    expect(experiments([related])).toBeLessThan(cold);
  }, 120_000);
});
