import { failure, FailureError } from '../../base/failure.ts';
import type { CommandMessage, EventMessage, ResultEvent } from '../../wire/messages.ts';
import type { Bench } from './bench.ts';
import type { CrashScene } from './crash-scene.ts';

/** One demand of the contract, and how to try it on a device. */
export interface Check {
  readonly id: string;
  /** What the contract says, with the section of docs/device-contract.md. */
  readonly section: string;
  readonly says: string;
  /** Checks without which this one makes no sense. */
  readonly needs?: readonly string[];
  /** Tries it. Rejects with FailureError, see `demand`, when the device does something else. */
  try(trial: Trial): Promise<Pass | Skip>;
}

export interface Pass {
  readonly seen: string;
}

export interface Skip {
  readonly skipped: string;
}

/** What the checks share: the device, and what earlier checks have left for later ones. */
export interface Trial {
  readonly bench: Bench;
  /** The longest that a command of the subject should take, in ms. */
  readonly longestMs: number;
  readonly restart: Restart | undefined;
  /** Done and not forgotten. */
  kept?: Story;
  /** Done, and still to be forgotten. */
  spare?: Story;
  /** Done and forgotten. */
  forgotten?: Story;
  /** Refused for good. */
  refused?: CommandMessage;
  crash?: Promise<CrashScene>;
  /** $state did not say that nothing is at work when nothing was. */
  restless?: boolean;
}

/** A command and its result. */
export interface Story {
  readonly command: CommandMessage;
  readonly result: ResultEvent;
}

export interface Restart {
  /** Whether a person pulls the plug, who needs time. */
  readonly byHand: boolean;
  /** Kills the device and starts it again; resolves when that is done or under way. */
  perform(): Promise<void>;
}

export const pass = (seen: string): Pass => ({ seen });
export const skip = (skipped: string): Skip => ({ skipped });

/** What the device did, and what would mend it, unless `holds`. */
export function demand(holds: boolean, seen: string, mend: string): asserts holds {
  if (!holds) throw breach(seen, mend);
}

export const breach = (seen: string, mend: string): FailureError =>
  new FailureError(failure('lab.incapable', seen, { mend }));

/** An event in a few words. */
export function inWords(event: EventMessage | undefined): string {
  if (event === undefined) return 'nothing';
  if (event.kind === 'nack') return `nack ${event.code} with n ${event.n}`;
  if (event.kind !== 'result') return `${event.kind} with n ${event.n}`;
  return `result ${event.outcome}${event.error === undefined ? '' : ` (${event.error.code})`} with n ${event.n}`;
}

export const allInWords = (events: readonly EventMessage[]): string =>
  events.length === 0 ? 'nothing' : events.map(inWords).join(', ');
