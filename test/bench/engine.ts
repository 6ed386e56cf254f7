import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MemoryBroker } from '../../simulators/memory-bus.ts';
import { startBroker } from '../../simulators/broker.ts';
import { realClock, VirtualClock, type Clock } from '../../src/base/clock.ts';
import { stream } from '../../src/base/random.ts';
import { Campaign, type Definition } from '../../src/domain/campaign.ts';
import { describe as describeBody } from '../../src/domain/descriptor.ts';
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
 * node test/bench/engine.ts [--devices 50] [--experiments 600] [--growth 10000] [--seed 1] [--json FILE]
 *
 * Latency: real MQTT over loopback and a durable ledger; from the moment a device publishes a result to the moment the
 * device that gets the sample's next command receives it. Throughput and growth: the same engine on the virtual clock and
 * an in-memory bus, in processor time, so that other programs disturb little.
 */
const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '50' },
    experiments: { type: 'string', default: '600' },
    growth: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});
const deviceCount = Number(values.devices);
const seed = Number(values.seed);
const site = 'bench';
const stepsPerExperiment = 4;

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
      duration: { low: 0.01, typical: 0.05, high: 0.1 },
      retry: 'safe',
      interruptible: false,
      consumes: [],
    },
  ],
});

/** Devices that only answer: acknowledge at once, give a result after a short while. */
function fakeDevices(bus: Bus, clock: Clock, onResult: (sample: string) => void, onCommand: (sample: string) => void) {
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
      const { key, parameters } = read.value.body;
      const sample = String(parameters['sample']);
      onCommand(sample);
      const event = topics.event(site, id, key);
      say(event, { kind: 'ack', n: 1, boot: 'b' });
      clock.after(20 + random.integer(60), () => {
        const at = toWireTime(clock.now());
        onResult(sample);
        const result = { y: random.next() };
        say(event, { kind: 'result', n: 2, boot: 'b', outcome: 'ok', startedAt: at, endedAt: at, result, meters: [] });
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
      clock.after(0, () => answer({ ok: true, value: { suggestions, model: { stage: 'initial', outcomes: [] } } }));
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
  const since = new Map<string, number>();
  const waits: number[] = [];
  fakeDevices(
    deviceBus,
    clock,
    (sample) => since.set(sample, performance.now()),
    (sample) => {
      const begun = since.get(sample);
      if (begun !== undefined) waits.push(performance.now() - begun);
      since.delete(sample);
    },
  );
  const engine = engineOn(ledger, clock, engineBus, 300);
  const begun = performance.now();
  await new Promise<void>((resolve, reject) => {
    engine.onFatal((problem) => reject(new Error(problem.message)));
    engine.subscribe((events) => events.some(({ type }) => type === 'campaign.finished') && resolve());
    engine.start(definitionOf(experiments));
  });
  const elapsed = (performance.now() - begun) / 1000;
  const events = ledger.lastSeq();
  engine.close();
  await Promise.all([engineBus.close(), deviceBus.close()]);
  await broker.close();
  ledger.close();
  rmSync(folder, { recursive: true });
  waits.sort((a, b) => a - b);
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
  clock.run(() => finished);
  const { user, system } = process.cpuUsage(begun);
  const events = ledger.lastSeq();
  engine.close();
  ledger.close();
  return { events, eventsPerCpuSecond: show(events / ((user + system) / 1e6)), costs };
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
for (const { experiments, microsecondsPerEvent } of grown.costs)
  process.stdout.write(`  up to experiment ${experiments}: ${microsecondsPerEvent} us of CPU per event\n`);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ machine, seed, live, grown }, null, 2)}\n`);
