import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { digest } from '../../src/base/canonical.ts';
import type { NewEvent } from '../../src/domain/event.ts';
import { Ledger } from '../../src/ledger/ledger.ts';

/**
 * node test/bench/ledger.ts [--events 1000000] [--durable 2000] [--json FILE] [--replay]
 *
 * Writes a ledger as a campaign would (eight steps per experiment, four materials, metered and modelled devices), one
 * transaction per event, and prints what appending and opening cost.
 */
const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    durable: { type: 'string', default: '2000' },
    json: { type: 'string' },
    replay: { type: 'boolean', default: false },
  },
});
const wanted = Number(values.events);
const folder = mkdtempSync(join(tmpdir(), 'labwright-bench-'));
const origin = Date.UTC(2026, 0, 5, 8);
const materials = ['red', 'green', 'blue', 'water'];
const devices = ['handler', 'furnace', 'reader', 'arm'];

const seconds = (from: bigint): number => Number(process.hrtime.bigint() - from) / 1e9;

/** Processor time, us: other programs on the machine do not disturb it. */
const spent = (from: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(from);
  return user + system;
};

const event = (type: string, data: object): NewEvent => ({ type, data }) as unknown as NewEvent;

function* opening(): IterableIterator<NewEvent> {
  const lab = { materials: Object.fromEntries(materials.map((name) => [name, { measure: 'volume' }])) };
  const definition = { campaign: {}, protocol: {}, lab };
  yield event('campaign.opened', { campaign: 'bench', definition, clock: { origin, anchor: origin, speed: 1 } });
  yield event('controller.started', { controller: 'main', instance: 'i1', epoch: 1, software: '0' });
  for (const material of materials) yield event('lot.registered', { material, lot: 'a', amount: 100, cost: 10 });
  for (const device of devices) {
    const capability = { name: 'work', parameters: {}, result: {}, units: {}, retry: 'safe', interruptible: false };
    const body = { vendor: 'v', model: 'm', serial: '1', firmware: '1', onControllerLost: 'finish' };
    const capabilities = [{ ...capability, consumes: [], duration: { low: 1, typical: 2, high: 3 } }];
    const power = { idle_watt: 10, active_watt: 100 };
    const meters = device === 'furnace' ? [{ id: 'mains', unit: 'Wh', resolution: 1 }] : [];
    yield event('device.announced', { device, descriptor: { ...body, capabilities, meters, power, hash: 'h' } });
  }
}

/** One experiment after another; some forty events each. */
function* experiments(): IterableIterator<NewEvent> {
  let joules = 0;
  for (let number = 1; ; number++) {
    const experiment = `e${number}`;
    const suggestion = { point: { red: 0.1, green: 0.2, blue: 0.3 }, reason: 'expected improvement' };
    yield event('experiment.suggested', { experiment, number, ask: number, suggestion });
    const reservations = materials.map((material) => ({ material, lot: 'a', amount: 1e-6 }));
    yield event('experiment.planned', { experiment, reservations });
    for (let step = 1; step <= 8; step++) {
      const device = devices[step % devices.length]!;
      const key = digest([experiment, step]);
      const consumes = device === 'handler' ? [{ material: materials[step % 4], amount: 4e-7 }] : [];
      const command = {
        ...{
          key,
          hash: 'h',
          experiment,
          stage: 'mix',
          step: `s${step}`,
          attempt: 1,
          retry: 'unsafe',
          consumes,
          device,
        },
        ...{ capability: 'work', parameters: { volume: step }, ttl: 30_000, deadline: 90_000 },
        ...(device === 'arm' ? { kind: 'move', from: 'rack', to: 'furnace' } : { kind: 'process', at: device }),
        expected: { low: 1000, typical: 2000, high: 3000 },
      };
      yield event('command.intended', { command });
      yield event('command.accepted', { key, boot: 'b1' });
      joules += 5000;
      if (device === 'furnace') yield event('meter.read', meter(joules));
      const meters = device === 'furnace' ? [{ ...span(joules), meter: 'mains' }] : [];
      yield event('command.ended', {
        key,
        outcome: 'ok',
        meters,
        source: 'device',
        result: { absorbance: 0.5 },
        consumed: consumes,
      });
    }
    yield event('experiment.observed', { experiment, stage: 'mix', observations: { absorbance: 0.5 } });
    yield event('experiment.completed', { experiment, objectives: { distance: 0.2 } });
    yield event('experiment.cleared', { experiment, reason: 'the sample is at rack' });
  }
}

const meter = (total: number) => ({
  ...{ device: 'furnace', meter: 'mains', total, resolution: 3600, boot: 'b1', resetAt: 'never', power: 80 },
});
const span = (joules: number) => ({ start: joules - 4000, end: joules + 1000, resolution: 3600, boot: 'b1' });

/** Appends `count` events, each in its own transaction; CPU microseconds per event in each part of the way. */
function fill(ledger: Ledger, count: number, marks: readonly number[] = []): { perSecond: number; marks: number[] } {
  const source = experiments();
  const begun = process.hrtime.bigint();
  const window = Math.max(200, Math.floor(count / 100));
  const costs: number[] = [];
  let at = origin;
  const append = (one: NewEvent) => ledger.transaction(() => ledger.append(one, (at += 500), 'controller'));
  let windowBegun = process.cpuUsage();
  for (const one of opening()) append(one);
  for (let n = ledger.lastSeq() + 1; n <= count; n++) {
    const mark = marks.some((end) => n === end - window + 1);
    if (mark) windowBegun = process.cpuUsage();
    append(source.next().value as NewEvent);
    if (marks.includes(n)) costs.push(spent(windowBegun) / window);
  }
  return { perSecond: count / seconds(begun), marks: costs };
}

const round = (value: number, digits = 3): number => Number(value.toPrecision(digits));

try {
  const durableCount = Number(values.durable);
  const durable = Ledger.open(join(folder, 'durable.ledger'), { create: true });
  const durablePerSecond = fill(durable, durableCount).perSecond;
  durable.close();

  const memory = Ledger.open(':memory:');
  const memoryPerSecond = fill(memory, Math.min(wanted, 50_000)).perSecond;
  memory.close();

  const path = join(folder, 'large.ledger');
  const large = Ledger.open(path, { create: true, durable: false });
  const { perSecond, marks } = fill(large, wanted, [wanted / 100, wanted / 10, wanted].map(Math.floor));
  large.close();

  let begun = process.hrtime.bigint();
  const opened = Ledger.open(path);
  const openSeconds = seconds(begun);
  begun = process.hrtime.bigint();
  opened.definition();
  opened.snapshots();
  opened.timers();
  opened.outbox();
  opened.stock();
  opened.totals();
  const restoreSeconds = seconds(begun);
  begun = process.hrtime.bigint();
  const replayed = values.replay ? opened.replay() : undefined;
  const replaySeconds = seconds(begun);
  opened.close();

  const report = {
    events: wanted,
    durableAppendsPerSecond: round(durablePerSecond),
    memoryAppendsPerSecond: round(memoryPerSecond),
    fileAppendsPerSecond: round(perSecond),
    cpuMicrosecondsPerEvent: {
      at1Percent: round(marks[0]!),
      at10Percent: round(marks[1]!),
      at100Percent: round(marks[2]!),
    },
    openMilliseconds: round(openSeconds * 1000),
    stateMilliseconds: round(restoreSeconds * 1000),
    megabytes: round(statSync(path).size / 1e6),
    ...(replayed === undefined ? {} : { replayOk: replayed.ok, replaySeconds: round(replaySeconds) }),
  };
  console.log(report);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
