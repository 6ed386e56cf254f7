import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { faultKinds, type FaultKind } from './plan.ts';
import { runSeed, type Outcome } from './run.ts';
import { shrink } from './shrink.ts';
import { tell } from './story.ts';

/** node test/simulation/main.ts --seed N --count M [--jobs J] [--json FILE] [--verbose]: whole labs under seeded faults. */

interface Tally {
  seeds: number;
  experiments: number;
  completed: number;
  doubts: number;
  events: number;
  readonly hits: Partial<Record<FaultKind, number>>;
  readonly ends: Record<string, number>;
  readonly failed: { readonly seed: number; readonly rule: string; readonly sentence: string }[];
}

const emptyTally = (): Tally => ({
  ...{ seeds: 0, experiments: 0, completed: 0, doubts: 0, events: 0 },
  ...{ hits: {}, ends: {}, failed: [] },
});

function add(tally: Tally, outcome: Outcome): void {
  tally.seeds += 1;
  tally.experiments += outcome.experiments;
  tally.completed += outcome.completed;
  tally.doubts += outcome.doubts;
  tally.events += outcome.events.length;
  tally.ends[outcome.end] = (tally.ends[outcome.end] ?? 0) + 1;
  for (const kind of faultKinds)
    if (outcome.hits[kind] !== undefined) tally.hits[kind] = (tally.hits[kind] ?? 0) + outcome.hits[kind];
  const [first] = outcome.violations;
  if (first !== undefined) tally.failed.push({ seed: outcome.seed, ...first });
}

function merge(into: Tally, part: Tally): void {
  for (const name of ['seeds', 'experiments', 'completed', 'doubts', 'events'] as const) into[name] += part[name];
  for (const kind of faultKinds)
    if (part.hits[kind] !== undefined) into.hits[kind] = (into.hits[kind] ?? 0) + part.hits[kind];
  for (const [end, count] of Object.entries(part.ends)) into.ends[end] = (into.ends[end] ?? 0) + count;
  into.failed.push(...part.failed);
}

/** Every so often a seed is run twice: the same seed gives the same log. */
const repeatEvery = 25;

function check(seed: number, verbose: boolean, say: (text: string) => void): Outcome {
  let outcome = runSeed(seed);
  if (seed % repeatEvery === 0 && runSeed(seed).head !== outcome.head) {
    const sentence = 'Two runs of this seed gave different logs.';
    outcome = {
      ...outcome,
      violations: [...outcome.violations, { rule: 'the same seed gives the same log', sentence }],
    };
  }
  const [first] = outcome.violations;
  if (first !== undefined) {
    say(`seed ${seed}: ${first.rule}. ${first.sentence}`);
    const { outcome: shorter } = shrink(seed, first.rule);
    say(tell(shorter.violations.length > 0 ? shorter : outcome));
  } else if (verbose) {
    const { events, experiments, completed, doubts, end, hits } = outcome;
    say(
      `seed ${seed}: ${end}, ${completed} of ${experiments} experiments completed, ${doubts} in doubt, ${events.length} events, ${JSON.stringify(hits)}`,
    );
  }
  return outcome;
}

function runRange(from: number, count: number, step: number, verbose: boolean, say: (text: string) => void): Tally {
  const tally = emptyTally();
  for (let seed = from; seed < from + count; seed += step) add(tally, check(seed, verbose, say));
  return tally;
}

/** Other processes run every nth seed each; what they say comes through. */
function runJobs(from: number, count: number, jobs: number, verbose: boolean): Promise<Tally> {
  const workers = Array.from({ length: jobs }, (_, i) => {
    const args = [
      '--seed',
      `${from + i}`,
      '--count',
      `${count - i}`,
      '--step',
      `${jobs}`,
      ...(verbose ? ['--verbose'] : []),
    ];
    const worker = fork(import.meta.filename, args, { stdio: 'inherit' });
    return new Promise<Tally>((resolve, reject) => {
      worker.once('message', (tally) => resolve(tally as Tally));
      worker.once('exit', (code) => reject(new Error(`A worker ended with code ${code}.`)));
    });
  });
  return Promise.all(workers).then((parts) => {
    const tally = emptyTally();
    for (const part of parts) merge(tally, part);
    return tally;
  });
}

function report(tally: Tally, seconds: number): string {
  const { seeds, experiments, completed, doubts, events, hits, ends, failed } = tally;
  const rows = faultKinds
    .filter((kind) => hits[kind] !== undefined)
    .map((kind) => `  ${kind.padEnd(22)} ${hits[kind]}`);
  return [
    `${seeds} seeds in ${seconds.toFixed(0)} s (${(seeds / seconds).toFixed(1)} a second): ${experiments} experiments, ${completed} completed, ${doubts} doubts, ${events} events`,
    `ends: ${Object.entries(ends)
      .map(([end, count]) => `${count} ${end}`)
      .join(', ')}`,
    'faults:',
    ...rows,
    failed.length === 0
      ? 'no rule was broken'
      : `broken in ${failed.length} seeds: ${failed.map(({ seed }) => seed).join(', ')}`,
  ].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '100' },
      jobs: { type: 'string', default: '1' },
      step: { type: 'string' },
      json: { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const [from, count, jobs] = [values.seed, values.count, values.jobs].map(Number) as [number, number, number];
  const say = (text: string) => void process.stdout.write(`${text}\n`);
  if (values.step !== undefined) {
    const tally = runRange(from, count, Number(values.step), values.verbose, say);
    process.send?.(tally, () => process.disconnect());
    return;
  }
  say(`seed ${from}${count === 1 ? '' : ` to ${from + count - 1}`}`);
  const began = performance.now();
  const tally = await (jobs > 1
    ? runJobs(from, count, jobs, values.verbose)
    : runRange(from, count, 1, values.verbose, say));
  say(report(tally, (performance.now() - began) / 1000));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(tally, undefined, 2)}\n`);
  if (tally.failed.length > 0) process.exitCode = 1;
}

await main();
