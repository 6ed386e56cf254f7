import { describe, expect, test } from 'vitest';
import { Campaign } from '../../src/domain/campaign.ts';
import { definitionOf, WholeLab } from './whole-lab.ts';

/** The campaign with a stop rule, run to its end on the virtual clock. */
function runWith(stop: Campaign['stop']): WholeLab {
  const lab = new WholeLab(
    definitionOf('colour-match', (definition) => {
      delete (definition.campaign.budget as { money?: number }).money;
      Object.assign(definition.campaign, { stop });
    }),
  );
  lab.startController();
  lab.run();
  expect(lab.failures).toEqual([]);
  return lab;
}

describe('a stop rule', () => {
  test('ends the campaign once the next batch promises too little, and says why', () => {
    const lab = runWith({ gain_below: 1e6 });
    expect(lab.ledger.campaign()).toMatchObject({ status: 'finished', outcome: 'stopped' });
    const [stopping] = lab.ledger.events({ type: 'campaign.stopping' });
    expect((stopping!.data as { reason: string }).reason).toMatch(
      /^the next batch is expected to gain .* less than 1000000$/,
    );
    const experiments = lab.ledger.experiments();
    expect(experiments.length).toBeGreaterThan(0);
    expect(experiments.length).toBeLessThan(24);
    expect(experiments.every(({ status }) => status === 'completed')).toBe(true);
  });

  test('ends it where the best is probably within the tolerance', () => {
    const lab = runWith({ regret_probability: { tolerance: 1e6, at_least: 0.9 } });
    const [stopping] = lab.ledger.events({ type: 'campaign.stopping' });
    expect((stopping!.data as { reason: string }).reason).toContain('with probability 1.00');
  });

  test('that is not met changes nothing, and the model is on record', () => {
    const lab = runWith({ gain_below: 1e-9 });
    expect(lab.ledger.experiments().length).toBe(24);
    const received = [...lab.ledger.events({ type: 'suggestions.received' })].at(-1)!;
    const { model } = received.data as { model: { outcomes: { coverage: number }[]; expectedGain: number } };
    expect(model.outcomes[0]!.coverage).toBeGreaterThan(0);
    expect(model.expectedGain).toBeGreaterThan(0);
  });
});
