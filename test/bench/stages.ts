/**
 * What proxies are worth: `node test/bench/stages.ts [names...] [--seeds N] [--budget C] [--arms staged,whole] [--json FILE]`.
 * A name stands for all tasks that begin with it. Final-only Bayesian optimization (whole) and random search run beside.
 * Runs of a cascade take its instances in turn; regrets are shares of the gap between a typical and the best value.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { unwrap } from '../../src/base/failure.ts';
import { decide } from '../../src/optimizer/stages/decide.ts';
import { recommend } from '../../src/optimizer/stages/recommend.ts';
import { suggest } from '../../src/optimizer/suggest.ts';
import { quantile, show } from './shared/figures.ts';
import { cascadeWorlds, families, variants } from './stages/cascades.ts';
import { freesolvWorld } from './stages/freesolv.ts';
import { costsToGoals, ovenWorld, ovens } from './stages/ovens.ts';
import {
  type Run,
  type World,
  bestWhole,
  perform,
  rowsOf,
  runStaged,
  runWhole,
  startRun,
  valueOf,
  wholeProblem,
} from './stages/world.ts';

interface Line {
  readonly task: string;
  readonly measure: string;
  readonly arm: string;
  readonly seeds: number;
  readonly median: number;
  readonly quartiles: readonly [number, number];
  readonly mean: number;
  readonly secondsPerCall: number;
  readonly target?: string;
}

const lines: Line[] = [];

function report(line: Pick<Line, 'task' | 'measure' | 'arm' | 'target'>, results: number[], times: number[]): void {
  const whole: Line = {
    ...line,
    ...{ seeds: results.length, median: quantile(results, 0.5) },
    quartiles: [quantile(results, 0.25), quantile(results, 0.75)],
    mean: results.reduce((sum, value) => sum + value, 0) / results.length,
    secondsPerCall: times.length > 0 ? quantile(times, 0.5) : 0,
  };
  lines.push(whole);
  const spread = `median ${show(whole.median)} [${whole.quartiles.map(show).join(', ')}], mean ${show(whole.mean)}`;
  const beside = `${show(whole.secondsPerCall)} CPU s a call${line.target === undefined ? '' : ` | target ${line.target}`}`;
  console.log(`${line.task} (${line.measure}, ${results.length} runs) ${line.arm}: ${spread} | ${beside}`);
}

/** Runs one arm; `staged_q4` has four stages in flight, which take as long as they cost, in `staged_even_q4` equally long. */
function runArm(run: Run, arm: string, watch: (run: Run) => void): void {
  const q = Number(/_q(\d+)$/.exec(arm)?.[1] ?? 1);
  if (arm.startsWith('staged')) runStaged(run, q, watch, arm.includes('_even'));
  else runWhole(run, q, watch, arm.startsWith('random'));
}

/** Best complete sample's regret when the cost of `marks` was spent. */
function regretsAt(world: World, seed: number, arm: string, marks: readonly number[], times: number[]): number[] {
  const run = startRun(world, seed);
  const scale = world.optimum - world.typical;
  const at = marks.map(() => (world.optimum - run.best) / scale);
  runArm(run, arm, ({ cost, best }) => {
    marks.forEach((mark, i) => {
      if (cost <= mark + 1e-9) at[i] = (world.optimum - best) / scale;
    });
  });
  times.push(...run.times);
  return at;
}

function benchCascades(name: string, seeds: number, budget: number, arms: readonly string[]): void {
  const [family = '', variant] = name.split('/') as [string, (typeof variants)[number]];
  const worlds = cascadeWorlds(family.replace(/^cascade-/, ''), variant, budget);
  const marks = [budget / 2, budget];
  for (const arm of arms) {
    const times: number[] = [];
    const results = Array.from({ length: seeds }, (_, seed) =>
      regretsAt(worlds[seed % worlds.length]!, Math.floor(seed / worlds.length), arm, marks, times),
    );
    marks.forEach((mark, i) => {
      const target =
        family.endsWith('-50-2') && variant !== 'void' ? 'at most half of whole' : 'at most 1.1 times whole';
      const measure = `regret at cost ${mark}`;
      report(
        { task: name, measure, arm, ...(arm.startsWith('staged') ? { target } : {}) },
        results.map((at) => at[i]!),
        times,
      );
    });
  }
}

