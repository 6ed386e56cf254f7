import { describe, expect, it } from 'vitest';
import type { DescriptorBody } from '../../src/domain/descriptor.ts';
import { topics } from '../../src/wire/topics.ts';
import { createRig, dispense, Pump, type Rig } from './bench.ts';

const kinds = (rig: Rig, key: string, from = 0): string[] =>
  rig.events(key, from).map((event) => {
    if (event.kind === 'nack') return `${event.n} ${event.code}`;
    return `${event.n} ${event.kind === 'result' ? event.outcome : event.kind}`;
  });

describe('a device host', () => {
  it('presents itself: descriptor, state, retained', () => {
    const rig = createRig();
    const retained = rig.broker.retained;
    expect(JSON.parse(retained.get(topics.descriptor('lab', 'pump'))!)).toMatchObject({ ...dispense });
    expect(JSON.parse(retained.get(topics.state('lab', 'pump'))!)).toMatchObject({ state: 'ready', boot: 'b1' });
  });

  it('carries a command from ack to result, with state, amounts and meters', () => {
    const rig = createRig();
    rig.send({ key: 'k1' });
    rig.pass(100);
    expect(rig.host.running).toEqual(['k1']);
    expect(rig.states().at(-1)).toMatchObject({ state: 'busy', running: ['k1'], epoch: 1 });
    rig.pass(5000);
    const [ack, result] = rig.events('k1');
    expect(ack).toEqual({ kind: 'ack', n: 1, boot: 'b1' });
    expect(result).toMatchObject({
      n: 2,
      outcome: 'ok',
      result: { dispensed: 2 },
      consumed: [{ material: 'dye', unit: 'mL' }],
      meters: [{ meter: 'mains', start: 1, end: 2, unit: 'Wh', boot: 'b1', resolution: 1 }],
    });
    if (result?.kind !== 'result') throw new Error('no result');
    expect(result.consumed![0]!.amount).toBeCloseTo(2, 12);
    expect(Date.parse(result.endedAt) - Date.parse(result.startedAt!)).toBe(2000);
    expect(rig.states().at(-1)).toMatchObject({ state: 'ready', running: [] });
    const seqs = rig.states().map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  });

  it('passes on progress, telemetry, meters and log', () => {
    const rig = createRig();
    rig.send({ key: 'k1' });
    rig.pass(100);
    const report = rig.pump.report('k1');
    report.progress(0.5, 'half');
    report.telemetry('flow', { rate: 3 }, 'mL/min');
    report.meter('mains', 12, 0);
    report.log('info', 'primed');
    rig.pass(10);
    expect(kinds(rig, 'k1')).toEqual(['1 ack', '2 progress']);
    const kindsHeard = rig.heard.slice(-4).map(({ message }) => message.kind);
    expect(kindsHeard).toEqual(['event', 'telemetry', 'meter', 'log']);
    expect(JSON.parse(rig.broker.retained.get(topics.meter('lab', 'pump', 'mains'))!)).toMatchObject({
      total: 12,
      unit: 'Wh',
      resolution: 1,
    });
    rig.pass(5000);
    expect(kinds(rig, 'k1').at(-1)).toBe('3 ok');
  });

  it('lets an idle instrument speak', () => {
    const idle = (clock: Rig['clock'], world: Rig['world']) =>
      Object.assign(new Pump(clock, world), {
        attach: (report: { log(level: 'info', message: string): void }) =>
          clock.after(5, () => report.log('info', 'idle')),
      });
    const rig = createRig({ pump: idle });
    expect(rig.logs()).toContain('idle');
  });
});

