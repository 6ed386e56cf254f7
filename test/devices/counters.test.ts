import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readShellyGen1, readShellyGen2, readTasmota, readZigbee2Mqtt } from '../../devices/counters.ts';

const samples = join(import.meta.dirname, '../../../shared/datasets/_samples/energy/smart_plug_messages.jsonl');

interface Sample {
  readonly device: string;
  readonly payload: unknown;
}

describe('messages of real smart plugs', () => {
  const expected: Record<string, object> = {
    'Tasmota plug (Sonoff)': { total: 514.153 * 3.6e6, resetAt: '2022-03-20T15:20:48', resolution: 3600, power: 56 },
    'Tasmota plug with switch input': { total: 14.68792 * 3.6e6, resolution: 36, power: 32 },
    'Tasmota status reply': { total: 41.573 * 3.6e6, resetAt: '2020-06-24T09:25:29', resolution: 3600, power: 2 },
    'Tasmota dual meter (arrays, one value a channel)': { total: (2.813 + 0.254) * 3.6e6, resolution: 3600, power: 57 },
    'Tasmota plug, relay off': { total: 0.586 * 3.6e6, resolution: 3600, power: 0 },
    'Shelly Gen2 plug': { total: 5.125 * 3600, resetAt: '', power: 47.11 },
  };

  test.skipIf(!existsSync(samples))('become joules (skipped where the samples are not at hand)', () => {
    const lines = readFileSync(samples, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(6);
    for (const line of lines) {
      const { device, payload } = JSON.parse(line) as Sample;
      const text = JSON.stringify(payload);
      const read = device.startsWith('Tasmota') ? readTasmota(text) : readShellyGen2(text);
      expect(read).toMatchObject({ ok: true, value: expected[device] });
    }
  });
});

test('the step of a counter is seen from its text, trailing zeros included', () => {
  const tasmota = (total: string) => readTasmota(`{"ENERGY":{"TotalStartTime":"t","Total":${total}}}`);
  expect(tasmota('2.810')).toMatchObject({ value: { resolution: 3600 } });
  expect(tasmota('2.8')).toMatchObject({ value: { resolution: 360_000 } });
  expect(tasmota('[1.5, 2.8125]')).toMatchObject({ value: { resolution: 360 } });
  expect(tasmota('3')).toEqual({ ok: true, value: { total: 3 * 3.6e6, resetAt: 't', resolution: 3_600_000 } });
  const shelly = readShellyGen2('{"aenergy":{"total":5.100,"by_minute":[0.000]},"apower":1}');
  expect(shelly).toMatchObject({ value: { resolution: expect.closeTo(3.6, 9) } });
});

test('Shelly Gen1 counts watt-minutes, as a bare number or in an object', () => {
  expect(readShellyGen1('120')).toEqual({ ok: true, value: { total: 7200, resetAt: '', resolution: 60 } });
  expect(readShellyGen1('{"power":8.5,"total":2}')).toMatchObject({ value: { total: 120, power: 8.5 } });
});

test('Zigbee2MQTT counts kilowatt-hours in steps of 10 Wh or finer', () => {
  expect(readZigbee2Mqtt('{"energy":1.5,"power":12,"state":"ON"}')).toEqual({
    ok: true,
    value: { total: 5_400_000, resetAt: '', resolution: 36_000, power: 12 },
  });
  expect(readZigbee2Mqtt('{"energy":1.523}')).toMatchObject({ value: { resolution: 3600 } });
});

test.each([
  [readTasmota, 'not json', 'is not JSON'],
  [readTasmota, '{"ENERGY":{"Total":"much"}}', 'no Tasmota energy message'],
  [readShellyGen2, '{"aenergy":{"total":null}}', 'aenergy.total'],
  [readShellyGen1, '-5', 'below zero'],
  [readZigbee2Mqtt, '{"power":3}', 'energy'],
  [readZigbee2Mqtt, '"text"', 'no Zigbee2MQTT message'],
])('what is no counter is told as a malformed message', (read, payload, sentence) => {
  const result = read(payload);
  expect(result).toMatchObject({ ok: false, failure: { code: 'message.malformed' } });
  expect(!result.ok && result.failure.message).toContain(sentence);
});
