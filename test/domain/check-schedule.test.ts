import { expect, test } from 'vitest';
import { check as found } from './checked.ts';

/** What is found in the colour campaign after it has been told what plans are to serve. */
const check = (schedule: string, lab: (lab: string) => string = (text) => text): string[] =>
  found('colour-match', { lab, campaign: (campaign) => `${campaign}schedule: ${schedule}\n` });

test.each([
  '{ due: 24 h }',
  '{ minimize: [energy_cost] }',
  '{ due: 24 h, minimize: [lateness, energy_co2e, waiting] }',
  '{ due: 24 h, minimize: { lateness: 5, makespan: 1, energy_cost: 0.5 } }',
])('plans may serve %s', (schedule) => expect(check(schedule)).toEqual([]));

const withoutTariff = (lab: string) => lab.replace(/^tariff:\n( {2}.*\n)+/m, '');

test.each([
  ['{}', /needs "due", "minimize" or both\./],
  ['{ minimize: [speed] }', /^campaign\.yaml:\d+: .*makespan/],
  ['{ minimize: [] }', /^campaign\.yaml:\d+: /],
  ['{ minimize: { makespan: 0 } }', /^campaign\.yaml:\d+: /],
  ['{ minimize: {} }', /^campaign\.yaml:\d+: .* needs at least one weight\.$/],
  ['{ due: 24 L }', /^campaign\.yaml:\d+: /],
  ['{ minimize: [makespan, waiting, makespan] }', /: "makespan" is to be minimized twice\. Leave one out\.$/],
  [
    '{ minimize: [lateness] }',
    /: "lateness" is to be minimized, but no experiment is ever late\. Say when they are due: "due: 48 h"\.$/,
  ],
  [
    '{ minimize: [energy_cost, energy_co2e] }',
    /: Plans can save the cost of energy or its emissions, not both\. Keep the one that matters more\.$/,
  ],
])('plans cannot serve %s', (schedule, sentence) => expect(check(schedule).join('\n')).toMatch(sentence));

test('what costs nothing cannot be saved', () => {
  expect(check('{ minimize: [energy_cost] }', withoutTariff)).toEqual([
    expect.stringMatching(/^campaign\.yaml:\d+: "energy_cost" is to be minimized, but the lab has no tariff\. Give/),
  ]);
});
