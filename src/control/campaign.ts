import { assign, setup } from 'xstate';
import type { Campaign, Stop } from '../domain/campaign.ts';
import { timerId, type Effect } from '../domain/effect.ts';
import type { Drop, EventOf, ModelRecord, NewEvent } from '../domain/event.ts';
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
  /** Experiments that wait between stages for a decision, in the order in which they came. */
  readonly held?: readonly ExperimentId[];
  /** Whether experiments have ended or were held since the last ask. */
  readonly news?: boolean;
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
  | 'experiment.held'
  | 'experiment.resumed'
  | 'experiment.dropped'
  | 'experiment.became_indeterminate'
  | 'experiment.late'
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

const dropping = (data: Drop): Effect => record({ type: 'experiment.dropped', data });

/** New experiments that the budget still allows. */
export const startsLeft = ({ limits, suggested }: CampaignContext): number =>
  Math.max(0, limits.experiments - suggested);

/** How many suggestions to ask for now: for new experiments, or for held ones that go on. */
export function wanted(context: CampaignContext): number {
  const { limits, asking, open, doubtful, held = [] } = context;
  if (asking > 0) return 0;
  const active = open - doubtful - held.length;
  const room = limits.rolling ? limits.batch - active : active === 0 ? limits.batch : 0;
  return Math.max(0, Math.min(startsLeft(context) + held.length, room));
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

const without = ({ held = [] }: CampaignContext, experiment: string): readonly ExperimentId[] =>
  held.filter((id) => id !== experiment);

const experimentIdOf = (number: number): ExperimentId => ExperimentId.parse(`e-${String(number).padStart(4, '0')}`);

const ended = ['removeHeld', 'countEnded'] as const;

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
      event.type === 'suggestions.requested' ? { ask: event.data.ask, asking: event.data.count, news: false } : {},
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
    addHeld: assign(({ context, event }) =>
      event.type === 'experiment.held'
        ? { held: [...without(context, event.data.experiment), event.data.experiment], news: true }
        : {},
    ),
    removeHeld: assign(({ context, event }) =>
      'experiment' in event.data ? { held: without(context, event.data.experiment), news: true } : {},
    ),
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
    dropHeld: asEffect,
    haltDevices: asEffect,
    finishCompleted: asEffect,
    finishStopped: asEffect,
    finishAborted: asEffect,
    finishHalted: asEffect,
  },
  guards: {
    asks: ({ event }) => event.type === 'experiment.late' && event.data.then === 'ask',
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
    'experiment.completed': { actions: ended },
    'experiment.failed': { actions: ended },
    'experiment.lost': { actions: ended },
    'experiment.cancelled': { actions: ended },
    'experiment.dropped': { actions: ended },
    'experiment.held': { actions: 'addHeld' },
    'experiment.resumed': { actions: 'removeHeld' },
    // In doubt it waits for a person, not for a decision; it is held again afterwards.
    'experiment.became_indeterminate': { actions: ['removeHeld', 'countDoubt'] },
    'experiment.late': { guard: 'asks', actions: 'countDoubt' },
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
        'experiment.completed': { actions: [...ended, 'proceed'] },
        'experiment.failed': { actions: [...ended, 'proceed'] },
        'experiment.lost': { actions: [...ended, 'proceed'] },
        'experiment.cancelled': { actions: [...ended, 'proceed'] },
        'experiment.dropped': { actions: [...ended, 'proceed'] },
        'experiment.held': { actions: ['addHeld', 'proceed'] },
        'experiment.became_indeterminate': { actions: ['removeHeld', 'countDoubt', 'proceed'] },
        'experiment.late': { guard: 'asks', actions: ['countDoubt', 'proceed'] },
        'suggestions.received': { actions: ['noteAnswer', 'takeSuggestions'] },
        'suggestions.refused': { actions: ['noteAnswer', 'giveUpAsking'] },
        'campaign.changed': { actions: ['change', 'resetTimeBudget', 'proceed'] },
        'campaign.paused': 'paused',
        ...ending,
      },
    },
    paused: {
      on: {
        'experiment.completed': { actions: [...ended, 'judge'] },
        'suggestions.received': { actions: ['noteAnswer', 'takeSuggestions'] },
        'suggestions.refused': { actions: ['noteAnswer', 'giveUpAsking'] },
        'campaign.changed': { actions: ['change', 'resetTimeBudget'] },
        'campaign.resumed': 'running',
        ...ending,
      },
    },
    stopping: {
      always: { guard: 'empty', target: 'stopped' },
      on: { 'experiment.held': { actions: ['addHeld', 'dropHeld'] }, ...ending },
    },
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

function asking(context: CampaignContext): Effect[] {
  const count = wanted(context);
  return count === 0 ? [] : [record({ type: 'suggestions.requested', data: { ask: context.ask + 1, count } })];
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
      return reasons.length > 0 ? reasons : asking(context);
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
