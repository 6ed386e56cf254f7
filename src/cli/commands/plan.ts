import { InvalidArgumentError, type Command } from 'commander';
import { describeFailure } from '../../base/failure.ts';
import { act, positive, wholeNumber } from '../act.ts';
import { load } from '../load.ts';
import { study } from '../plan/study.ts';
import { studyText } from '../plan/text.ts';
import { json } from './options.ts';
import { instant, startOf } from './start.ts';

interface PlanOptions {
  samples?: number;
  seconds: number;
  seed?: number;
  start?: string;
  lab?: string;
  json?: boolean;
}

async function plan(file: string, { samples, seconds, seed, start, lab, json }: PlanOptions): Promise<number> {
  const { loaded, warnings } = load(file, lab);
  for (const warning of warnings) process.stderr.write(`Note: ${describeFailure(warning)}\n`);
  const { definition } = loaded;
  const enough = new AbortController();
  const stop = () => enough.abort();
  process.once('SIGINT', stop);
  const options = {
    samples: samples ?? Math.max(2, definition.campaign.batch.size),
    ...{ seconds, seed: seed ?? definition.campaign.seed, startAt: startOf(definition, start), enough: enough.signal },
  };
  process.stderr.write(`Searching for ${seconds} s; Ctrl-C ends it with what has been found.\n`);
  const found = await study(definition, options);
  process.off('SIGINT', stop);
  process.stdout.write(`${json === true ? JSON.stringify(found) : studyText(found)}\n`);
  return 0;
}

const several = (text: string): number => {
  const value = wholeNumber(text);
  if (value < 2) throw new InvalidArgumentError('One sample alone waits for nobody: it must be 2 or more.');
  return value;
};

/** `plan`: how long so many samples take together. */
export function addPlanning(program: Command): void {
  program
    .command('plan')
    .description('How long a batch takes: plan it, search for better plans, and say how much better any could be.')
    .argument('<campaign.yaml>')
    .option('--samples <number>', 'how many samples begin together (default: the batch of the campaign)', several)
    .option('--seconds <number>', 'how long to search for better plans', positive, 10)
    .option('--seed <number>', 'another seed than the campaign names', wholeNumber)
    .option('--start <time>', 'when they begin, in the time zone of the lab (default: now)', instant)
    .option('--lab <file>', 'another lab than the campaign names')
    .addOption(json)
    .addHelpText(
      'after',
      `
With the package or-tools-wasm installed (npm install --no-save or-tools-wasm), CP-SAT is asked, too: it proves what cannot be
better, mostly of up to about eight samples.

Examples:
  labwright plan protocols/colour-match/campaign.yaml --samples 12
  labwright plan protocols/film-anneal/campaign.yaml --samples 24 --seconds 30 --json`,
    )
    .action(act(plan));
}
