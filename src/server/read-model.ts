import type { LabEvent } from '../domain/event.ts';
import { foldBars } from './read-model/bars.ts';
import { foldCampaign } from './read-model/campaign.ts';
import { closeCommands, openCommands } from './read-model/commands.ts';
import { foldDevices } from './read-model/devices.ts';
import { foldEnergy } from './read-model/energy.ts';
import { foldExperiments } from './read-model/experiments.ts';
import { foldIndeterminate } from './read-model/indeterminate.ts';
import { foldLinks } from './read-model/links.ts';
import { foldLog } from './read-model/log.ts';
import { advance, type Model } from './read-model/model.ts';
import { foldStock } from './read-model/stock.ts';

export { createModel, patchSince, snapshotOf, type Model } from './read-model/model.ts';

/** Energy looks at the bars as they were before the event; the log uses the names as they are after it. */
const folds = [
  openCommands,
  foldCampaign,
  foldDevices,
  foldExperiments,
  foldLinks,
  foldEnergy,
  foldBars,
  foldStock,
  foldIndeterminate,
  foldLog,
  closeCommands,
] as const;

/** Folds one event. It must be the one after `model.seq`: the same events always give the same model. */
export function applyEvent(model: Model, event: LabEvent): void {
  advance(model, event);
  for (const fold of folds) fold(model, event);
}
