import { describe, expect, test } from 'vitest';
import type { NewEvent } from '../../src/domain/event.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import {
  accepted,
  announced,
  definition,
  ended,
  event,
  inMemory,
  intended,
  opened,
  resolved,
  start,
  suggested,
  tell,
} from './support.ts';

const meter = (total: number, more: object = {}): NewEvent =>
  event('meter.read', { device: 'oven', meter: 'plug', total, resolution: 10, boot: 'b1', resetAt: 'r1', ...more });
const span = (from: number, to: number, more: object = {}) => ({
  meters: [{ meter: 'plug', start: from, end: to, resolution: 10, boot: 'b1', ...more }],
});
const bake = (key: string, experiment: string, more: object = {}) =>
  intended(key, experiment, { device: 'oven', at: 'oven', ...more });
const times = (from: number, to: number) => ({ startedAt: start + from * 1000, endedAt: start + to * 1000 });
const cleared = (experiment: string) => event('experiment.cleared', { experiment, reason: 'out' });

const metered = () =>
  inMemory(
    [0, opened],
    [0, announced('oven', { meters: [{ id: 'plug' as never, unit: 'J', resolution: 10 }] })],
    [0, suggested('e1', 1)],
    [0, suggested('e2', 2)],
  );
const modelled = () =>
  inMemory(
    [0, opened],
    [0, announced('oven', { power: { idle_watt: 10, active_watt: 100 } })],
    [0, suggested('e1', 1)],
    [0, suggested('e2', 2)],
  );

const oven = (ledger: Ledger) => ledger.energy().devices.find(({ device }) => device === 'oven')!;
const energyOf = (ledger: Ledger, experiment?: string) =>
  ledger.energy().experiments.find((row) => row.experiment === experiment);
const joulesOf = (ledger: Ledger, key: string) => ledger.commands({ key })[0]!.joules;

/** Every joule of the devices is charged to somebody, once. */
const conserved = (ledger: Ledger) => {
  const { experiments, total, optimizer } = ledger.energy();
  const charged = experiments.reduce((sum, { measured, modelled }) => sum + measured + modelled, 0);
  expect(charged).toBeCloseTo(total.joules - optimizer.joules, 6);
};

