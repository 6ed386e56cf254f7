import { failure, type Failure } from '../base/failure.ts';
import { aimsOf } from './campaign.ts';
import type { Loaded } from './load.ts';

/** Whether plans can be judged by what the campaign wants them to serve. */
export function checkSchedule({ definition: { campaign, lab }, locate }: Loaded): Failure[] {
  const aims = aimsOf(campaign.schedule);
  const refuse = (sentence: string, mend: string) =>
    failure('input.invalid', sentence, { where: locate.campaign(['schedule', 'minimize']), mend });
  const energies = aims.filter((aim) => aim === 'energy_cost' || aim === 'energy_co2e');
  const twice = aims.find((aim, i) => aims.indexOf(aim) !== i);
  return [
    ...(twice === undefined ? [] : [refuse(`"${twice}" is to be minimized twice.`, 'Leave one out.')]),
    ...(aims.includes('lateness') && campaign.schedule?.due === undefined
      ? [
          refuse(
            '"lateness" is to be minimized, but no experiment is ever late.',
            'Say when they are due: "due: 48 h".',
          ),
        ]
      : []),
    ...(energies.length > 0 && lab.tariff === undefined
      ? [
          refuse(
            `"${energies[0]}" is to be minimized, but the lab has no tariff.`,
            'Give the lab one, or leave it out.',
          ),
        ]
      : []),
    ...(new Set(energies).size > 1
      ? [refuse('Plans can save the cost of energy or its emissions, not both.', 'Keep the one that matters more.')]
      : []),
  ];
}
