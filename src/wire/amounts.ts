import type { Capability } from '../domain/descriptor.ts';
import type { Amount, CommandEnd, MeterSpan } from '../domain/event.ts';
import type { CommandKey } from '../domain/ids.ts';
import { fromSi, toSi } from '../domain/quantity.ts';
import type { MeterMessage, ResultEvent, WireAmount, WireMeterSpan } from './messages.ts';
import { fromWireTime } from './time.ts';

/** Amounts and meter readings: UCUM units and the meter's own unit on the wire, SI and joules inside. */

export type MeterUnit = WireMeterSpan['unit'];

const joulesPer: Readonly<Record<MeterUnit, number>> = { J: 1, Wh: 3600, kWh: 3_600_000, Wmin: 60 };

export const toJoules = (value: number, unit: MeterUnit): number => value * joulesPer[unit];
export const fromJoules = (joules: number, unit: MeterUnit): number => joules / joulesPer[unit];

/** The cumulative counter in joules. */
export const meterTotal = ({ total, unit }: MeterMessage): number => toJoules(total, unit);

export function amountToWire({ material, amount, uncertainty }: Amount, unit: string): WireAmount {
  const value = fromSi(amount, unit);
  return uncertainty === undefined
    ? { material, amount: value, unit }
    : { material, amount: value, unit, uncertainty: fromSi(uncertainty, unit) };
}

/** The unit has been checked by the schema of the message. */
export function amountFromWire({ material, amount, unit, uncertainty }: WireAmount): Amount {
  const si = toSi(amount, unit);
  return uncertainty === undefined
    ? { material, amount: si }
    : { material, amount: si, uncertainty: toSi(uncertainty, unit) };
}

export const meterSpanToWire = (span: MeterSpan, unit: MeterUnit): WireMeterSpan => ({
  meter: span.meter,
  start: fromJoules(span.start, unit),
  end: fromJoules(span.end, unit),
  unit,
  boot: span.boot,
  resolution: fromJoules(span.resolution, unit),
  ...(span.resetAt === undefined ? {} : { resetAt: span.resetAt }),
});

export const meterSpanFromWire = (span: WireMeterSpan): MeterSpan => ({
  meter: span.meter,
  start: toJoules(span.start, span.unit),
  end: toJoules(span.end, span.unit),
  resolution: toJoules(span.resolution, span.unit),
  boot: span.boot,
  ...(span.resetAt === undefined ? {} : { resetAt: span.resetAt }),
});

/**
 * The unit in which a command of this capability counts a material. A material that the capability does not declare is
 * counted in its first declared unit, else as pieces: the SI number is the same whatever the unit.
 */
export function unitOfMaterial(
  { consumes, units }: Capability,
  parameters: Readonly<Record<string, unknown>>,
  material: string,
): string {
  const declared = consumes.find(({ parameter, material: holder }) => {
    if (holder !== undefined) return parameters[holder] === material;
    const amounts = parameters[parameter];
    return typeof amounts === 'object' && amounts !== null && Object.hasOwn(amounts, material);
  });
  const parameter = (declared ?? consumes[0])?.parameter;
  return (parameter === undefined ? undefined : units[parameter]) ?? '1';
}

/** What a device's result says, in the words and units of the domain. */
export function commandEndOf(key: CommandKey, event: ResultEvent): CommandEnd {
  return {
    key,
    outcome: event.outcome,
    ...(event.startedAt === undefined ? {} : { startedAt: fromWireTime(event.startedAt) }),
    endedAt: fromWireTime(event.endedAt),
    ...(event.result === undefined ? {} : { result: event.result }),
    ...(event.error === undefined ? {} : { error: event.error }),
    ...(event.consumed === undefined ? {} : { consumed: event.consumed.map(amountFromWire) }),
    meters: event.meters.map(meterSpanFromWire),
    source: 'device',
  };
}
