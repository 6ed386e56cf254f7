import * as z from 'zod';
import type { Definition } from '../../domain/campaign.ts';
import { ExperimentId } from '../../domain/ids.ts';
import { present } from '../../base/invariant.ts';
import { checked, number, query } from '../rows.ts';
import type { Connection } from '../sqlite.ts';
import { energyReads, type Joules } from './energy-reads.ts';

export interface Cost {
  /**
   * Money, in the lab's currency: materials pro rata of their lots, energy by the tariff of the hours in which it was drawn;
   * 0 where neither is known.
   */
  readonly materialCost: number;
  readonly energyCost: number;
  readonly cost: number;
  /** The same for emissions, kg of CO2 equivalent. */
  readonly materialCo2e: number;
  readonly energyCo2e: number;
  readonly co2e: number;
}

export interface ExperimentCost extends Cost {
  readonly experiment: ExperimentId;
  readonly joules: number;
}

export interface Totals extends Cost {
  readonly energy: Joules & { readonly joules: number };
}

/** Money per joule and kg of CO2 equivalent per joule outside of special hours; 0 where the lab does not tell. */
function tariffOf(definition: Definition | undefined): { readonly price: number; readonly carbon: number } {
  const tariff = definition === undefined ? undefined : Priced.parse(definition).lab.tariff;
  return tariff ?? { price: 0, carbon: 0 };
}

const Priced = z.object({ lab: z.object({ tariff: z.object({ price: z.number(), carbon: z.number() }).optional() }) });

const shape = { materialCost: number, materialCo2e: number };
const experimentShape = {
  ...{ ...shape, experiment: checked(ExperimentId), joules: number },
  ...{ energyCost: number, energyCo2e: number },
};

type Parts = Omit<Cost, 'cost' | 'co2e'>;

const together = (parts: Parts): Cost => ({
  ...parts,
  cost: parts.materialCost + parts.energyCost,
  co2e: parts.materialCo2e + parts.energyCo2e,
});

/** What experiments and the whole campaign have cost. */
export function costReads(db: Connection, definition: () => Definition | undefined) {
  const { energyTotal } = energyReads(db);
  const pro = (column: string, amount: string) =>
    `coalesce(sum(1.0 * ${amount} / nullif(registered, 0) * ${column}), 0.0)`;
  const total = query(
    db,
    'lot',
    `SELECT ${pro('cost', 'used')} AS materialCost, ${pro('co2e', 'used')} AS materialCo2e FROM lot`,
    shape,
  );
  const content = (column: string) =>
    `(SELECT ${pro(column, 'quanta')} FROM content c JOIN lot USING (material, lot) WHERE c.experiment = e.experiment)`;
  const experiments = query(
    db,
    'content',
    `SELECT experiment, ${content('cost')} AS materialCost, ${content('co2e')} AS materialCo2e,
       coalesce(measured + modelled, 0.0) AS joules, coalesce(money, 0.0) AS energyCost,
       coalesce(energy_experiment.co2e, 0.0) AS energyCo2e
     FROM experiment e LEFT JOIN energy_experiment USING (experiment) ORDER BY number, experiment`,
    experimentShape,
  );
  return {
    /** Of the campaign; takes the same time however long it has run. */
    totals: (): Totals => {
      const { total: energy, charged, optimizer } = energyTotal();
      const { price, carbon } = tariffOf(definition());
      return {
        energy,
        ...together({
          ...present(total.get(), 'the sum of lots'),
          energyCost: charged.money + optimizer.joules * price,
          energyCo2e: charged.co2e + optimizer.joules * carbon,
        }),
      };
    },
    /** Of every experiment, idle energy of devices that it occupied included. */
    costs: (): ExperimentCost[] =>
      experiments.all().map(({ experiment, joules, ...parts }) => ({ experiment, joules, ...together(parts) })),
  };
}
