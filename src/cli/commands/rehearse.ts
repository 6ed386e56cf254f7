import { writeFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { describeFailure, exitCodeOf, failure, FailureError } from '../../base/failure.ts';
import type { Definition } from '../../domain/campaign.ts';
import { act, wholeNumber } from '../act.ts';
import { load } from '../load.ts';
import type { Figures } from '../rehearse/figures.ts';
import { rehearsalPage } from '../rehearse/html.ts';
import { faultProfiles, withFaults, type FaultProfile } from '../rehearse/rehearsal.ts';
import { rehearseAll, type Job, type Progress } from '../rehearse/replicates.ts';
import { bottleneckOf, rehearsalOf, shortageOf, type Rehearsal } from '../rehearse/report.ts';
import { rehearsalText } from '../rehearse/text.ts';
import { withAmpleStock, withTwin } from '../rehearse/twin.ts';
import { json, source } from './options.ts';
import { instant, startOf } from './start.ts';

interface RehearseOptions {
  replicates: number;
  faults: FaultProfile;
  start?: string;
  json?: boolean;
  html?: string;
  lab?: string;
  seed?: number;
  source?: string[];
}

async function rehearse(file: string, options: RehearseOptions): Promise<number> {
  const { replicates, faults, start, json, html, lab, seed } = options;
  const { loaded, warnings } = load(file, lab, options.source);
  for (const warning of warnings) process.stderr.write(`Note: ${describeFailure(warning)}\n`);
  const definition = withFaults(loaded.definition, faults);
  const first = seed ?? definition.campaign.seed;
  const startAt = startOf(definition, start);
  const job = (from: Definition, seed: number, name: string): Job => ({
    ...{ startAt, name },
    definition: { ...from, campaign: { ...from.campaign, seed } },
  });
  const tell = telling(definition.campaign.budget.experiments);
  const jobs = Array.from({ length: replicates }, (_, i) => job(definition, first + i, `${i + 1}/${replicates}`));
  const all = await rehearseAll(jobs, tell);
  const device = bottleneckOf(all);
  const others = [
    job(withTwin(definition, device), first, `with a second ${device}`),
    ...(shortageOf(all[0]!) === undefined ? [] : [job(withAmpleStock(definition), first, 'with endless stock')]),
  ];
  const [relieved, ample] = (await rehearseAll(others, tell)) as [Figures, Figures?];
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
  const rehearsal = rehearsalOf(definition, all, relieved, ample);
  tellAll(rehearsal, definition, { json: json === true, html });
  return all.every(({ finished }) => finished) ? 0 : exitCodeOf(failure('campaign.unsuccessful', ''));
}

function tellAll(rehearsal: Rehearsal, definition: Definition, to: { json: boolean; html: string | undefined }): void {
  const text = rehearsalText(rehearsal, definition);
  process.stdout.write(`${to.json ? JSON.stringify(rehearsal) : text}\n`);
  if (to.html !== undefined) writePage(to.html, rehearsalPage(rehearsal, definition, text));
}

/** A pipe is told of a long rehearsal this often, wall ms. */
const quietMs = 20_000;

/** A line that is written anew in a terminal; elsewhere a line now and then. */
function telling(experiments: number): Progress {
  let told = Date.now();
  return ({ name }, completed) => {
    const text = `Rehearsal ${name}: ${completed}/${experiments}`;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${text}`);
    else if (Date.now() - told >= quietMs) {
      told = Date.now();
      process.stderr.write(`${text}\n`);
    }
  };
}

function writePage(path: string, page: string): void {
  try {
    writeFileSync(path, page);
  } catch (error) {
    const mend = 'Name a file in a folder that exists and may be written.';
    throw new FailureError(
      failure('input.unreadable', `The page cannot be written: ${(error as Error).message}.`, { where: path, mend }),
    );
  }
  process.stderr.write(`Written to ${path}.\n`);
}

const atLeastOne = (text: string): number => Math.max(1, wholeNumber(text));

/** `rehearse`: the campaign as it will probably go. */
export function addRehearsing(program: Command): void {
  program
    .command('rehearse')
    .description('Dry run: the whole campaign on a virtual clock, with simulated instruments.')
    .argument('<campaign.yaml>')
    .option('--replicates <number>', 'how often, each time with the next seed', atLeastOne, 1)
    .addOption(new Option('--faults <profile>', 'how much goes wrong').choices(faultProfiles).default('none'))
    .option(
      '--start <time>',
      'when it begins, such as 2026-11-23T08:00, in the time zone of the lab (default: now)',
      instant,
    )
    .option('--lab <file>', 'another lab than the campaign names')
    .option('--seed <number>', 'another seed than the campaign names', wholeNumber)
    .option('--html <file>', 'also write a page with the schedule, the stock and the energy')
    .addOption(source)
    .addOption(json)
    .addHelpText(
      'after',
      '\nExample:\n  labwright rehearse protocols/colour-match/campaign.yaml --replicates 5 --faults typical --html rehearsal.html',
    )
    .action(act(rehearse));
}
