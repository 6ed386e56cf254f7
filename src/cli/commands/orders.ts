import { Argument, type Command } from 'commander';
import { act } from '../act.ts';
import { sendOrder } from '../order.ts';
import { existingRunFolder } from '../run-folder.ts';

/** What a person orders of a campaign that runs. */
export function addOrders(program: Command): void {
  program
    .command('resolve')
    .description('Decide what became of a command that nobody is sure of.')
    .argument('<key>')
    .addArgument(new Argument('<as>').choices(['happened', 'not_happened', 'discard']))
    .option('--dir <folder>', 'run folder (default: the one used last)')
    .addHelpText('after', '\nExample (the key is in "labwright status"):\n  labwright resolve KEY happened')
    .action(
      act((key: string, as: string, { dir }: { dir?: string }) =>
        sendOrder(existingRunFolder(dir), { op: 'resolve', key, as }),
      ),
    );
  program
    .command('order')
    .description('Give an order to a running campaign.')
    .addArgument(new Argument('<order>').choices(['pause', 'resume', 'stop', 'abort', 'halt']))
    .option('--dir <folder>', 'run folder (default: the one used last)')
    .addHelpText('after', '\nExample:\n  labwright order pause --dir runs/colour-match-001')
    .action(act((op: string, { dir }: { dir?: string }) => sendOrder(existingRunFolder(dir), { op })));
}
