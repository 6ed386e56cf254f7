import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { stream } from '../../src/base/random.ts';
import { BoundedSearch } from '../../src/scheduling/bounded-search.ts';
import { check } from '../../src/scheduling/checker.ts';
import { dispatch } from '../../src/scheduling/dispatcher.ts';
import type { DurationBand, Plan, SchedulingProblem } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { isWorthTaking, movedSteps, savingOf } from '../../src/scheduling/takeover.ts';
import { instancesPresent } from '../scheduling/instances.ts';
import { instanceLab } from './execution/labs.ts';
import { Player, type Decision, type Policy } from './execution/player.ts';
import { quantile } from './shared/figures.ts';

const help = `node test/bench/replanning.ts [--samples 256] [--band 20] [--events 300] [--seeds 3] [--json FILE]

How long planning again takes in the middle of a campaign, in processor time of this process. At every event of a campaign
whose durations vary within the band: shift, the plan kept up (plan() with the plan before); and beside it, without using
the result, the same with one waiting sample taken out of the plan before (one), with eight (eight), and with one furnace
or dispenser lost (lost). check and dispatch are what the engine does next. The first tenth of the events warms up.

At every 20th event, eight waiting samples are taken for newcomers, and the search beside the engine is done to its end, at most 2 s
(search); said is which part of the cost its plan saves, and of the steps that were announced it moves.`;

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

const searchEvery = 20;
const searchMs = 2000;

/** What a search has come to: parts of the cost, and of the steps announced. */
interface Found {
  readonly saves: number;
  readonly moved: number;
  readonly taken: boolean;
}

class Measured implements Policy {
  readonly times: Record<string, number[]> = {
    ...{ shift: [], one: [], eight: [], lost: [], check: [], dispatch: [] },
    search: [],
  };
  readonly found: Found[] = [];
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
    if (waiting.length >= 8 && this.#seen % searchEvery === 0) this.#search(problem, this.#plan!, waiting);
  }

  #search(problem: SchedulingProblem, made: Plan, waiting: SchedulingProblem['samples']): void {
    const came = new Set(Array.from({ length: 8 }, () => this.#random.pick(waiting).id));
    const announced = new Set(problem.samples.flatMap(({ id }) => (came.has(id) ? [] : [id])));
    const better = this.#time('search', () => {
      const search = new BoundedSearch({ problem, plan: made, seed: 1 });
      const begun = spent();
      while (search.step()) if (spent() - begun > searchMs) break;
      return search.found;
    });
    if (better === undefined) return void this.found.push({ saves: 0, moved: 0, taken: false });
    const faults = check(problem, better);
    if (faults.length > 0) throw new Error(faults.join(' '));
    const { moved, of } = movedSteps(made, better, announced);
    const taken = isWorthTaking(problem, made, better, announced);
    this.found.push({ saves: savingOf(problem, made, better), moved: moved / of, taken });
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
  const found: Found[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const policy = new Measured(seed, events);
    const draw = (name: string, { low, high }: DurationBand) =>
      Math.round(low + (high - low) * stream(seed, name).next());
    new Player(problem, draw).play(policy, Infinity);
    found.push(...policy.found);
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
  const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
  const savings = found.map(({ saves }) => saves);
  const moves = found.map(({ moved }) => moved);
  const taken = found.filter((one) => one.taken);
  console.log(
    `searches: ${found.length}, saving p50 ${percent(quantile(savings, 0.5))}, max ${percent(quantile(savings, 1))}; moving p50 ` +
      `${percent(quantile(moves, 0.5))}, max ${percent(quantile(moves, 1))}; taken ${taken.length}` +
      (taken.length === 0 ? '' : `, moving max ${percent(Math.max(...taken.map(({ moved }) => moved)))}`),
  );
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, lines, found }, null, 2)}\n`);
}

if (values.help) console.log(help);
else if (!instancesPresent) console.log('The instances are not beside the repository: nothing to measure.');
else run();