describe('a repeated command', () => {
  it('is answered by the last event, and never acts again', () => {
    const rig = createRig();
    const command = rig.send({ key: 'k1' });
    rig.pass(100);
    rig.send({ ...command });
    rig.pass(5000);
    rig.send({ ...command });
    rig.pass(5000);
    expect(kinds(rig, 'k1')).toEqual(['1 ack', '1 ack', '2 ok', '2 ok']);
    expect(rig.events('k1')[3]).toEqual(rig.events('k1')[2]);
    expect(rig.world.acts.get('k1')).toBe(1);
  });

  it('replays even when it has expired in the meantime', () => {
    const rig = createRig();
    const command = rig.send({ key: 'k1', ttlMs: 10 });
    rig.pass(5000);
    rig.send({ ...command });
    rig.pass(10);
    expect(kinds(rig, 'k1')).toEqual(['1 ack', '2 ok', '2 ok']);
  });

  it('is refused when its hash is another', () => {
    const rig = createRig();
    rig.send({ key: 'k1' });
    rig.pass(10);
    rig.send({ key: 'k1', parameters: { volume: 3 } });
    rig.pass(10);
    expect(kinds(rig, 'k1')).toEqual(['1 ack', '0 E_KEY_REUSED']);
  });

  it('is refused, not acted on, after it was forgotten, in this boot and the next', () => {
    const rig = createRig();
    const command = rig.send({ key: 'k1' });
    rig.pass(5000);
    rig.control('forget', 'k1');
    rig.pass(10);
    rig.send({ ...command });
    rig.pass(10);
    rig.crash();
    rig.boot();
    rig.pass(10);
    const from = rig.heard.length;
    rig.send({ ...command });
    rig.control('query', 'k1');
    rig.pass(5000);
    expect(kinds(rig, 'k1', from)).toEqual(['0 E_KEY_REUSED', '0 E_UNKNOWN_KEY']);
    expect(rig.world.acts.get('k1')).toBe(1);
  });
});

describe('a refusal', () => {
  const cases: [string, string, (rig: Rig) => void][] = [
    ['E_EXPIRED', 'k', (rig) => rig.send({ key: 'k', ttlMs: 0, issuedAt: '1969-12-31T00:00:00.000Z' })],
    ['E_UNKNOWN_CAPABILITY', 'k', (rig) => rig.send({ key: 'k', capability: 'fly' })],
    ['E_BAD_PARAMETERS', 'k', (rig) => rig.send({ key: 'k', parameters: { volume: 1000 } })],
    ['E_BAD_PARAMETERS', 'k', (rig) => rig.send({ key: 'k', parameters: { volume: 1, colour: 'red' } })],
    [
      'E_BUSY',
      'k',
      (rig) => {
        rig.send({ key: 'other' });
        rig.send({ key: 'k' });
      },
    ],
    [
      'E_HALTED',
      'k',
      (rig) => {
        rig.control('halt');
        rig.send({ key: 'k' });
      },
    ],
  ];

  it.each(cases)(
    '%s is final for its key: a late copy never acts, and the key is forgotten on demand',
    (code, key, act) => {
      const rig = createRig();
      act(rig);
      rig.pass(100);
      expect(kinds(rig, key)).toEqual([`1 ${code}`]);
      rig.control('resume');
      rig.pass(10_000);
      rig.send({ key, parameters: { volume: 1 } });
      rig.pass(10_000);
      expect(kinds(rig, key).slice(1)).toEqual(['0 E_KEY_REUSED']);
      expect(rig.world.acts.has(key)).toBe(false);
      rig.control('query', key);
      rig.pass(10);
      expect(kinds(rig, key).at(-1)).toBe(`1 ${code}`);
      rig.control('forget', key);
      rig.control('query', key);
      rig.pass(10);
      expect(kinds(rig, key).at(-1)).toBe('0 E_UNKNOWN_KEY');
    },
  );

  it('by the driver is passed on', () => {
    const shy = (clock: Rig['clock'], world: Rig['world']) =>
      Object.assign(new Pump(clock, world), {
        refuse: () => ({ code: 'E_BUSY' as const, message: 'The lid is open.' }),
      });
    const rig = createRig({ pump: shy });
    rig.send({ key: 'k' });
    rig.pass(10);
    expect(rig.events('k')).toEqual([
      { kind: 'nack', n: 1, boot: 'b1', code: 'E_BUSY', message: 'The lid is open.', epoch: 1 },
    ]);
  });

  it('meets a copy of an E_BUSY command that comes when the device is free', () => {
    const rig = createRig();
    rig.send({ key: 'first' });
    const second = rig.send({ key: 'second' });
    rig.pass(5000);
    rig.send({ ...second });
    rig.pass(5000);
    expect(kinds(rig, 'second')).toEqual(['1 E_BUSY', '1 E_BUSY']);
    expect(rig.world.acts.has('second')).toBe(false);
  });
});

