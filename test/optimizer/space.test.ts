import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { project, violation } from '../../src/optimizer/polytope.ts';
import type { Parameter } from '../../src/optimizer/problem.ts';
import { samplePoints } from '../../src/optimizer/sample.ts';
import { compileSpace, decode, encode, warpSlope, warped } from '../../src/optimizer/space.ts';
import { leavesSpace, problemOf, spaces } from './spaces.ts';

const every: Parameter[] = [
  { name: 'linear', type: 'continuous', min: -3, max: 7 },
  { name: 'log', type: 'continuous', min: 1e-4, max: 10, scale: 'log' },
  { name: 'count', type: 'integer', min: 2, max: 9 },
  { name: 'level', type: 'ordinal', levels: [10, 0.1, 1] },
  { name: 'kind', type: 'categorical', levels: ['a', 'b', 'c'] },
];

describe('the search space', () => {
  it('decodes what it encodes', () => {
    const space = compileSpace(problemOf(every));
    for (const x of samplePoints(space, 50, stream(1, 'test/space'))) {
      const back = encode(space, decode(space, x));
      x.forEach((value, j) => expect(Math.abs(value - back[j]!)).toBeLessThan(1e-12));
    }
  });

  it('covers every level of a discrete parameter evenly', () => {
    const space = compileSpace(problemOf(every));
    const points = samplePoints(space, 96, stream(1, 'test/space')).map((x) => decode(space, x));
    for (const level of [0.1, 1, 10]) {
      const count = points.filter((point) => point['level'] === level).length;
      expect(count).toBeGreaterThan(28);
      expect(count).toBeLessThan(36);
    }
  });

  it('warps a constrained logarithmic parameter for the model only', () => {
    const space = compileSpace(problemOf(every, [{ terms: { log: 1 }, relation: '<=', bound: 5 }]));
    const { warp } = space.dimensions[1]!;
    expect(warped(encode(space, { linear: 0, log: 1e-4, count: 2, level: 1, kind: 'a' })[1]!, warp)).toBe(0);
    expect(warped(1, warp)).toBeCloseTo(1, 12);
    const slope = (warped(0.3 + 1e-7, warp) - warped(0.3 - 1e-7, warp)) / 2e-7;
    expect(Math.abs(slope / warpSlope(0.3, warp) - 1)).toBeLessThan(1e-6);
  });

  it('measures categories by their descriptors, and by being different', () => {
    const descriptors = { a: [0, 5], b: [1, 5], c: [4, 5] };
    const { tables } = compileSpace(
      problemOf([{ name: 'k', type: 'categorical', levels: ['a', 'b', 'c'], descriptors }]),
    );
    const [near, far] = [tables[0]!.distances[1]!, tables[0]!.distances[2]!];
    expect(far / near).toBeCloseTo(16, 9);
    expect([...tables[1]!.distances]).toEqual([0, 1, 1, 1, 0, 1, 1, 1, 0]);
  });
});

describe('projection', () => {
  it('is the nearest point of a mixture: no step along the simplex comes nearer', () => {
    const space = compileSpace(
      problemOf(
        ['a', 'b', 'c', 'd'].map((name): Parameter => ({ name, type: 'continuous', min: 0, max: 1 })),
        [{ terms: { a: 1, b: 1, c: 1, d: 1 }, relation: '=', bound: 1 }],
      ),
    );
    const random = stream(8, 'test/project');
    for (let trial = 0; trial < 50; trial++) {
      const from = Float64Array.from({ length: 4 }, () => 2 * random.normal());
      const x = Float64Array.from(from);
      expect(project(x, space.constraints, [0, 1, 2, 3])).toBe(true);
      expect(violation(x, space.constraints[0]!)).toBeLessThan(1e-12);
      // Variational inequality of a projection: (from - x) . (y - x) <= 0 for every y of the set.
      for (const y of samplePoints(space, 10, random)) {
        expect(y.reduce((sum, value, j) => sum + (from[j]! - x[j]!) * (value - x[j]!), 0)).toBeLessThan(1e-9);
      }
    }
  });
});

describe('samples', () => {
  it('never leave the space, whatever its parameters and constraints', () => {
    fc.assert(
      fc.property(spaces, (problem) => {
        const space = compileSpace(problem);
        const points = samplePoints(space, 12, stream(1, 'test/samples'));
        expect(points.length).toBeGreaterThan(0);
        for (const x of points) expect(leavesSpace(problem, decode(space, x))).toBeUndefined();
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('spread over a mixture rather than sit in its corners', () => {
    const space = compileSpace(
      problemOf(
        ['a', 'b', 'c'].map((name): Parameter => ({ name, type: 'continuous', min: 0, max: 1 })),
        [{ terms: { a: 1, b: 1, c: 1 }, relation: '=', bound: 1 }],
      ),
    );
    const points = samplePoints(space, 400, stream(1, 'test/samples'));
    for (const j of [0, 1, 2]) {
      const mean = points.reduce((sum, x) => sum + x[j]!, 0) / points.length;
      const share = points.filter((x) => x[j]! > 0.5).length / points.length;
      expect(Math.abs(mean - 1 / 3)).toBeLessThan(0.04);
      expect(Math.abs(share - 1 / 4)).toBeLessThan(0.07);
    }
  });

  it('solve a mixture of whole numbers', () => {
    const parameters = ['a', 'b', 'c', 'd'].map((name): Parameter => ({ name, type: 'integer', min: 0, max: 20 }));
    const problem = problemOf(parameters, [{ terms: { a: 1, b: 1, c: 1, d: 1 }, relation: '=', bound: 20 }]);
    const space = compileSpace(problem);
    const points = samplePoints(space, 100, stream(1, 'test/samples')).map((x) => decode(space, x));
    expect(points).toHaveLength(100);
    for (const point of points) expect(leavesSpace(problem, point)).toBeUndefined();
    expect(new Set(points.map((point) => JSON.stringify(point))).size).toBeGreaterThan(80);
  });
});
