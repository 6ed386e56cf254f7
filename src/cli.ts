#!/usr/bin/env node
import { Command } from 'commander';
import { outliveReaders } from './cli/act.ts';
import { version } from './cli/version.ts';

/** The composition root: the only file that knows everything, through one file per group of commands. */

type Group = readonly [commands: readonly string[], load: () => Promise<(program: Command) => void>];

/** Most of what a short command takes is loading: a group whose commands are not called is loaded for the list of all only. */
const groups: readonly Group[] = [
  [['run', 'resume'], async () => (await import('./cli/commands/run.ts')).addRunning],
  [['check'], async () => (await import('./cli/commands/check.ts')).addChecking],
  [['rehearse'], async () => (await import('./cli/commands/rehearse.ts')).addRehearsing],
  [['plan'], async () => (await import('./cli/commands/plan.ts')).addPlanning],
  [['simulate'], async () => (await import('./cli/commands/simulate.ts')).addSimulating],
  [['status', 'report', 'export', 'replay'], async () => (await import('./cli/commands/look.ts')).addLooking],
  [['devices', 'certify'], async () => (await import('./cli/commands/devices.ts')).addDevices],
  [['resolve', 'decide', 'order', 'prioritize'], async () => (await import('./cli/commands/orders.ts')).addOrders],
  [['change'], async () => (await import('./cli/commands/change.ts')).addChanging],
  [['optimize'], async () => (await import('./cli/commands/optimize.ts')).addOptimizing],
];

outliveReaders();

const program = new Command('labwright')
  .description('Controller and scheduler for self-driving labs.')
  .version(version)
  .showHelpAfterError('(add --help for what is possible)')
  .addHelpText(
    'after',
    `
Exit codes: 0 well ended; 1 wrong usage; 2 bad input; 3 the lab cannot do it; 4 port or broker; 5 ledger;
6 another controller has taken over; 7 a person must decide; 8 aborted, halted, or stopped without a result; 9 optimizer;
10 malformed message; 11 Node too old; 130 stopped by Ctrl-C (143 by SIGTERM).`,
  );

const called = groups.filter(([commands]) => commands.includes(process.argv[2] ?? ''));
for (const [, load] of called.length > 0 ? called : groups) (await load())(program);

await program.parseAsync();