describe('a metered device', () => {
  test('counts from its first reading on; what no command used is idle and borne by the campaign', () => {
    const ledger = metered();
    tell(ledger, [10, meter(5000)], [20, meter(5300)]);
    expect(oven(ledger)).toMatchObject({ source: 'meter', measured: 300, idle: 300, modelled: 0, gaps: 0, resets: 0 });
    expect(energyOf(ledger)).toMatchObject({ measured: 300, idle: 300 });
    conserved(ledger);
  });

  test('charges a command that gives its own readings exactly their difference', () => {
    const ledger = metered();
    tell(ledger, [10, meter(5000)], [20, bake('k1', 'e1')], [20, accepted('k1')], [25, meter(5400)]);
    tell(ledger, [30, meter(5900)], [32, ended('k1', { ...span(5200, 6000), ...times(21, 32) })], [40, meter(6100)]);
    expect(joulesOf(ledger, 'k1')).toBeCloseTo(800, 9);
    expect(oven(ledger)).toMatchObject({ measured: 1100 });
    expect(oven(ledger).idle).toBeCloseTo(300, 9);
    expect(energyOf(ledger, 'e1')!.uncertainty).toBeCloseTo(Math.SQRT2 * 10, 9);
    conserved(ledger);
  });

  test('is known from the readings of its commands alone', () => {
    const ledger = metered();
    tell(ledger, [20, bake('k1', 'e1')], [20, accepted('k1')], [30, ended('k1', span(1000, 1500))]);
    tell(ledger, [40, bake('k2', 'e1')], [40, accepted('k2')], [50, ended('k2', span(1600, 2000))]);
    expect([joulesOf(ledger, 'k1'), joulesOf(ledger, 'k2')]).toEqual([500, 400]);
    expect(oven(ledger)).toMatchObject({ measured: 1000, idle: 100 });
    conserved(ledger);
  });

  test('without readings of the commands divides by time, twice as much for twice as long', () => {
    const ledger = metered();
    tell(ledger, [10, meter(0)], [20, bake('k1', 'e1')], [20, accepted('k1')], [40, ended('k1')], [50, meter(400)]);
    expect(joulesOf(ledger, 'k1')).toBeCloseTo(200, 9);
    expect(oven(ledger).idle).toBeCloseTo(200, 9);
    conserved(ledger);
  });

  test('divides by watts where the descriptor tells them', () => {
    const ledger = metered();
    const power = { idle_watt: 10, active_watt: 90 };
    const meters = [{ id: 'plug' as never, unit: 'J' as const, resolution: 10 }];
    tell(
      ledger,
      [5, announced('oven', { meters, power })],
      [10, meter(0)],
      [20, bake('k1', 'e1')],
      [20, accepted('k1')],
    );
    tell(ledger, [30, ended('k1')], [30, meter(1000)]);
    expect(joulesOf(ledger, 'k1')).toBeCloseTo(900, 9);
    conserved(ledger);
  });

  test('shares a batch among its samples', () => {
    const ledger = metered();
    const together = { batch: 'b' };
    tell(ledger, [10, meter(1000)], [20, bake('k1', 'e1', together)], [20, bake('k2', 'e2', together)]);
    tell(ledger, [20, accepted('k1')], [21, accepted('k2')], [60, ended('k1', span(1100, 3100))]);
    tell(ledger, [60, ended('k2', span(1100, 3100))]);
    const [k1, k2] = [joulesOf(ledger, 'k1')!, joulesOf(ledger, 'k2')!];
    expect(k1 + k2).toBeCloseTo(2000, 9);
    expect(Math.abs(k1 - k2)).toBeLessThan(60);
    expect(oven(ledger)).toMatchObject({ measured: 2100 });
    conserved(ledger);
  });

  test('a reset never takes energy back, by its own word or by a fallen total', () => {
    const ledger = metered();
    tell(
      ledger,
      [0, meter(5000)],
      [10, meter(5100)],
      [20, meter(5200, { resetAt: 'r2' })],
      [30, meter(40, { resetAt: 'r2' })],
    );
    expect(oven(ledger)).toMatchObject({ measured: 100 + 5200 + 40, resets: 2, gaps: 0 });
  });

  test('a reading that is older than the end of a command is no reset', () => {
    const ledger = metered();
    tell(ledger, [0, meter(100)], [10, bake('k1', 'e1')], [10, accepted('k1')], [20, ended('k1', span(100, 600))]);
    tell(ledger, [21, meter(580)], [30, meter(700)]);
    expect(oven(ledger)).toMatchObject({ measured: 600, resets: 0 });
    conserved(ledger);
  });

  test('a silence is flagged, and what a reset in it swallowed is estimated from the power', () => {
    const ledger = metered();
    tell(ledger, [0, meter(1000, { power: 100 })], [400, meter(1500, { power: 100 })]);
    expect(oven(ledger)).toMatchObject({ measured: 500, modelled: 0, gaps: 1, resets: 0 });
    tell(ledger, [1400, meter(2000, { resetAt: 'r2', power: 300 })]);
    // 200 W for 1000 s, of which the new total shows 2 kJ.
    expect(oven(ledger)).toMatchObject({ measured: 2500, modelled: 198_000, gaps: 2, resets: 1 });
    conserved(ledger);
  });

  test('a coarse counter charges what went on until it moved', () => {
    const ledger = metered();
    tell(
      ledger,
      [0, meter(0)],
      [10, bake('k1', 'e1')],
      [10, accepted('k1')],
      [15, meter(0)],
      [20, ended('k1')],
      [20, meter(3600)],
    );
    expect(joulesOf(ledger, 'k1')).toBeCloseTo(1800, 9);
  });

  test('a counter that starts at zero with the device is continued across the restart', () => {
    const ledger = metered();
    tell(ledger, [0, meter(900)], [10, bake('k1', 'e1')], [10, accepted('k1')], [20, ended('k1', span(1000, 1400))]);
    tell(ledger, [30, bake('k2', 'e1')], [30, accepted('k2')], [40, ended('k2', span(10, 60, { boot: 'b2' }))]);
    tell(ledger, [50, meter(80, { boot: 'b2', resetAt: 'r2' })]);
    expect([joulesOf(ledger, 'k1'), joulesOf(ledger, 'k2')]).toEqual([400, 50]);
    expect(oven(ledger)).toMatchObject({ measured: 580, resets: 1 });
    conserved(ledger);
  });

  test('the result of a command from before a restart comes late', () => {
    const ledger = metered();
    tell(
      ledger,
      [0, meter(900)],
      [10, bake('k1', 'e1')],
      [10, accepted('k1')],
      [30, meter(20, { boot: 'b2', resetAt: 'r2' })],
    );
    tell(ledger, [40, ended('k1', span(1000, 1400))]);
    expect(joulesOf(ledger, 'k1')).toBeCloseTo(400, 9);
    expect(oven(ledger)).toMatchObject({ measured: 520, resets: 1 });
    const persistent = metered();
    tell(persistent, [0, meter(900)], [10, bake('k1', 'e1')], [10, accepted('k1')], [30, meter(1500, { boot: 'b2' })]);
    tell(persistent, [40, ended('k1', span(1000, 1400))]);
    expect(joulesOf(persistent, 'k1')).toBeCloseTo(400, 9);
    expect(oven(persistent)).toMatchObject({ measured: 600, resets: 0 });
    conserved(ledger);
    conserved(persistent);
  });

  test('a counter began again and only the result of a command tells so, by the time of its beginning', () => {
    const [first, second] = ['2026-01-05T08:00:00.000Z', '2026-01-05T09:00:00.000Z'];
    const ledger = metered();
    tell(ledger, [0, meter(900, { resetAt: first })], [10, bake('k1', 'e1')], [10, accepted('k1')]);
    tell(ledger, [20, ended('k1', span(1000, 1400, { resetAt: second }))], [30, meter(1500, { resetAt: second })]);
    expect(joulesOf(ledger, 'k1')).toBe(400);
    expect(oven(ledger)).toMatchObject({ measured: 1500, resets: 1 });
    conserved(ledger);
  });

  test('a result of before its counter began again comes late and charges nothing twice', () => {
    const [first, second] = ['2026-01-05T08:00:00.000Z', '2026-01-05T09:00:00.000Z'];
    const ledger = metered();
    tell(ledger, [0, meter(900, { resetAt: first })], [10, bake('k1', 'e1')], [10, accepted('k1')]);
    tell(ledger, [30, meter(50, { resetAt: second })], [40, ended('k1', span(1000, 1400, { resetAt: first }))]);
    tell(ledger, [50, meter(90, { resetAt: second })]);
    expect(joulesOf(ledger, 'k1')).toBe(400);
    expect(oven(ledger)).toMatchObject({ measured: 90, resets: 1 });
    conserved(ledger);
  });

  test('a counter that begins again within a command counts what it shows at the end', () => {
    const ledger = metered();
    tell(ledger, [10, bake('k1', 'e1')], [10, accepted('k1')], [20, ended('k1', span(5000, 70))]);
    expect(joulesOf(ledger, 'k1')).toBe(70);
    expect(oven(ledger)).toMatchObject({ measured: 70, resets: 1 });
  });
});

