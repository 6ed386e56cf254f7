/**
 * How good and how fast the optimizer is: `node test/bench/optimizer.ts [names...] [--seeds N] [--json FILE]`.
 * Without names every task runs. Figures of other optimizers come from the folder beside the repository.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { unwrap } from '../../src/base/failure.ts';
import { stream } from '../../src/base/random.ts';
import { hypervolume } from '../../src/optimizer/hypervolume.ts';
import type { Datum, Point, Problem, SuggestOptions } from '../../src/optimizer/problem.ts';
import { suggest } from '../../src/optimizer/suggest.ts';
import { quantile } from './shared/figures.ts';
import { ownTasks } from '../optimizer/own-tasks.ts';
import { type Pool, readPool } from '../optimizer/pools.ts';
import { snarHypervolume, snarProblem, snarValues } from '../optimizer/snar.ts';
import { type Synthetic, noiseOf, problemOfTask, referenceTasks, syntheticTasks } from '../optimizer/synthetic.ts';

interface Line {
  readonly task: string;
  readonly measure: string;
  readonly seeds: number;
  readonly median: number;
  readonly quartiles: readonly [number, number];
  readonly mean: number;
  readonly worst: number;
  readonly random: number | null;
  readonly others: Readonly<Record<string, number | string>>;
  readonly secondsPerSuggestion: number;
}

function lineOf(
  task: string,
  measure: string,
  results: readonly number[],
  seconds: readonly number[],
  more: Pick<Line, 'random' | 'others'>,
): Line {
  return {
    ...{ task, measure, seeds: results.length, median: quantile(results, 0.5) },
    quartiles: [quantile(results, 0.25), quantile(results, 0.75)],
    mean: results.reduce((sum, value) => sum + value, 0) / results.length,
    worst: Math.max(...results),
    ...more,
    secondsPerSuggestion: quantile(seconds, 0.5),
  };
}

/** Asks with a stopwatch; the seconds are for one call. */
function ask(
  problem: Problem,
  data: readonly Datum[],
  count: number,
  seed: number,
  initial: number,
  times: number[],
  rule: Partial<SuggestOptions> = {},
) {
  const start = process.cpuUsage();
  const answer = unwrap(suggest(problem, data, [], { count, seed, initial, ...rule }));
  const { user, system } = process.cpuUsage(start);
  times.push((user + system) / 1e6);
  return answer.suggestions.map(({ point }) => point);
}

function regretOf(task: Synthetic, tried: readonly (readonly number[])[]): number {
  const outcomes = tried.map(task.evaluate);
  if (task.reference !== undefined) {
    const front = outcomes.map(({ values }) => Float64Array.from(values));
    return task.best - hypervolume(front, Float64Array.from(task.reference));
  }
  const allowed = outcomes.filter(({ constraints }) => constraints.every((value) => value <= 0));
  return task.best - Math.max(...allowed.map(({ values }) => values[0]!));
}

function runSynthetic(task: Synthetic, q: number, seed: number, times: number[]): number {
  const problem = problemOfTask(task);
  const tried: number[][] = [];
  const data: Datum[] = [];
  const evaluate = (u: number[]) => {
    const { values, constraints } = task.evaluate(u);
    const point: Point = Object.fromEntries(u.map((value, j) => [`u${j}`, value]));
    const named = values.map((value, m) => [`y${m}`, value + noiseOf(task.noiseSd, seed, tried.length, m)] as const);
    data.push({ point, values: Object.fromEntries([...named, ...constraints.map((value, k) => [`c${k}`, value])]) });
    tried.push(u);
  };
  referenceTasks![task.name]!.initial_designs[seed]!.forEach(evaluate);
  while (tried.length < task.evaluations) {
    const count = Math.min(q, task.evaluations - tried.length);
    const points = ask(problem, data, count, seed, 0, times);
    points.forEach((point) => evaluate(Object.values(point).map(Number)));
  }
  return regretOf(task, tried);
}

/** "task_q4" is the task in batches of 4. */
function splitBatch(name: string): { base: string; batch?: string } {
  const [, base = name, batch] = /^(.*)_q(\d+)$/.exec(name) ?? [];
  return batch === undefined ? { base } : { base, batch };
}

function benchSynthetic(name: string, seeds: number): Line | undefined {
  const { base, batch } = splitBatch(name);
  const task = syntheticTasks.find((other) => other.name === base);
  if (task === undefined) return undefined;
  const times: number[] = [];
  const results = Array.from({ length: Math.min(seeds, 10) }, (_, seed) =>
    runSynthetic(task, Number(batch ?? 1), seed, times),
  );
  const { results: known } = referenceTasks![base]!;
  const same = Object.entries(known).filter(([key]) => key !== 'random' && (batch === undefined) === !/_q\d/.test(key));
  const others = same.filter(([key]) => batch === undefined || key.endsWith(`_q${batch}`));
  return lineOf(name, 'final regret', results, times, {
    random: known['random']?.final_regret_median ?? null,
    others: Object.fromEntries(others.map(([key, value]) => [key, value.final_regret_median])),
  });
}

