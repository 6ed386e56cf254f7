import { Option, type Command } from 'commander';
import { describeFailure, exitCodeOf, failure, FailureError, type Failure } from '../../base/failure.ts';
import { located } from '../../domain/document.ts';
import type { Loaded } from '../../domain/load.ts';
import { act, wholeNumber } from '../act.ts';
import { rehearseSetUp, virtualLab } from '../labs.ts';
import { load } from '../load.ts';
import { figuresOf, type Figures } from '../rehearse/figures.ts';
import { faultProfiles, rehearseOnce, withFaults, type FaultProfile } from '../rehearse/rehearsal.ts';
import { rehearsalText } from '../rehearse/text.ts';
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

function rehearse(
  file: string,
  {
    replicates,
    faults,
    json,
    lab,
    seed,
    source: sources,
  }: { replicates: number; faults: FaultProfile; json?: boolean; lab?: string; seed?: number; source?: string[] },
): number {
  const { loaded, warnings } = load(file, lab, sources);
  for (const warning of warnings) process.stderr.write(`Note: ${describeFailure(warning)}\n`);
  const definition = withFaults(loaded.definition, faults);
  const { campaign } = definition;
  const all = Array.from({ length: replicates }, (_, i): Figures => {
    const seeded = { ...definition, campaign: { ...campaign, seed: (seed ?? campaign.seed) + i } };
    const count = `${i + 1}/${replicates}`;
    const tell = (completed: number) =>
      process.stderr.isTTY && process.stderr.write(`\rRehearsal ${count}: ${completed}/${campaign.budget.experiments}`);
    const { ledger, ...outcome } = rehearseOnce(seeded, virtualLab, tell);
    const figures = figuresOf(ledger, outcome);
    ledger.close();
    return figures;
  });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
  process.stdout.write(`${json ? JSON.stringify({ replicates: all }) : rehearsalText(all, definition)}\n`);
  return all.every(({ finished }) => finished) ? 0 : exitCodeOf(failure('campaign.unsuccessful', ''));
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
    .addOption(source)
    .addOption(json)
    .addHelpText(
      'after',
      '\nExample:\n  labwright rehearse protocols/colour-match/campaign.yaml --replicates 5 --faults typical',
    )
    .action(act(rehearse));
}
