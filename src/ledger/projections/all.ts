import { accountsProjection } from './accounts.ts';
import { campaignProjection } from './campaign.ts';
import { commandsProjection } from './commands.ts';
import { devicesProjection } from './devices.ts';
import { experimentsProjection } from './experiments.ts';
import type { Projection } from './projection.ts';

/** In the order in which they are applied: the later ones look up in `command` what was intended. */
export const projections: readonly Projection[] = [
  campaignProjection,
  devicesProjection,
  commandsProjection,
  experimentsProjection,
  accountsProjection,
];
