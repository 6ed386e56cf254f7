import { writeFileSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { realClock } from '../../base/clock.ts';
import { describeFailure, exitCodeOf, failure, FailureError, type Failure } from '../../base/failure.ts';
import { hasCalendar, momentOf, zoneOf } from '../../domain/calendar.ts';
import { located } from '../../domain/document.ts';
import type { Definition } from '../../domain/campaign.ts';
import { Instant, instantMs } from '../../domain/hours.ts';
import type { Loaded } from '../../domain/load.ts';
import { act, wholeNumber } from '../act.ts';
import { rehearseSetUp, virtualLab } from '../labs.ts';
import { load } from '../load.ts';
import { figuresOf, type Figures } from '../rehearse/figures.ts';
import { faultProfiles, rehearseOnce, withFaults, type FaultProfile } from '../rehearse/rehearsal.ts';
import { rehearsalPage } from '../rehearse/html.ts';
import { bottleneckOf, rehearsalText } from '../rehearse/text.ts';
import { withTwin } from '../rehearse/twin.ts';
import { json, source } from './options.ts';

function check(file: string, { lab, json }: { lab?: string; json?: boolean }): number {
  const { loaded, warnings } = load(file, lab);
  const { campaign, protocol } = loaded.definition;
  const doubts = [...warnings, ...unsimulated(loaded)];
  const steps = protocol.stages.reduce((sum, stage) => sum + stage.steps.length, 0);
  if (json) process.stdout.write(`${JSON.stringify({ ok: true, warnings: doubts })}\n`);
  else {
    for (const warning of doubts) process.stdout.write(`Note: ${describeFailure(warning)}\n`);
    process.stdout.write(
      `${campaign.campaign} can run: ${Object.keys(campaign.space).length} parameters, ${steps} steps, ` +
        `at most ${campaign.budget.experiments} experiments.\n`,
    );
  }
  return 0;
}

/** Why the lab cannot be simulated here, which a real one need not be. */
function unsimulated({ definition, locate }: Loaded): readonly Failure[] {
  try {
    located(locate.lab, () => rehearseSetUp(definition.lab));
    return [];
  } catch (error) {
    if (error instanceof FailureError) return [error.failure];
    throw error;
  }
}

interface RehearseOptions {
  replicates: number;
  faults: FaultProfile;
  json?: boolean;
  html?: string;
  lab?: string;
  seed?: number;
  start?: string;
  source?: string[];
}

function rehearse(file: string, options: RehearseOptions): number {
  const { replicates, faults, json, html, lab, seed } = options;
  const { loaded, warnings } = load(file, lab, options.source);
  for (const warning of warnings) process.stderr.write(`Note: ${describeFailure(warning)}\n`);
  const definition = withFaults(loaded.definition, faults);
  const start = startOf(loaded.definition, options.start);
  const first = seed ?? definition.campaign.seed;
  const all = Array.from({ length: replicates }, (_, i) =>
    once(definition, first + i, `${i + 1}/${replicates}`, start),
  );
  const device = bottleneckOf(all);
  const relieved = once(withTwin(definition, device), first, `with a second ${device}`, start);
  const relief = { device, makespanMs: relieved.report.makespanMs };
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
  const text = rehearsalText(all, definition, relief);
  process.stdout.write(`${json ? JSON.stringify({ replicates: all, relief }) : text}\n`);
  if (html !== undefined) writePage(html, rehearsalPage(all, definition, text));
  return all.every(({ finished }) => finished) ? 0 : exitCodeOf(failure('campaign.unsuccessful', ''));
}

/** Hours hang on the day of the week and the date: a lab that has them is rehearsed from now on unless told otherwise. */
function startOf({ lab }: Definition, text: string | undefined): number | undefined {
  if (text !== undefined) return instantMs(zoneOf(lab), text);
  if (!Object.values(lab.devices).some(hasCalendar)) return undefined;
  const now = Math.floor(realClock().now() / 60_000) * 60_000;
  process.stderr.write(`The rehearsal begins now, ${momentOf(lab, now, 0)}; --start names another time.\n`);
  return now;
}

function once(definition: Definition, seed: number, which: string, start: number | undefined): Figures {
  const { campaign } = definition;
  const tell = (completed: number) =>
    process.stderr.isTTY && process.stderr.write(`\rRehearsal ${which}: ${completed}/${campaign.budget.experiments}`);
  const { ledger, ...outcome } = rehearseOnce(
    { ...definition, campaign: { ...campaign, seed } },
    virtualLab,
    tell,
    start,
  );
  const figures = figuresOf(ledger, outcome);
  ledger.close();
  return figures;
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

function instant(text: string): string {
  if (!Instant.safeParse(text).success) throw new InvalidArgumentError('Write a time such as 2026-11-23T08:00Z.');
  return text;
}

/** `check` and `rehearse`: what can be known before anything runs. */
export function addChecking(program: Command): void {
  program
    .command('check')
    .description('Check campaign, protocol and lab without running anything.')
    .argument('<campaign.yaml>')
    .option('--lab <file>', 'another lab than the campaign names')
    .addOption(json)
    .addHelpText('after', '\nExample:\n  labwright check protocols/colour-match/campaign.yaml')
    .action(act(check));
  program
    .command('rehearse')
    .description('Dry run: the whole campaign on a virtual clock, with simulated instruments.')
    .argument('<campaign.yaml>')
    .option('--replicates <number>', 'how often, each time with the next seed', wholeNumber, 1)
    .addOption(new Option('--faults <profile>', 'how much goes wrong').choices(faultProfiles).default('none'))
    .option('--lab <file>', 'another lab than the campaign names')
    .option('--seed <number>', 'another seed than the campaign names', wholeNumber)
    .option('--start <time>', 'when it begins, such as 2026-11-23T08:00, in the time zone of the lab', instant)
    .option('--html <file>', 'also write a page with the schedule and the stock')
    .addOption(source)
    .addOption(json)
    .addHelpText(
      'after',
      '\nExample:\n  labwright rehearse protocols/colour-match/campaign.yaml --replicates 5 --faults typical --html rehearsal.html',
    )
    .action(act(rehearse));
}
