import { describe, expect, it } from 'vitest';
import { smartPlugTasmota, SmartPlugDriver } from '../../devices/smart-plug-tasmota.ts';
import { usualSteps, type PlugKind } from '../../devices/counters.ts';
import { bridgeMeters } from '../../devices/meters.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { MemoryBroker } from '../../simulators/memory-bus.ts';
import type { DriverOutcome, DriverReport } from '../../src/wire/driver.ts';
import { parseMessage, type MeterMessage } from '../../src/wire/messages.ts';
import { colourLab, rig } from './rig.ts';

describe('a device on a smart plug', () => {
  const onPlug = (kind: string, topic: string) =>
    rig(colourLab({ devices: { handler: { kind: 'liquid-handler', meter: { kind, topic } } }, transport: undefined }));

  it('speaks Tasmota, and its counter becomes the meter of the device', () => {
    const lab = onPlug('tasmota', 'tele/plug_7/SENSOR');
    for (let i = 0; i < 20; i++) lab.run('handler', `k${i}`, 'dispense', { sample: 's', volumes: { red: 40 } });
    lab.pass(15);
    const said = lab.heard.filter(({ topic }) => topic === 'tele/plug_7/SENSOR').map(({ body }) => body);
    const meters = lab.heard.filter(({ topic }) => topic === 'labwright/1/test/dev/handler/meter/plug');
    expect(meters.length).toBe(said.length);
    expect(said[0]).toMatchObject({ ENERGY: { Voltage: 230, Factor: 1, Power: 20 } });
    const totals = meters.map(({ body }) => (body as unknown as MeterMessage).total);
    expect(totals).toEqual([...totals].sort((a, b) => a - b));
    const { topic, body } = meters.at(-1)!;
    expect(parseMessage(topic, JSON.stringify(body)).ok).toBe(true);
    expect(body['resetAt']).toBe('2026-01-05T08:00:00.000Z');
    expect(lab.broker.retained.has(topic)).toBe(true);
  });

  it.each(Object.keys(usualSteps) as PlugKind[])('is metered in joules, whatever its maker counts: %s', (kind) => {
    const lab = onPlug(kind, 'plug');
    lab.pass(3600);
    const { body } = lab.heard.filter(({ topic }) => topic.endsWith('/meter/plug')).at(-1)!;
    const { total, unit, resolution } = body as unknown as MeterMessage;
    expect(unit).toBe('J');
    expect(resolution).toBeCloseTo(usualSteps[kind], 6);
    const drawn = lab.world.drawn('handler', lab.clock.now());
    expect(drawn).toBeCloseTo(20 * 3600, -3);
    expect(drawn - total).toBeGreaterThan(-1e-6);
    // One step of the counter, and what was drawn since the plug spoke last.
    expect(drawn - total).toBeLessThan(usualSteps[kind] + 20 * 10);
  });

  it('says nothing where the plug speaks of something else', () => {
    const lab = onPlug('tasmota', 'tele/plug_7/SENSOR');
    const meters = () => lab.heard.filter(({ topic }) => topic.endsWith('/meter/plug')).length;
    const before = meters();
    for (const payload of ['', 'Online', '{}', '{"ENERGY":{}}'])
      lab.broker.connect({ clientId: 'x' }).publish('tele/plug_7/SENSOR', payload);
    lab.pass(1);
    expect(meters()).toBe(before);
  });

  it('is not taken in by messages that were overtaken, and believes a counter that began again', () => {
    const clock = new VirtualClock();
    const broker = new MemoryBroker({ clock });
    const { lab } = onPlug('shelly-gen2', 'plug');
    bridgeMeters({ bus: broker.connect({ clientId: 'bridge' }), clock, lab, boot: 'b' });
    const totals: number[] = [];
    broker.connect({ clientId: 'ear' }).subscribe('labwright/1/test/dev/handler/meter/plug', ({ payload }) => {
      totals.push((JSON.parse(payload) as MeterMessage).total);
    });
    const plug = broker.connect({ clientId: 'plug' });
    const pass = (seconds: number) => {
      let over = false;
      clock.after(1000 * seconds, () => (over = true));
      clock.run(() => over);
    };
    const say = (wattHours: string, seconds: number) => {
      plug.publish('plug', `{"aenergy":{"total":${wattHours}}}`);
      pass(seconds);
    };
    pass(1);
    say('20.000', 10);
    // Three that were held back may come in their order, one after the other (seed 184277).
    for (const wattHours of ['19.500', '19.600', '19.700', '19.800']) say(wattHours, 10);
    expect(totals).toEqual([72_000]);
    say('20.200', 10);
    expect(totals.map(Math.round)).toEqual([72_000, 72_720]);
    for (let i = 0; i < 6; i++) say(`0.0${i}0`, 10);
    expect(totals).toHaveLength(2);
    for (let i = 6; i < 9; i++) say(`0.0${i}0`, 10);
    expect(totals.slice(2).map(Math.round)).toEqual([216, 252, 288]);
  });

  it('counts yesterday and today', () => {
    const lab = onPlug('tasmota', 'tele/plug_7/SENSOR');
    lab.pass(26 * 3600);
    const last = lab.heard.filter(({ topic }) => topic === 'tele/plug_7/SENSOR').at(-1)!;
    const { Total, Yesterday, Today } = last.body['ENERGY'] as Record<string, number>;
    expect(Total).toBeCloseTo(0.02 * 26, 2);
    expect(Yesterday).toBeCloseTo(0.02 * 16, 2);
    expect(Yesterday! + Today!).toBeCloseTo(Total!, 2);
  });
});

describe('the driver of a switched socket', () => {
  function socket(answer: (payload: string) => string | undefined) {
    const clock = new VirtualClock();
    const broker = new MemoryBroker({ clock });
    const plug = broker.connect({ clientId: 'plug' });
    const asked: string[] = [];
    plug.subscribe('cmnd/p/POWER', ({ payload }) => {
      asked.push(payload);
      const said = answer(payload);
      if (said !== undefined) plug.publish('stat/p/POWER', said);
    });
    const bus = broker.connect({ clientId: 'driver' });
    const written = { topic: 'p' };
    const descriptor = smartPlugTasmota.describe('socket', written);
    const driver = new SmartPlugDriver({ bus, clock, descriptor, options: smartPlugTasmota.read('socket', written) });
    const ends: DriverOutcome[] = [];
    const report = { end: (outcome: DriverOutcome) => ends.push(outcome) } as unknown as DriverReport;
    clock.run(() => false, clock.now() + 100);
    const order = (on: boolean) => {
      driver.start({ key: 'k', capability: 'switch', parameters: { on } }, report);
      clock.run(() => false, clock.now() + 20_000);
    };
    return { driver, ends, asked, order, clock };
  }

  it('waits for the word of the plug', () => {
    const { order, ends, asked } = socket((payload) => payload);
    order(true);
    order(false);
    expect(asked).toEqual(['ON', 'OFF']);
    expect(ends.map(({ outcome, result }) => [outcome, result])).toEqual([
      ['ok', { on: true }],
      ['ok', { on: false }],
    ]);
  });

  it('does not know when the plug says nothing, and switches off in an emergency', () => {
    const { driver, order, ends, asked, clock } = socket(() => undefined);
    order(true);
    expect(ends).toMatchObject([{ outcome: 'indeterminate', error: { code: 'E_NO_ANSWER' } }]);
    driver.halt();
    clock.run(() => false, clock.now() + 100);
    expect(asked).toEqual(['ON', 'OFF']);
  });
});
