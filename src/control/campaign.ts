import { assign, setup } from 'xstate';
import type { Campaign, Stop } from '../domain/campaign.ts';
import { timerId, type Effect } from '../domain/effect.ts';
import type { EventOf, ModelRecord, NewEvent } from '../domain/event.ts';
import { ExperimentId } from '../domain/ids.ts';
import { asEffect, type Behaviour } from './run-machine.ts';

/**
 * The campaign: how many experiments to ask for, and when it is over.
 *
 *   closed -> running <-> paused
 *                |           |
 *                +-----------+-> stopping -> finished
 *                +-----------+-> aborting -> finished
 *                +-----------+-> halted (final)
 */
export interface CampaignContext {
  readonly campaign: string;
  /** Differs between two campaigns of one name: keys are derived from it. */
  readonly run: string;
  /** How often the problem was set: 1, or absent, as it was opened. */
  readonly version?: number;
  readonly limits: {
    readonly experiments: number;
    readonly batch: number;
    readonly rolling: boolean;
    readonly failuresInRow: number;
    readonly timeMs?: number;
  };
  readonly goals: readonly {
    readonly name: string;
    readonly goal: string;
    readonly target?: number;
    readonly stopAt: number;
  }[];
  readonly stop?: Stop | undefined;
  /** Number of the last ask, and how many suggestions it is to bring (0 when none is under way). */
  readonly ask: number;
  readonly asking: number;
  readonly suggested: number;
  /** Experiments that may still bring an observation by themselves. */
  readonly open: number;
  /** Experiments that wait for a person. */
  readonly doubtful: number;
  /** Experiments whose sample may be in somebody's way. */
  readonly present: number;
  readonly failedInRow: number;
  readonly reason: string;
}

export type CampaignEvent = EventOf<
  | 'campaign.opened'
  | 'campaign.changed'
  | 'campaign.paused'
  | 'campaign.resumed'
  | 'campaign.stopping'
  | 'campaign.aborted'
  | 'campaign.halted'
  | 'campaign.finished'
  | 'suggestions.requested'
  | 'suggestions.received'
  | 'suggestions.refused'
  | 'experiment.suggested'
  | 'experiment.completed'
  | 'experiment.failed'
  | 'experiment.lost'
  | 'experiment.cancelled'
  | 'experiment.dropped'
  | 'experiment.became_indeterminate'
  | 'experiment.resolved'
  | 'experiment.cleared'
>;

function limitsOf(campaign: Campaign): Pick<CampaignContext, 'limits' | 'goals' | 'stop'> {
  const { batch, budget, stop } = campaign;
  return {
    stop,
    limits: {
      experiments: budget.experiments,
      batch: batch.size,
      rolling: batch.mode === 'rolling',
      failuresInRow: Math.max(6, 2 * batch.size),
      ...(budget.time === undefined ? {} : { timeMs: budget.time * 1000 }),
    },
    goals: campaign.objectives.flatMap(({ name, goal, target, stop_at }) =>
      stop_at === undefined ? [] : [{ name, goal, ...(target === undefined ? {} : { target }), stopAt: stop_at }],
    ),
  };
}

const record = (event: NewEvent): Effect => ({ do: 'record', event });
const stopping = (reason: string): Effect => record({ type: 'campaign.stopping', data: { by: 'controller', reason } });

/** How many suggestions to ask for now. */
export function wanted({ limits, asking, suggested, open, doubtful }: CampaignContext): number {
  if (asking > 0) return 0;
  const left = limits.experiments - suggested;
  const active = open - doubtful;
  const room = limits.rolling ? limits.batch - active : active === 0 ? limits.batch : 0;
  return Math.max(0, Math.min(left, room));
}

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

/** Ways to end from any state that has begun. */
const ending = {
  'campaign.stopping': { target: '#campaign.stopping', actions: 'remember' },
  'campaign.aborted': { target: '#campaign.aborting', actions: 'remember' },
  'campaign.halted': { target: '#campaign.halted', actions: 'remember' },
} as const;