describe('epochs', () => {
  it('only rise, also over a restart, for commands and for control', () => {
    const rig = createRig();
    rig.send({ key: 'k5', epoch: 5 });
    rig.pass(5000);
    rig.send({ key: 'k4', epoch: 4 });
    rig.control('query', 'k5', 4);
    rig.pass(10);
    expect(kinds(rig, 'k4')).toEqual(['0 E_STALE_EPOCH']);
    expect(rig.events('k4')[0]).toMatchObject({ epoch: 4 });
    expect(kinds(rig, 'k5').at(-1)).toBe('0 E_STALE_EPOCH');
    rig.control('query', undefined, 7);
    rig.pass(10);
    expect(rig.states().at(-1)).toMatchObject({ epoch: 7 });
    rig.crash();
    rig.boot();
    rig.pass(10);
    rig.send({ key: 'k6', epoch: 6 });
    rig.control('cancel', undefined, 6);
    rig.pass(10);
    expect(kinds(rig, 'k6')).toEqual(['0 E_STALE_EPOCH']);
    expect(rig.logs().at(-1)).toBe('Epoch 6 has been followed by epoch 7.');
    expect(rig.world.acts.size).toBe(1);
  });

  it('a key refused as stale may still come from the controller in charge', () => {
    const rig = createRig();
    rig.control('query', undefined, 2);
    const stale = rig.send({ key: 'k', epoch: 1 });
    rig.pass(10);
    rig.send({ ...stale, epoch: 2 });
    rig.pass(5000);
    expect(kinds(rig, 'k')).toEqual(['0 E_STALE_EPOCH', '1 ack', '2 ok']);
  });
});