describe('a device with a power model', () => {
  test('charges active watts for as long as the device worked, idle watts for the rest', () => {
    const ledger = modelled();
    tell(ledger, [10, bake('k1', 'e1')], [10, accepted('k1')], [31, ended('k1', times(11, 31))]);
    expect(joulesOf(ledger, 'k1')).toBeCloseTo(2000, 9);
    expect(ledger.commands({ key: 'k1' })[0]).toMatchObject({ joulesModelled: true });
    expect(oven(ledger)).toMatchObject({ source: 'model', measured: 0 });
    expect(oven(ledger).idle).toBeCloseTo(10 * 11, 9);
    conserved(ledger);
  });

  test('uses the time between its events where the device tells none', () => {
    const ledger = modelled();
    tell(ledger, [10, bake('k1', 'e1')], [10, accepted('k1')], [30, ended('k1')]);
    expect(joulesOf(ledger, 'k1')).toBeCloseTo(2000, 9);
  });

  test('a result that comes long after the end is charged until the end, and one without an answer from its start', () => {
    const ledger = modelled();
    tell(ledger, [10, bake('k1', 'e1')], [10, accepted('k1')], [5000, ended('k1', times(10, 30))]);
    tell(ledger, [6000, bake('k2', 'e1')], [6030, ended('k2', times(6010, 6020))]);
    expect(joulesOf(ledger, 'k1')).toBeCloseTo(2000, 9);
    expect(joulesOf(ledger, 'k2')).toBeCloseTo(1000, 9);
    tell(ledger, [6100, event('campaign.finished', { outcome: 'completed', reason: 'r' })]);
    expect(oven(ledger).idle).toBeCloseTo(10 * (6100 - 30), 6);
    conserved(ledger);
  });

  test('does not count a command twice that was given up and came back', () => {
    const ledger = modelled();
    tell(
      ledger,
      [10, bake('k1', 'e1')],
      [10, accepted('k1')],
      [20, ended('k1', { outcome: 'indeterminate', source: 'controller' })],
    );
    expect(joulesOf(ledger, 'k1')).toBeCloseTo(1000, 9);
    tell(ledger, [60, ended('k1', times(10, 40))], [61, ended('k1', times(10, 40))]);
    expect(joulesOf(ledger, 'k1')).toBeCloseTo(3000, 9);
  });

  test('shares idle energy by who stands there, and charges the campaign when nobody does', () => {
    const ledger = modelled();
    const move = (key: string, experiment: string, from: string, to: string) =>
      intended(key, experiment, { kind: 'move', device: 'arm', from, to });
    tell(ledger, [10, move('m1', 'e1', 'rack', 'oven')], [10, accepted('m1')], [20, ended('m1')]);
    tell(ledger, [30, move('m2', 'e2', 'rack', 'oven')], [30, accepted('m2')], [40, ended('m2')]);
    tell(ledger, [60, move('m3', 'e1', 'oven', 'rack')], [60, accepted('m3')], [70, ended('m3')], [80, cleared('e2')]);
    tell(ledger, [100, event('campaign.finished', { outcome: 'completed', reason: 'r' })]);
    expect(energyOf(ledger, 'e1')!.idle).toBeCloseTo(10 * (20 + 15), 9);
    expect(energyOf(ledger, 'e2')!.idle).toBeCloseTo(10 * (15 + 10), 9);
    expect(energyOf(ledger)!.idle).toBeCloseTo(10 * (20 + 20), 9);
    conserved(ledger);
  });

  test('a move that a person says has happened puts the sample there', () => {
    const ledger = modelled();
    tell(ledger, [10, intended('m1', 'e1', { kind: 'move', device: 'arm', to: 'oven' })], [10, accepted('m1')]);
    tell(ledger, [20, ended('m1', { outcome: 'indeterminate' })], [30, resolved('m1', 'happened')]);
    tell(ledger, [50, event('campaign.finished', { outcome: 'completed', reason: 'r' })]);
    expect(energyOf(ledger, 'e1')!.idle).toBeCloseTo(200, 9);
  });

  test('charges nobody for the time in which no controller looked on', () => {
    const ledger = modelled();
    const restarted = event('controller.started', { controller: 'main', instance: 'i2', epoch: 2, software: '1' });
    tell(ledger, [20, event('message.rejected', { topic: 't', reason: 'r' })], [90_000, restarted]);
    tell(ledger, [90_010, event('campaign.finished', { outcome: 'stopped', reason: 'r' })]);
    expect(oven(ledger).idle).toBeCloseTo(10 * (20 + 10), 9);
  });

  test('gives way to a meter as soon as one is heard', () => {
    const ledger = modelled();
    tell(ledger, [10, bake('k1', 'e1')], [10, accepted('k1')], [20, meter(5000)], [30, meter(5700)], [30, ended('k1')]);
    expect(oven(ledger)).toMatchObject({ source: 'meter', measured: 700, idle: 100, modelled: 100 + 1000 });
    expect(joulesOf(ledger, 'k1')).toBeCloseTo(1700, 9);
    conserved(ledger);
  });

  test('shares a device that works on several at once', () => {
    const ledger = modelled();
    tell(ledger, [10, bake('k1', 'e1')], [10, bake('k2', 'e2')], [10, accepted('k1')], [20, accepted('k2')]);
    tell(ledger, [30, ended('k1', times(10, 30))], [40, ended('k2', times(20, 40))]);
    expect([joulesOf(ledger, 'k1'), joulesOf(ledger, 'k2')]).toEqual([1500, 1500]);
    conserved(ledger);
  });

  test('a refused command is not charged', () => {
    const ledger = modelled();
    tell(ledger, [10, bake('k1', 'e1')], [20, event('command.refused', { key: 'k1', code: 'E_BUSY', message: 'm' })]);
    expect(joulesOf(ledger, 'k1')).toBeUndefined();
  });
});

