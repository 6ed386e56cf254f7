import type { CoreState } from '../control/core.ts';
import type { Campaign } from '../domain/campaign.ts';
import type { NewEvent } from '../domain/event.ts';

/** The accounts that a budget is compared with; the ledger keeps them. Joules, money, and SI amounts. */
export interface Accounts {
  totals(): { readonly energy: { readonly joules: number }; readonly cost: number };
  stock(): readonly { readonly material: string; readonly used: number }[];
}

/** The end of the campaign where energy, money or a material of its budget is used up; undefined while nothing is. */
export function overspent({ definition, campaign }: CoreState, ledger: Accounts): NewEvent | undefined {
  if (definition === undefined || campaign.value !== 'running') return undefined;
  const what = usedUp(definition.campaign.budget, ledger);
  if (what === undefined) return undefined;
  return {
    type: 'campaign.stopping',
    data: { by: 'controller', reason: `the budget of ${what} is used up` },
  };
}

/** Energy, money or the first material of which all that a budget allows is used. */
export function usedUp({ energy, money, materials }: Campaign['budget'], ledger: Accounts): string | undefined {
  if (energy !== undefined || money !== undefined) {
    const totals = ledger.totals();
    if (energy !== undefined && totals.energy.joules >= energy) return 'energy';
    if (money !== undefined && totals.cost >= money) return 'money';
  }
  const limits = Object.entries(materials);
  if (limits.length === 0) return undefined;
  const used = new Map<string, number>();
  for (const row of ledger.stock()) used.set(row.material, (used.get(row.material) ?? 0) + row.used);
  return limits.find(([material, { si }]) => (used.get(material) ?? 0) >= si)?.[0];
}
