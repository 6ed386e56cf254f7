import { join } from 'node:path';
import type { Command } from 'commander';
import { realClock } from '../../base/clock.ts';
import { located } from '../../domain/document.ts';
import { loadLab } from '../../domain/load.ts';
import { act, brokerUrl, Failures, positive, wholeNumber } from '../act.ts';
import { cleaningUp } from '../cleanup.ts';
import { rehearseSetUp, simulate } from '../labs.ts';
import { readText } from '../load.ts';

interface SimulateOptions {
  broker: string;
  only?: string;
  state: string;
  speed?: number;
  seed?: number;
}

async function simulateAlone(labFile: string, { broker, only, state, speed, seed }: SimulateOptions): Promise<number> {
  const lab = loadLab(labFile, readText);
  if (!lab.ok) throw new Failures(lab.failures);
  located(lab.locate, () => rehearseSetUp(lab.value, only));
  const clock = realClock(speed === undefined ? {} : { speed });
  return cleaningUp(async (later) => {
    const folder = { journals: join(state, 'journals'), world: join(state, 'world') };
    const campaign = { seed: seed ?? 1 };
    const how = { follow: speed === undefined, ...(only === undefined ? {} : { only }) };
    const simulation = await simulate({ lab: lab.value, campaign }, clock, folder, broker, how);
    later(() => simulation.stop());
    process.stdout.write(
      `Simulating ${only ?? Object.keys(lab.value.devices).join(', ')} on ${broker}; Ctrl-C ends it.\n`,
    );
    await new Promise<void>((resolve) => {
      process.once('SIGINT', resolve);
      process.once('SIGTERM', resolve);
    });
    return 0;
  });
}

/** `simulate`: instruments as processes of their own. */
export function addSimulating(program: Command): void {
  program
    .command('simulate')
    .description('Simulate the devices of a lab on a broker, as processes of their own.')
    .argument('<lab.yaml>')
    .requiredOption('--broker <url>', 'MQTT broker, like mqtt://127.0.0.1:1883', brokerUrl)
    .option('--only <device>', 'only this device')
    .option('--state <folder>', 'journals and world; share it between the processes of one lab', 'runs/simulated')
    .option('--speed <factor>', 'lab seconds per wall second (default: what the controller says)', positive)
    .option('--seed <number>', 'of noise and faults', wholeNumber)
    .addHelpText(
      'after',
      '\nExample:\n  labwright simulate protocols/colour-match/lab.yaml --broker mqtt://127.0.0.1:1883 --only handler',
    )
    .action(act(simulateAlone));
}
