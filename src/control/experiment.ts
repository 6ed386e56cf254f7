import { assign, setup } from 'xstate';
import type { Command, EventOf } from '../domain/event.ts';
import type { Scope } from '../domain/expression.ts';
import type { ExperimentId } from '../domain/ids.ts';
import type { Point } from '../domain/resolve.ts';
import { advance, spanBelieved, spanTold } from './advance.ts';
import { leavesDoubt, neverBegan } from './command.ts';
import { asEffect } from './run-machine.ts';

export interface Stop {
  readonly id: string;
  readonly attempts: number;
  /** Longest time from the end of the step before to the start of this one, ms. */
  readonly maxWait?: number;
  /** What the protocol says of a wait that was too long, and of a step that was. */
  readonly late?: string;
  readonly overrun?: string;
}

/**
 * One suggestion on its way through the protocol.
 *
 *   suggested -> planned -> running (stage k) -> ... -> clearing -> gone
 *                              |  ^                        |  ^
 *                              v  |                        v  |
 *                    indeterminate, late                 stuck       (a person decides)
 *
 * Between two stages a running experiment may be `held`: its sample goes to a rack and waits for a decision.
 * `clearing` means that its fate is decided (completed, failed, cancelled) and only its sample is still in the way.
 */
export interface ExperimentContext {
  readonly experiment: ExperimentId;
  readonly number: number;
  readonly point: Point;
  /** When it was suggested, lab ms. */
  readonly suggestedAt?: number;
  /** The steps of every stage, and how often each may be attempted. */
  readonly itinerary: readonly (readonly Stop[])[];
  /** Index of the stage and of the step within it that comes next. */
  readonly stage: number;
  readonly step: number;
  /** Attempt of the next command, beginning at 1 for each step and each move. */
  readonly attempt: number;
  /** Results in SI by step id, as expressions see them. */
  readonly results: Scope;
  /** Where the sample is; undefined before it has entered the lab. */
  readonly location?: string | undefined;
  readonly command?: Command | undefined;
  /** When it was intended, lab ms. */
  readonly commandAt?: number;
  /** End of the last step, lab ms. */
  readonly lastStepEnd?: number;
  /** The earliest that it may have been, where only a person has said that it happened. */
  readonly lastStepNotBefore?: number | undefined;
  /** How long the sample waited before its last step, ms, where that was longer than allowed. */
  readonly waitedTooLong?: number | undefined;
  /** How long that step took, ms, where its protocol says what to do about more than `longest`, which its device declares. */
  readonly tookTooLong?: number | undefined;
  readonly longest?: number | undefined;
  /** Which limits of time were not kept, in a sentence. */
  readonly late?: string;
  /** Step whose waits do not count: the sample is late already, and goes on all the same. */
  readonly waived?: string | undefined;
  /** Not to be tried before, lab ms. */
  readonly notBefore: number;
  /** Set by a person; 0 when absent. */
  readonly priority?: number;
  /** It is told when its steps, up to where it is held next, were planned first. */
  readonly scheduled?: boolean;
  readonly begun: boolean;
  /** Commands sent for it so far; makes the keys of repeated attempts differ. */
  readonly sent: number;
  readonly aborting: boolean;
  /** Between stages: what it does next is not decided, or not provided for. */
  readonly held?: boolean;
  /** Held still, but its next parameters are chosen: only materials are to be reserved. */
  readonly chosen?: boolean;
}

type LabEventOf = EventOf<
  | 'experiment.planned'
  | 'experiment.scheduled'
  | 'experiment.prioritized'
  | 'experiment.observed'
  | 'experiment.completed'
  | 'experiment.failed'
  | 'experiment.lost'
  | 'experiment.cancelled'
  | 'experiment.held'
  | 'experiment.resumed'
  | 'experiment.provided'
  | 'experiment.dropped'
  | 'experiment.became_indeterminate'
  | 'experiment.late'
  | 'experiment.decided'
  | 'experiment.resolved'
  | 'experiment.cleared'
  | 'command.intended'
  | 'command.refused'
  | 'command.resolved'
  | 'campaign.stopping'
  | 'campaign.aborted'
