import { describe, expect, it } from 'vitest';
import type { Datum, Parameter, Point, Problem } from '../../src/optimizer/problem.ts';
import { suggest } from '../../src/optimizer/suggest.ts';
import { leavesSpace, problemOf } from './spaces.ts';

const value = ({ x, kind }: Point) => -((Number(x) - 0.6) ** 2) + (kind === 'b' ? 0.2 : kind === 'c' ? 0.5 : 0);

const space = (min: number, max: number, levels: string[], retired?: string[]): Problem => {
  const kind: Parameter = { name: 'kind', type: 'categorical', levels, ...(retired === undefined ? {} : { retired }) };
  return problemOf([{ name: 'x', type: 'continuous', min, max }, kind]);
};

const before: Datum[] = [0, 0.2, 0.4, 0.6, 0.8, 1].flatMap((x) =>
  ['a', 'b', 'c'].map((kind) => ({ point: { x, kind }, values: { y: value({ x, kind }) } })),
);

/** What is asked for next under a changed problem, with all old data at hand. */
function next(problem: Problem, data: readonly Datum[] = before) {
  const answer = suggest(problem, data, [], { count: 3, seed: 1 });
  if (!answer.ok) expect.fail(answer.failure.message);
  for (const { point } of answer.value.suggestions) expect(leavesSpace(problem, point)).toBeUndefined();
  expect(answer.value.model.outcomes[0]!.observations).toBe(data.length);
  return answer.value.suggestions;
}

describe('a problem that changes while it runs', () => {
  it('never suggests a level that was retired, and goes on learning from it', () => {
    const [first] = next(space(0, 1, ['a', 'b'], ['c']));
    expect(first!.point['kind']).toBe('b');
    expect(Math.abs(Number(first!.point['x']) - 0.6)).toBeLessThan(0.1);
    expect(first!.predicted!['y']!.sd).toBeLessThan(0.1);
  });

  it('tries a level that was added', () => {
    const kinds = next(space(0, 1, ['a', 'b', 'c', 'd'])).map(({ point }) => point['kind']);
    expect(kinds).toContain('d');
  });

  it('refuses a level that is neither there nor retired', () => {
    const answer = suggest(space(0, 1, ['a', 'b']), before, [], { count: 1, seed: 1 });
    expect(answer).toMatchObject({ ok: false, failure: { code: 'input.invalid' } });
  });

  it('stays within narrowed bounds, the best known point outside them', () => {
    for (const { point } of next(space(0, 0.5, ['a', 'b', 'c']))) expect(Number(point['x'])).toBeLessThanOrEqual(0.5);
  });

  it('uses widened bounds where the trend leads there', () => {
    const rising = before.map(({ point }) => ({ point, values: { y: Number(point['x']) } }));
    expect(next(space(0, 2, ['a', 'b', 'c']), rising).some(({ point }) => Number(point['x']) > 1)).toBe(true);
  });

  it('follows a target that is changed', () => {
    const problem: Problem = {
      ...space(0, 1, ['a', 'b', 'c']),
      objectives: [{ name: 'y', goal: 'target', target: -0.16 }],
    };
    const [first] = next(problem);
    expect(Math.abs(value(first!.point) + 0.16)).toBeLessThan(0.1);
  });
});
