import { Option, type Command } from 'commander';
import { act } from '../act.ts';
import { tables } from '../export.ts';
import { exportRows, replay, report } from '../look.ts';
import { json } from './options.ts';

/** The commands that look at a ledger and change nothing. */
export function addLooking(program: Command): void {
  for (const [name, description] of [
    ['status', 'How a campaign stands, also while it runs.'],
    ['report', 'What a campaign has found, used and cost.'],
  ] as const)
    program
      .command(name)
      .description(description)
      .argument('[folder]', 'default: the one used last')
      .addOption(json)
      .addHelpText('after', `\nExample:\n  labwright ${name} runs/colour-match-001`)
      .action(act(report));
  program
    .command('export')
    .description('Write a table of the ledger as CSV or JSON Lines.')
    .argument('[folder]', 'default: the one used last')
    .addOption(new Option('--what <table>', 'which table').choices(tables).default('experiments'))
    .addOption(new Option('--format <format>').choices(['csv', 'jsonl']).default('csv'))
    .option('--out <file>', 'default: standard output')
    .addHelpText('after', '\nExample:\n  labwright export runs/colour-match-001 --what stock --format jsonl')
    .action(act(exportRows));
  program
    .command('replay')
    .description('Verify the ledger: the chain of events, and every table rebuilt from zero.')
    .argument('[folder]', 'default: the one used last')
    .addOption(json)
    .addHelpText('after', '\nExample:\n  labwright replay runs/colour-match-001')
    .action(act(replay));
}
