import { schemaViolation, type Capability, type DescriptorBody } from '../domain/descriptor.ts';
import { amountToWire, meterSpanToWire, unitOfMaterial } from './amounts.ts';
import type { DriverOutcome } from './driver.ts';
import { payloadLimit, ResultEvent } from './messages.ts';
import { toWireTime } from './time.ts';

/** What the result of a command is made of. Times in ms. */
export interface Ending {
  readonly n: number;
  readonly boot: string;
  readonly startedAt: number | undefined;
  readonly endedAt: number;
  readonly outcome: DriverOutcome;
}

export interface Begun {
  readonly capability: Capability;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly meters: DescriptorBody['meters'];
}

const longestMessage = 4096;

/**
 * The result event of what a driver reports; `begun` is unknown of a command of an earlier boot. What the contract does
 * not let pass makes the outcome `failed`: a result that breaks its own schema or amounts that are no numbers
 * (bad_result), or more than can be sent (result_too_large). What was consumed is told all the same where it can be.
 */
export function resultEvent(ending: Ending, begun?: Begun): ResultEvent {
  const event = draft(ending, begun);
  const violation = violationOf(event, begun);
  if (violation !== undefined)
    return spoiled(event, 'bad_result', `The driver's result breaks its schema: ${violation}.`);
  const books = ResultEvent.safeParse(event);
  if (!books.success) {
    const { consumed: _, ...rest } = spoiled(
      event,
      'bad_result',
      `The driver's books are unreadable: ${books.error.issues[0]?.message}`,
    );
    return { ...rest, meters: [] };
  }
  const size = Buffer.byteLength(JSON.stringify(event));
  if (size <= payloadLimit) return event;
  return spoiled(event, 'result_too_large', `The result has ${size} bytes, more than the ${payloadLimit} allowed.`);
}

function draft({ n, boot, startedAt, endedAt, outcome }: Ending, begun: Begun | undefined): ResultEvent {
  const { result, error, consumed, meters = [] } = outcome;
  const unitOf = (material: string) =>
    begun === undefined ? '1' : unitOfMaterial(begun.capability, begun.parameters, material);
  const unitOfMeter = (id: string) => begun?.meters.find((meter) => meter.id === id)?.unit ?? 'J';
  return {
    kind: 'result',
    n,
    boot,
    outcome: outcome.outcome,
    ...(startedAt === undefined ? {} : { startedAt: toWireTime(startedAt) }),
    endedAt: toWireTime(endedAt),
    ...(result === undefined ? {} : { result: asOnTheWire(result) }),
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message.slice(0, longestMessage) } }),
    ...(consumed === undefined
      ? {}
      : { consumed: consumed.map((amount) => amountToWire(amount, unitOf(amount.material))) }),
    meters: meters.map((span) => meterSpanToWire({ ...span, boot: span.boot || boot }, unitOfMeter(span.meter))),
  };
}

const violationOf = ({ outcome, result = {} }: ResultEvent, begun: Begun | undefined): string | undefined =>
  outcome === 'ok' && begun !== undefined ? schemaViolation(begun.capability.result, result) : undefined;

/** JSON has no NaN and no undefined: what is checked must be what is sent. */
const asOnTheWire = (result: Readonly<Record<string, unknown>>): NonNullable<ResultEvent['result']> =>
  JSON.parse(JSON.stringify(result)) as NonNullable<ResultEvent['result']>;

function spoiled({ result: _, ...event }: ResultEvent, code: string, message: string): ResultEvent {
  return { ...event, outcome: 'failed', error: { code, message: message.slice(0, longestMessage) } };
}

/** Accepted, but the device restarted or could not write before it acted. */
export const neverStarted: DriverOutcome = {
  outcome: 'failed',
  error: { code: 'not_started', message: 'The device did not get to start the command; nothing was done.' },
  consumed: [],
};

/** Started, and what came of it nobody knows. */
export const interrupted: DriverOutcome = {
  outcome: 'indeterminate',
  error: { code: 'restarted', message: 'The device restarted while it carried out the command.' },
};

export const crashedDriver = (error: unknown): DriverOutcome => ({
  outcome: 'indeterminate',
  error: { code: 'driver_error', message: error instanceof Error ? error.message : String(error) },
});

export const unansweredHalt: DriverOutcome = {
  outcome: 'indeterminate',
  error: { code: 'halted', message: 'The device was halted, and its driver did not say what had happened.' },
};
