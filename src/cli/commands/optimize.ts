import type { Command } from 'commander';
import { act } from '../act.ts';
import { optimizeOverStdio } from '../optimize/stdio.ts';

/** `optimize`: the optimizer for other programs. */
export function addOptimizing(program: Command): void {
  program
    .command('optimize')
    .description('The optimizer for other programs: requests and answers as JSON Lines (docs/optimize.md).')
    .requiredOption('--stdio', 'read standard input, answer on standard output')
    .addHelpText('after', '\nExample:\n  labwright optimize --stdio < requests.jsonl')
    .action(act(() => optimizeOverStdio(process.stdin, process.stdout)));
}
