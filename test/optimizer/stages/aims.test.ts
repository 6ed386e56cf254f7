import { expect, test } from 'vitest';
import { unwrap } from '../../../src/base/failure.ts';
import { decide } from '../../../src/optimizer/stages/decide.ts';
import { recommend } from '../../../src/optimizer/stages/recommend.ts';
import type { StagedProblem, StagedRow } from '../../../src/optimizer/stages/staged.ts';

/** Both wishes are granted between x = 0.6 and x = sqrt(0.4) = 0.632 only; each of them alone at an end of the space. */
const aimed: StagedProblem = {
  stages: [
    {
      id: 'make',
      space: { parameters: [{ name: 'x', type: 'continuous', min: 0, max: 1 }], constraints: [] },
      outputs: [{ name: 'clear' }, { name: 'rough' }],
      after: [],
      cost: { base: 1 },
    },
  ],
  objectives: [
    { name: 'clear', goal: 'maximize', aim: 0.6 },
    { name: 'rough', goal: 'minimize', aim: 0.4 },
  ],
};
const made = (x: number, i: number): StagedRow => ({
  sample: `s${i}`,
  stages: { make: { parameters: { x }, outputs: { clear: x, rough: x * x } } },
});
const rows = [0.02, 0.21, 0.45, 0.55, 0.7, 0.88, 0.97].map(made);

test('the recommended design is near all aims at once', () => {
  const { parameters } = unwrap(recommend(aimed, rows, { seed: 3 }));
  expect(parameters['make']!['x']).toBeGreaterThan(0.55);
  expect(parameters['make']!['x']).toBeLessThan(0.68);
});

test('a few decisions reach all aims, whatever the seed', () => {
  for (let seed = 0; seed < 8; seed++) {
    const known = [...rows];
    const reached = () =>
      known.some(({ stages }) => stages['make']!.outputs['clear']! >= 0.6 && stages['make']!.outputs['rough']! <= 0.4);
    for (let i = 0; i < 6 && !reached(); i++) {
      const { decisions } = unwrap(decide(aimed, known, [], { seed, count: 1, initial: 0 }));
      known.push(made(Number(decisions[0]!.parameters['x']), known.length));
    }
    expect(reached(), `seed ${seed}`).toBe(true);
  }
});

test('a target is aimed at within a distance', () => {
  const objectives = [aimed.objectives[0]!, { name: 'rough', goal: 'target', target: 0.5, aim: 0.02 }] as const;
  const { parameters } = unwrap(recommend({ ...aimed, objectives }, rows, { seed: 3 }));
  expect(parameters['make']!['x']).toBeCloseTo(Math.sqrt(0.5), 1);
});
