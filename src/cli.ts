#!/usr/bin/env node
import { Command } from 'commander';
import { outliveReaders } from './cli/act.ts';
import { addChanging } from './cli/commands/change.ts';
import { addChecking } from './cli/commands/check.ts';
import { addPlanning } from './cli/commands/plan.ts';
import { addRehearsing } from './cli/commands/rehearse.ts';
import { addDevices } from './cli/commands/devices.ts';
import { addLooking } from './cli/commands/look.ts';
import { addOptimizing } from './cli/commands/optimize.ts';
import { addOrders } from './cli/commands/orders.ts';
import { addRunning } from './cli/commands/run.ts';
import { addSimulating } from './cli/commands/simulate.ts';
import { version } from './cli/session.ts';

/** The composition root: the only file that knows everything, through one file per group of commands. */

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

for (const add of [
  addRunning,
  addChecking,
  addRehearsing,
  addPlanning,
  addSimulating,
  addLooking,
  addDevices,
  addOrders,
  addChanging,
  addOptimizing,
])
  add(program);

await program.parseAsync();
