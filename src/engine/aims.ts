import { aimsOf, type Definition, type PlanAim } from '../domain/campaign.ts';
import { ratesWithin } from '../domain/tariff.ts';
import type { Objective, Rate, SchedulingProblem, Weights } from '../scheduling/model.ts';
import { soonest } from '../scheduling/objective.ts';
import { horizonMs, weekMs } from './opening-hours.ts';

const hourMs = 3_600_000;

const termOf = {
  makespan: 'makespan',
  completion: 'completion',
  waiting: 'waiting',
  lateness: 'lateness',
  energy_cost: 'energy',
  energy_co2e: 'energy',
} as const satisfies Record<PlanAim, keyof Weights>;

/** What plans are to serve, as the campaign says, in the scheduler's words. */
export class Aims {
  readonly #lab: Definition['lab'];
  readonly #objective: Objective | undefined;
  /** What energy is counted in; undefined where it does not count. */
  readonly #counts: 'price' | 'carbon' | undefined;
  #week = NaN;
  #rates: readonly Rate[] = [];

  constructor({ campaign, lab }: Definition) {
    this.#lab = lab;
    this.#objective = objectiveOf(campaign.schedule);
    const aims = aimsOf(campaign.schedule);
    this.#counts = aims.includes('energy_cost') ? 'price' : aims.includes('energy_co2e') ? 'carbon' : undefined;
  }

  /** Nothing where the campaign says nothing of it. Hangs on the week of `now` (lab ms) alone. */
  of(now: number): Pick<SchedulingProblem, 'objective' | 'rates'> {
    if (this.#objective === undefined) return {};
    if (this.#counts === undefined) return { objective: this.#objective };
    const week = Math.floor(now / weekMs);
    if (week !== this.#week) this.#rates = ratesFrom(this.#lab, week * weekMs, this.#counts);
    this.#week = week;
    return { objective: this.#objective, rates: this.#rates };
  }
}

type Schedule = Definition['campaign']['schedule'];

/** Where something is due and nothing else is said, lateness counts most. What usually counts decides in the end. */
function objectiveOf(schedule: Schedule): Objective | undefined {
  if (schedule === undefined) return undefined;
  const { minimize = ['lateness'] } = schedule;
  if (Array.isArray(minimize)) return [...minimize.map((aim): Weights => ({ [termOf[aim]]: 1 })), ...soonest];
  const weights = Object.entries(minimize).map(([aim, weight = 0]) => {
    const term = termOf[aim as PlanAim];
    return [term, term === 'energy' ? weight : weight / hourMs];
  });
  return [Object.fromEntries(weights) as Weights, ...soonest];
}

function ratesFrom(lab: Definition['lab'], from: number, of: 'price' | 'carbon'): Rate[] {
  const rates = ratesWithin(lab, { from, to: from + weekMs + horizonMs });
  return rates.flatMap((rate, i) => (rate[of] === rates[i - 1]?.[of] ? [] : [{ from: rate.from, perJoule: rate[of] }]));
}
