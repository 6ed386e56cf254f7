import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { stream } from '../../src/base/random.ts';
import { check } from '../../src/scheduling/checker.ts';
import { dispatch } from '../../src/scheduling/dispatcher.ts';
import type { DurationBand, Plan, SchedulingProblem } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { instancesPresent } from '../scheduling/instances.ts';
import { instanceLab } from './execution/labs.ts';
import { Player, type Decision, type Policy } from './execution/player.ts';
import { quantile } from './shared/figures.ts';

const help = `node test/bench/replanning.ts [--samples 256] [--band 20] [--events 300] [--seeds 3] [--json FILE]

How long planning again takes in the middle of a campaign, in processor time of this process. At every event of a campaign
whose durations vary within the band: shift, the plan kept up (plan() with the plan before); and beside it, without using
the result, the same with one waiting sample taken out of the plan before (one), with eight (eight), and with one furnace
or dispenser lost (lost). check and dispatch are what the engine does next. The first tenth of the events warms up.`;

const { values } = parseArgs({
  options: {
    samples: { type: 'string', default: '256' },
    band: { type: 'string', default: '20' },
    events: { type: 'string', default: '300' },
    seeds: { type: 'string', default: '3' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const spent = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

class Measured implements Policy {
  readonly times: Record<string, number[]> = { shift: [], one: [], eight: [], lost: [], check: [], dispatch: [] };
  readonly #random;
  readonly #events: number;
  #plan: Plan | undefined;
  #seen = 0;

  constructor(seed: number, events: number) {
    this.#random = stream(seed, 'replanning');
    this.#events = events;
  }

  decide(problem: SchedulingProblem): Decision {
    const before = this.#plan;
    const made = this.#time(before === undefined ? 'first' : 'shift', () => plan(problem, before));
    const faults = this.#time('check', () => check(problem, made));
    if (faults.length > 0) throw new Error(faults.join(' '));
    const { start, wakeAt } = this.#time('dispatch', () => dispatch(problem, made));
    this.#plan = made;
    if (before !== undefined) this.#disturb(problem, before);
    if (this.#seen++ >= this.#events) return { start: [], missed: [] };
    return { start, wakeAt, missed: [] };
  }

  #disturb(problem: SchedulingProblem, before: Plan): void {
    const waiting = problem.samples.filter(({ running, at }) => running === undefined && at === 'store');
    for (const [name, count] of [
      ['one', 1],
      ['eight', 8],
    ] as const) {
      if (waiting.length < count) continue;
      const out = new Set(Array.from({ length: count }, () => this.#random.pick(waiting).id));
      const assignments = before.assignments.filter(({ sample }) => !out.has(sample));
      this.#time(name, () => plan(problem, { ...before, assignments }));
    }
    const lost = this.#random.pick(['disp1', 'disp2', 'fur1', 'fur2']);
    const resources = problem.resources.map((one) => (one.id === lost ? { ...one, available: false } : one));
    this.#time('lost', () => plan({ ...problem, resources }, before));
  }

  #time<T>(name: string, work: () => T): T {
    const begun = spent();
    const result = work();
    if (this.#seen > this.#events / 10) this.times[name]?.push(spent() - begun);
    return result;
  }
}

function run(): void {
  const [samples, events, seeds] = [Number(values.samples), Number(values.events), Number(values.seeds)];
  const problem = instanceLab(samples, Number(values.band) / 100);
  const times: Record<string, number[]> = {};
  for (let seed = 1; seed <= seeds; seed++) {
    const policy = new Measured(seed, events);
    const draw = (name: string, { low, high }: DurationBand) =>
      Math.round(low + (high - low) * stream(seed, name).next());
    new Player(problem, draw).play(policy, Infinity);
    for (const [name, list] of Object.entries(policy.times)) times[name] = [...(times[name] ?? []), ...list];
  }
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}`;
  console.log(`${machine}; ${samples} samples, +-${values.band} %, seeds 1 to ${seeds}; processor ms`);
  const lines = Object.entries(times).map(([name, list]) => ({
    name,
    count: list.length,
    p50: quantile(list, 0.5),
    p99: quantile(list, 0.99),
    max: quantile(list, 1),
  }));
  for (const { name, count, p50, p99, max } of lines)
    console.log(`${name}: ${count} times, p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(2)}, max ${max.toFixed(2)}`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, lines }, null, 2)}\n`);
}

if (values.help) console.log(help);
else if (!instancesPresent) console.log('The instances are not beside the repository: nothing to measure.');
else run();
