import { timerId, type Effect } from '../domain/effect.ts';
import type { Drop, EventOf, ModelRecord, NewEvent } from '../domain/event.ts';
import { ExperimentId } from '../domain/ids.ts';
import { campaignMachine, type CampaignContext, type CampaignEvent } from './campaign.ts';
import type { Behaviour } from './run-machine.ts';

/** What the campaign machine's actions ask for. */

const record = (event: NewEvent): Effect => ({ do: 'record', event });
const stopping = (reason: string): Effect => record({ type: 'campaign.stopping', data: { by: 'controller', reason } });

const dropping = (data: Drop): Effect => record({ type: 'experiment.dropped', data });

/** New experiments that the budget still allows. */
export const startsLeft = ({ limits, suggested }: CampaignContext): number =>
  Math.max(0, limits.experiments - suggested);

/** How many suggestions to ask for now: for new experiments, or for held ones that go on. */
function wanted(context: CampaignContext): number {
  const { limits, asking, open, doubtful, held = [] } = context;
  if (asking > 0) return 0;
  const active = open - doubtful - held.length;
  const room = limits.rolling ? limits.batch - active : active === 0 ? limits.batch : 0;
  return Math.max(0, Math.min(startsLeft(context) + held.length, room));
}

/** Lab ms until the optimizer is asked; 0 where nothing is waited for. */
export const gathersFor = ({ limits: { gatherMs = 0 }, gatheringSince }: CampaignContext, now: number): number =>
  gatheringSince === undefined ? 0 : Math.max(0, gatheringSince + gatherMs - now);

/** Whether every objective that names a `stop_at` has reached it in one experiment. */
export function goalReached({ goals }: CampaignContext, values: Readonly<Record<string, number>>): boolean {
  if (goals.length === 0) return false;
  return goals.every(({ name, goal, target, stopAt }) => {
    const value = values[name];
    if (value === undefined) return false;
    if (goal === 'target') return Math.abs(value - target!) <= stopAt;
    return goal === 'maximize' ? value >= stopAt : value <= stopAt;
  });
}

/** Why a stop rule ends the campaign before the suggestions are tried; undefined while there is enough to gain. */
function enough({ stop }: CampaignContext, { expectedGain, regret }: ModelRecord): string | undefined {
  if (stop?.gain_below !== undefined && expectedGain !== undefined && expectedGain < stop.gain_below)
    return `the next batch is expected to gain ${Number(expectedGain.toPrecision(3))}, less than ${stop.gain_below}`;
  const rule = stop?.regret_probability;
  if (rule === undefined || regret?.tolerance !== rule.tolerance || (regret.probability ?? 0) < rule.at_least)
    return undefined;
  return `the best is within ${rule.tolerance} of what is possible, with probability ${regret.probability!.toFixed(2)}`;
}

const experimentIdOf = (number: number): ExperimentId => ExperimentId.parse(`e-${String(number).padStart(4, '0')}`);

type Outcome = EventOf<'campaign.finished'>['data']['outcome'];

const finish =
  (outcome: Outcome) =>
  ({ campaign, reason, limits }: CampaignContext): Effect[] => [
    { do: 'clear_timer', id: timerId('time_budget', campaign) },
    ...(limits.gatherMs === undefined ? [] : [{ do: 'clear_timer', id: timerId('gather', campaign) } as const]),
    record({
      type: 'campaign.finished',
      data: { outcome, reason: outcome === 'completed' ? 'all experiments are done' : reason },
    }),
  ];

/** Reasons to end although experiments are left. */
function judge(context: CampaignContext, event: CampaignEvent): Effect[] {
  if (event.type === 'experiment.completed' && goalReached(context, event.data.objectives))
    return [stopping('the goal is reached')];
  if (event.type === 'experiment.failed' && context.failedInRow >= context.limits.failuresInRow)
    return [stopping(`${context.failedInRow} experiments in a row have failed`)];
  return [];
}