describe('results', () => {
  it('are said again at every connect until they are forgotten', () => {
    const rig = createRig();
    rig.send({ key: 'k1' });
    rig.pass(5000);
    rig.send({ key: 'k2' });
    rig.pass(5000);
    rig.control('forget', 'k1');
    rig.pass(10);
    const from = rig.heard.length;
    rig.bus.lose(100);
    rig.pass(1000);
    rig.bus.lose(100);
    rig.pass(1000);
    expect(kinds(rig, 'k1', from)).toEqual([]);
    expect(kinds(rig, 'k2', from)).toEqual(['2 ok', '2 ok']);
  });

  it('that came about while offline are said at the next connect', () => {
    const rig = createRig();
    rig.send({ key: 'k1' });
    rig.pass(10);
    rig.bus.lose(4000);
    rig.pass(10_000);
    expect(kinds(rig, 'k1')).toEqual(['1 ack', '2 ok']);
  });

  it('are answered to query, and everything to a query without key', () => {
    const rig = createRig();
    rig.send({ key: 'k1' });
    rig.pass(5000);
    rig.send({ key: 'k2' });
    rig.pass(10);
    const from = rig.heard.length;
    rig.control('query', 'k1');
    rig.control('query', 'k3');
    rig.pass(10);
    expect(kinds(rig, 'k1', from)).toEqual(['2 ok']);
    expect(kinds(rig, 'k3', from)).toEqual(['0 E_UNKNOWN_KEY']);
    const again = rig.heard.length;
    rig.control('query');
    rig.pass(10);
    const said = rig.heard.slice(again).filter(({ topic }) => !topic.endsWith('/ctl'));
    expect(said.map(({ topic }) => topic.split('/').at(-1))).toEqual(['$state', 'k1', 'k2']);
  });

  it.each<[string, Parameters<Pump['finish']>[1], string]>([
    ['breaks its schema', { outcome: 'ok', result: { dispensed: NaN } }, 'bad_result'],
    ['is missing', { outcome: 'ok' }, 'bad_result'],
    ['is too large', { outcome: 'ok', result: { dispensed: 1, raw: 'x'.repeat(2 ** 20) } }, 'result_too_large'],
  ])('that %s are failed with what was consumed', (_, outcome, code) => {
    const rig = createRig();
    const consumed = rig.pump.outcome({ key: 'k', capability: 'dispense', parameters: { volume: 2 } }).consumed!;
    rig.send({ key: 'k' });
    rig.pass(10);
    rig.pump.finish('k', { ...outcome, consumed });
    rig.pass(10);
    expect(rig.events('k').at(-1)).toMatchObject({ outcome: 'failed', error: { code }, consumed: [{ unit: 'mL' }] });
  });

  it('with books that are no numbers are failed without books', () => {
    const rig = createRig();
    rig.send({ key: 'k' });
    rig.pass(10);
    const [amount] = rig.pump.outcome({ key: 'k', capability: 'dispense', parameters: { volume: 2 } }).consumed!;
    rig.pump.finish('k', { outcome: 'ok', result: { dispensed: 1 }, consumed: [{ ...amount!, amount: NaN }] });
    rig.pass(10);
    const result = rig.events('k').at(-1);
    expect(result).toMatchObject({ outcome: 'failed', error: { code: 'bad_result' }, meters: [] });
    expect(result).not.toHaveProperty('consumed');
  });
});

