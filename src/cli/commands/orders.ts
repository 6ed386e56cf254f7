import { Argument, InvalidArgumentError, type Command } from 'commander';
import { act } from '../act.ts';
import { sendOrder } from '../order.ts';
import { existingRunFolder } from '../run-folder.ts';

const toFolder = ['--dir <folder>', 'run folder (default: the one used last)'] as const;

const orderHelp = `
  pause, resume   finish running steps and start no other; go on
  pin, unpin      keep the order of what is planned, whatever another would gain: new samples are planned around it, and
                  what cannot hold is planned anew and told in the events; go back to the best plan
  stop            begin no other experiment, carry out those that have begun
  abort           cancel what runs, discard unfinished samples
  halt            emergency: every device to its safe state

Examples:
  labwright order pause --dir runs/colour-match-001
  labwright order pin`;

const priorityHelp = `
0 is usual; what is larger goes first, what is smaller last. What runs goes on, and maximum waits are kept all the same.
While the plan is pinned, priorities change nothing in it.

Examples:
  labwright prioritize e-0012 5
  labwright prioritize 12 -3 --dir runs/colour-match-001`;

/** By its id, or by the number that the page shows. */
const experimentId = (text: string): string => (/^\d+$/.test(text) ? `e-${text.padStart(4, '0')}` : text);

function priorityOf(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || Math.abs(value) > 9)
    throw new InvalidArgumentError('It must be a whole number from -9 to 9.');
  return value;
}

/** What a person orders of a campaign that runs. */
export function addOrders(program: Command): void {
  program
    .command('resolve')
    .description('Decide what became of a command that nobody is sure of.')
    .argument('<key>')
    .addArgument(new Argument('<as>').choices(['happened', 'not_happened', 'discard']))
    .option(...toFolder)
    .addHelpText('after', '\nExample (the key is in "labwright status"):\n  labwright resolve KEY happened')
    .action(
      act((key: string, as: string, { dir }: { dir?: string }) =>
        sendOrder(existingRunFolder(dir), { op: 'resolve', key, as }),
      ),
    );
  program
    .command('decide')
    .description('Decide what becomes of a sample that has missed a limit of time.')
    .argument('<experiment>')
    .addArgument(new Argument('<as>').choices(['continue', 'discard']))
    .option('--dir <folder>', 'run folder (default: the one used last)')
    .addHelpText('after', '\nExample (who waits is in "labwright status"):\n  labwright decide e-0003 continue')
    .action(
      act((experiment: string, as: string, { dir }: { dir?: string }) =>
        sendOrder(existingRunFolder(dir), { op: 'decide', experiment, as }),
      ),
    );
  program
    .command('order')
    .description('Give an order to a running campaign.')
    .addArgument(new Argument('<order>').choices(['pause', 'resume', 'pin', 'unpin', 'stop', 'abort', 'halt']))
    .option(...toFolder)
    .addHelpText('after', orderHelp)
    .action(act((op: string, { dir }: { dir?: string }) => sendOrder(existingRunFolder(dir), { op })));
  program
    .command('prioritize')
    .description('Let one experiment of a running campaign go before the others, or after them.')
    .argument('<experiment>', 'its id or number', experimentId)
    .argument('<priority>', 'from -9 to 9', priorityOf)
    .option(...toFolder)
    .addHelpText('after', priorityHelp)
    .action(
      act((experiment: string, priority: number, { dir }: { dir?: string }) =>
        sendOrder(existingRunFolder(dir), { op: 'prioritize', experiment, priority }),
      ),
    );
}
