import { assign, setup } from 'xstate';
import type { Campaign, Stop } from '../domain/campaign.ts';
import { isStaged, legsOf } from '../domain/stages.ts';
import type { EventOf } from '../domain/event.ts';
import type { ExperimentId } from '../domain/ids.ts';
import { asEffect } from './run-machine.ts';

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
    /** How long a decision waits for samples on their way to one. */
    readonly gatherMs?: number;
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
  /** The stage after which nothing is decided any more; absent where nothing is decided on the way. */
  readonly lastStage?: string;
  /** Experiments on their way to a decision. */
  readonly coming?: readonly ExperimentId[];
  /** Lab ms since when held experiments wait for those. */
  readonly gatheringSince?: number | undefined;
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
  const { batch, budget, stop, stages: { gather } = {} } = campaign;
  return {
    stop,
    limits: {
      experiments: budget.experiments,
      batch: batch.size,
      rolling: batch.mode === 'rolling',
      failuresInRow: Math.max(6, 2 * batch.size),
      ...(budget.time === undefined ? {} : { timeMs: budget.time * 1000 }),
      ...(gather === undefined || gather === 0 ? {} : { gatherMs: gather * 1000 }),
    },
    goals: campaign.objectives.flatMap(({ name, goal, target, stop_at }) =>
      stop_at === undefined ? [] : [{ name, goal, ...(target === undefined ? {} : { target }), stopAt: stop_at }],
    ),
  };
}

/** Whether held experiments are decided on together with those that will be held soon: a furnace is filled that way. */
const mayGather = ({ limits, asking, held = [], coming = [] }: CampaignContext): boolean =>
  limits.gatherMs !== undefined && asking === 0 && held.length > 0 && coming.length > 0;

const without = (ids: readonly ExperimentId[] = [], experiment: string): readonly ExperimentId[] =>
  ids.filter((id) => id !== experiment);

const ended = ['leave', 'countEnded'] as const;
const goingOn = ['gather', 'proceed'] as const;

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
      const { definition } = event.data;
      const { campaign } = definition;
      return {
        ...{ campaign: campaign.campaign, run: event.hash.slice(0, 32), ...limitsOf(campaign) },
        ...(isStaged(definition) ? { lastStage: legsOf(definition).at(-1)!.id } : {}),
      };
    }),
    // What was asked about the problem before comes too late: it is asked again, under another number.
    change: assign(({ event }) =>
      event.type === 'campaign.changed'
        ? { version: event.data.version, asking: 0, gatheringSince: undefined, ...limitsOf(event.data.campaign) }
        : {},
    ),
    noteAsk: assign(({ event }) =>
      event.type === 'suggestions.requested'
        ? { ask: event.data.ask, asking: event.data.count, news: false, gatheringSince: undefined }
        : {},
    ),
    gather: assign(({ context, event }) => ({
      gatheringSince: mayGather(context) ? (context.gatheringSince ?? event.at) : undefined,
    })),
    noteAnswer: assign({ asking: 0 }),
    countSuggested: assign({
      suggested: ({ context }) => context.suggested + 1,
      open: ({ context }) => context.open + 1,
      present: ({ context }) => context.present + 1,
    }),
    // What is gone on with to the last stage comes to no decision any more.
    addComing: assign(({ context: { lastStage, coming = [] }, event }) =>
      (event.type === 'experiment.suggested' || event.type === 'experiment.resumed') &&
      lastStage !== undefined &&
      event.data.suggestion.stage !== lastStage
        ? { coming: [...coming, event.data.experiment] }
        : {},
    ),
    countEnded: assign(({ context, event }) => ({
      open: context.open - 1,
      failedInRow:
        event.type === 'experiment.failed'
          ? context.failedInRow + 1
          : event.type === 'experiment.completed'
            ? 0
            : context.failedInRow,
    })),
    addHeld: assign(({ context: { held = [] }, event }) =>
      event.type === 'experiment.held' ? { held: [...held, event.data.experiment] } : {},
    ),
    leave: assign(({ context: { held, coming }, event }) =>
      'experiment' in event.data
        ? { held: without(held, event.data.experiment), coming: without(coming, event.data.experiment), news: true }
        : {},
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
    'experiment.suggested': { actions: ['countSuggested', 'addComing'] },
    'experiment.completed': { actions: ended },
    'experiment.failed': { actions: ended },
    'experiment.lost': { actions: ended },
    'experiment.cancelled': { actions: ended },
    'experiment.dropped': { actions: ended },
    'experiment.held': { actions: ['leave', 'addHeld'] },
    'experiment.resumed': { actions: ['leave', 'addComing'] },
    // In doubt it waits for a person, not for a decision; it is held again afterwards.
    'experiment.became_indeterminate': { actions: ['leave', 'countDoubt'] },
    'experiment.late': { guard: 'asks', actions: ['leave', 'countDoubt'] },
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
      entry: [...goingOn],
      always: { guard: 'exhausted', target: 'completing' },
      on: {
        'experiment.completed': { actions: [...ended, ...goingOn] },
        'experiment.failed': { actions: [...ended, ...goingOn] },
        'experiment.lost': { actions: [...ended, ...goingOn] },
        'experiment.cancelled': { actions: [...ended, ...goingOn] },
        'experiment.dropped': { actions: [...ended, ...goingOn] },
        'experiment.held': { actions: ['leave', 'addHeld', ...goingOn] },
        'experiment.became_indeterminate': { actions: ['leave', 'countDoubt', ...goingOn] },
        'experiment.late': { guard: 'asks', actions: ['leave', 'countDoubt', ...goingOn] },
        'suggestions.received': { actions: ['noteAnswer', 'takeSuggestions'] },
        'suggestions.refused': { actions: ['noteAnswer', 'giveUpAsking'] },
        'campaign.changed': { actions: ['change', 'resetTimeBudget', ...goingOn] },
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
      on: { 'experiment.held': { actions: ['leave', 'addHeld', 'dropHeld'] }, ...ending },
    },
    aborting: { always: { guard: 'empty', target: 'aborted' }, on: ending },
    completing: { entry: 'finishCompleted', on: { 'campaign.finished': 'finished' } },
    stopped: { entry: 'finishStopped', on: { 'campaign.finished': 'finished' } },
    aborted: { entry: 'finishAborted', on: { 'campaign.finished': 'finished' } },
    halted: { entry: ['haltDevices', 'finishHalted'], on: { 'campaign.finished': 'finished' } },
    finished: {},
  },
});
