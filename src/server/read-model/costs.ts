import { changeProgress } from './campaign.ts';
import type { Model } from './model.ts';

/** Energy, money and emissions in all: lots by the share used, energy by the tariff of its hours. */
export function changeCosts(model: Model): void {
  let joules = 0;
  for (const device of model.sections.energy.values()) joules += device.joules;
  const charged = model.lab?.tariff && model.charged;
  let money = charged?.money;
  let co2eKg = charged?.co2e;
  for (const { used, registered, cost, co2e } of model.sections.lots.values()) {
    if (registered <= 0) continue;
    if (cost !== undefined) money = (money ?? 0) + (cost * used) / registered;
    if (co2e !== undefined) co2eKg = (co2eKg ?? 0) + (co2e * used) / registered;
  }
  changeProgress(model, {
    joules,
    ...(money === undefined ? {} : { money }),
    ...(co2eKg === undefined ? {} : { co2eKg }),
  });
}