/** "task" one at a time, "task_q4" in batches of 4, from the optimizer's own initial design. */
function benchOwn(name: string, seeds: number): Line | undefined {
  const { base, batch } = splitBatch(name);
  const task = ownTasks.find((other) => other.name === base);
  if (task === undefined) return undefined;
  const run = (seed: number, initial: number, times: number[]) => {
    const data: Datum[] = [];
    while (data.length < task.evaluations) {
      const count = Math.min(
        data.length < initial ? initial - data.length : Number(batch ?? 1),
        task.evaluations - data.length,
      );
      const points = ask(task.problem, data, count, seed, initial, data.length < initial ? [] : times);
      data.push(...points.map((point) => ({ point, values: { y: task.value(point) } })));
    }
    return task.best - Math.max(...data.map(({ point }) => task.value(point)));
  };
  const times: number[] = [];
  const results = Array.from({ length: Math.min(seeds, 10) }, (_, seed) => run(seed, task.initial, times));
  const random = Array.from({ length: 20 }, (_, seed) => run(seed, task.evaluations, []));
  return lineOf(name, 'final regret', results, times, { random: quantile(random, 0.5), others: {} });
}

/** Order in which a pool is tried, until `enough` says so. */
function searchPool(
  pool: Pool,
  start: number,
  q: number,
  seed: number,
  times: number[],
  enough: (tried: number[]) => boolean,
  limit = 150,
  rule: Partial<SuggestOptions> = {},
) {
  const objective = pool.objectives[0]!;
  const problem = { ...pool, constraints: [], objectives: [objective] };
  const rows = new Map(pool.designs.map((point, i) => [JSON.stringify(Object.values(point)), i]));
  const random = stream(seed, 'bench/pool');
  const tried: number[] = [];
  while (tried.length < start) {
    const row = random.integer(pool.designs.length);
    if (!tried.includes(row)) tried.push(row);
  }
  while (!enough(tried) && tried.length < Math.min(limit, pool.designs.length)) {
    const data = tried.map((row) => ({ point: pool.designs[row]!, values: pool.values[row]! }));
    const points = ask(problem, data, q, seed, 0, times, rule);
    tried.push(...points.map((point) => nearestRow(pool, rows, point)));
  }
  return tried;
}

function nearestRow(pool: Pool, rows: ReadonlyMap<string, number>, point: Point): number {
  const exact = rows.get(JSON.stringify(Object.values(point)));
  if (exact !== undefined) return exact;
  const gap = (other: Point) =>
    pool.parameters.reduce((sum, parameter) => {
      const { name } = parameter;
      if (parameter.type === 'categorical') return sum + (other[name] === point[name] ? 0 : 1e9);
      return sum + Math.abs(Number(other[name]) - Number(point[name]));
    }, 0);
  return pool.designs.reduce((best, other, i) => (gap(other) < gap(pool.designs[best]!) ? i : best), 0);
}

function benchPool(name: string, seeds: number): Line | undefined {
  const { base: folder, batch } = splitBatch(name);
  const pool = readPool(folder);
  if (pool === undefined) return undefined;
  const { name: objective, goal } = pool.objectives[0]!;
  const threshold = folder === 'direct_arylation' ? 99 : pool.top1;
  const good = (row: number) => {
    const value = pool.values[row]![objective]!;
    return goal === 'minimize' ? value <= threshold : value >= threshold;
  };
  const times: number[] = [];
  const results = Array.from({ length: seeds }, (_, seed) => {
    const tried = searchPool(pool, 5, Number(batch ?? 1), seed, times, (rows) => rows.some(good));
    const hit = tried.findIndex(good);
    return hit < 0 ? 151 : hit + 1;
  });
  const others =
    folder === 'direct_arylation' ? { 'EDBO mean': 25.2, 'EDBO max': 70 } : { 'plain GP-EI': pool.plainMedian };
  const measure = folder === 'direct_arylation' ? 'experiments to 99 %' : 'experiments to top 1 %';
  return lineOf(name, measure, results, times, { random: pool.randomMedian, others });
}

/**
 * Share of the best 5 % found, as the largest ratio to random search, and the experiments to 80 % of them. The published
 * figures are of a confidence bound; expected improvement looks for the best alone.
 */
function benchBarrel(name: string, seeds: number): Line | undefined {
  const rule: Partial<SuggestOptions> = name.endsWith('/ucb') ? { acquisition: 'ucb', confidence: 1 } : {};
  const pool = readPool('crossed_barrel');
  if (pool === undefined) return undefined;
  const values = pool.values.map((value) => value[pool.objectives[0]!.name]!);
  const threshold = [...values].sort((a, b) => b - a)[29]!;
  const found = (rows: readonly number[]) => rows.filter((row) => values[row]! >= threshold).length;
  const times: number[] = [];
  const orders = Array.from({ length: seeds }, (_, seed) =>
    searchPool(pool, 2, 1, seed, times, (rows) => found(rows) >= 24, 300, rule),
  );
  const cycles = Math.min(...orders.map((order) => order.length));
  const enhancement = Array.from({ length: cycles - 2 }, (_, i) => {
    const share = quantile(
      orders.map((order) => found(order.slice(0, i + 3)) / 30),
      0.5,
    );
    return share / ((i + 3) / values.length);
  });
  const lengths = orders.map((order) => order.length);
  return lineOf(name, 'experiments to 80 % of the top 30', lengths, times, {
    random: 480,
    others: {
      'largest enhancement here': Math.max(...enhancement).toFixed(2),
      'published enhancement': 3.9,
      published: 169,
    },
  });
}

