import fc from 'fast-check';
import { stream } from '../../src/base/random.ts';
import type { LinearConstraint, Parameter, Problem } from '../../src/optimizer/problem.ts';
import { samplePoints } from '../../src/optimizer/sample.ts';
import { compileSpace, decode } from '../../src/optimizer/space.ts';

export const problemOf = (parameters: Parameter[], constraints: LinearConstraint[] = []): Problem => ({
  parameters,
  constraints,
  objectives: [{ name: 'y', goal: 'maximize' }],
});

const numberParameter = (j: number): fc.Arbitrary<Parameter> =>
  fc.oneof(
    fc
      .record({ min: fc.integer({ min: -5, max: 5 }), range: fc.integer({ min: 1, max: 9 }) })
      .map(({ min, range }): Parameter => ({ name: `p${j}`, type: 'continuous', min, max: min + range })),
    fc.constant<Parameter>({ name: `p${j}`, type: 'continuous', min: 0.01, max: 10, scale: 'log' }),
    fc.integer({ min: 1, max: 6 }).map((n): Parameter => ({ name: `p${j}`, type: 'integer', min: 0, max: n })),
    fc.constant<Parameter>({ name: `p${j}`, type: 'ordinal', levels: [0, 0.5, 2, 3] }),
  );

/** Spaces with constraints that a random inner point satisfies, so that they are never empty. */
export const spaces = fc
  .integer({ min: 1, max: 6 })
  .chain((d) =>
    fc.record({
      parameters: fc.tuple(...Array.from({ length: d }, (_, j) => numberParameter(j))),
      category: fc.boolean(),
      constraints: fc.array(
        fc.record({
          coefficients: fc.array(fc.integer({ min: -2, max: 2 }), { minLength: d, maxLength: d }),
          relation: fc.constantFrom('<=' as const, '>=' as const, '=' as const),
          slack: fc.integer({ min: 0, max: 3 }),
        }),
        { maxLength: 2 },
      ),
      seed: fc.integer({ min: 0, max: 1000 }),
    }),
  )
  .map(({ parameters, category, constraints, seed }) => {
    const numbers = parameters as Parameter[];
    const kind: Parameter = { name: 'kind', type: 'categorical', levels: ['x', 'y', 'z'] };
    const all = category ? [...numbers, kind] : numbers;
    const random = stream(seed, 'test/spaces');
    const free = compileSpace(problemOf(all));
    const inner = decode(free, samplePoints(free, 1, random)[0]!);
    return problemOf(
      all,
      constraints.map(({ coefficients, relation, slack }) => {
        const terms = Object.fromEntries(numbers.map(({ name }, j) => [name, coefficients[j]!]));
        const value = numbers.reduce((sum, { name }, j) => sum + coefficients[j]! * Number(inner[name]), 0);
        const shift = relation === '=' ? 0 : relation === '<=' ? slack : -slack;
        return { terms, relation, bound: value + shift };
      }),
    );
  });

/** Says where a point leaves the space; undefined where it does not. Written apart from the code under test. */
export function leavesSpace(problem: Problem, point: Readonly<Record<string, number | string>>): string | undefined {
  for (const parameter of problem.parameters) {
    const value = point[parameter.name]!;
    if (parameter.type === 'categorical' && !parameter.levels.includes(String(value))) return parameter.name;
    if (parameter.type === 'ordinal' && !parameter.levels.includes(Number(value))) return parameter.name;
    if (parameter.type === 'integer' && !Number.isInteger(value)) return parameter.name;
    if ('min' in parameter && !(Number(value) >= parameter.min && Number(value) <= parameter.max))
      return parameter.name;
  }
  for (const { terms, relation, bound } of problem.constraints) {
    let excess = -bound;
    let size = Math.abs(bound);
    for (const [name, coefficient] of Object.entries(terms)) {
      excess += coefficient * Number(point[name]);
      size += Math.abs(coefficient * Number(point[name]));
    }
    const slack = 1e-8 * Math.max(1, size);
    if (relation !== '>=' && excess > slack) return `${JSON.stringify(terms)} ${relation} ${bound}`;
    if (relation !== '<=' && excess < -slack) return `${JSON.stringify(terms)} ${relation} ${bound}`;
  }
  return undefined;
}
