import type { LabEvent } from '../../src/domain/event.ts';
import { judge, type Violation } from './oracle.ts';
import { Person } from './person.ts';
import { drawPlan, type Cuts, type FaultKind, type Plan } from './plan.ts';
import { Site } from './site.ts';
import type { Effect } from '../../simulators/effects.ts';

/** Lab time in which everything must have come to its end once nothing goes wrong any more. */
const patienceMs = 48 * 3_600_000;

export interface Outcome {
  readonly seed: number;
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  readonly hits: Readonly<Partial<Record<FaultKind, number>>>;
  readonly head: string;
  readonly events: readonly LabEvent[];
  readonly effects: readonly Effect[];
  readonly experiments: number;
  readonly completed: number;
  readonly doubts: number;
  readonly late: number;
  readonly end: string;
}

/** One seed, from an empty lab to the verdict. */
export function runSeed(seed: number, cuts: Cuts = {}): Outcome {
  const plan = drawPlan(seed, cuts);
  const site = new Site(plan);
  const person = new Person(site);
  const finished = () => site.ledger.campaign()?.status === 'finished';
  try {
    const crash = attempt(() => {
      site.misfortunes.begin();
      site.startController();
      const calm = site.clock.timeline.now() + plan.faultsEnd + 1;
      site.run(() => false, calm);
      let looked = 0;
      const settled = () => ++looked % 20 === 0 && finished() && site.controller !== undefined && quiet(site);
      site.run(settled, calm + patienceMs);
    });
    return verdict(site, person, crash);
  } finally {
    site.close();
  }
}

/** Nothing is at work any more, and nobody has been deposed without having noticed. */
const quiet = (site: Site): boolean =>
  site.watch.acts.every(({ endedAt, hangs }) => endedAt !== undefined || hangs) &&
  site.deposed.every(({ ended, engine }) => ended !== undefined || engine.status().brokerConnected === false);

function attempt(action: () => void): Violation[] {
  try {
    action();
    return [];
  } catch (error) {
    const { message, stack = '' } = error as Error;
    const where = stack.split('\n').slice(1, 4).join(' ').replaceAll(/\s+/g, ' ');
    return [{ rule: 'nothing crashes', sentence: `A process died of a defect: ${message.slice(0, 400)} ${where}` }];
  }
}

/** Turns of the loop that a controller may take for each event; 2.4 were the most in 150 seeds. */
const turnsPerEvent = 4;

/** A loop that wakes for nothing keeps a processor busy for as long as it waits. */
function restless(turns: number, events: number): Violation[] {
  if (turns <= turnsPerEvent * events) return [];
  const sentence = `The loop turned ${turns} times for ${events} events.`;
  return [{ rule: 'the controller sleeps while nothing happens', sentence }];
}

function verdict(site: Site, person: Person, crash: readonly Violation[]): Outcome {
  const { plan, effects, watch, world, ledger, meters, misfortunes, clock } = site;
  const events = [...ledger.events()];
  const problems = site.problems.map((sentence) => ({ rule: 'the site goes on', sentence }));
  const zombies = site.deposed
    .filter(({ ended }) => ended !== undefined && ended.code !== 'epoch.superseded' && ended.code !== 'ledger.full')
    .map(({ instance, ended }) => ({
      rule: 'a deposed controller stops itself',
      sentence: `${instance} ended as ${ended!.code}.`,
    }));
  const violations = [
    ...crash,
    ...restless(misfortunes.turns, events.length),
    ...problems,
    ...zombies,
    ...site.duties.neglected.map((sentence) => ({ rule: 'devices keep the contract', sentence })),
    ...judge({
      definition: plan.definition,
      events,
      effects,
      acts: watch.acts,
      answers: person.answers,
      stock: ledger.stock(),
      energy: ledger.energy(),
      experiments: ledger.experiments(),
      replay: ledger.replay(),
      meters,
      mentions: site.duties.mentions,
      wakings: site.wakings,
      now: clock.now(),
      drawn: (device, at) => world.drawn(device, at),
      accidents: world.accidents(),
    }),
  ];
  const experiments = ledger.experiments();
  return {
    seed: plan.seed,
    plan,
    violations,
    hits: misfortunes.hits,
    head: ledger.head(),
    events,
    effects,
    experiments: experiments.length,
    completed: experiments.filter(({ status }) => status === 'completed').length,
    doubts: events.filter(({ type }) => type === 'experiment.became_indeterminate').length,
    late: events.filter(({ type }) => type === 'experiment.late').length,
    end: ledger.campaign()?.outcome ?? 'open',
  };
}
