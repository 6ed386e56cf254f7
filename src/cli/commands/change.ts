import type { Command } from 'commander';
import { failure, FailureError, unwrap } from '../../base/failure.ts';
import { withAssignments } from '../../domain/assignments.ts';
import { CampaignChange } from '../../domain/change.ts';
import { loadFile } from '../../domain/load.ts';
import { act, Failures } from '../act.ts';
import { readText } from '../load.ts';
import { sendOrder } from '../order.ts';
import { existingRunFolder } from '../run-folder.ts';

interface ChangeOptions {
  readonly file?: string;
  readonly set?: readonly string[];
}

async function change(folder: string | undefined, { file, set = [] }: ChangeOptions): Promise<number> {
  const written = unwrap(withAssignments(file === undefined ? {} : readChange(file), set));
  if (Object.keys(written).length === 0)
    throw new FailureError(
      failure('input.invalid', 'Nothing is named that shall change.', {
        mend: 'Name it with --file or --set; "labwright change --help" has examples.',
      }),
    );
  return sendOrder(existingRunFolder(folder), { op: 'change', change: written });
}

function readChange(file: string): CampaignChange {
  const read = loadFile(file, readText, CampaignChange);
  if (!read.ok) throw new Failures(read.failures);
  return read.value;
}

const help = `
What may change: bounds, scale and levels of parameters; weight, target, reference and stop_at of objectives; batch,
budget and stop rule. It is written as in campaign.yaml, only what is named changes, and null takes a limit away.

All that has been measured stays in the model, also outside the new bounds and with levels that are left out. What has
been suggested already is carried out as it is. Unequal weights make the campaign look for compromises that favour what
weighs more; they mean nothing where there is one objective. campaign.yaml is not touched: the ledger knows the change,
"labwright report" tells it, and "labwright resume" goes on with it.

Examples:
  labwright change --set "space.red.max=80 uL" --set batch.size=8
  labwright change --set "space.solvent.levels=[dmf, thf, acetone]" --set objectives.yield.weight=2
  labwright change runs/colour-match-001 --set budget.experiments=40 --set stop=null
  labwright change runs/colour-match-001 --file change.yaml

where change.yaml says for example:
  space: { red: { min: 20 uL, max: 80 uL } }
  objectives: [{ name: distance, stop_at: 0.01 }]
  budget: { experiments: 40, money: null }`;

/** `change`: another problem for a campaign that runs. */
export function addChanging(program: Command): void {
  program
    .command('change')
    .description('Change bounds, levels, objectives, batch, budget or stop rule of a running campaign.')
    .argument('[folder]', 'default: the one used last')
    .option('--file <change.yaml>', 'what changes, written as in campaign.yaml')
    .option(
      '--set <path=value>',
      'one thing that changes; may be given several times',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .addHelpText('after', help)
    .action(act(change));
}
