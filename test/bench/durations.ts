import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { stream } from '../../src/base/random.ts';
import { instancesPresent } from '../scheduling/instances.ts';
import { plan } from '../../src/scheduling/planner.ts';
import type { DurationBand, SchedulingProblem } from '../../src/scheduling/model.ts';
import { instanceLab, randomProblem } from './execution/labs.ts';
import { judge } from './execution/judge.ts';
import { Learning } from './execution/learning.ts';
import { Player, type Decision, type Draw, type Policy } from './execution/player.ts';
import { Gated } from './execution/policies.ts';
import { quantile } from './shared/figures.ts';

const help = `node test/bench/durations.ts [sets...] [--campaigns 20] [--from 1] [--band 10] [--factor 1.25] [--after 8]

Labs whose true durations, ways included, are --factor times what is declared: drawn evenly within +- --band % of the
declared typical one, times the factor. Every campaign is played twice on the same durations, by plan, check and dispatch
at every event as the engine does: with the declared bands throughout, and with what is learned of them on the way. Told
are the maximum waits missed, the makespan, and by how much the true end of the campaign differs from the end of the plan
at the moment when --after samples have ended, in % of the time that is then left. Sets: lab-n16 and so on, or random.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    campaigns: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    band: { type: 'string', default: '10' },
    factor: { type: 'string', default: '1.25' },
    after: { type: 'string', default: '8' },
    help: { type: 'boolean', default: false },
  },
});

/** Remembers the end of the plan at the first decision with no more than so many samples left. */
class Watching implements Policy {
  readonly #inner: Gated;
  readonly #left: number;
  noted: { readonly at: number; readonly end: number } | undefined;

  constructor(inner: Gated, left: number) {
    this.#inner = inner;
    this.#left = left;
  }

  decide(problem: SchedulingProblem): Decision {
    const decision = this.#inner.decide(problem);
    const end = this.#inner.plan?.makespan;
    if (end !== undefined && problem.samples.length <= this.#left) this.noted ??= { at: problem.now, end };
    return decision;
  }
}

const truth =
  (seed: number, factor: number): Draw =>
  (name, { low, high }: DurationBand) =>
    Math.round(factor * (low + (high - low) * stream(seed, name).next()));

interface Tally {
  missed: number;
  waits: number;
  stuck: number;
  broken: number;
  /** Samples given up for a missed wait. */
  given: number;
  readonly makespans: number[];
  readonly errors: number[];
}

const tally = (): Tally => ({ missed: 0, waits: 0, stuck: 0, broken: 0, given: 0, makespans: [], errors: [] });

function play(problem: SchedulingProblem, learning: boolean, how: Draw, into: Tally): void {
  const watching = new Watching(new Gated(plan(problem)), problem.samples.length - Number(values.after));
  const run = new Player(problem, how).play(learning ? new Learning(watching) : watching, 1e9);
  const { missed, waits, broken } = judge(problem, run);
  into.missed += missed;
  into.waits += waits;
  into.broken += broken.length > 0 ? 1 : 0;
  into.given += run.discarded.length;
  if (run.stuck) into.stuck += 1;
  if (run.stuck) return;
  into.makespans.push(run.makespan);
  const { noted } = watching;
  if (noted !== undefined && run.makespan > noted.at)
    into.errors.push((run.makespan - noted.end) / (run.makespan - noted.at));
}

function measure(set: string): void {
  const [declared, learned] = [tally(), tally()];
  const share = Number(values.band) / 100;
  for (let i = 0; i < Number(values.campaigns); i++) {
    const seed = Number(values.from) + i;
    const problem = set === 'random' ? randomProblem(seed, share) : instanceLab(Number(set.slice(5)), share);
    if (plan(problem).unplanned.length > 0) continue;
    const how = truth(seed, Number(values.factor));
    play(problem, false, how, declared);
    play(problem, true, how, learned);
  }
  console.log(`${set}, +-${values.band} % around ${values.factor} times the declared durations:`);
  for (const [name, { missed, waits, stuck, broken, given, makespans, errors }] of Object.entries({
    declared,
    learned,
  })) {
    const mean = makespans.reduce((sum, value) => sum + value, 0) / makespans.length / 1000;
    const off = (q: number) => (errors.length === 0 ? '-' : (100 * quantile(errors, q)).toFixed(1));
    const ends = `end off by median ${off(0.5)} %, 5th to 95th percentile ${off(0.05)} to ${off(0.95)} %`;
    const counts = `missed ${missed} of ${waits}, given up ${given}, stuck ${stuck}, broken ${broken}`;
    console.log(`  ${name}: ${counts}; makespan ${mean.toFixed(0)} s; ${ends} (${errors.length})`);
  }
}

if (values.help) console.log(help);
else if (!instancesPresent && positionals.some((set) => set !== 'random'))
  console.log('The instances are not beside the repository: only random labs can be played.');
else {
  console.log(`${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}, seeds from ${values.from}`);
  for (const set of positionals.length > 0 ? positionals : ['lab-n16', 'random']) measure(set);
}