describe('control', () => {
  const running = (descriptor?: DescriptorBody): Rig => {
    const rig = createRig({
      pump: (clock, world) => new Pump(clock, world, { concurrency: 2, ...(descriptor ? { descriptor } : {}) }),
    });
    rig.send({ key: 'k1' });
    rig.send({ key: 'k2' });
    rig.pass(10);
    return rig;
  };

  it('cancels, pauses and resumes one or all', () => {
    const rig = running();
    rig.control('pause', 'k1');
    rig.control('resume');
    rig.control('cancel', 'k1');
    rig.control('cancel');
    rig.pass(10);
    expect(rig.pump.calls).toEqual(['pause k1', 'resume k1', 'resume k2', 'cancel k1', 'cancel k2']);
    expect(kinds(rig, 'k1')).toEqual(['1 ack', '2 cancelled']);
    rig.control('cancel', 'k1');
    rig.control('pause', 'k1');
    rig.control('pause', 'unknown');
    rig.pass(10);
    expect(kinds(rig, 'k1').slice(2)).toEqual(['2 cancelled', '2 cancelled']);
    expect(kinds(rig, 'unknown')).toEqual(['0 E_UNKNOWN_KEY']);
  });

  it('does not cancel what may not be interrupted', () => {
    const [capability] = dispense.capabilities;
    const rig = running({ ...dispense, capabilities: [{ ...capability!, interruptible: false }] });
    rig.control('cancel', 'k1');
    rig.pass(5000);
    expect(kinds(rig, 'k1')).toEqual(['1 ack', '2 ok']);
    expect(rig.logs()).toContain('The device cannot cancel dispense.');
  });

  it('refuses for good a command that its cancel has overtaken', () => {
    const rig = createRig();
    rig.control('cancel', 'k');
    rig.pass(10);
    rig.send({ key: 'k' });
    rig.pass(5000);
    expect(kinds(rig, 'k')).toEqual(['1 E_UNKNOWN_KEY', '1 E_UNKNOWN_KEY']);
    expect(rig.world.acts.size).toBe(0);
  });

  it('does not forget what runs, and minds no forget of what it does not know', () => {
    const rig = running();
    rig.control('forget', 'k1');
    rig.control('forget');
    rig.control('forget', 'unknown');
    rig.pass(5000);
    expect(kinds(rig, 'k1')).toEqual(['1 ack', '2 ok']);
    expect(rig.logs()).toEqual(['A command at work cannot be forgotten.', 'A forget without key was ignored.']);
  });

  it('halts at any epoch, ends what the driver leaves open, and takes commands again after resume', () => {
    const rig = running();
    rig.control('query', undefined, 9);
    rig.pass(10);
    rig.control('halt', undefined, 3);
    rig.pass(10);
    expect(rig.pump.calls).toEqual(['halt']);
    expect(rig.host.state).toBe('error');
    rig.pump.finish('k1', { outcome: 'failed', error: { code: 'halted', message: 'stopped' } });
    rig.pass(20_000);
    expect(kinds(rig, 'k1')).toEqual(['1 ack', '1 ack', '2 failed']);
    expect(kinds(rig, 'k2')).toEqual(['1 ack', '1 ack', '2 indeterminate']);
    rig.control('resume', undefined, 9);
    rig.pass(10);
    expect(rig.host.state).toBe('ready');
    rig.send({ key: 'k3', epoch: 9 });
    rig.pass(5000);
    expect(kinds(rig, 'k3')).toEqual(['1 ack', '2 ok']);
  });

  it('halts without a broker, and a new boot lifts it', () => {
    const rig = running();
    rig.bus.lose(60_000);
    rig.host.halt();
    expect(rig.pump.calls).toEqual(['halt']);
    rig.crash();
    rig.boot();
    rig.pass(10);
    expect(rig.host.state).toBe('ready');
    expect(kinds(rig, 'k1').at(-1)).toBe('18 indeterminate');
  });

  it('survives a driver that throws', () => {
    const rig = running();
    rig.pump.cancel = () => {
      throw new Error('stuck valve');
    };
    rig.control('cancel', 'k1');
    rig.pass(10);
    expect(rig.logs()).toEqual(['The driver could not cancel: stuck valve.']);
    rig.pass(5000);
    rig.pump.start = () => {
      throw new Error('no power');
    };
    rig.send({ key: 'k3' });
    rig.pass(10);
    expect(rig.events('k3').at(-1)).toMatchObject({
      outcome: 'indeterminate',
      error: { code: 'driver_error', message: 'no power' },
    });
  });
});

describe('malformed and foreign messages', () => {
  it('are logged and do nothing', () => {
    const rig = createRig();
    const topic = topics.command('lab', 'pump');
    rig.controller.publish(topic, 'rubbish');
    rig.controller.publish(topic, '{"key":"k1"}');
    rig.controller.publish(topic, JSON.stringify({ key: 'k', padding: 'x'.repeat(10_000_000) }));
    rig.controller.publish(topics.control('lab', 'pump'), '{"op":"dance","epoch":1}');
    rig.pass(10);
    expect(rig.logs()).toHaveLength(4);
    for (const line of rig.logs()) expect(line).toMatch(/^labwright\/1\/lab\/dev\/pump\/(cmd|ctl): The /);
    expect(rig.logs()[2]).toContain('10000024 bytes');
    rig.send({ key: 'k1' });
    rig.pass(5000);
    expect(kinds(rig, 'k1')).toEqual(['1 ack', '2 ok']);
  });

  it('takes parameters of hundreds of kilobytes', () => {
    const rig = createRig();
    rig.send({ key: 'k1', parameters: { volume: 1, material: 'x'.repeat(900_000) } });
    rig.pass(5000);
    expect(kinds(rig, 'k1')).toEqual(['1 ack', '2 ok']);
  });

  it('a descriptor that changes is announced, and its new limits hold', () => {
    let descriptor = dispense;
    const rig = createRig({ host: { describe: () => descriptor } });
    const [capability] = dispense.capabilities;
    descriptor = { ...dispense, firmware: '2.0', capabilities: [{ ...capability!, name: 'pour' }] };
    rig.host.announce();
    rig.send({ key: 'k1' });
    rig.send({ key: 'k2', capability: 'pour' });
    rig.pass(5000);
    expect(kinds(rig, 'k1')).toEqual(['1 E_UNKNOWN_CAPABILITY']);
    expect(kinds(rig, 'k2')).toEqual(['1 ack', '2 ok']);
    expect(rig.broker.retained.get(topics.descriptor('lab', 'pump'))).toContain('"firmware":"2.0"');
  });
});

