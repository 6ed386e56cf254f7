import { expect, test } from 'vitest';
import type { Campaign } from '../../src/domain/campaign.ts';
import { changeCampaign } from '../../src/domain/change.ts';
import { optionsOf, problemOf } from '../../src/engine/advisor.ts';
import { definitionOf } from './whole-lab.ts';

const definition = definitionOf('snar-flow');
const { campaign: snar } = definition;
const asked = (campaign: Campaign) => optionsOf({ ...definition, campaign }, 4);

test('unequal weights reach the optimizer, and join the objectives where the hypervolume cannot see them', () => {
  const weighed = (weight: number) => {
    const objectives = ['sty', 'e_factor'].map((name) => ({ name, weight: name === 'sty' ? weight : 2 }));
    const changed = changeCampaign(snar, { objectives });
    if (!changed.ok) expect.fail(changed.failure.message);
    return changed.value;
  };
  expect(problemOf(weighed(3)).objectives).toMatchObject([{ weight: 3 }, { weight: 2 }]);
  expect(asked(weighed(3))).toEqual({ count: 4, seed: 1, initial: 8, scalarize: true });
  expect(asked(weighed(2))).not.toHaveProperty('scalarize');
  expect(asked(snar)).not.toHaveProperty('scalarize');
});

test('retired levels reach the optimizer', () => {
  const solvent = { type: 'categorical' as const, levels: ['a'], retired: ['b'], descriptors: { a: [1], b: [2] } };
  expect(problemOf({ ...snar, space: { solvent } }).parameters).toEqual([{ name: 'solvent', ...solvent }]);
});
