import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MemoryBroker } from '../../simulators/memory-bus.ts';
import { startBroker } from '../../simulators/broker.ts';
import { realClock, VirtualClock, type Clock } from '../../src/base/clock.ts';
import { digest } from '../../src/base/canonical.ts';
import { stream } from '../../src/base/random.ts';
import { Campaign, type Definition } from '../../src/domain/campaign.ts';
import { describe as describeBody } from '../../src/domain/descriptor.ts';
import type { NewEvent } from '../../src/domain/event.ts';
import { CommandKey, DeviceId, ExperimentId } from '../../src/domain/ids.ts';
import { Lab } from '../../src/domain/lab.ts';
import { Protocol } from '../../src/domain/protocol.ts';
import type { Advisor } from '../../src/engine/advisor.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { Bus } from '../../src/wire/bus.ts';
import { parseMessage } from '../../src/wire/messages.ts';
import { connectBus } from '../../src/wire/mqtt-bus.ts';
import { toWireTime } from '../../src/wire/time.ts';
import { topics } from '../../src/wire/topics.ts';

/**
 * node test/bench/engine.ts [--devices 50] [--experiments 600] [--growth 10000] [--restart 1000000] [--seed 1]
 *   [--json FILE]
 *
 * Latency: real MQTT over loopback and a durable ledger, every device with a new result each 0.2 to 0.8 s; from the moment a device publishes a result to the moment the
 * device that gets the command which this result has made possible receives it. Throughput and growth: the same engine on the virtual clock and
 * an in-memory bus, in processor time, so that other programs disturb little. Restart: a campaign is killed with every
 * device at work, its ledger is filled up to a million events with experiments that have ended, and a new engine starts.
 */
const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '50' },
    experiments: { type: 'string', default: '600' },
    growth: { type: 'string', default: '10000' },
    restart: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});
const deviceCount = Number(values.devices);
const seed = Number(values.seed);
const site = 'bench';
const stepsPerExperiment = 4;
const meanSeconds = 0.5;

function definitionOf(experiments: number): Definition {
  const ids = Array.from({ length: deviceCount }, (_, i) => `d${i + 1}`);
  const lab = Lab.parse({ site, devices: Object.fromEntries(ids.map((id) => [id, { kind: 'discovered' }])) });
  const steps = Array.from({ length: stepsPerExperiment }, (_, i) => ({ id: `s${i + 1}`, capability: 'work' }));
  const protocol = Protocol.parse({
    protocol: 'bench',
    parameters: { x: '1' },
    stages: [{ id: 'all', steps, observes: { y: `=s${stepsPerExperiment}.y` } }],
  });
  const campaign = Campaign.parse({
    campaign: 'bench',
    space: { x: { min: 0, max: 1 } },
    objectives: [{ name: 'y', goal: 'maximize' }],
    batch: { size: deviceCount, mode: 'rolling' },
    budget: { experiments },
  });
  return { lab, protocol, campaign };
}

const descriptor = describeBody({
  vendor: 'bench',
  model: 'bench',
  serial: '1',
  firmware: '1',
  onControllerLost: 'finish',
  meters: [],
  power: { idle_watt: 5, active_watt: 50 },
  capabilities: [
    {
      name: 'work',
      parameters: { type: 'object', properties: { sample: { type: 'string' } } },
      result: { type: 'object' },
      units: {},
      duration: { low: 0.2, typical: 0.5, high: 0.8 },
      retry: 'safe',
      interruptible: false,
      consumes: [],
    },
  ],
});

/** Devices that only answer: acknowledge at once, give a result after a short while. */
function fakeDevices(bus: Bus, clock: Clock, onResult: (key: string) => void, onCommand: (key: string) => void) {
  const random = stream(seed, 'bench');
  const say = (topic: string, body: object, retain = false) => bus.publish(topic, JSON.stringify(body), { retain });
  for (let i = 1; i <= deviceCount; i++) {
    const id = `d${i}`;
    say(topics.descriptor(site, id), descriptor, true);
    const state = { state: 'ready', boot: 'b', seq: 1, epoch: 0, running: [], at: toWireTime(clock.now()) };
    say(topics.state(site, id), state, true);
    bus.subscribe(topics.command(site, id), ({ topic, payload }) => {
      const read = parseMessage(topic, payload);
      if (!read.ok || read.value.kind !== 'command') throw new Error('the bench understands only commands');
      const { key } = read.value.body;
      onCommand(key);
      const event = topics.event(site, id, key);
      say(event, { kind: 'ack', n: 1, boot: 'b' });
      const startedAt = toWireTime(clock.now());
      clock.after(200 + random.integer(600), () => {
        const endedAt = toWireTime(clock.now());
        onResult(key);
        const result = { y: random.next() };
        say(event, { kind: 'result', n: 2, boot: 'b', outcome: 'ok', startedAt, endedAt, result, meters: [] });
      });
    });
  }
}

