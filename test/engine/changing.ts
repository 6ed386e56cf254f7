import { expect } from 'vitest';
import { decide, initialState, restoreState, type CoreState } from '../../src/control/core.ts';
import type { Campaign, Definition } from '../../src/domain/campaign.ts';
import type { CampaignChange } from '../../src/domain/change.ts';
import { problemOf } from '../../src/engine/advisor.ts';
import { leavesSpace } from '../optimizer/spaces.ts';
import { definitionOf, WholeLab } from './whole-lab.ts';

/** Campaigns that are changed while they run, and what must hold of them. */

export const quantity = (value: number) => ({ value, unit: 'uL', si: value * 1e-9 });

/** Three dyes, one of them in four doses, and a brand that only the campaign knows of. */
export const mixed = (change: (campaign: Campaign) => void = () => undefined): Definition =>
  definitionOf('colour-match', ({ campaign, protocol }) => {
    Object.assign(protocol.parameters, { brand: '' });
    Object.assign(campaign.space, {
      yellow: { type: 'ordinal', levels: [0, 20, 40, 60].map(quantity) },
      brand: { type: 'categorical', levels: ['acme', 'bolt'] },
    });
    Object.assign(campaign.budget, { experiments: 10, money: undefined });
    Object.assign(campaign.batch, { size: 2, initial: 4 });
    change(campaign);
  });

export function begun(change?: (campaign: Campaign) => void): WholeLab {
  const lab = new WholeLab(mixed(change));
  lab.startController();
  return lab;
}

export const order = (lab: WholeLab, change: CampaignChange) => lab.engine.order({ op: 'change', change }, 'ann');
export const statuses = (lab: WholeLab) => lab.ledger.experiments().map(({ status }) => status);

/** The state without what the machines' library keeps beside it. */
const plain = ({ definition, campaign, experiments, devices, commands, durations, uses }: CoreState): unknown => {
  const bare = ({ value, context }: { value: unknown; context: unknown }) => ({ value, context });
  const all = [experiments, devices, commands].map((map) => [...map].map(([id, entity]) => [id, bare(entity)]).sort());
  const learned = [[...durations].sort(), [...uses].sort()];
  return JSON.parse(JSON.stringify({ definition, campaign: bare(campaign), all, learned }));
};

/** What must hold at any moment: the log alone tells the state, and so do the snapshots. */
export function expectRebuilt(lab: WholeLab): void {
  const folded = [...lab.ledger.events()].reduce((state, event) => decide(state, event).state, initialState());
  const restored = restoreState(lab.ledger.definition(), lab.ledger.snapshots());
  expect(plain(folded)).toEqual(plain(lab.engine.state));
  expect(plain(restored)).toEqual(plain(lab.engine.state));
}

/** Everything that was suggested lies in the space of its time, and the model has seen all that was measured by then. */
function expectInSpace(lab: WholeLab): void {
  let campaign = lab.definition.campaign;
  let completed = 0;
  let asked = 0;
  for (const event of lab.ledger.events()) {
    if (event.type === 'campaign.changed') campaign = event.data.campaign;
    if (event.type === 'experiment.completed') completed += 1;
    if (event.type === 'suggestions.requested') asked = completed;
    if (event.type === 'suggestions.received' && event.data.model !== undefined)
      expect(event.data.model.outcomes[0]!.observations).toBeGreaterThanOrEqual(asked);
    if (event.type === 'experiment.suggested')
      expect(leavesSpace(problemOf(campaign), event.data.suggestion.point)).toBeUndefined();
  }
}

/** What must hold at the end, whatever was changed and whoever has died. */
export function expectEnded(lab: WholeLab): void {
  expect(lab.failures).toEqual([]);
  expect(lab.finished).toBe(true);
  expect(lab.world.accidents()).toEqual([]);
  expect(lab.ledger.replay().differences).toEqual([]);
  expectInSpace(lab);
  expectRebuilt(lab);
}

export const narrower: CampaignChange = {
  space: {
    red: { min: '0.04 mL', max: '80 uL' },
    yellow: { levels: ['20 uL', '40 uL', '50 uL'] },
    brand: { levels: ['bolt', 'cask'] },
  },
  batch: { size: 3 },
};
