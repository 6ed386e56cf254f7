import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/base/clock.ts';
import { Lab } from '../../src/domain/lab.ts';
import { memoryJournal } from '../../src/wire/journal.ts';
import { simulateLab } from '../../simulators/lab.ts';
import { MemoryBroker } from '../../simulators/memory-bus.ts';
import { createWorld } from '../../simulators/world.ts';
import { colourLab, rig } from './rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'labwright-world-'));
afterAll(() => rmSync(folder, { recursive: true }));
const lab = Lab.parse({ site: 'test', ...colourLab() });
let count = 0;
const directory = () => join(folder, `world-${++count}`);
const pour = (amount: number) => ({ kind: 'poured', sample: 's1', material: 'red', amount, reported: amount }) as const;

describe('a world in files', () => {
  it('is one reality for processes that write different files', () => {
    const where = directory();
    const [handler, reader] = [createWorld({ lab, directory: where }), createWorld({ lab, directory: where })];
    reader.record('reader', 1, { kind: 'power', watt: 15, joules: 0 });
    handler.record('arm', 5, { kind: 'placed', sample: 's1', place: 'handler' });
    handler.record('handler', 10, pour(1e-7), 'k1');
    expect(reader.contentsOf('s1')).toEqual({ red: 1e-7 });
    handler.record('handler', 20, pour(2e-7), 'k1');
    expect(reader.contentsOf('s1')['red']).toBeCloseTo(3e-7, 15);
    expect(reader.placeOf('s1')).toBe('handler');
    expect(reader.pours()).toHaveLength(2);
    expect(handler.drawn('reader', 10_001)).toBeCloseTo(150, 9);
    expect(handler.leftOf('red')).toBeCloseTo(1.02e-6 - 3e-7, 15);
  });

  it('survives the death of a writer in the middle of a line', () => {
    const where = directory();
    createWorld({ lab, directory: where }).record('handler', 10, pour(1e-7), 'k1');
    const file = join(where, 'handler.jsonl');
    appendFileSync(file, '{"kind":"poured","sample":"s1","mate');
    const reader = createWorld({ lab, directory: where });
    expect(reader.dispensed()).toEqual({ red: 1e-7 });
    createWorld({ lab, directory: where }).record('handler', 30, pour(3e-7), 'k2');
    expect(reader.dispensed()['red']).toBeCloseTo(4e-7, 15);
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(2);
  });

  it('names the file that somebody has written into', () => {
    const where = directory();
    createWorld({ lab, directory: where }).record('handler', 10, pour(1e-7));
    appendFileSync(join(where, 'handler.jsonl'), 'nonsense\n');
    expect(() => createWorld({ lab, directory: where }).dispensed()).toThrow(/handler\.jsonl.*cannot be read/);
  });

  it('takes the latest word on a place, in whatever order the files are read', () => {
    const where = directory();
    const [world, late] = [createWorld({ lab, directory: where }), createWorld({ lab, directory: where })];
    world.record('arm', 100, { kind: 'placed', sample: 's1', place: 'reader' });
    expect(late.placeOf('s1')).toBe('reader');
    world.record('person', 50, { kind: 'placed', sample: 's1', place: 'rack' });
    expect(late.placeOf('s1')).toBe('reader');
    world.remove('s1', 200);
    expect(late.placeOf('s1')).toBeUndefined();
  });

  it('carries a lab of one process per device', () => {
    const where = directory();
    const world = () => createWorld({ lab, directory: where });
    const arm = rig(colourLab(), { only: 'arm', world: world() });
    arm.run('arm', 'k1', 'move', { sample: 's1', from: 'rack', to: 'handler' });
    const handler = rig(colourLab(), { only: 'handler', world: world() });
    handler.pass(600);
    expect(handler.run('handler', 'k2', 'dispense', { sample: 's1', volumes: { red: 100 } })?.outcome).toBe('ok');
    const reader = rig(colourLab(), { only: 'reader', world: world() });
    expect(reader.run('reader', 'k3', 'read_absorbance', { sample: 's1' })).toMatchObject({
      outcome: 'failed',
      error: { code: 'E_SAMPLE_ABSENT', message: 'The sample s1 is not at reader: it is at handler.' },
    });
    expect(world().truthOf('k2')).toBe('happened');
    expect(() => rig(colourLab(), { only: 'readr' })).toThrow(/no device "readr".*Did you mean "reader"/);
  });
});

