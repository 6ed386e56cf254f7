import { expect, test } from 'vitest';
import { unwrap } from '../../src/base/failure.ts';
import { answerStaged } from '../../src/engine/staging.ts';
import { twoStageRows, twoStages } from '../optimizer/stages/problems.ts';

test('a sample that is given up is recorded with what it had promised', () => {
  const options = { seed: 1, count: 1, initial: 0, places: 2 };
  const rows = twoStageRows(10, 4, 6).map((row, i) => ({ ...row, sample: `e-000${i}` }));
  const { drops = [], suggestions } = unwrap(answerStaged({ problem: twoStages(), rows, pending: [], options }));
  expect(drops.length).toBeGreaterThan(0);
  for (const { experiment, predicted, value, reason } of drops) {
    expect(rows.map(({ sample }) => sample)).toContain(experiment);
    expect(reason).toMatch(/^Promises|promises/);
    expect(value).toBeLessThanOrEqual(suggestions[0]!.value!);
    expect(Object.keys(predicted!)).toEqual([twoStages().objectives[0]!.name]);
  }
});
