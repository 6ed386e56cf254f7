import { setImmediate } from 'node:timers/promises';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { serve, share, type Range } from './jobs.ts';
import { runSeed, type Outcome } from './run.ts';
import { shrink } from './shrink.ts';
import { tell } from './story.ts';
import { describe, emptyTally, merge, Tally, tallyOf } from './tally.ts';

const help = `npm run sim -- [options]: whole labs under seeded faults, judged by an independent oracle.

  --seed N       the first seed (1)
  --count M      how many (100)
  --jobs J       processes (1)
  --json FILE    write the tally there, every half minute and at the end
  --resume       go on where FILE stopped
  --verbose      a line for every seed

  npm run sim -- --seed 6012 --count 1 --verbose
  npm run sim -- --count 2000 --jobs 2
  npm run sim -- --seed 100001 --count 100000 --jobs 2 --json long.json --resume
`;

/** Every so often a seed is run twice: the same seed gives the same log. */
const repeatEvery = 25;

const say = (text: string) => void process.stdout.write(`${text}\n`);

function check(seed: number, verbose: boolean): Outcome {
  let outcome = runSeed(seed);
  if (seed % repeatEvery === 0 && runSeed(seed).head !== outcome.head) {
    const sentence = 'Two runs of this seed gave different logs.';
    const different = { rule: 'the same seed gives the same log', sentence };
    outcome = { ...outcome, violations: [...outcome.violations, different] };
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

function runRange({ from, end }: Range, verbose: boolean): Tally {
  const tally = emptyTally();
  for (let seed = from; seed < end; seed++) merge(tally, tallyOf(check(seed, verbose)));
  return tally;
}

const Kept = z.object({ from: z.int(), next: z.int(), seconds: z.number(), tally: Tally });
type Kept = z.infer<typeof Kept>;

/** What an earlier run has left in the file; a new beginning where there is none. */
function begin(from: number, file: string | undefined, resume: boolean): Kept {
  if (!resume || file === undefined || !existsSync(file)) return { from, next: from, seconds: 0, tally: emptyTally() };
  const kept = Kept.parse(JSON.parse(readFileSync(file, 'utf8')));
  if (kept.from !== from) throw new Error(`${file} begins with seed ${kept.from}, not ${from}.`);
  return kept;
}

const secondsBetweenReports = 30;

async function run(range: Range, jobs: number, verbose: boolean, file: string | undefined, kept: Kept): Promise<Tally> {
  const { from, end } = range;
  const { next: first, seconds: before, tally } = kept;
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  let reported = 0;
  const write = (next: number) => {
    const state: Kept = { from, next, seconds: Math.round(before + seconds()), tally };
    if (file !== undefined) writeFileSync(file, `${JSON.stringify(state, undefined, 2)}\n`);
  };
  const each = (part: Tally, next: number) => {
    merge(tally, part);
    if (next < end && seconds() < reported + secondsBetweenReports) return;
    reported = seconds();
    write(next);
    if (next === end) return;
    const left = ((end - next) * seconds()) / (next - first) / 60;
    process.stderr.write(
      `${next - from} of ${end - from} seeds, ${tally.failed.length} broken, ${left.toFixed(0)} min left\n`,
    );
  };
  if (jobs > 1 && !verbose) await share({ from: first, end }, jobs, each);
  else
    for (let seed = first; seed < end; seed++) {
      each(runRange({ from: seed, end: seed + 1 }, verbose), seed + 1);
      // Promises hold what they were made by until the event loop turns.
      await setImmediate();
    }
  const took = before + seconds();
  say(`${took.toFixed(0)} s, ${(tally.seeds / took).toFixed(1)} seeds a second`);
  return tally;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '100' },
      jobs: { type: 'string', default: '1' },
      serve: { type: 'boolean', default: false },
      json: { type: 'string' },
      resume: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return say(help);
  if (values.serve) return serve((range) => runRange(range, false));
  const [from, count, jobs] = [values.seed, values.count, values.jobs].map(Number) as [number, number, number];
  if (![from, count, jobs].every((n) => Number.isSafeInteger(n) && n >= 1))
    throw new Error(`Whole numbers, please.\n${help}`);
  say(`seed ${from}${count === 1 ? '' : ` to ${from + count - 1}`}`);
  const kept = begin(from, values.json, values.resume);
  const tally = await run({ from, end: from + count }, jobs, values.verbose, values.json, kept);
  say(describe(tally));
  if (tally.failed.length > 0) process.exitCode = 1;
}

await main();
