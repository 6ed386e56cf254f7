/**
 * What sources are worth: `node test/bench/warm-start.ts [names...] [--seeds N] [--arms warm,cold] [--json FILE]`.
 * A name stands for all tasks that begin with it; without names every task runs. A cold start without sources and plain
 * random search run beside. Data come from the folder beside the repository.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { quantile, show } from './shared/figures.ts';
import { functionTasks } from './warm-start/functions.ts';
import { kineticsTasks } from './warm-start/kinetics.ts';
import { tableTasks } from './warm-start/tables.ts';
import type { Task } from './warm-start/task.ts';

interface Line {
  readonly task: string;
  readonly measure: string;
  readonly arm: string;
  readonly seeds: number;
  readonly median: number;
  readonly quartiles: readonly [number, number];
  readonly mean: number;
  readonly secondsPerSuggestion: number;
  readonly beside: Task['beside'];
}

function print(line: Line): void {
  const beside = Object.entries(line.beside).map(([name, value]) => `${name}: ${value}`);
  console.log(
    [
      `${line.task} (${line.measure}, ${line.seeds} seeds) ${line.arm}:`,
      `median ${show(line.median)} [${line.quartiles.map(show).join(', ')}], mean ${show(line.mean)}`,
      `| ${show(line.secondsPerSuggestion)} CPU s a call | ${beside.join(', ')}`,
    ].join(' '),
  );
}

function bench(task: Task, seeds: number, arms: readonly string[] | undefined): Line[] {
  const count = Math.min(seeds, task.mostSeeds ?? Infinity);
  return Object.entries(task.arms).flatMap(([arm, run]) => {
    if (arms !== undefined && !arms.includes(arm)) return [];
    const times: number[] = [];
    const results = Array.from({ length: count }, (_, seed) => run(seed, times));
    const line = {
      ...{ task: task.name, measure: task.measure, arm, seeds: count, median: quantile(results, 0.5) },
      quartiles: [quantile(results, 0.25), quantile(results, 0.75)] as const,
      mean: results.reduce((sum, value) => sum + value, 0) / count,
      ...{ secondsPerSuggestion: times.length > 0 ? quantile(times, 0.5) : 0, beside: task.beside },
    };
    print(line);
    return line;
  });
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '20' },
    arms: { type: 'string' },
    json: { type: 'string' },
  },
});
const tasks = [...kineticsTasks(), ...functionTasks(), ...tableTasks()];
const wanted =
  positionals.length === 0 ? tasks : tasks.filter(({ name }) => positionals.some((p) => name.startsWith(p)));
console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, seeds 0 to ${Number(values.seeds) - 1}`,
);
if (wanted.length === 0)
  console.log(`No such task, or its data are not at hand: ${tasks.map(({ name }) => name).join(' ')}`);
const lines = wanted.flatMap((task) => bench(task, Number(values.seeds), values.arms?.split(',')));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(lines, null, 1)}\n`);