const randomAdvisor = (clock: Clock): Advisor => {
  const random = stream(seed, 'advisor');
  const one = () => ({ point: { x: random.next() }, reason: 'at random' });
  return {
    ask: ({ options }, answer) => {
      const suggestions = Array.from({ length: options.count }, one);
      clock.after(0, () => answer({ ok: true, value: { suggestions } }));
    },
    close: async () => undefined,
  };
};

const engineOn = (ledger: Ledger, clock: Clock, bus: Bus, settleMs = 0): Engine =>
  new Engine({
    ledger,
    clock,
    bus,
    advisor: randomAdvisor(clock),
    site,
    instance: 'bench',
    software: 'bench',
    settleMs,
  });

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
const show = (value: number): number => Number(value.toPrecision(3));

async function latency(experiments: number) {
  const folder = mkdtempSync(join(tmpdir(), 'labwright-bench-'));
  const broker = await startBroker({});
  const clock = realClock();
  const ledger = Ledger.open(join(folder, 'ledger.sqlite'), { create: true });
  const deviceBus = await connectBus({ url: broker.url, clientId: 'devices' });
  const engineBus = await connectBus({ url: broker.url, clientId: 'engine' });
  const published = new Map<string, number>();
  const received = new Map<string, number>();
  const causes = new Map<string, string>();
  fakeDevices(
    deviceBus,
    clock,
    (key) => published.set(key, performance.now()),
    (key) => received.set(key, performance.now()),
  );
  const engine = engineOn(ledger, clock, engineBus, 300);
  const begun = performance.now();
  await new Promise<void>((resolve, reject) => {
    engine.onFatal((problem) => reject(new Error(problem.message)));
    engine.subscribe((events) => {
      // Commands that were decided in one turn with results: the oldest of these is what they waited for.
      const ends = events.flatMap((event) => (event.type === 'command.ended' ? [event.data.key] : []));
      for (const event of events) {
        if (event.type === 'command.intended' && ends[0] !== undefined) causes.set(event.data.command.key, ends[0]);
        if (event.type === 'campaign.finished') resolve();
      }
    });
    engine.start(definitionOf(experiments));
  });
  const elapsed = (performance.now() - begun) / 1000;
  const events = ledger.lastSeq();
  engine.close();
  await Promise.all([engineBus.close(), deviceBus.close()]);
  await broker.close();
  ledger.close();
  rmSync(folder, { recursive: true });
  const waits = [...causes]
    .map(([command, result]) => received.get(command)! - published.get(result)!)
    .sort((a, b) => a - b);
  return {
    devices: deviceCount,
    results: waits.length,
    p50Ms: show(quantile(waits, 0.5)),
    p90Ms: show(quantile(waits, 0.9)),
    p99Ms: show(quantile(waits, 0.99)),
    maxMs: show(waits.at(-1) ?? NaN),
    eventsPerSecondLive: show(events / elapsed),
  };
}

/** Processor microseconds per event while a campaign grows, in windows that end at the given numbers of experiments. */
function growth(upTo: number) {
  const clock = new VirtualClock();
  const broker = new MemoryBroker({ clock });
  const ledger = Ledger.open(':memory:');
  fakeDevices(
    broker.connect({ clientId: 'devices' }),
    clock,
    () => undefined,
    () => undefined,
  );
  const engine = engineOn(ledger, clock, broker.connect({ clientId: 'engine' }), 10);
  const marks = [100, 300, 1000, 3000, 10_000].filter((mark) => mark <= upTo);
  const costs: { experiments: number; microsecondsPerEvent: number }[] = [];
  let completed = 0;
  let finished = false;
  let windowSeq = 0;
  let windowCpu = process.cpuUsage();
  engine.subscribe((events) => {
    for (const { type, seq } of events) {
      finished ||= type === 'campaign.finished';
      if (type !== 'experiment.completed') continue;
      completed += 1;
      const next = marks[costs.length];
      if (next === undefined) continue;
      if (completed === next - Math.floor(next / 4)) [windowSeq, windowCpu] = [seq, process.cpuUsage()];
      if (completed !== next) continue;
      const { user, system } = process.cpuUsage(windowCpu);
      costs.push({ experiments: next, microsecondsPerEvent: show((user + system) / (seq - windowSeq)) });
    }
  });
  const begun = process.cpuUsage();
  engine.start(definitionOf(upTo));
  const origin = clock.now();
  clock.run(() => finished);
  const makespan = (clock.now() - origin) / 1000;
  const { user, system } = process.cpuUsage(begun);
  const events = ledger.lastSeq();
  engine.close();
  ledger.close();
  const ideal = (upTo * stepsPerExperiment * meanSeconds) / deviceCount;
  return { events, eventsPerCpuSecond: show(events / ((user + system) / 1e6)), costs, makespan, ideal };
}

