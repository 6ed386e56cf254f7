import type { Command, NewEvent } from './event.ts';

/** What the core asks the engine to do. Effects are data; the engine performs them after the event is in the ledger. */
export type Effect =
  /** Something follows at once from what has happened: append it in the same transaction. */
  | { readonly do: 'record'; readonly event: NewEvent }
  /** Reserve the materials of a new experiment, or say that they are short. */
  | { readonly do: 'reserve'; readonly experiment: string }
  | { readonly do: 'ask_optimizer'; readonly ask: number; readonly count: number }
  | { readonly do: 'send_command'; readonly command: Command }
  /** The books have the result: the device may forget the command. */
  | { readonly do: 'settle_command'; readonly key: string; readonly device: string }
  | { readonly do: 'cancel_command'; readonly key: string; readonly device: string }
  /** Ask a device what became of a command. */
  | { readonly do: 'query_command'; readonly key: string; readonly device: string }
  /** Ask a device what became of all its open commands. */
  | { readonly do: 'reconcile_device'; readonly device: string }
  | { readonly do: 'halt_devices' }
  | {
      readonly do: 'set_timer';
      readonly id: string;
      readonly afterMs: number;
      readonly kind: TimerKind;
      readonly subject: string;
    }
  | { readonly do: 'clear_timer'; readonly id: string };

/**
 * deadline: a command has not ended in time; grace: nor after it was cancelled; retry: a refused step may be tried again;
 * time_budget: the campaign has had its hours; shelf_life: a held sample has waited as long as it may; gather: a decision
 * has waited long enough for samples on their way to it.
 */
export type TimerKind = 'deadline' | 'grace' | 'retry' | 'time_budget' | 'shelf_life' | 'gather';

export const timerId = (kind: TimerKind, subject: string): string => `${kind}:${subject}`;