test('new watts count from the new descriptor on', () => {
  const ledger = modelled();
  tell(ledger, [10, announced('oven', { power: { idle_watt: 50, active_watt: 100 } })]);
  tell(ledger, [20, event('campaign.finished', { outcome: 'completed', reason: 'r' })]);
  expect(oven(ledger).idle).toBeCloseTo(100 + 500, 9);
});

test('the optimizer pays for its computing, and all of it has a price', () => {
  const ledger = modelled();
  const suggestions = [{ point: { x: 1 }, reason: 'r' }];
  tell(ledger, [5, event('suggestions.received', { ask: 1, suggestions, cpuSeconds: 36 })]);
  tell(ledger, [10, event('campaign.finished', { outcome: 'completed', reason: 'r' })]);
  expect(ledger.energy().optimizer).toEqual({ cpuSeconds: 36, joules: 360 });
  const { energy, energyCost, energyCo2e } = ledger.totals();
  expect(energy.joules).toBeCloseTo(460, 9);
  expect(energyCost).toBeCloseTo((460 / 3.6e6) * 0.36, 12);
  expect(energyCo2e).toBeCloseTo((460 / 3.6e6) * 0.4, 12);
});

describe('energy whose price hangs on the hour', () => {
  const perKWh = 1 / 3.6e6;
  const hours = [{ from: '09:00', to: '10:00', price: 0.72 * perKWh, carbon: 0.8 * perKWh }];
  const byHour = event('campaign.opened', {
    ...{ campaign: 'demo', clock: { origin: start, anchor: start, speed: 1 } },
    definition: { ...definition, lab: { ...definition.lab, tariff: { ...definition.lab.tariff!, hours } } },
  });
  const finished = event('campaign.finished', { outcome: 'completed', reason: 'r' });
  /** From half past eight to half past nine: one half of it is dear. */
  const baked = (more: object) => [
    ...([
      [1800, bake('k1', 'e1')],
      [1800, accepted('k1')],
      [5400, ended('k1', { ...times(1800, 5400), ...more })],
    ] as const),
  ];

  test('costs what it cost when it was drawn, by a power model', () => {
    const device = announced('oven', { power: { idle_watt: 10, active_watt: 100 } });
    const ledger = inMemory([0, byHour], [0, device], [0, suggested('e1', 1)], ...baked({}), [7200, finished]);
    // Half an hour at rest and half an hour at work on either side of nine.
    const each = 10 * 1800 + 100 * 1800;
    expect(ledger.totals().energyCost).toBeCloseTo(each * (0.36 + 0.72) * perKWh, 12);
    expect(ledger.totals().energyCo2e).toBeCloseTo(each * (0.4 + 0.8) * perKWh, 12);
    expect(ledger.stageCosts()[0]!.money).toBeCloseTo(360_000 * 0.54 * perKWh, 12);
    const [cost] = ledger.costs();
    // The sample stands in the oven from the beginning of its step.
    expect(cost!.energyCost).toBeCloseTo((360_000 * 0.54 + 18_000 * 0.72) * perKWh, 12);
    expect(ledger.replay().ok).toBe(true);
  });

  test('costs what it cost when it was drawn, by a meter', () => {
    const device = announced('oven', { meters: [{ id: 'plug' as never, unit: 'J', resolution: 10 }] });
    const ledger = inMemory([0, byHour], [0, device], [0, suggested('e1', 1)], [0, meter(0)], [1800, meter(18_000)]);
    tell(ledger, ...baked(span(18_000, 378_000)), [7200, meter(396_000)], [7200, finished]);
    expect(ledger.totals().energyCost).toBeCloseTo((18_000 * (0.36 + 0.72) + 360_000 * 0.54) * perKWh, 12);
    expect(ledger.costs()[0]!.energyCost).toBeCloseTo((360_000 * 0.54 + 18_000 * 0.72) * perKWh, 12);
    expect(ledger.replay().ok).toBe(true);
  });
});