/** Events of one experiment that has ended, as the engine would have written them. */
function* endedExperiment(number: number): IterableIterator<NewEvent> {
  const experiment = ExperimentId.parse(`f-${number}`);
  const suggestion = { point: { x: (number % 1000) / 1000 }, reason: 'at random' };
  yield { type: 'experiment.suggested', data: { experiment, number, ask: 1, suggestion } };
  yield { type: 'experiment.planned', data: { experiment, reservations: [] } };
  for (let step = 1; step <= stepsPerExperiment; step++) {
    const device = DeviceId.parse(`d${(number % deviceCount) + 1}`);
    const key = CommandKey.parse(digest([experiment, step]));
    const what = { key, hash: 'h', experiment, stage: 'all', step: `s${step}`, attempt: 1, kind: 'process' as const };
    const how = { device, capability: 'work', parameters: { sample: experiment }, at: device, consumes: [] };
    const expected = { low: 200, typical: 500, high: 800 };
    const command = { ...what, ...how, retry: 'safe' as const, expected, ttl: 30_000, deadline: 60_000 };
    yield { type: 'command.intended', data: { command } };
    yield { type: 'command.accepted', data: { key, boot: 'b' } };
    yield { type: 'command.ended', data: { key, outcome: 'ok', result: { y: 0.5 }, meters: [], source: 'device' } };
  }
  yield { type: 'experiment.observed', data: { experiment, stage: 'all', observations: { y: 0.5 } } };
  yield { type: 'experiment.completed', data: { experiment, objectives: { y: 0.5 } } };
  yield { type: 'experiment.cleared', data: { experiment, reason: 'done' } };
}

function restart(upTo: number) {
  const folder = mkdtempSync(join(tmpdir(), 'labwright-bench-'));
  const path = join(folder, 'ledger.sqlite');
  const clock = new VirtualClock();
  const broker = new MemoryBroker({ clock });
  const deviceBus = broker.connect({ clientId: 'devices' });
  fakeDevices(
    deviceBus,
    clock,
    () => undefined,
    () => undefined,
  );
  const first = Ledger.open(path, { create: true, durable: false });
  const killed = engineOn(first, clock, broker.connect({ clientId: 'first' }), 10);
  killed.start(definitionOf(1000));
  clock.run(() => killed.state.commands.size >= deviceCount, clock.now() + 60_000);
  killed.kill();
  for (let number = 100_000; first.lastSeq() < upTo; number += 200)
    first.transaction(() => {
      for (let i = 0; i < 200; i++)
        for (const event of endedExperiment(number + i)) first.append(event, clock.now(), 'controller');
    });
  first.close();
  const begun = performance.now();
  const ledger = Ledger.open(path);
  const opened = performance.now();
  const engine = engineOn(ledger, clock, broker.connect({ clientId: 'second' }), 10);
  engine.start();
  const ready = performance.now();
  const found = { events: ledger.lastSeq(), openCommands: engine.state.commands.size };
  engine.close();
  ledger.close();
  rmSync(folder, { recursive: true });
  return { ...found, openMs: show(opened - begun), engineMs: show(ready - opened) };
}

const machine = `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}`;
process.stdout.write(`Engine bench, seed ${seed}, on ${machine}\n`);
const live = await latency(Number(values.experiments));
process.stdout.write(
  `From result to next command, ${live.devices} devices, ${live.results} results, MQTT on loopback, durable ledger:\n` +
    `  p50 ${live.p50Ms} ms, p90 ${live.p90Ms} ms, p99 ${live.p99Ms} ms, longest ${live.maxMs} ms` +
    ` (target: p99 < 10 ms); ${live.eventsPerSecondLive} events/s meanwhile\n`,
);
const grown = growth(Number(values.growth));
process.stdout.write(
  `Ledger + decide + dispatch, in memory: ${grown.eventsPerCpuSecond} events per CPU second over ${grown.events} events\n`,
);
process.stdout.write(
  `  makespan ${show(grown.makespan)} s of lab time, ${show(grown.ideal)} s if no device ever waited\n`,
);
for (const { experiments, microsecondsPerEvent } of grown.costs)
  process.stdout.write(`  up to experiment ${experiments}: ${microsecondsPerEvent} us of CPU per event\n`);
const restarted = Number(values.restart) > 0 ? restart(Number(values.restart)) : undefined;
if (restarted !== undefined)
  process.stdout.write(
    `Restart with ${restarted.events} events and ${restarted.openCommands} open commands: ledger ${restarted.openMs} ms, ` +
      `engine ${restarted.engineMs} ms (target: < 3 s)\n`,
  );
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ machine, seed, live, grown, restarted }, null, 2)}\n`);