>;
/** A command's end arrives with its result in SI, as the engine has converted it by the device's own units. */
export type ExperimentEvent = LabEventOf | (EventOf<'command.ended'> & { readonly result: Scope[string] });

/** Refusals after which the same step may be asked for again; anything else is the fault of the command itself. */
const passing = new Set(['E_BUSY', 'E_EXPIRED', 'E_HALTED', 'E_UNKNOWN_KEY', 'E_STALE_EPOCH']);
const mostRefusals = 30;

export const currentStop = (context: ExperimentContext) => context.itinerary[context.stage]?.[context.step];

type End = EventOf<'command.ended'>['data'];
/** What a command's end means for its experiment. */
type Verdict = 'done' | 'again' | 'failed' | 'doubtful' | 'cancelled';

function verdictOf(context: ExperimentContext, end: End): Verdict {
  const { command } = context;
  if (command === undefined || command.key !== end.key) return 'failed';
  if (end.outcome === 'ok') return 'done';
  if (context.aborting) return 'cancelled';
  const attempts = command.kind === 'move' ? 3 : (currentStop(context)?.attempts ?? 1);
  const left = context.attempt < attempts;
  if (neverBegan(end)) return context.attempt < mostRefusals ? 'again' : 'failed';
  // What a doubtful attempt has used up is not known either, so acting again needs a person where materials are at stake.
  const accountable = end.outcome !== 'indeterminate' || command.consumes.length === 0;
  if (command.retry !== 'unsafe' && left && accountable) return 'again';
  return leavesDoubt(command, end) ? 'doubtful' : 'failed';
}

const mayRetry = (context: ExperimentContext, code: string): boolean =>
  passing.has(code) && context.attempt < mostRefusals;

/** Waits 1, 2, 4, ... 60 s of lab time between attempts that were refused. */
export const backoffMs = (attempt: number): number => Math.min(60_000, 1000 * 2 ** Math.min(attempt - 1, 6));

const again = (context: ExperimentContext) => ({ command: undefined, attempt: context.attempt + 1 });

/** The step that comes next, be it in the next stage. */
const nextStop = (context: ExperimentContext) => currentStop(context) ?? context.itinerary[context.stage + 1]?.[0];

/** The sample goes on with the step that the protocol names for this, if it names one. */
function noteLate(context: ExperimentContext, { then, reason }: EventOf<'experiment.late'>['data']) {
  const step = context.itinerary[context.stage]?.findIndex(({ id }) => id === then) ?? -1;
  return {
    waitedTooLong: undefined,
    tookTooLong: undefined,
    late: context.late === undefined ? reason : `${context.late}; ${reason}`,
    ...(step < context.step ? {} : { step, attempt: 1 }),
  };
}

const isVerdict =
  (verdict: Verdict) =>
  ({ context, event }: { context: ExperimentContext; event: ExperimentEvent }) =>
    event.type === 'command.ended' && verdictOf(context, event.data) === verdict;

