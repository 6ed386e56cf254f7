import { describe, expect, test } from 'vitest';
import type { CommandContext } from '../../src/control/command.ts';
import { lessonOf } from '../../src/control/lesson.ts';
import type { EventOf } from '../../src/domain/event.ts';
import { definitionOf } from '../engine/whole-lab.ts';

const { lab } = definitionOf('colour-match');
const expected = { low: 1000, typical: 2000, high: 3000 };
const deadline = 30_000;

type End = EventOf<'command.ended'>['data'];

const commandOf = (command: object = {}): CommandContext['command'] =>
  ({ kind: 'process', device: 'handler', capability: 'dispense', expected, deadline, ...command }) as never;

const context = (more: Partial<CommandContext> = {}): CommandContext => ({
  command: commandOf(),
  intendedAt: 10_000,
  accepted: true,
  acceptedAt: 10_100,
  ...more,
});

const end = (data: Partial<End> = {}, at = 13_000): EventOf<'command.ended'> =>
  ({ at, data: { outcome: 'ok', source: 'device', meters: [], ...data } }) as never;

const lesson = (data?: Partial<End>, more?: Partial<CommandContext>, value = 'accepted', unsteadyAt?: number) =>
  lessonOf(end(data), { value, context: context(more) }, unsteadyAt, lab);

describe('a command that has ended well', () => {
  test('took as long as its device says, by whatever clock the device has', () => {
    const taught = lesson({ startedAt: 500, endedAt: 2900 });
    expect(taught).toEqual({ key: 'handler dispense', declared: expected, actual: 2400, batch: undefined });
  });

  test('took no longer than the controller has seen it', () => {
    expect(lesson({ startedAt: 0, endedAt: 9999 })!.actual).toBe(3000);
  });

  test('took from acceptance to end where the device does not say', () => {
    expect(lesson({})!.actual).toBe(2900);
    expect(lesson({ startedAt: 12_990, endedAt: 12_990 })!.actual).toBe(2900);
    const unaccepted = { intendedAt: 10_000, command: commandOf() };
    expect(lessonOf(end(), { value: 'intended', context: unaccepted }, undefined, lab)).toBeUndefined();
  });

  test('teaches of a move how long that way is, beside what the lab file says', () => {
    const command = commandOf({ kind: 'move', device: 'arm', capability: 'move', from: 'rack', to: 'reader' });
    const declared = { low: 12_000, typical: 15_000, high: 22_500 };
    expect(lesson({ startedAt: 0, endedAt: 2500 }, { command })).toEqual({
      key: 'way rack reader',
      declared,
      actual: 2500,
    });
  });
});

describe('nothing is learned', () => {
  test('from what took longer than its deadline, though it was not noticed in time', () => {
    const late = (ms: number) =>
      lessonOf(
        end({ startedAt: 0, endedAt: ms }, 10_000 + ms),
        { value: 'accepted', context: context() },
        undefined,
        lab,
      );
    expect(late(deadline)!.actual).toBe(deadline);
    expect(late(deadline + 1)).toBeUndefined();
  });

  const told = { startedAt: 0, endedAt: 2500 };

  test.each(['failed', 'cancelled', 'indeterminate'] as const)('from what ended as %s', (outcome) => {
    expect(lesson({ ...told, outcome })).toBeUndefined();
  });

  test('from the word of anybody but the device', () => {
    expect(lesson({ ...told, source: 'controller' })).toBeUndefined();
  });

  test.each(['overdue', 'doubtful'])('from what was %s', (value) => {
    expect(lesson(told, {}, value)).toBeUndefined();
  });

  test('from what was cancelled and ended all the same', () => {
    expect(lesson(told, { cancelled: true })).toBeUndefined();
  });

  test('from a run during which its device was in error or away', () => {
    expect(lesson(told, {}, 'accepted', 9_000)).toBeDefined();
    expect(lesson(told, {}, 'accepted', 11_000)).toBeUndefined();
  });
});