function benchSnar(seeds: number): Line {
  const times: number[] = [];
  const one = (seed: number, random: boolean) => {
    const data: Datum[] = [];
    while (data.length < 50) {
      const [point] = ask(
        snarProblem,
        data,
        1,
        random ? 1000 * seed + data.length : seed,
        random ? 99 : 9,
        random ? [] : times,
      );
      data.push({ point: point!, values: snarValues(point!) });
    }
    return snarHypervolume(data);
  };
  const results = Array.from({ length: seeds }, (_, seed) => one(seed, false));
  const random = quantile(
    Array.from({ length: 10 }, (_, seed) => one(seed, true)),
    0.5,
  );
  return lineOf('snar_kinetics', 'hypervolume after 50 (more is better)', results, times, {
    random,
    others: { TSEMO: 5486 },
  });
}

/** Seconds for one batch of 4 with 6 parameters, fit included, after one call that compiles the code. */
function benchSpeed(n: number): Line {
  const problem = problemOfTask(syntheticTasks.find(({ name }) => name === 'hartmann6_n01')!);
  const random = stream(n, 'bench/speed');
  const data = Array.from({ length: n }, (): Datum => {
    const u = Array.from({ length: 6 }, () => random.next());
    const point = Object.fromEntries(u.map((value, j) => [`u${j}`, value]));
    return {
      point,
      values: { y0: u.reduce((sum, x) => sum - (x - 0.4) ** 2, Math.sin(8 * u[0]!)) + 0.1 * random.normal() },
    };
  });
  const times: number[] = [];
  ask(problem, data.slice(0, 60), 4, 99, 0, []);
  for (let round = 0; round < (n > 1000 ? 1 : n > 300 ? 2 : 5); round++) ask(problem, data, 4, round, 0, times);
  return lineOf(`speed n=${n} q=4`, 'seconds per call', times, times, { random: null, others: {} });
}

const pools = [
  ...['direct_arylation', 'direct_arylation_q5', 'p3ht_cnt', 'fullerenes', 'hplc', 'crossed_barrel'],
  ...['opv_photostability/pbq_qf', 'opv_photostability/ptb7_th'],
  ...['a_cf3', 'b_ome', 'c_et', 'd_2pyridyl', 'e_3pyridyl'].map((task) => `buchwald_hartwig/${task}`),
];
const synthetics = [
  ...[...syntheticTasks, ...ownTasks].map(({ name }) => name),
  ...['hartmann6_n01', 'branin', 'mixed_reaction', 'ackley10', 'levy10', 'dtlz2_6d', 'branincurrin', 'gramacy'].flatMap(
    (name) => [`${name}_q4`, `${name}_q8`],
  ),
];
const barrels = ['crossed_barrel/top5', 'crossed_barrel/top5/ucb'];
const speeds = [50, 200, 500, 2000].map((n) => `speed/${n}`);

function bench(name: string, seeds: number): Line | undefined {
  if (name.startsWith('speed/')) return benchSpeed(Number(name.slice(6)));
  if (name === 'snar_kinetics') return benchSnar(seeds);
  if (name.startsWith('crossed_barrel/top5')) return benchBarrel(name, seeds);
  return benchSynthetic(name, seeds) ?? benchOwn(name, seeds) ?? benchPool(name, seeds);
}

const show = (value: number): string =>
  value === 0 ? '0' : Math.abs(value) < 0.01 ? value.toExponential(2) : value.toPrecision(4);

function print(line: Line): void {
  const others = Object.entries(line.others).map(([name, value]) => `${name} ${value}`);
  console.log(
    [
      `${line.task} (${line.measure}, ${line.seeds} seeds):`,
      `median ${show(line.median)} [${line.quartiles.map(show).join(', ')}], mean ${show(line.mean)}, most ${show(line.worst)}`,
      `| random ${line.random ?? '-'} | ${others.join(', ') || '-'} | ${show(line.secondsPerSuggestion)} CPU s a call`,
    ].join(' '),
  );
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: 'string', default: '10' }, json: { type: 'string' } },
});
const names = positionals.length > 0 ? positionals : [...speeds, ...synthetics, 'snar_kinetics', ...pools, ...barrels];
console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, seeds 0 to ${Number(values.seeds) - 1}`,
);
const lines = names.flatMap((name) => {
  const line = bench(name, Number(values.seeds));
  if (line === undefined) console.log(`${name}: no such task, or its data are not at hand`);
  else print(line);
  return line ?? [];
});
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(lines, null, 1)}\n`);