export const experimentMachine = setup({
  types: { context: {} as ExperimentContext, events: {} as ExperimentEvent },
  actions: {
    begin: assign(({ context, event }) =>
      event.type === 'command.intended'
        ? { command: event.data.command, begun: true, sent: context.sent + 1, commandAt: event.at }
        : {},
    ),
    advance: assign(({ context, event }) =>
      event.type === 'command.ended'
        ? advance(context, currentStop(context)!, spanTold(context, event), event.result)
        : {},
    ),
    believe: assign(({ context, event }) => advance(context, currentStop(context)!, spanBelieved(context, event.at))),
    again: assign(({ context }) => again(context)),
    backOff: assign(({ context, event }) => ({
      ...again(context),
      notBefore: event.at + backoffMs(context.attempt),
    })),
    letGo: assign({ command: undefined, attempt: 1 }),
    nextStage: assign(({ context }) => ({ stage: context.stage + 1, step: 0 })),
    beginHold: assign({ held: true }),
    endHold: assign({ held: false, chosen: false, scheduled: false }),
    schedule: assign({ scheduled: true }),
    prioritize: assign(({ event }) =>
      event.type === 'experiment.prioritized' ? { priority: event.data.priority } : {},
    ),
    choose: assign(({ context, event }) =>
      event.type === 'experiment.resumed'
        ? { point: { ...context.point, ...event.data.suggestion.point }, chosen: true }
        : {},
    ),
    noteLate: assign(({ context, event }) => (event.type === 'experiment.late' ? noteLate(context, event.data) : {})),
    waive: assign(({ context }) => ({ waived: nextStop(context)?.id })),
    hold: asEffect,
    watchShelf: asEffect,
    leaveShelf: asEffect,
    drop: asEffect,
    markAborting: assign({ aborting: true }),
    reserve: asEffect,
    wakeLater: asEffect,
    observe: asEffect,
    conclude: asEffect,
    fail: asEffect,
    failRefused: asEffect,
    exceptLate: asEffect,
    failDiscarded: asEffect,
    cancel: asEffect,
    lose: asEffect,
    doubt: asEffect,
    resolve: asEffect,
    clear: asEffect,
    clearIfOut: asEffect,
  },
  guards: {
    done: isVerdict('done'),
    again: isVerdict('again'),
    doubtful: isVerdict('doubtful'),
    cancelled: isVerdict('cancelled'),
    late: ({ context }) => context.waitedTooLong !== undefined || context.tookTooLong !== undefined,
    asks: ({ event }) => event.type === 'experiment.late' && event.data.then === 'ask',
    continues: ({ event }) => event.type === 'experiment.decided' && event.data.as === 'continue',
    stageDone: ({ context }) => currentStop(context) === undefined,
    mayRetry: ({ context, event }) => event.type === 'command.refused' && mayRetry(context, event.data.code),
    aborting: ({ context }) => context.aborting,
    held: ({ context }) => context.held === true,
    undecided: ({ context }) => context.held === true && context.chosen !== true,
    chosen: ({ context }) => context.chosen === true,
    idle: ({ context }) => context.command === undefined,
    happened: ({ event }) => event.type === 'command.resolved' && event.data.as === 'happened',
    notHappened: ({ event }) => event.type === 'command.resolved' && event.data.as === 'not_happened',
    neverBegan: ({ event }) => event.type === 'command.ended' && neverBegan(event.data),
    settledByDevice: ({ context, event }) =>
      event.type === 'command.ended' && context.command !== undefined && !leavesDoubt(context.command, event.data),
  },
}).createMachine({
  id: 'experiment',
  context: {} as ExperimentContext,
  initial: 'suggested',
  on: {
    'experiment.scheduled': { actions: 'schedule' },
    'experiment.prioritized': { actions: 'prioritize' },
    'experiment.completed': '.clearing',
    'experiment.failed': { target: '.clearing', actions: 'letGo' },
    'experiment.cancelled': { target: '.clearing', actions: 'letGo' },
    'experiment.lost': { target: '.lost', actions: 'letGo' },
  },
  states: {
    suggested: {
      entry: 'reserve',
      on: {
        'experiment.planned': 'planned',
        'campaign.stopping': { actions: 'cancel' },
        'campaign.aborted': { actions: 'cancel' },
      },
    },
    planned: {
      on: {
        'command.intended': { target: 'running', actions: 'begin' },
        'campaign.stopping': { actions: 'cancel' },
        'campaign.aborted': { actions: 'cancel' },
      },
    },
    running: {
      on: {
        'command.intended': { actions: 'begin' },
        'command.refused': [
          { guard: 'aborting', actions: ['letGo', 'cancel'] },
          { guard: 'mayRetry', actions: ['backOff', 'wakeLater'] },
          { actions: 'failRefused' },
        ],
        'command.ended': [
          { guard: 'done', target: 'judging', actions: 'advance' },
          { guard: 'cancelled', actions: 'cancel' },
          { guard: 'again', actions: ['backOff', 'wakeLater'] },
          { guard: 'doubtful', actions: 'doubt' },
          { actions: 'fail' },
        ],
        'experiment.became_indeterminate': 'indeterminate',
        'experiment.late': [{ guard: 'asks', target: 'late', actions: 'noteLate' }, { actions: ['noteLate', 'waive'] }],
        'experiment.observed': { target: 'concluding', actions: 'nextStage' },
        'experiment.held': { actions: ['beginHold', 'watchShelf'] },
        'experiment.resumed': { guard: 'undecided', actions: ['choose', 'reserve'] },
        'experiment.provided': { guard: 'chosen', actions: ['endHold', 'leaveShelf'] },
        // An arm may still be carrying it to its rack: the command is not let go.
        'experiment.dropped': { guard: 'held', target: 'clearing', actions: ['endHold', 'leaveShelf'] },
        'campaign.stopping': { guard: 'held', actions: 'drop' },
        'campaign.aborted': [{ guard: 'idle', actions: ['markAborting', 'cancel'] }, { actions: 'markAborting' }],
      },
    },
    /** A command has ended well: was it the last of a stage? */
    judging: {
      always: [
        { guard: 'aborting', target: 'running', actions: 'cancel' },
        { guard: 'late', target: 'running', actions: 'exceptLate' },
        { guard: 'stageDone', target: 'running', actions: 'observe' },
        { target: 'running' },
      ],
    },
    concluding: { always: { target: 'running', actions: 'conclude' } },
    indeterminate: {
      on: {
        'command.resolved': [
          { guard: 'happened', target: 'judging', actions: ['resolve', 'believe', 'hold'] },
          { guard: 'notHappened', target: 'running', actions: ['resolve', 'again', 'hold'] },
          { actions: ['resolve', 'lose'] },
        ],
        // The device has come back with the truth after all.
        'command.ended': [
          { guard: 'done', target: 'judging', actions: ['resolve', 'advance', 'hold'] },
          { guard: 'again', target: 'running', actions: ['resolve', 'backOff', 'wakeLater', 'hold'] },
          { guard: 'settledByDevice', actions: ['resolve', 'fail'] },
        ],
        'command.refused': { target: 'running', actions: ['resolve', 'backOff', 'wakeLater', 'hold'] },
        'campaign.aborted': { actions: ['resolve', 'lose'] },
      },
    },
    /** A limit of time was missed, and the protocol wants a person to decide. */
    late: {
      on: {
        'experiment.decided': [
          { guard: 'continues', target: 'judging', actions: ['resolve', 'waive'] },
          { actions: ['resolve', 'failDiscarded'] },
        ],
        'campaign.aborted': { actions: ['markAborting', 'resolve', 'cancel'] },
      },
    },
    clearing: {
      entry: 'clearIfOut',
      on: {
        'command.intended': { actions: 'begin' },
        'command.refused': [{ guard: 'aborting', actions: ['letGo', 'clear'] }, { actions: ['backOff', 'wakeLater'] }],
        'command.ended': [
          // A sample that was dropped on its way to a shelf is not out of the way there.
          { guard: 'done', actions: ['advance', 'clearIfOut'] },
          { guard: 'aborting', actions: ['letGo', 'clear'] },
          { guard: 'again', actions: ['backOff', 'wakeLater'] },
          // However often: the sample still stands where it stood.
          { guard: 'neverBegan', actions: ['backOff', 'wakeLater'] },
          { target: 'stuck' },
        ],
        'campaign.aborted': [{ guard: 'idle', actions: 'clear' }, { actions: 'markAborting' }],
        'experiment.cleared': 'gone',
      },
    },
    /** The last move is in doubt: nothing hangs on it but the place. */
    stuck: {
      on: {
        'command.resolved': [
          { guard: 'notHappened', target: 'clearing', actions: 'again' },
          // It may be at a shelf now, from which it has to go on.
          { guard: 'happened', target: 'clearing', actions: 'believe' },
          { actions: ['letGo', 'clear'] },
        ],
        'command.ended': [
          { guard: 'done', target: 'clearing', actions: 'advance' },
          { guard: 'settledByDevice', target: 'clearing', actions: ['backOff', 'wakeLater'] },
        ],
        'command.refused': { target: 'clearing', actions: 'again' },
        'campaign.aborted': { actions: ['letGo', 'clear'] },
        'experiment.cleared': 'gone',
      },
    },
    lost: { entry: 'clear', on: { 'experiment.cleared': 'gone' } },
    gone: { type: 'final' },
  },
});