/** The next question to the optimizer; undefined while nothing is wanted of it. */
export function questionOf(context: CampaignContext): NewEvent | undefined {
  const count = wanted(context);
  return count === 0 ? undefined : { type: 'suggestions.requested', data: { ask: context.ask + 1, count } };
}

function asking(context: CampaignContext): Effect[] {
  const question = questionOf(context);
  return question === undefined ? [] : [record(question)];
}

/** Asks, or sets the timer for it. */
function gathering(context: CampaignContext, now: number): Effect[] {
  const afterMs = gathersFor(context, now);
  if (afterMs === 0) return asking(context);
  const { campaign: subject } = context;
  return [{ do: 'set_timer', id: timerId('gather', subject), afterMs, kind: 'gather', subject }];
}

/** What becomes of an answer. A held experiment that has ended meanwhile cannot go on, nor be dropped. */
function taken(
  context: CampaignContext,
  { ask, suggestions, drops = [] }: EventOf<'suggestions.received'>['data'],
): Effect[] {
  const { suggested, held = [] } = context;
  const dropped = drops.filter(({ experiment }) => held.includes(experiment));
  const resumed = suggestions.filter(({ resumes }) => resumes !== undefined && held.includes(resumes));
  const begun = suggestions.filter(({ resumes }) => resumes === undefined).slice(0, startsLeft(context));
  return [
    ...dropped.map(dropping),
    ...resumed.map((suggestion) =>
      record({ type: 'experiment.resumed', data: { experiment: suggestion.resumes!, suggestion } }),
    ),
    ...begun.map((suggestion, i) => {
      const number = suggested + i + 1;
      return record({
        type: 'experiment.suggested',
        data: { experiment: experimentIdOf(number), number, ask, suggestion },
      });
    }),
  ];
}

/** The hours of the budget, of which some may have passed. */
function timeBudget({ campaign: subject, limits: { timeMs } }: CampaignContext, elapsed: number): Effect[] {
  if (timeMs === undefined) return [];
  const id = timerId('time_budget', subject);
  return [{ do: 'set_timer', id, afterMs: Math.max(0, timeMs - elapsed), kind: 'time_budget', subject }];
}

export const campaignBehaviour: Behaviour<typeof campaignMachine, CampaignContext, CampaignEvent> = {
  machine: campaignMachine,
  effects: {
    startTimeBudget: (context) => timeBudget(context, 0),
    resetTimeBudget: (context, event) =>
      event.type !== 'campaign.changed'
        ? []
        : context.limits.timeMs === undefined
          ? [{ do: 'clear_timer', id: timerId('time_budget', context.campaign) }]
          : timeBudget(context, event.data.elapsed),
    judge,
    proceed: (context, event) => {
      const reasons = judge(context, event);
      return reasons.length > 0 ? reasons : gathering(context, event.at);
    },
    askOptimizer: ({ ask, asking }) => [{ do: 'ask_optimizer', ask, count: asking }],
    takeSuggestions: (context, event) => {
      if (event.type !== 'suggestions.received') return [];
      const reason = event.data.model && enough(context, event.data.model);
      if (reason !== undefined) return [stopping(reason)];
      const followed = taken(context, event.data);
      // What was answered fits no more: the question is another one by now.
      return followed.length === 0 && context.news === true ? asking(context) : followed;
    },
    giveUpAsking: (_, event) => (event.type === 'suggestions.refused' ? [stopping(event.data.reason)] : []),
    dropHeld: ({ reason }, event) =>
      event.type !== 'experiment.held'
        ? []
        : [dropping({ experiment: event.data.experiment, reason: `not gone on with: ${reason}` })],
    haltDevices: () => [{ do: 'halt_devices' }],
    finishCompleted: finish('completed'),
    finishStopped: finish('stopped'),
    finishAborted: finish('aborted'),
    finishHalted: finish('halted'),
  },
};