describe('connections that take time', () => {
  const options = (clock: VirtualClock, broker: MemoryBroker) => ({
    lab,
    clock,
    seed: 1,
    world: createWorld({ lab }),
    journalFor: () => memoryJournal(),
    connect: async (clientId: string) => broker.connect({ clientId }),
  });

  it('are waited for, and closed again when the device has died meanwhile', async () => {
    const clock = new VirtualClock();
    const broker = new MemoryBroker({ clock });
    const simulation = simulateLab(options(clock, broker));
    const started = simulation.start();
    simulation.crash('reader');
    await started;
    clock.run(() => false, clock.now() + 1000);
    const states = [...broker.retained.keys()].filter((topic) => topic.endsWith('/$state'));
    expect(states.map((topic) => topic.split('/')[4])).toEqual(['handler', 'arm']);
    await simulation.restart('reader');
    clock.run(() => false, clock.now() + 1000);
    expect(broker.retained.has('labwright/1/test/dev/reader/$state')).toBe(true);
  });
});

describe('physical sense', () => {
  const move = (to: string, from = 'rack', sample = 's1') => ({ sample, from, to });

  it('a sample must be where it is picked up, and where it is worked on', () => {
    const bench = rig(colourLab());
    const absent = { outcome: 'failed', error: { code: 'E_SAMPLE_ABSENT' } };
    expect(bench.run('handler', 'k1', 'dispense', { sample: 's1', volumes: { red: 1 } })).toMatchObject(absent);
    expect(bench.run('arm', 'k2', 'move', move('reader', 'handler'))).toMatchObject(absent);
    expect(bench.run('arm', 'k3', 'move', move('handler'))?.outcome).toBe('ok');
    expect(bench.run('arm', 'k4', 'move', move('reader'))).toMatchObject(absent);
    expect(bench.world.truthOf('k4')).toBe('not_happened');
    expect(bench.world.accidents()).toEqual([]);
  });

  it('two samples in one place are an accident', () => {
    const bench = rig(colourLab());
    bench.run('arm', 'k1', 'move', move('reader'));
    expect(bench.world.accidents()).toEqual([]);
    bench.run('arm', 'k2', 'move', move('reader', 'rack', 's2'));
    expect(bench.world.accidents().map(({ message }) => message)).toEqual([
      's1, s2 stand at reader, which has one place.',
    ]);
  });

  it('an arm that died with a sample in its hand still has it, until a person takes it', () => {
    const bench = rig(colourLab());
    bench.send('arm', 'k1', 'move', move('handler'));
    bench.pass(10);
    bench.simulation.crash('arm');
    void bench.simulation.restart('arm');
    bench.pass(1);
    expect(bench.last('k1')).toMatchObject({ outcome: 'indeterminate' });
    expect(bench.world.truthOf('k1')).toBe('partly');
    expect(bench.run('arm', 'k2', 'move', move('reader', 'rack', 's2'))).toMatchObject({
      error: { code: 'E_OCCUPIED' },
    });
    bench.world.put('s1', 'handler', bench.clock.now());
    expect(bench.run('arm', 'k3', 'move', move('reader', 'rack', 's2'))?.outcome).toBe('ok');
  });

  it('a command that is carried out twice is seen', () => {
    const world = createWorld({ lab });
    world.record('handler', 1, { kind: 'began', capability: 'dispense' }, 'k1');
    expect(world.truthOf('k1')).toBe('not_happened');
    world.record('handler', 2, { kind: 'began', capability: 'dispense' }, 'k1');
    expect(world.accidents()[0]!.message).toContain('k1 was carried out twice');
  });
});
