import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { stream } from '../../src/base/random.ts';
import { improve } from '../../src/scheduling/improve.ts';
import type { DurationBand, Plan, SchedulingProblem } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { instancesPresent } from '../scheduling/instances.ts';
import { instanceLab, randomProblem, setupProblem } from './execution/labs.ts';
import { judge } from './execution/judge.ts';
import { Player, type Draw, type Policy } from './execution/player.ts';
import { Gated, OrderFollowing } from './execution/policies.ts';
import { quantile } from './shared/figures.ts';

const help = `node test/bench/execution.ts [sets...] [--campaigns 20] [--from 1] [--bands 10,20] [--shapes uniform,early,late]
  [--improve STEPS] [--json FILE] [--verbose]

Carries plans out while durations are what they like within their bands. Sets are lab-n4, lab-n8, lab-n16 and so on, random, or
setups, which are random labs whose devices are set up between recipes. Every campaign (seed --from and following) is played twice on the same durations: by plan, check and dispatch at
every event as the engine does, and by the order of the first plan. A judge that shares no code with either reads the
record. Shapes: uniform in the band; early, mostly near its low end; late, mostly near its high end. --improve lets the
search make the first plan better by so many steps. Makespans are compared with the first plan's, which is made of
typical durations.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    campaigns: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    bands: { type: 'string', default: '10,20' },
    shapes: { type: 'string', default: 'uniform,early,late' },
    improve: { type: 'string', default: '0' },
    json: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Exponents of a uniform number: 2 makes a density that falls with the root of the place in the band, 1/2 one that rises. */
const shapes: Readonly<Record<string, number>> = { uniform: 1, early: 2, late: 0.5 };

const draw =
  (seed: number, exponent: number): Draw =>
  (name, { low, high }: DurationBand) =>
    Math.round(low + (high - low) * stream(seed, name).next() ** exponent);

interface Tally {
  readonly ratios: number[];
  missed: number;
  waits: number;
  stuck: number;
  /** Campaigns in which the judge found anything else. */
  broken: number;
  readonly seeds: number[];
}

const tally = (): Tally => ({ ratios: [], missed: 0, waits: 0, stuck: 0, broken: 0, seeds: [] });

/** No campaign takes longer than so many times its plan. */
const patience = 10;

function play(problem: SchedulingProblem, first: Plan, policy: Policy, how: Draw, seed: number, into: Tally): void {
  const run = new Player(problem, how).play(policy, patience * Math.max(first.makespan, 1_000_000));
  const { missed, waits, broken } = judge(problem, run);
  into.missed += missed;
  into.waits += waits;
  if (missed + broken.length > 0 || run.stuck) into.seeds.push(seed);
  if (run.stuck) into.stuck += 1;
  else if (broken.length > 0) {
    into.broken += 1;
    if (values.verbose) console.log(`seed ${seed}: ${broken.slice(0, 3).join('; ')}`);
  }
  if (!run.stuck && run.discarded.length === 0) into.ratios.push(run.makespan / first.makespan);
}

function firstPlan(problem: SchedulingProblem): Plan {
  const steps = Number(values.improve);
  const made = plan(problem);
  if (steps === 0) return made;
  const improver = improve(problem, made, 1);
  for (let i = 0; i < steps; i++) improver.step();
  return improver.plan;
}

/** Labs that are another one for every seed. */
const random: Readonly<Record<string, typeof randomProblem>> = { random: randomProblem, setups: setupProblem };

function measure(set: string, share: number, shape: string) {
  const [gated, ordered] = [tally(), tally()];
  const count = Number(values.campaigns);
  let known: readonly [SchedulingProblem, Plan] | undefined;
  let left = 0;
  const decisions: number[] = [];
  for (let seed = Number(values.from); seed < Number(values.from) + count; seed++) {
    const drawn = random[set];
    if (drawn !== undefined || known === undefined) {
      const problem = drawn?.(seed, share) ?? instanceLab(Number(set.slice(5)), share);
      known = [problem, firstPlan(problem)];
    }
    const [problem, first] = known;
    if (first.unplanned.length > 0) {
      left += 1;
      continue;
    }
    const how = draw(seed, shapes[shape]!);
    play(problem, first, new Gated(first, (ms) => decisions.push(ms)), how, seed, gated);
    play(problem, first, new OrderFollowing(first), how, seed, ordered);
  }
  return {
    set,
    band: share,
    shape,
    campaigns: count - left,
    impossible: left,
    plan: random[set] !== undefined ? null : known![1].makespan / 1000,
    gated: figures(gated),
    ordered: figures(ordered),
  };
}

function figures({ ratios, missed, waits, stuck, broken, seeds }: Tally) {
  const over = (q: number) => (ratios.length === 0 ? null : Math.round(1000 * (quantile(ratios, q) - 1)) / 10);
  const mean = Math.round(1000 * (ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length - 1)) / 10;
  return {
    missed,
    waits,
    stuck,
    broken,
    over: { mean, p50: over(0.5), p95: over(0.95), max: over(1) },
    seeds: seeds.slice(0, 10),
  };
}

function run(sets: readonly string[]): void {
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}`;
  console.log(`${machine}, seeds from ${values.from}, first plans improved by ${values.improve} steps`);
  const lines = sets.flatMap((set) =>
    values.bands.split(',').flatMap((band) =>
      values.shapes.split(',').map((shape) => {
        const begun = performance.now();
        const line = measure(set, Number(band) / 100, shape);
        const seconds = (performance.now() - begun) / 1000;
        console.log(
          `${set} +-${band} % ${shape}: ${line.campaigns} campaigns in ${seconds.toFixed(0)} s, plan ${line.plan ?? '-'}`,
        );
        for (const name of ['gated', 'ordered'] as const) {
          const { missed, waits, stuck, broken, over, seeds } = line[name];
          const show = `mean ${over.mean} %, p95 ${over.p95} %, max ${over.max} %`;
          const where = seeds.length > 0 ? `; seeds ${seeds.join(' ')}` : '';
          console.log(
            `  ${name}: missed ${missed} of ${waits}, stuck ${stuck}, broken ${broken}; over the plan ${show}${where}`,
          );
        }
        return line;
      }),
    ),
  );
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, lines }, null, 2)}\n`);
}

if (values.help) console.log(help);
else if (!instancesPresent && positionals.some((set) => random[set] === undefined))
  console.log('The instances are not beside the repository: only random labs can be played.');
else run(positionals.length > 0 ? positionals : ['lab-n4', 'lab-n8', 'lab-n16', 'random']);
