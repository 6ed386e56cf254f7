import { describe, expect, it } from 'vitest';
import { describeFailure } from '../../src/base/failure.ts';
import type { Datum, Parameter, Problem } from '../../src/optimizer/problem.ts';
import { suggest } from '../../src/optimizer/suggest.ts';

const x: Parameter = { name: 'x', type: 'continuous', min: 0, max: 1 };
const z: Parameter = { name: 'z', type: 'integer', min: 0, max: 3 };
const problem: Problem = { parameters: [x, z], constraints: [], objectives: [{ name: 'y', goal: 'maximize' }] };
const datum = (a: number, b: number, y: number): Datum => ({ point: { x: a, z: b }, values: { y } });
const options = { count: 1, seed: 1 };

describe('bad input gives one clear sentence', () => {
  const bad: [string, Problem, Datum[], RegExp][] = [
    ['no parameter', { ...problem, parameters: [] }, [], /^The search space has no parameter\. /],
    ['two names alike', { ...problem, parameters: [x, x] }, [], /two parameters called "x"/],
    ['bounds crossed', { ...problem, parameters: [{ ...x, min: 2 }] }, [], /"x" has min 2 above max 1/],
    ['infinite bound', { ...problem, parameters: [{ ...x, max: Infinity }] }, [], /"x" ranges from 0 to Infinity/],
    ['log from zero', { ...problem, parameters: [{ ...x, scale: 'log' }] }, [], /logarithmic scale but starts at 0/],
    ['no level', { ...problem, parameters: [{ name: 'k', type: 'categorical', levels: [] }] }, [], /"k" has no level/],
    [
      'descriptor missing',
      { ...problem, parameters: [{ name: 'k', type: 'categorical', levels: ['a', 'b'], descriptors: { a: [1] } }] },
      [],
      /no complete descriptor for level "b"/,
    ],
    ['no objective', { ...problem, objectives: [] }, [], /There is no objective/],
    ['target missing', { ...problem, objectives: [{ name: 'y', goal: 'target' }] }, [], /A target goes with/],
    [
      'unknown parameter in a constraint',
      { ...problem, constraints: [{ terms: { w: 1 }, relation: '<=', bound: 1 }] },
      [],
      /names no known parameter "w"/,
    ],
    [
      'empty set',
      { ...problem, constraints: [{ terms: { x: 1, z: 1 }, relation: '>=', bound: 9 }] },
      [],
      /No point satisfies 1 x \+ 1 z >= 9/,
    ],
    [
      'contradiction',
      {
        ...problem,
        constraints: [
          { terms: { x: 1, z: 1 }, relation: '>=', bound: 3 },
          { terms: { x: 1, z: 1 }, relation: '<=', bound: 2 },
        ],
      },
      [],
      /No point satisfies all constraints together/,
    ],
    ['NaN', problem, [datum(0.1, 1, NaN)], /Observation 1 has the value NaN for "y"/],
    ['NaN in a point', problem, [datum(NaN, 1, 2)], /Observation 1 has the value NaN for "x"/],
    ['missing parameter', problem, [{ point: { x: 1 }, values: { y: 1 } }], /has no value for "z"/],
    ['no value at all', problem, [{ point: { x: 1, z: 1 }, values: {} }], /has no value for any objective/],
    ['design outside', { ...problem, designs: [{ x: 2, z: 1 }] }, [], /Design 1 has the value 2 for "x"/],
    ['empty table', { ...problem, designs: [] }, [], /table of allowed designs is empty/],
  ];
  it.each(bad)('%s', (_, given, data, sentence) => {
    const result = suggest(given, data, [], options);
    expect(result.ok).toBe(false);
    if (!result.ok) {
      expect(describeFailure(result.failure)).toMatch(sentence);
      expect(result.failure.mend).toMatch(/\.$/);
    }
  });

  it('infeasible spaces have a code of their own', () => {
    const result = suggest(
      { ...problem, constraints: [{ terms: { x: 1 }, relation: '>=', bound: 2 }] },
      [],
      [],
      options,
    );
    expect(result).toMatchObject({ ok: false, failure: { code: 'space.infeasible' } });
    expect(suggest(problem, [], [], { ...options, count: 0 })).toMatchObject({ failure: { code: 'input.invalid' } });
  });
});

describe('hard input still gives a suggestion', () => {
  const many = (count: number): Parameter[] => Array.from({ length: count }, (_, j) => ({ ...x, name: `x${j}` }));
  const levels = Array.from({ length: 30 }, (_, i) => `l${i}`);
  const at = (count: number, value: number) =>
    Object.fromEntries(many(count).map(({ name }, j) => [name, (value * (j + 1)) % 1]));
  const hard: [string, Problem, Datum[]][] = [
    ['one observation', problem, [datum(0.1, 1, 3)]],
    ['all equal', problem, [datum(0.1, 1, 3), datum(0.5, 2, 3), datum(0.9, 0, 3)]],
    ['duplicates with different values', problem, [datum(0.1, 1, 3), datum(0.1, 1, 5), datum(0.1, 1, 4)]],
    ['constant column', problem, [datum(0.5, 1, 3), datum(0.5, 2, 5), datum(0.5, 0, 4)]],
    ['constant parameter', { ...problem, parameters: [{ ...x, max: 0 }, z] }, [datum(0, 1, 3), datum(0, 2, 4)]],
    ['huge and tiny values', problem, [datum(0.1, 1, 1e300), datum(0.5, 2, 1e-300), datum(0.7, 2, -1e200)]],
    ['outside the bounds', problem, [datum(-3, 9, 3), datum(0.5, 2, 5)]],
    ['one parameter', { ...problem, parameters: [x] }, [{ point: { x: 0.2 }, values: { y: 1 } }]],
    [
      '60 parameters',
      { ...problem, parameters: many(60) },
      [0.11, 0.37, 0.73].map((v): Datum => ({ point: at(60, v), values: { y: v } })),
    ],
    [
      '30 categories',
      { ...problem, parameters: [x, { name: 'k', type: 'categorical', levels }] },
      levels.slice(0, 9).map((k, i): Datum => ({ point: { x: (i * 0.37) % 1, k }, values: { y: i % 4 } })),
    ],
  ];
  it.each(hard)('%s', (_, given, data) => {
    const result = suggest(given, data, [], { count: 2, seed: 1, initial: 1 });
    expect(result).toMatchObject({ ok: true });
    if (!result.ok) return;
    expect(result.value.model.stage).toBe('model');
    for (const { predicted, acquisition } of result.value.suggestions) {
      expect(Number.isFinite(predicted!['y']!.mean)).toBe(true);
      expect(predicted!['y']!.sd).toBeGreaterThan(0);
      expect(Number.isFinite(acquisition)).toBe(true);
    }
  });
});
