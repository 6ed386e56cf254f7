import { describe, expect, test } from 'vitest';
import { definitionOf, WholeLab } from './whole-lab.ts';

describe('a campaign on the virtual clock', () => {
  test('colour-match runs to its end', () => {
    const lab = new WholeLab(
      definitionOf('colour-match', (d) => {
        delete (d.campaign.budget as any).money;
      }),
    );
    lab.startController();
    lab.run();
    expect(lab.failures).toEqual([]);
    expect(lab.finished).toBe(true);
    const experiments = lab.ledger.experiments();
    expect(experiments.map(({ status }) => status)).toEqual(experiments.map(() => 'completed'));
    expect(experiments.length).toBe(24);
  });
});
