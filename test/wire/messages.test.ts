import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeFailure } from '../../src/base/failure.ts';
import type { Amount, MeterSpan } from '../../src/domain/event.ts';
import { CommandKey, DeviceId, MaterialId } from '../../src/domain/ids.ts';
import {
  amountFromWire,
  amountToWire,
  commandEndOf,
  meterSpanFromWire,
  meterSpanToWire,
  meterTotal,
  unitOfMaterial,
  type MeterUnit,
} from '../../src/wire/amounts.ts';
import { commandHash, parseMessage, payloadLimit, ResultEvent } from '../../src/wire/messages.ts';
import { topics } from '../../src/wire/topics.ts';
import { fromWireTime, toWireTime } from '../../src/wire/time.ts';
import { dispense } from './bench.ts';
import { at, resultBody, samples } from './samples.ts';

const sentence = (topic: string, payload: string): string => {
  const read = parseMessage(topic, payload);
  if (read.ok) throw new Error('it was read');
  expect(read.failure.code).toBe('message.malformed');
  return describeFailure(read.failure);
};

describe('parseMessage', () => {
  it.each(samples)('reads %s', (topic, body) => {
    const read = parseMessage(topic, JSON.stringify(body));
    expect(read).toMatchObject({ ok: true, value: { body } });
  });

  it.each(samples.filter(([topic]) => !topic.includes('/campaign/')))('is lenient and strict on %s', (topic, body) => {
    const lenient = parseMessage(topic, JSON.stringify({ ...body, fromTheFuture: { x: 1 } }));
    expect(lenient).toMatchObject({ ok: true, value: { body } });
    const required = Object.keys(body).filter((field) => !['key', 'result', 'consumed', 'startedAt'].includes(field));
    for (const field of required) {
      const { [field]: _, ...rest } = body;
      expect(sentence(topic, JSON.stringify(rest))).toContain(topic);
    }
  });

  it('reads a descriptor, with fields it does not know', () => {
    const topic = topics.descriptor('lab', 'pump');
    const body = { ...dispense, hash: 'h' };
    const future = { ...body, colour: 'red', capabilities: [{ ...body.capabilities[0]!, noise: 3 }] };
    expect(parseMessage(topic, JSON.stringify(future))).toMatchObject({ ok: true, value: { body } });
  });

  it('says what is wrong in one sentence', () => {
    const topic = topics.command('lab', 'arm');
    expect(sentence(topic, '')).toBe(`${topic}: The message is empty.`);
    expect(sentence(topic, '{')).toBe(`${topic}: The message is not JSON.`);
    expect(sentence(topic, '[]')).toMatch(/^labwright.*: The command message is malformed: the payload: expected/);
    expect(sentence(topic, JSON.stringify({ ...samples[1]![1], ttlMs: 'soon' }))).toContain('"ttlMs" expected number');
    expect(sentence(topic, JSON.stringify({ ...samples[1]![1], issuedAt: 'now' }))).toContain('RFC 3339');
    expect(sentence('lab/x', '{}')).toBe('lab/x: The topic is not part of wire contract v1.');
    const odd = { ...resultBody, consumed: [{ material: 'dye', amount: 1, unit: 'furlongs²' }] };
    expect(sentence(topics.event('lab', 'arm', 'k1'), JSON.stringify(odd))).toContain(
      '"consumed.0.unit" is not a unit',
    );
  });

  it('refuses more than 1 MiB, counted in bytes, and says how much it was', () => {
    const topic = topics.campaign('lab', 'c1', 'best');
    const largest = JSON.stringify('x'.repeat(payloadLimit - 2));
    expect(parseMessage(topic, largest).ok).toBe(true);
    expect(sentence(topic, JSON.stringify('é'.repeat(payloadLimit / 2)))).toContain(`${payloadLimit + 2} bytes`);
    expect(parseMessage(topic, '', 10_000_000)).toMatchObject({ ok: false });
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...samples.map(([topic]) => topic)), fc.json(), (topic, payload) => {
        parseMessage(topic, payload);
      }),
    );
  });
});

describe('amounts', () => {
  it('come back from the wire as they were, to rounding', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-12, max: 1, noNaN: true }),
        fc.constantFrom('m3', 'mL', 'uL', 'L', 'g', '1'),
        (amount, unit) => {
          const before: Amount = { material: MaterialId.parse('dye'), amount, uncertainty: amount / 100 };
          const after = amountFromWire(amountToWire(before, unit));
          expect(after.amount).toBeCloseTo(amount, 14);
          expect(Math.abs(after.amount / amount - 1)).toBeLessThan(1e-12);
          expect(Math.abs(after.uncertainty! / before.uncertainty! - 1)).toBeLessThan(1e-12);
        },
      ),
    );
    expect(amountFromWire({ material: MaterialId.parse('dye'), amount: 2, unit: 'mL' }).amount).toBeCloseTo(2e-6, 18);
  });

  it.each<[MeterUnit, number]>([
    ['J', 1],
    ['Wh', 3600],
    ['kWh', 3.6e6],
    ['Wmin', 60],
  ])('meters in %s', (unit, joules) => {
    const span: MeterSpan = {
      meter: DeviceId.parse('mains'),
      start: 3.6e6,
      end: 7.2e6,
      resolution: joules,
      boot: 'b1',
    };
    const wire = meterSpanToWire(span, unit);
    expect(wire).toMatchObject({ start: 3.6e6 / joules, resolution: 1, unit });
    expect(meterSpanFromWire(wire)).toEqual(span);
    expect(meterTotal({ total: 2, unit, boot: 'b', resetAt: at, resolution: 1, seq: 1, at })).toBe(2 * joules);
  });

  it('finds the unit that a capability counts a material in', () => {
    const capability = {
      ...dispense.capabilities[0]!,
      units: { volumes: 'uL', mass: 'g' },
      consumes: [{ parameter: 'volumes' }, { parameter: 'mass', material: 'solid' }],
    };
    const parameters = { volumes: { dye: 3 }, mass: 1, solid: 'salt' };
    expect(unitOfMaterial(capability, parameters, 'dye')).toBe('uL');
    expect(unitOfMaterial(capability, parameters, 'salt')).toBe('g');
    expect(unitOfMaterial(capability, parameters, 'other')).toBe('uL');
    expect(unitOfMaterial({ ...capability, consumes: [] }, parameters, 'dye')).toBe('1');
  });

  it('make a result a command end in SI', () => {
    const end = commandEndOf(CommandKey.parse('k1'), ResultEvent.parse(resultBody));
    expect(end).toMatchObject({ key: 'k1', outcome: 'ok', startedAt: fromWireTime(at), source: 'device' });
    expect(end.consumed![0]!.amount).toBeCloseTo(1.5e-6, 15);
    expect(end.meters[0]).toMatchObject({ start: 3.6e6, end: 5.4e6, resolution: 3600 });
  });

  it('keep times to the millisecond', () => {
    expect(fromWireTime(toWireTime(1_767_600_000_123))).toBe(1_767_600_000_123);
  });
});

describe('commandHash', () => {
  it('binds capability and parameters, not the order of members', () => {
    expect(commandHash('a', { x: 1, y: 2 })).toBe(commandHash('a', { y: 2, x: 1 }));
    expect(commandHash('a', { x: 1 })).not.toBe(commandHash('a', { x: 2 }));
    expect(commandHash('a', { x: 1 })).not.toBe(commandHash('b', { x: 1 }));
  });
});
