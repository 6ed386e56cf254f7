import { describe, expect, it } from 'vitest';
import type { Datum, Parameter, Problem } from '../../../src/optimizer/problem.ts';
import { compileSpace, encode, modelPoint } from '../../../src/optimizer/space.ts';
import { align } from '../../../src/optimizer/warm/align.ts';
import { problemOf } from './fixtures.ts';

const parameters: Parameter[] = [
  { name: 'time', type: 'continuous', min: 1, max: 100, scale: 'log' },
  { name: 'heat', type: 'continuous', min: 20, max: 80 },
  { name: 'base', type: 'categorical', levels: ['P2Et', 'BTMG'], retired: ['KOtBu'] },
];
const problem: Problem = problemOf(parameters);
const datum = (point: Datum['point'], y = 1): Datum => ({ point, values: { y } });

describe('alignment of a source', () => {
  it('gives a shared parameter the coordinates of the present space', () => {
    const point = { time: 10, heat: 35, base: 'BTMG' };
    const { space, columns, rows, ignored } = align(problem, { name: 's', data: [datum(point)] });
    const present = compileSpace(problem);
    expect([...columns]).toEqual([0, 1, 2]);
    expect([...rows[0]!.model]).toEqual([...modelPoint(present, encode(present, point))]);
    expect(space.dimensions.map(({ name }) => name)).toEqual(['time', 'heat', 'base']);
    expect(ignored).toBe(0);
  });

  it('has the same model coordinates where a constraint holds a logarithmic parameter', () => {
    const bound = { ...problem, constraints: [{ terms: { time: 1 }, relation: '<=' as const, bound: 90 }] };
    const point = { time: 10, heat: 35, base: 'BTMG' };
    const present = compileSpace(bound);
    const { rows } = align(bound, { name: 's', data: [datum(point)] });
    rows[0]!.model.forEach((value, j) =>
      expect(value).toBeCloseTo(modelPoint(present, encode(present, point))[j]!, 12),
    );
  });

  it('follows new names of parameters, outcomes and levels', () => {
    const source = {
      ...{ name: 's', renames: { heat: 'temperature', y: 'yield' }, levels: { base: { barton: 'BTMG' } } },
      data: [
        { point: { time: 5, temperature: 50, base: 'barton' }, values: { yield: 7, other: 3 }, noise: { yield: 2 } },
      ],
    };
    const { rows } = align(problem, source);
    expect(rows[0]!.datum).toEqual({ point: { time: 5, heat: 50, base: 'BTMG' }, values: { y: 7 }, noise: { y: 2 } });
  });

  it('gives a parameter that the source held its value, and drops it where that is not known', () => {
    const data = [datum({ time: 5, base: 'P2Et' })];
    const held = align(problem, { name: 's', data, held: { heat: 65 } });
    expect(held.rows[0]!.datum.point).toEqual({ time: 5, heat: 65, base: 'P2Et' });
    const dropped = align(problem, { name: 's', data });
    expect([...dropped.columns]).toEqual([0, 2]);
    expect(dropped.rows[0]!.datum.point).toEqual({ time: 5, base: 'P2Et' });
  });

  it('keeps a parameter of the source that is held today as a column with that value', () => {
    const data = [1, 3].map((stir) => datum({ time: 5, heat: 30, base: 'P2Et', stir }));
    const { space, columns, fixed } = align(problem, { name: 's', data, held: { stir: 2 } });
    expect([...columns]).toEqual([0, 1, 2, -1]);
    expect(fixed[3]).toBeCloseTo(0.5, 12);
    expect(space.dimensions[3]!.name).toBe('stir');
    expect(align(problem, { name: 's', data }).columns).toHaveLength(3);
  });

  it('takes numbers outside of the bounds and unknown levels, but nothing that has no place', () => {
    const data = [
      datum({ time: 500, heat: 95, base: 'MTBD' }),
      datum({ time: 5, heat: 30, base: 'KOtBu' }),
      datum({ time: -5, heat: 30, base: 'P2Et' }),
      datum({ heat: 30, base: 'P2Et' }),
      { point: { time: 5, heat: 30, base: 'P2Et' }, failed: true as const },
    ];
    const { rows, ignored, space } = align(problem, { name: 's', data });
    expect(rows).toHaveLength(2);
    expect(ignored).toBe(3);
    const levels = rows.map(({ model }) => model[2]!).sort();
    expect(levels).toEqual([2, 3]);
    expect(space.tables[0]!.levels).toBe(4);
  });

  it('leaves out levels without descriptors where levels have some', () => {
    const described: Parameter = {
      name: 'base',
      type: 'categorical',
      levels: ['a', 'b'],
      descriptors: { a: [0], b: [1] },
    };
    const data = ['a', 'z'].map((base) => datum({ base }));
    expect(align(problemOf([described]), { name: 's', data }).ignored).toBe(1);
  });
});
