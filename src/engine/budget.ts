import type { CoreState } from '../control/core.ts';
import type { NewEvent } from '../domain/event.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** The end of the campaign where energy, money or a material of its budget is used up; undefined while nothing is. */
export function overspent({ definition, campaign }: CoreState, ledger: Ledger): NewEvent | undefined {
  if (definition === undefined || campaign.value !== 'running') return undefined;
  const { energy, money, materials } = definition.campaign.budget;
  const stop = (what: string): NewEvent => ({
    type: 'campaign.stopping',
    data: { by: 'controller', reason: `the budget of ${what} is used up` },
  });
  if (energy !== undefined || money !== undefined) {
    const totals = ledger.totals();
    if (energy !== undefined && totals.energy.joules >= energy) return stop('energy');
    if (money !== undefined && totals.cost >= money) return stop('money');
  }
  const limits = Object.entries(materials);
  if (limits.length === 0) return undefined;
  const used = new Map<string, number>();
  for (const row of ledger.stock()) used.set(row.material, (used.get(row.material) ?? 0) + row.used);
  const over = limits.find(([material, { si }]) => (used.get(material) ?? 0) >= si);
  return over === undefined ? undefined : stop(over[0]);
}