export const campaignMachine = setup({
  types: { context: {} as CampaignContext, events: {} as CampaignEvent },
  actions: {
    open: assign(({ context, event }) => {
      if (event.type !== 'campaign.opened') return context;
      const { campaign } = event.data.definition;
      return { campaign: campaign.campaign, run: event.hash.slice(0, 32), ...limitsOf(campaign) };
    }),
    // What was asked about the problem before comes too late: it is asked again, under another number.
    change: assign(({ event }) =>
      event.type === 'campaign.changed'
        ? { version: event.data.version, asking: 0, ...limitsOf(event.data.campaign) }
        : {},
    ),
    noteAsk: assign(({ event }) =>
      event.type === 'suggestions.requested' ? { ask: event.data.ask, asking: event.data.count } : {},
    ),
    noteAnswer: assign({ asking: 0 }),
    countSuggested: assign({
      suggested: ({ context }) => context.suggested + 1,
      open: ({ context }) => context.open + 1,
      present: ({ context }) => context.present + 1,
    }),
    countEnded: assign(({ context, event }) => ({
      open: context.open - 1,
      failedInRow:
        event.type === 'experiment.failed'
          ? context.failedInRow + 1
          : event.type === 'experiment.completed'
            ? 0
            : context.failedInRow,
    })),
    countDoubt: assign({ doubtful: ({ context }) => context.doubtful + 1 }),
    countResolved: assign({ doubtful: ({ context }) => context.doubtful - 1 }),
    countCleared: assign({ present: ({ context }) => context.present - 1 }),
    remember: assign(({ event }) =>
      event.type === 'campaign.stopping' || event.type === 'campaign.aborted' || event.type === 'campaign.halted'
        ? { reason: event.data.reason }
        : {},
    ),
    startTimeBudget: asEffect,
    resetTimeBudget: asEffect,
    judge: asEffect,
    proceed: asEffect,
    askOptimizer: asEffect,
    takeSuggestions: asEffect,
    giveUpAsking: asEffect,
    haltDevices: asEffect,
    finishCompleted: asEffect,
    finishStopped: asEffect,
    finishAborted: asEffect,
    finishHalted: asEffect,
  },
  guards: {
    empty: ({ context }) => context.open === 0 && context.present === 0 && context.asking === 0,
    exhausted: ({ context }) =>
      context.open === 0 &&
      context.present === 0 &&
      context.asking === 0 &&
      context.suggested >= context.limits.experiments,
  },
}).createMachine({
  id: 'campaign',
  context: {
    campaign: '',
    run: '',
    limits: { experiments: 0, batch: 1, rolling: false, failuresInRow: 6 },
    goals: [],
    ask: 0,
    asking: 0,
    suggested: 0,
    open: 0,
    doubtful: 0,
    present: 0,
    failedInRow: 0,
    reason: '',
  },
  initial: 'closed',
  on: {
    'experiment.suggested': { actions: 'countSuggested' },
    'experiment.completed': { actions: 'countEnded' },
    'experiment.failed': { actions: 'countEnded' },
    'experiment.lost': { actions: 'countEnded' },
    'experiment.cancelled': { actions: 'countEnded' },
    'experiment.dropped': { actions: 'countEnded' },
    'experiment.became_indeterminate': { actions: 'countDoubt' },
    'experiment.resolved': { actions: 'countResolved' },
    'experiment.cleared': { actions: 'countCleared' },
    'suggestions.requested': { actions: ['noteAsk', 'askOptimizer'] },
    // Where nothing more is wanted, suggestions come too late: they are dropped, nothing was started for them.
    'suggestions.received': { actions: 'noteAnswer' },
    'suggestions.refused': { actions: 'noteAnswer' },
  },
  states: {
    closed: { on: { 'campaign.opened': { target: 'running', actions: ['open', 'startTimeBudget'] } } },
    running: {
      entry: 'proceed',
      always: { guard: 'exhausted', target: 'completing' },
      on: {
        'experiment.completed': { actions: ['countEnded', 'proceed'] },
        'experiment.failed': { actions: ['countEnded', 'proceed'] },
        'experiment.lost': { actions: ['countEnded', 'proceed'] },
        'experiment.cancelled': { actions: ['countEnded', 'proceed'] },
        'experiment.dropped': { actions: ['countEnded', 'proceed'] },
        'experiment.became_indeterminate': { actions: ['countDoubt', 'proceed'] },
        'suggestions.received': { actions: ['noteAnswer', 'takeSuggestions'] },
        'suggestions.refused': { actions: ['noteAnswer', 'giveUpAsking'] },
        'campaign.changed': { actions: ['change', 'resetTimeBudget', 'proceed'] },
        'campaign.paused': 'paused',
        ...ending,
      },
    },
    paused: {
      on: {
        'experiment.completed': { actions: ['countEnded', 'judge'] },
        'suggestions.received': { actions: ['noteAnswer', 'takeSuggestions'] },
        'suggestions.refused': { actions: ['noteAnswer', 'giveUpAsking'] },
        'campaign.changed': { actions: ['change', 'resetTimeBudget'] },
        'campaign.resumed': 'running',
        ...ending,
      },
    },
    stopping: { always: { guard: 'empty', target: 'stopped' }, on: ending },
    aborting: { always: { guard: 'empty', target: 'aborted' }, on: ending },
    completing: { entry: 'finishCompleted', on: { 'campaign.finished': 'finished' } },
    stopped: { entry: 'finishStopped', on: { 'campaign.finished': 'finished' } },
    aborted: { entry: 'finishAborted', on: { 'campaign.finished': 'finished' } },
    halted: { entry: ['haltDevices', 'finishHalted'], on: { 'campaign.finished': 'finished' } },
    finished: {},
  },
});

type Outcome = EventOf<'campaign.finished'>['data']['outcome'];

const finish =
  (outcome: Outcome) =>
  ({ campaign, reason }: CampaignContext): Effect[] => [
    { do: 'clear_timer', id: timerId('time_budget', campaign) },
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
      const count = wanted(context);
      if (reasons.length > 0 || count === 0) return reasons;
      return [record({ type: 'suggestions.requested', data: { ask: context.ask + 1, count } })];
    },
    askOptimizer: ({ ask, asking }) => [{ do: 'ask_optimizer', ask, count: asking }],
    takeSuggestions: (context, event) => {
      if (event.type !== 'suggestions.received') return [];
      const { suggested } = context;
      const reason = event.data.model && enough(context, event.data.model);
      if (reason !== undefined) return [stopping(reason)];
      return event.data.suggestions.map((suggestion, i) => {
        const number = suggested + i + 1;
        const data = { experiment: experimentIdOf(number), number, ask: event.data.ask, suggestion };
        return record({ type: 'experiment.suggested', data });
      });
    },
    giveUpAsking: (_, event) => (event.type === 'suggestions.refused' ? [stopping(event.data.reason)] : []),
    haltDevices: () => [{ do: 'halt_devices' }],
    finishCompleted: finish('completed'),
    finishStopped: finish('stopped'),
    finishAborted: finish('aborted'),
    finishHalted: finish('halted'),
  },
};
