import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeFailure } from '../../src/base/failure.ts';
import type { Campaign } from '../../src/domain/campaign.ts';
import { CampaignChange, changeCampaign, describeChange } from '../../src/domain/change.ts';
import { loadDefinition } from '../../src/domain/load.ts';

const loaded = loadDefinition(join(import.meta.dirname, '../../protocols/snar-flow/campaign.yaml'), (path) =>
  readFileSync(path, 'utf8'),
);
if (!loaded.ok) throw new Error(loaded.failures.map(describeFailure).join());
const snar = loaded.value.definition.campaign;

function changed(change: unknown, campaign: Campaign = snar): Campaign {
  const answer = changeCampaign(campaign, CampaignChange.parse(change));
  if (!answer.ok) expect.fail(describeFailure(answer.failure));
  return answer.value;
}

test('new bounds come into the unit of the old ones, which earlier values are in', () => {
  const { space } = changed({ space: { temperature: { min: '313.15 K' }, residence_time: { max: '90 s' } } });
  expect(space['temperature']).toMatchObject({ min: { value: 40, unit: 'degC', si: 313.15 }, max: { value: 120 } });
  expect(space['residence_time']).toMatchObject({ max: { value: 1.5, unit: 'min', si: 90 }, scale: 'log' });
});

test('what is not named stays, null takes a limit away', () => {
  const { objectives, budget, batch, stop, ...rest } = changed({
    objectives: [{ name: 'sty', weight: 3, reference: null }],
    budget: { time: null, energy: '1 kWh', materials: { dfnb: null, ethanol: '1 L' } },
    batch: { initial: null, size: 2 },
    stop: { gain_below: 10 },
  });
  const [sty, factor] = snar.objectives;
  const { reference: _, ...bare } = sty!;
  expect(objectives).toEqual([{ ...bare, weight: 3 }, factor]);
  expect(budget).toEqual({
    experiments: 30,
    energy: 3.6e6,
    materials: { ethanol: { value: 1, unit: 'L', si: expect.closeTo(1e-3, 12) } },
  });
  expect(batch).toEqual({ size: 2, mode: 'together' });
  expect(stop).toEqual({ gain_below: 10 });
  const { objectives: o, budget: b, batch: a, ...before } = snar;
  expect(rest).toEqual(before);
  expect(changed({ stop: null }, { ...snar, stop: { gain_below: 1 } })).toEqual(snar);
});

test('levels that are left out are retired, and may come back', () => {
  const solvent = { type: 'categorical' as const, levels: ['a', 'b'], descriptors: { a: [1], b: [2] } };
  const before: Campaign = { ...snar, space: { ...snar.space, solvent } };
  const less = changed({ space: { solvent: { levels: ['a', 'c'], descriptors: { c: [3] } } } }, before);
  const descriptors = { a: [1], b: [2], c: [3] };
  expect(less.space['solvent']).toEqual({ ...solvent, levels: ['a', 'c'], retired: ['b'], descriptors });
  const again = changed({ space: { solvent: { type: 'categorical', levels: ['b', 'a', 'c'] } } }, less);
  expect(again.space['solvent']).toEqual({ ...solvent, levels: ['b', 'a', 'c'], descriptors });
});

test.each([
  [{ space: { temperature: { min: 'warm' } } }, /"warm" is not a quantity/],
  [{ budget: { time: '-1 h' } }, /"-1 h" must be more than zero/],
  [{ budget: { money: '3 kg' } }, /an amount of money is needed here/],
  [{ objectives: [{ name: 'sty', weight: 0 }] }, /./],
  [{ campaign: 'another' }, /Unrecognized key/],
])('%j is no change', (change, sentence) => {
  expect(
    CampaignChange.safeParse(change)
      .error?.issues.map(({ message }) => message)
      .join(),
  ).toMatch(sentence);
});

test('a change read from the log is the same change', () => {
  const change = { space: { temperature: { min: '40 degC' } }, budget: { time: '2 h', money: null }, stop: null };
  expect(CampaignChange.parse(CampaignChange.parse(change))).toEqual(change);
});

test('a change is told in one line', () => {
  expect(
    describeChange(
      CampaignChange.parse({
        space: { temperature: { min: '40 degC', max: '95 degC' }, solvent: { levels: ['a', 'b'] } },
        objectives: [{ name: 'sty', weight: 2, stop_at: null }],
        batch: { size: 8 },
        budget: { experiments: 40 },
        stop: { gain_below: 0.5 },
      }),
    ),
  ).toBe(
    'temperature min 40 degC, temperature max 95 degC, solvent levels a | b, sty weight 2, sty stop at none, ' +
      'batch size 8, budget experiments 40, stop gain below 0.5',
  );
});
