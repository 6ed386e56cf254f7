import type { EventOf } from '../domain/event.ts';
import { capabilityKey, wayKey, type Lesson } from '../domain/durations.ts';
import { atOnce, declaredWay, type Lab } from '../domain/lab.ts';
import type { CommandContext } from './command.ts';

/**
 * What the end of a command teaches about durations; undefined where it teaches nothing: it did not go well, it was in doubt
 * or overdue, or its device was not itself all the time. A run's duration is what the device says, by its own clock, but no
 * longer than the controller has seen it; without a word of the device, from acceptance to end.
 */
export function lessonOf(
  { at, data }: EventOf<'command.ended'>,
  { value, context }: { readonly value: unknown; readonly context: CommandContext },
  unsteadyAt = -Infinity,
  lab?: Lab,
  idleWatts = 0,
): (Lesson & { readonly key: string }) | undefined {
  const { command, intendedAt, acceptedAt } = context;
  const steady =
    (value === 'intended' || value === 'accepted') && context.cancelled !== true && unsteadyAt < intendedAt;
  if (!steady || data.outcome !== 'ok' || data.source !== 'device') return undefined;
  const { startedAt, endedAt } = data;
  const says = startedAt === undefined || endedAt === undefined ? 0 : endedAt - startedAt;
  // A device that knows one time only gives it twice.
  const told = says > 0 ? says : at - (acceptedAt ?? NaN);
  if (!(told >= 0)) return undefined;
  const actual = Math.min(told, at - intendedAt);
  const { kind, device, capability, from, to, expected, batch, deadline } = command;
  // Overdue, though nobody was there to notice, or a clock has jumped meanwhile.
  if (actual > deadline) return undefined;
  if (kind === 'process')
    return {
      ...{ key: capabilityKey(device, capability), declared: expected, actual, batch },
      joules: isShared(lab, device) ? undefined : joulesOf(data, (idleWatts * actual) / 1000),
    };
  if (from === undefined || to === undefined || lab?.transport === undefined) return undefined;
  return { key: wayKey(from, to), declared: declaredWay(lab.transport, from, to), actual };
}

/** Where several commands run side by side, nobody knows whose the joules of a meter are. */
function isShared(lab: Lab | undefined, id: string): boolean {
  const device = lab?.devices[id as keyof Lab['devices']];
  return device !== undefined && !device.batch && atOnce(device) > 1;
}

/**
 * What the device's meters counted from start to end beyond what it draws at rest; undefined where it has none, or one began anew
 * meanwhile.
 */
function joulesOf({ meters }: EventOf<'command.ended'>['data'], atRest: number): number | undefined {
  const counted = meters.map(({ start, end }) => end - start);
  if (counted.length === 0 || counted.some((joules) => joules < 0)) return undefined;
  return Math.max(0, counted.reduce((sum, joules) => sum + joules, 0) - atRest);
}