describe('presence', () => {
  it('leaves in order as disconnected, in disorder as lost', async () => {
    const rig = createRig();
    const closed = rig.host.close();
    rig.clock.run();
    await closed;
    expect(rig.states().at(-1)).toMatchObject({ state: 'disconnected' });
    rig.send({ key: 'k1' });
    rig.pass(5000);
    expect(rig.events('k1')).toEqual([]);
    rig.boot();
    rig.pass(10);
    rig.crash();
    rig.pass(10);
    expect(rig.states().at(-1)).toMatchObject({ state: 'lost', boot: 'b2', seq: 0 });
  });

  it('takes back a last will that comes late', () => {
    const rig = createRig();
    const will = rig.states()[0]!;
    rig.say(topics.state('lab', 'pump'), { ...will, state: 'lost', seq: 0 });
    rig.pass(10);
    expect(rig.states().slice(-2)).toMatchObject([{ state: 'lost' }, { state: 'ready' }]);
  });

  const watched = (onControllerLost: 'finish' | 'stop'): Rig => {
    const rig = createRig({
      pump: (clock, world) => new Pump(clock, world, { descriptor: { ...dispense, onControllerLost } }),
    });
    rig.pump.durationMs = 60_000;
    controllerSays(rig, 'main', true, 1);
    rig.send({ key: 'k1' });
    rig.pass(10);
    return rig;
  };
  const controllerSays = (rig: Rig, controller: string, online: boolean, epoch: number): void =>
    rig.say(topics.controller('lab', controller), { online, epoch, instance: 'i', at: '2026-01-05T08:00:00.000Z' });

  it('of the controller lost: stop', () => {
    const rig = watched('stop');
    controllerSays(rig, 'main', false, 1);
    rig.pass(4900);
    expect(rig.host.running).toEqual(['k1']);
    rig.pass(200);
    expect(kinds(rig, 'k1')).toEqual(['1 ack', '2 cancelled']);
    expect(rig.logs()).toEqual(['The controller is lost; the device will stop.']);
  });

  it('of the controller lost: finish', () => {
    const rig = watched('finish');
    controllerSays(rig, 'main', false, 1);
    rig.pass(100_000);
    expect(kinds(rig, 'k1')).toEqual(['1 ack', '2 ok']);
    expect(rig.logs()).toEqual(['The controller is lost; the device will finish.']);
  });

  it('is not lost when a successor comes in time, or the broker blinks', () => {
    const rig = watched('stop');
    controllerSays(rig, 'main', false, 1);
    rig.pass(3000);
    controllerSays(rig, 'second', true, 2);
    rig.pass(10_000);
    expect(rig.host.running).toEqual(['k1']);
    rig.control('query', undefined, 2);
    rig.bus.lose(100);
    rig.pass(1000);
    controllerSays(rig, 'second', true, 2);
    rig.pass(20_000);
    expect(rig.host.running).toEqual(['k1']);
  });

  it('is lost with the broker, and when only a superseded controller remains', () => {
    const away = watched('stop');
    away.bus.lose(8000);
    away.pass(20_000);
    expect(kinds(away, 'k1')).toEqual(['1 ack', '2 cancelled']);
    const superseded = watched('stop');
    superseded.control('query', undefined, 2);
    superseded.pass(20_000);
    expect(kinds(superseded, 'k1')).toEqual(['1 ack', '1 ack', '2 cancelled']);
  });
});
