import { failure, type Failure } from '../base/failure.ts';
import type { Definition } from './campaign.ts';
import { devicesFor, stepsOf, type Descriptors } from './check-devices.ts';
import { capabilityOf, type Capability } from './descriptor.ts';
import type { Loaded } from './load.ts';
import { measureUnit } from './lab.ts';
import { nearest } from './nearest.ts';
import { probePoints } from './probe.ts';
import { compatible, fromSi } from './quantity.ts';
import { consumptionOf, resolveParameters, scopeOf } from './resolve.ts';

/** Whether the stock will do. */

/** Consumption of one experiment per material: least and typical over the probe points whose steps can be resolved. */
function needs(definition: Definition, descriptors: Descriptors): Map<string, { least: number; mean: number }> {
  const totals: Map<string, number>[] = [];
  for (const point of probePoints(definition)) {
    const sums = new Map<string, number>();
    for (const { step } of stepsOf(definition)) {
      const [device] = devicesFor(step, descriptors);
      if (device === undefined) continue;
      const capability = capabilityOf(descriptors.get(device)!, step.capability) as Capability;
      const resolved = resolveParameters(step, capability, scopeOf(definition, point), 'sample');
      if (!resolved.ok) continue;
      for (const { material, amount } of consumptionOf(capability, resolved.value))
        sums.set(material, (sums.get(material) ?? 0) + amount);
    }
    totals.push(sums);
  }
  const materials = new Set(totals.flatMap((sums) => [...sums.keys()]));
  return new Map(
    [...materials].map((material) => {
      const amounts = totals.map((sums) => sums.get(material) ?? 0);
      return [material, { least: Math.min(...amounts), mean: amounts.reduce((a, b) => a + b, 0) / amounts.length }];
    }),
  );
}

const displayUnit = { volume: 'mL', mass: 'g', pieces: '1' } as const;

export function checkStock(
  { definition, locate }: Loaded,
  descriptors: Descriptors,
): { failures: Failure[]; warnings: Failure[] } {
  const { lab, campaign } = definition;
  const failures: Failure[] = [];
  const warnings: Failure[] = [];
  for (const [material, need] of needs(definition, descriptors)) {
    const stock = lab.materials[material as keyof typeof lab.materials];
    if (stock === undefined) {
      failures.push(
        failure('stock.short', `The protocol uses "${material}", which is not in the lab's materials.`, {
          where: locate.lab(['materials']),
          mend: nearest(material, Object.keys(lab.materials)),
        }),
      );
      continue;
    }
    const held = stock.lots.reduce((sum, lot) => sum + lot.amount, 0);
    const where = locate.lab(['materials', material, 'lots']);
    const show = (amount: number) =>
      `${Number(fromSi(amount, compatible(displayUnit[stock.measure], measureUnit[stock.measure]) ? displayUnit[stock.measure] : '1').toPrecision(3))} ${displayUnit[stock.measure]}`;
    if (need.least > held)
      failures.push(
        failure(
          'stock.short',
          `One experiment needs at least ${show(need.least)} of ${material}, but ${show(held)} is in stock.`,
          {
            where,
            mend: 'Add a lot.',
          },
        ),
      );
    else if (need.mean * campaign.budget.experiments > held)
      warnings.push(
        failure(
          'stock.short',
          `${campaign.budget.experiments} experiments need about ${show(need.mean * campaign.budget.experiments)} of ${material}, but ${show(held)} is in stock.`,
          { where, mend: 'Add a lot, or the campaign ends when it runs out.' },
        ),
      );
  }
  return { failures, warnings };
}
