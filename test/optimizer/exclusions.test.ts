import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Datum, Parameter, Point, Problem } from '../../src/optimizer/problem.ts';
import { suggest } from '../../src/optimizer/suggest.ts';
import { leavesSpace, problemOf } from './spaces.ts';

const share = (name: string): Parameter => ({ name, type: 'continuous', min: 0, max: 1 });
const names = ['a', 'b', 'c', 'd', 'e'];
const mixture: Problem = {
  ...problemOf(names.map(share), [
    { terms: Object.fromEntries(names.map((name) => [name, 1])), relation: '=', bound: 1 },
  ]),
  cardinality: [{ parameters: names, atMost: 2 }],
};

function ask(problem: Problem, data: readonly Datum[], count: number, initial = 5): readonly Point[] {
  const answer = suggest(problem, data, [], { count, seed: 1, initial });
  if (!answer.ok) expect.fail(answer.failure.message);
  return answer.value.suggestions.map(({ point }) => point);
}

const parts = (point: Point) => names.filter((name) => point[name] !== 0).length;
const grade = (point: Point, f: (point: Point) => number): Datum => ({ point, values: { y: f(point) } });

/** Runs a campaign one by one and gives all that was tried. */
function campaign(problem: Problem, f: (point: Point) => number, count: number): Datum[] {
  const data = ask(problem, [], 6).map((point) => grade(point, f));
  while (data.length < count) data.push(grade(ask(problem, data, 1)[0]!, f));
  return data;
}

describe('at most k components', () => {
  it('are in every suggestion of a mixture, and the right ones are found', () => {
    const f = (point: Point) => -((Number(point['b']) - 0.3) ** 2) - (Number(point['e']) - 0.7) ** 2;
    const data = campaign(mixture, f, 30);
    for (const { point } of data) {
      expect(parts(point)).toBeLessThanOrEqual(2);
      expect(leavesSpace(mixture, point)).toBeUndefined();
    }
    expect(Math.max(...data.map(({ point }) => f(point)))).toBeGreaterThan(-0.002);
  });

  it('hold for whole numbers and where zero is inside a range', () => {
    const problem: Problem = {
      ...problemOf([
        { name: 'a', type: 'integer', min: 0, max: 9 },
        { name: 'b', type: 'integer', min: 0, max: 9000 },
        { name: 'c', type: 'continuous', min: -0.3, max: 0.7 },
        { name: 'd', type: 'continuous', min: -0.1, max: 0.6 },
        { name: 'e', type: 'ordinal', levels: [-2, 0, 5] },
      ]),
      cardinality: [{ parameters: names, atMost: 3 }],
    };
    const f = (point: Point) => Number(point['a']) + Number(point['b']) / 1000 + Number(point['e']);
    for (const { point } of campaign(problem, f, 12)) {
      expect(parts(point)).toBeLessThanOrEqual(3);
      expect(leavesSpace(problem, point)).toBeUndefined();
    }
  });
});

describe('forbidden combinations', () => {
  const problem: Problem = {
    ...problemOf([
      { name: 'solvent', type: 'categorical', levels: ['water', 'ethanol', 'toluene'] },
      { name: 'temperature', type: 'continuous', min: 20, max: 120 },
    ]),
    forbidden: [{ solvent: { in: ['toluene', 'ethanol'] }, temperature: { min: 80 } }],
  };

  it('are never suggested, not even where the best would be', () => {
    const f = ({ solvent, temperature }: Point) => Number(temperature) + (solvent === 'toluene' ? 50 : 0);
    const data = campaign(problem, f, 20);
    for (const { point } of data)
      expect(point['solvent'] !== 'water' && Number(point['temperature']) >= 80).toBe(false);
    expect(Math.max(...data.map(({ point }) => f(point)))).toBeGreaterThan(128);
  });

  it('that leave nothing are refused in a sentence', () => {
    const answer = suggest({ ...problem, forbidden: [{ temperature: {} }] }, [], [], { count: 1, seed: 1 });
    expect(answer).toMatchObject({ ok: false, failure: { code: 'space.infeasible' } });
  });

  it.each([
    [{ forbidden: [{ nothing: { min: 1 } }] }, 'A forbidden combination names no known parameter "nothing".'],
    [{ forbidden: [{}] }, 'A forbidden combination is empty.'],
    [{ forbidden: [{ solvent: { min: 1 } }] }, 'A forbidden combination gives a range for the category "solvent".'],
    [
      { cardinality: [{ parameters: ['temperature'], atMost: 1 }] },
      'A limit of cardinality holds "temperature", which cannot be zero.',
    ],
    [{ cardinality: [{ parameters: ['temperature'], atMost: -1 }] }, 'A limit of cardinality allows -1 parameters.'],
  ])('%j is refused in a sentence', (more, message) => {
    const answer = suggest({ ...problem, ...more }, [], [], { count: 1, seed: 1 });
    expect(answer).toMatchObject({ ok: false, failure: { message } });
  });
});

describe('limits of every kind together', () => {
  it('are kept by every suggestion', () => {
    const limits = fc.record({
      atMost: fc.integer({ min: 1, max: 4 }),
      low: fc.double({ min: 0.2, max: 0.8, noNaN: true }),
      cap: fc.double({ min: 0.5, max: 2, noNaN: true }),
    });
    fc.assert(
      fc.property(limits, ({ atMost, low, cap }) => {
        const problem: Problem = {
          ...problemOf(
            [...names.map(share), { name: 'kind', type: 'categorical', levels: ['x', 'y'] }],
            [{ terms: { a: 1, b: 1, c: 2 }, relation: '<=', bound: cap }],
          ),
          cardinality: [{ parameters: names, atMost }],
          forbidden: [{ kind: { in: ['y'] }, d: { min: low } }],
        };
        const start = ask(problem, [], 5);
        const data = start.map((point, i) => grade(point, () => Math.sin(7 * i)));
        for (const point of [...start, ...ask(problem, data, 2, 4)]) {
          expect(parts(point)).toBeLessThanOrEqual(atMost);
          expect(point['kind'] === 'y' && Number(point['d']) >= low).toBe(false);
          expect(leavesSpace(problem, point)).toBeUndefined();
        }
      }),
      { seed: 3, numRuns: 15 },
    );
  });
});
