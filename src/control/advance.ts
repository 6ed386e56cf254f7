import type { EventOf } from '../domain/event.ts';
import type { Scope } from '../domain/expression.ts';
import type { ExperimentContext, Stop } from './experiment.ts';

/** What is known of an experiment after one of its commands has happened, and which limits of time that has broken. */

/** When a step began and ended, lab ms; `endedNotBefore` where nobody has seen its end. */
interface Span {
  readonly started: number;
  readonly ended: number;
  readonly endedNotBefore?: number;
}

/** The device's own times, as far as they can be true: after the intention and before its word. */
export function spanTold(
  { commandAt }: Pick<ExperimentContext, 'commandAt'>,
  { at, data: { startedAt, endedAt } }: EventOf<'command.ended'>,
): Span {
  const within = (time: number) => Math.min(at, Math.max(commandAt ?? at, time));
  return { started: within(startedAt ?? commandAt ?? at), ended: within(endedAt ?? at) };
}

/** A step that a person has vouched for: it began before it would have expired, and took as long as it must. */
export function spanBelieved({ command, commandAt }: ExperimentContext, at: number): Span {
  const from = commandAt ?? at;
  const { ttl = 0, expected } = command ?? {};
  return {
    started: Math.min(at, from + ttl),
    ended: at,
    endedNotBefore: Math.min(at, from + (expected?.low ?? 0)),
  };
}

/** What a message may take, ms: a wait is not missed by less. */
const messageMs = 500;

/** The state after a command that has happened; `stop` is the step that it was for. */
export function advance(
  context: ExperimentContext,
  stop: Stop,
  span: Span,
  result: Scope[string] = {},
): Partial<ExperimentContext> {
  const { command, lastStepEnd } = context;
  if (command?.kind === 'move') return { command: undefined, attempt: 1, location: command.to };
  const waited = span.started - (context.lastStepNotBefore ?? lastStepEnd ?? span.started);
  const allowed = context.waived === stop.id ? Infinity : (stop.maxWait ?? Infinity);
  const took = span.endedNotBefore === undefined ? span.ended - span.started : 0;
  const longest = stop.overrun === undefined ? Infinity : (command?.expected.high ?? Infinity);
  return {
    command: undefined,
    attempt: 1,
    step: context.step + 1,
    lastStepEnd: span.ended,
    lastStepNotBefore: span.endedNotBefore,
    waived: undefined,
    ...(waited > allowed + messageMs ? { waitedTooLong: waited } : {}),
    ...(took > longest + messageMs ? { tookTooLong: took, longest } : {}),
    ...(command?.at === undefined ? {} : { location: command.at }),
    results: { ...context.results, [stop.id]: result },
  };
}
