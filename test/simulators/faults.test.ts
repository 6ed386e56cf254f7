import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/domain/lab.ts';
import { misfortuneOf } from '../../simulators/faults.ts';
import { colourLab, rig } from './rig.ts';

const withFault = (fault: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  rig(colourLab({ devices: { handler: { kind: 'liquid-handler', faults: [fault], ...more } }, transport: undefined }));
const pour = { sample: 's1', volumes: { red: 100 } };
const seconds = (end: { startedAt?: string | undefined; endedAt: string }) =>
  (Date.parse(end.endedAt) - Date.parse(end.startedAt!)) / 1000;

describe('faults', () => {
  it('slow: takes so many times as long', () => {
    const normal = seconds(withFault({ kind: 'drift' }).run('handler', 'k', 'dispense', pour)!);
    const slow = seconds(withFault({ kind: 'slow', amount: 4 }).run('handler', 'k', 'dispense', pour)!);
    expect(slow / normal).toBeCloseTo(4, 2);
  });

  it('hang: begins, draws power, and never ends by itself', () => {
    const lab = withFault({ kind: 'hang' });
    expect(lab.run('handler', 'k', 'dispense', pour, 36_000)).toBeUndefined();
    expect(lab.world.powerOf('handler')).toBe(65);
    expect(lab.world.dispensed()).toEqual({});
    lab.control('handler', 'cancel', 'k');
    lab.pass(1);
    expect(lab.last('k')).toMatchObject({ outcome: 'cancelled', consumed: [] });
    expect(lab.world.powerOf('handler')).toBe(20);
  });

  it('lost reply: is done, and says so only when asked', () => {
    const lab = withFault({ kind: 'lost_reply' });
    expect(lab.run('handler', 'k', 'dispense', pour, 3600)).toBeUndefined();
    expect(lab.world.truthOf('k')).toBe('happened');
    lab.control('handler', 'query', 'k');
    lab.pass(1);
    expect(lab.last('k')).toMatchObject({ kind: 'result', outcome: 'ok' });
    expect(lab.world.accidents()).toEqual([]);
  });

  it('crash: dies on the way, comes back, and is honest about it', () => {
    const lab = withFault({ kind: 'crash' });
    const end = lab.run('handler', 'k', 'dispense', pour);
    expect(end).toMatchObject({ outcome: 'indeterminate', boot: 'handler-2' });
    expect(lab.world.bootsOf('handler')).toBe(2);
    expect(['not_happened', 'partly']).toContain(lab.world.truthOf('k'));
    const states = lab.heard.filter(({ topic }) => topic.endsWith('/$state')).map(({ body }) => body['state']);
    expect(states).toContain('lost');
    expect(states.at(-1)).toBe('ready');
  });

  it('refusal: nothing is done', () => {
    const lab = withFault({ kind: 'refusal' });
    expect(lab.run('handler', 'k', 'dispense', pour)).toMatchObject({ kind: 'nack', code: 'E_BUSY' });
    expect(lab.world.truthOf('k')).toBe('not_happened');
  });

  it('drift: readings grow with the hours', () => {
    const reading = (faults: unknown[]) => {
      const lab = rig(
        colourLab({
          devices: { handler: { kind: 'liquid-handler' }, reader: { kind: 'plate-reader', faults } },
          transport: undefined,
        }),
      );
      lab.run('handler', 'k1', 'dispense', pour);
      lab.pass(10 * 3600);
      return lab.run('reader', 'k2', 'read_absorbance', { sample: 's1' })!.result!['green'] as number;
    };
    expect(reading([{ kind: 'drift', amount: 0.01 }]) / reading([])).toBeCloseTo(1.1, 3);
  });

  it('strike as often as declared, each command by itself', () => {
    const faults = [Fault.parse({ kind: 'crash', probability: 0.2 }), Fault.parse({ kind: 'hang', probability: 0.5 })];
    const struck = Array.from({ length: 2000 }, (_, i) => misfortuneOf(faults, 1, 'd', `k${i}`));
    const share = (of: (m: (typeof struck)[number]) => boolean) => struck.filter(of).length / struck.length;
    expect(share(({ crashAt }) => crashAt !== undefined)).toBeCloseTo(0.2, 1);
    expect(share(({ hang }) => hang)).toBeCloseTo(0.5, 1);
    expect(share(({ hang, crashAt }) => hang && crashAt !== undefined)).toBeCloseTo(0.1, 1);
    expect(misfortuneOf(faults, 1, 'd', 'k7')).toEqual(struck[7]);
    expect(misfortuneOf([], 1, 'd', 'k7')).toMatchObject({ slow: 1, hang: false, refusal: false, drift: 0 });
  });
});

describe('a killed device', () => {
  it('leaves a torn command that its successor calls indeterminate, and the world remembers what was poured', () => {
    const lab = rig(colourLab({ devices: { handler: { kind: 'liquid-handler' } }, transport: undefined }));
    lab.send('handler', 'k', 'dispense', { sample: 's1', volumes: { red: 100, water: 100 } });
    lab.pass(40);
    lab.simulation.crash('handler');
    lab.pass(600);
    expect(lab.world.dispensed()['red']).toBeGreaterThan(0);
    expect(lab.world.dispensed()['water']).toBeUndefined();
    void lab.simulation.restart('handler');
    lab.pass(1);
    expect(lab.last('k')).toMatchObject({ kind: 'result', outcome: 'indeterminate' });
    expect(lab.world.truthOf('k')).toBe('partly');
    lab.send('handler', 'k', 'dispense', { sample: 's1', volumes: { red: 100, water: 100 } });
    lab.pass(600);
    expect(lab.world.dispensed()['water']).toBeUndefined();
    expect(lab.world.accidents()).toEqual([]);
  });

  it('goes on drawing what it drew, and its counter goes on counting', () => {
    const lab = rig(colourLab({ devices: { reader: { kind: 'plate-reader' } }, transport: undefined }));
    lab.run('reader', 'k1', 'read_absorbance', { sample: 's' });
    const before = lab.world.drawn('reader', lab.clock.now());
    lab.simulation.crash('reader');
    lab.pass(3600);
    void lab.simulation.restart('reader');
    lab.pass(1);
    const end = lab.run('reader', 'k2', 'read_absorbance', { sample: 's' })!;
    expect(end.meters[0]!.boot).toBe('reader-2');
    expect(end.meters[0]!.start * 3600).toBeGreaterThan(before + 3600 * 15 - 72);
  });

  it('is switched off when it is asked to end, and says goodbye', async () => {
    const lab = rig(colourLab({ devices: { reader: { kind: 'plate-reader' } }, transport: undefined }));
    lab.run('reader', 'k1', 'read_absorbance', { sample: 's' });
    const stopped = lab.simulation.stop();
    lab.pass(1);
    await stopped;
    expect(lab.world.powerOf('reader')).toBe(0);
    const states = lab.heard.filter(({ topic }) => topic.endsWith('/$state')).map(({ body }) => body['state']);
    expect(states.at(-1)).toBe('disconnected');
  });
});
