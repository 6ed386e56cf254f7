import { describe, expect, it } from 'vitest';
import { explainModel } from '../../src/optimizer/explain-model.ts';
import type { Problem } from '../../src/optimizer/problem.ts';

const problem: Problem = {
  parameters: ['a', 'b', 'idle'].map((name) => ({ name, type: 'continuous', min: 0, max: 1 })),
  constraints: [],
  objectives: [{ name: 'y', goal: 'maximize' }],
};

/** Explains a function that is known on a grid of 5 x 5 x 3 points without noise. */
function explained(f: (a: number, b: number) => number) {
  const data = [0, 0.25, 0.5, 0.75, 1].flatMap((a) =>
    [0, 0.25, 0.5, 0.75, 1].flatMap((b) =>
      [0, 0.5, 1].map((idle) => ({ point: { a, b, idle }, values: { y: f(a, b) }, noise: { y: 0 } })),
    ),
  );
  const answer = explainModel(problem, data, [{ a: 0.5, b: 0.5, idle: 0.25 }], 1);
  if (!answer.ok) expect.fail(answer.failure.message);
  return answer.value;
}

describe('explaining a model', () => {
  it('shares the variance of a sum as its terms do', () => {
    const { a, b, idle } = explained((x, y) => 2 * x + y).outcomes[0]!.sobol;
    expect(a!.first).toBeCloseTo(0.8, 1);
    expect(a!.total).toBeCloseTo(0.8, 1);
    expect(b!.first).toBeCloseTo(0.2, 1);
    expect(idle!.total).toBeLessThan(0.01);
  });

  it('sees that a product of deviations is all interaction', () => {
    const { a, b } = explained((x, y) => (x - 0.5) * (y - 0.5)).outcomes[0]!.sobol;
    for (const index of [a!, b!]) {
      expect(index.first).toBeLessThan(0.1);
      expect(index.total).toBeGreaterThan(0.9);
    }
  });

  it('predicts at the points asked for, and says how far the nearest observation is', () => {
    const [view] = explained((x, y) => 2 * x + y).points;
    expect(view!.predicted['y']!.mean).toBeCloseTo(1.5, 2);
    expect(view!.distance).toBeCloseTo(0.25, 12);
  });

  it('says in a sentence that there is nothing to explain yet', () => {
    const answer = explainModel(problem, [], [], 1);
    expect(answer).toMatchObject({ ok: false, failure: { code: 'optimizer.failed' } });
  });
});
