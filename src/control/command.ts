import { assign, setup } from 'xstate';
import { timerId, type Effect, type TimerKind } from '../domain/effect.ts';
import type { Command, EventOf } from '../domain/event.ts';
import { asEffect, type Behaviour } from './run-machine.ts';

/**
 * One command on its way to a device and back.
 *
 *   intended -> accepted -> ended
 *      |           |
 *      +-----------+-> overdue -> doubtful -> ended     (silence; then the device's truth or a person's word)
 *      |           +------------> doubtful              (the device itself does not know)
 *      +-> refused                                      (nothing was done)
 */
export interface CommandContext {
  readonly command: Command;
  /** Lab ms. */
  readonly intendedAt: number;
  /** The device has said that it has it: "unknown" from then on means that its journal is gone, not that nothing happened. */
  readonly accepted?: boolean;
  /** Lab ms. */
  readonly acceptedAt?: number;
  /** It is not wanted any more: it is never sent again. */
  readonly cancelled?: boolean;
  /** Who raised the doubt: a device that says `indeterminate` will not say anything else later. */
  readonly doubtBy?: 'device' | 'controller' | 'person';
}

type End = EventOf<'command.ended'>['data'];

export type CommandEvent = EventOf<
  'command.accepted' | 'command.refused' | 'command.overdue' | 'command.ended' | 'command.resolved' | 'campaign.aborted'
>;

/** Time given to a device to answer a cancel and a query before a command counts as doubtful, lab ms. */
export const graceMs = 30_000;

/** Errors by which a device says that it has not begun. */
const nothingDone = new Set(['not_started']);

export const neverBegan = ({ error }: End): boolean => error !== undefined && nothingDone.has(error.code);

/** Nobody knows what has happened; a move that has gone wrong leaves its sample nobody knows where. */
export const leavesDoubt = ({ kind }: Command, end: End): boolean =>
  end.outcome === 'indeterminate' || (kind === 'move' && end.outcome === 'failed' && !neverBegan(end));

/** The device speaks after all, where the controller had only its silence. */
const isLaterWord = ({ doubtBy }: CommandContext, event: CommandEvent): boolean =>
  doubtBy === 'controller' && event.type === 'command.ended' && event.data.source === 'device';

export const commandMachine = setup({
  types: {
    context: {} as CommandContext,
    events: {} as CommandEvent,
    input: {} as { command: Command; intendedAt: number },
  },
  actions: {
    settle: asEffect,
    noteAccepted: assign({ accepted: true, acceptedAt: ({ event }) => event.at }),
    noteCancelled: assign({ cancelled: true }),
    press: asEffect,
    cancel: asEffect,
    doubt: assign({ doubtBy: ({ event }) => (event.type === 'command.ended' ? event.data.source : 'controller') }),
  },
  guards: {
    doubtful: ({ context, event }) => event.type === 'command.ended' && leavesDoubt(context.command, event.data),
    laterTruth: ({ context, event }) => isLaterWord(context, event),
    laterDoubt: ({ context, event }) =>
      isLaterWord(context, event) && event.type === 'command.ended' && leavesDoubt(context.command, event.data),
    neverAccepted: ({ context }) => context.accepted !== true,
    controllerDoubtsUnaccepted: ({ context }) => context.doubtBy === 'controller' && context.accepted !== true,
  },
}).createMachine({
  context: ({ input }) => input,
  initial: 'intended',
  on: {
    'command.ended': [
      { guard: 'doubtful', target: '.doubtful', actions: ['settle', 'doubt'] },
      { target: '.ended', actions: 'settle' },
    ],
    'campaign.aborted': { actions: ['noteCancelled', 'cancel'] },
  },
  states: {
    intended: {
      on: {
        'command.accepted': { target: 'accepted', actions: 'noteAccepted' },
        'command.refused': { target: 'refused', actions: 'settle' },
        'command.overdue': { target: 'overdue', actions: ['noteCancelled', 'press'] },
      },
    },
    accepted: { on: { 'command.overdue': { target: 'overdue', actions: ['noteCancelled', 'press'] } } },
    overdue: {
      on: {
        'command.accepted': { actions: 'noteAccepted' },
        'command.refused': { guard: 'neverAccepted', target: 'refused', actions: 'settle' },
      },
    },
    doubtful: {
      on: {
        'command.ended': [
          // A device that does not know either leaves it to a person.
          { guard: 'laterDoubt', actions: ['settle', 'doubt'] },
          { guard: 'laterTruth', target: 'ended', actions: 'settle' },
          // Nothing else may end it but a person.
          {},
        ],
        'command.refused': { guard: 'controllerDoubtsUnaccepted', target: 'refused', actions: 'settle' },
        'command.resolved': 'ended',
        'campaign.aborted': {},
      },
    },
    ended: { type: 'final' },
    refused: { type: 'final' },
  },
});

/** What follows from the intention itself, before any transition. */
export const beginCommand = (command: Command): Effect[] => [
  { do: 'send_command', command },
  setTimer('deadline', command.key, command.deadline),
];

const setTimer = (kind: TimerKind, subject: string, afterMs: number): Effect => ({
  do: 'set_timer',
  id: timerId(kind, subject),
  afterMs,
  kind,
  subject,
});

export const commandBehaviour: Behaviour<typeof commandMachine, CommandContext, CommandEvent> = {
  machine: commandMachine,
  effects: {
    settle: ({ command: { key, device } }, event) => [
      { do: 'clear_timer', id: timerId('deadline', key) },
      { do: 'clear_timer', id: timerId('grace', key) },
      // What only the controller says has to stay in the device's memory: its own word may come yet.
      ...(event.type === 'command.ended' && event.data.source === 'controller'
        ? []
        : [{ do: 'settle_command', key, device } as const]),
    ],
    press: ({ command: { key, device } }) => [
      { do: 'cancel_command', key, device },
      { do: 'query_command', key, device },
      setTimer('grace', key, graceMs),
    ],
    cancel: ({ command: { key, device } }) => [{ do: 'cancel_command', key, device }],
  },
};
