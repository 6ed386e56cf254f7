import { accountsProjection } from './accounts.ts';
import { campaignProjection } from './campaign.ts';
import { commandsProjection } from './commands.ts';
import { devicesProjection } from './devices.ts';
import { energyProjection } from './energy/energy.ts';
import { experimentsProjection } from './experiments.ts';
import type { Projection } from './projection.ts';

/**
 * In the order in which they are applied. All but the first look up in `command` what was intended; energy comes before
 * the commands because it asks how a command stood before the event.
 */
export const projections: readonly Projection[] = [
  campaignProjection,
  devicesProjection,
  energyProjection,
  commandsProjection,
  experimentsProjection,
  accountsProjection,
];