/** True value of the design that the model recommends at each mark of cost. */
function recommendedAt(world: World, seed: number, arm: string, marks: readonly number[], times: number[]): number[] {
  const run = startRun(world, seed);
  const seen = marks.map(() => structuredClone(rowsOf(run)));
  runArm(run, arm, ({ cost }) => {
    marks.forEach((mark, i) => {
      if (cost <= mark) seen[i] = structuredClone(rowsOf(run));
    });
  });
  times.push(...run.times);
  return seen.map((rows) => {
    if (!arm.startsWith('staged')) return valueOf(world, bestWhole(world, rows));
    return valueOf(world, unwrap(recommend(world.problem, rows, { seed })).parameters);
  });
}

function benchFreesolv(seeds: number, arms: readonly string[]): void {
  const world = freesolvWorld(328);
  if (world === undefined) return console.log('freesolv: its data are not at hand');
  const marks = [130, 149.5, 285, 327.75];
  const targets = ['25.0', '25.0 (q = 4)', '27.5', '27.5 (q = 4)'];
  for (const arm of arms) {
    const times: number[] = [];
    const results = Array.from({ length: seeds }, (_, seed) => recommendedAt(world, seed, arm, marks, times));
    marks.forEach((mark, i) => {
      if ((i % 2 === 1) !== arm.endsWith('_q4')) return;
      const measure = `recommended value at cost ${mark}`;
      report(
        { task: 'freesolv', measure, arm, target: targets[i]! },
        results.map((at) => at[i]!),
        times,
      );
    });
  }
  console.log(`freesolv: the top of the truth is ${show(world.optimum)}`);
}

/** Cost until regret is small, an instance per seed, with and without telling that heating takes four samples a run. */
function benchOvens(kind: (typeof ovens)[number], seeds: number, budget: number): void {
  const goals = [0.2, 0.1, 0.05];
  for (const arm of ['staged', 'staged, runs not shared']) {
    const results = Array.from({ length: seeds }, (_, seed) =>
      costsToGoals(ovenWorld(kind, seed, budget), seed, goals, arm === 'staged'),
    );
    goals.forEach((goal, i) => {
      const measure = `cost to regret ${goal}, at most ${budget}`;
      report(
        { task: `oven-${kind}`, measure, arm },
        results.map((costs) => costs[i]!),
        [],
      );
    });
  }
}

/** CPU seconds of a decision with 200 rows, most of them partial, of a three-stage cascade with 4 in flight. */
function benchSpeed(): void {
  const [world] = cascadeWorlds('15-15-5', 'exact', 1);
  if (world === undefined) return console.log('speed: its data are not at hand');
  const { problem } = world;
  const points = unwrap(
    suggest(wholeProblem(problem), [], [], { count: 200, seed: 'speed', initial: 200 }),
  ).suggestions;
  const run: Run = { ...startRun(world, 0), tracks: new Map() };
  points.forEach(({ point }, i) => {
    const depth = i < 40 ? 3 : i < 110 ? 2 : 1;
    for (const { id } of problem.stages.slice(0, depth)) perform(run, `sample-${i}`, id, point, true);
  });
  const rows = rowsOf(run);
  const times: number[] = [];
  const answer = () => {
    const start = process.cpuUsage();
    const value = unwrap(decide(problem, rows, [], { seed: times.length, count: 4, initial: 0 }));
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / 1e6);
    return value;
  };
  for (let i = 0; i < 5; i++) answer();
  report({ task: 'speed', measure: 'seconds for 4 decisions, 200 rows', arm: 'staged', target: '< 2' }, times, times);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '20' },
    budget: { type: 'string', default: '10' },
    arms: { type: 'string', default: 'staged,whole,random' },
    json: { type: 'string' },
  },
});
const names = [
  'speed',
  'freesolv',
  ...ovens.map((kind) => `oven-${kind}`),
  ...families.flatMap((f) => variants.map((variant) => `cascade-${f}/${variant}`)),
];
const wanted =
  positionals.length === 0 ? names : names.filter((name) => positionals.some((prefix) => name.startsWith(prefix)));
const seeds = Number(values.seeds);
const arms = values.arms.split(',');
const machine = `${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, seeds 0 to ${seeds - 1}`;
console.log(machine);
if (wanted.length === 0) console.log(`No such task: ${names.join(' ')}`);
for (const name of wanted) {
  if (name === 'speed') benchSpeed();
  else if (name === 'freesolv') benchFreesolv(seeds, arms);
  else if (name.startsWith('oven-')) benchOvens(name.slice(5) as (typeof ovens)[number], seeds, Number(values.budget));
  else if (cascadeWorlds(name.slice(8).split('/')[0]!, 'exact', 1).length === 0)
    console.log(`${name}: its data are not at hand`);
  else benchCascades(name, seeds, Number(values.budget), arms);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, lines }, null, 1)}\n`);
}
