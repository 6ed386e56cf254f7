import type { Command } from 'commander';
import { describeFailure, FailureError, type Failure } from '../../base/failure.ts';
import { located } from '../../domain/document.ts';
import type { Loaded } from '../../domain/load.ts';
import { act } from '../act.ts';
import { rehearseSetUp } from '../labs.ts';
import { load } from '../load.ts';
import { json } from './options.ts';

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

/** What can be known before anything runs. */
export function addChecking(program: Command): void {
  program
    .command('check')
    .description('Check campaign, protocol and lab without running anything.')
    .argument('<campaign.yaml>')
    .option('--lab <file>', 'another lab than the campaign names')
    .addOption(json)
    .addHelpText('after', '\nExample:\n  labwright check protocols/colour-match/campaign.yaml')
    .action(act(check));
}
