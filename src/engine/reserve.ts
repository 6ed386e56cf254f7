import type { CoreState } from '../control/core.ts';
import { capabilityOf, type Capability } from '../domain/descriptor.ts';
import type { NewEvent, Reservation } from '../domain/event.ts';
import { ExperimentId, MaterialId } from '../domain/ids.ts';
import { consumptionOf, resolveParameters, scopeOf } from '../domain/resolve.ts';
import type { Step } from '../domain/protocol.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { measureUnit } from '../domain/lab.ts';
import { fromSi } from '../domain/quantity.ts';

/**
 * Promises an experiment all that its steps will use, lot by lot, the first to expire first; or says that the stock is
 * short, which ends the campaign. Nothing follows while a capability is still unknown: it is tried again when a device
 * announces itself.
 */
export function reserve(state: CoreState, id: string, ledger: Ledger, now: number): NewEvent[] {
  const snapshot = state.experiments.get(id);
  const { definition } = state;
  if (snapshot?.value !== 'suggested' || definition === undefined) return [];
  const experiment = ExperimentId.parse(id);
  const { point, results } = snapshot.context;
  const scope = scopeOf(definition, point, results);
  const needs = new Map<string, number>();
  for (const step of definition.protocol.stages.flatMap(({ steps }) => steps)) {
    const capability = capabilityFor(state, step);
    if (capability === undefined) return [];
    const parameters = resolveParameters(step, capability, scope, id);
    if (!parameters.ok) {
      // Parameters that hang on results cannot be known yet; what they use is booked when it is used.
      if (parameters.failure.code === 'expression.invalid') continue;
      const reason = `${parameters.failure.message} ${parameters.failure.mend ?? ''}`.trim();
      return [{ type: 'experiment.failed', data: { experiment, reason, retryable: false } }];
    }
    for (const { material, amount } of consumptionOf(capability, parameters.value))
      needs.set(material, (needs.get(material) ?? 0) + amount);
  }
  const reservations: Reservation[] = [];
  for (const [material, need] of needs) {
    const taken = takeFrom(ledger.available(material, now), material, need);
    if (taken.missing > need * 1e-9) {
      const reason = shortage(state, material, need, need - taken.missing);
      return [
        { type: 'experiment.cancelled', data: { experiment, reason } },
        { type: 'campaign.stopping', data: { by: 'controller', reason } },
      ];
    }
    reservations.push(...taken.reservations);
  }
  return [{ type: 'experiment.planned', data: { experiment, reservations } }];
}

function capabilityFor(state: CoreState, step: Step): Capability | undefined {
  for (const [id, { context }] of state.devices) {
    if (step.on !== undefined && !step.on.some((on) => on === id)) continue;
    const capability = context.descriptor === undefined ? undefined : capabilityOf(context.descriptor, step.capability);
    if (capability !== undefined) return capability;
  }
  return undefined;
}

function takeFrom(lots: ReturnType<Ledger['available']>, material: string, need: number) {
  const reservations: Reservation[] = [];
  let missing = need;
  for (const { lot, amount } of lots) {
    if (missing <= 0) break;
    const taken = Math.min(amount, missing);
    if (taken <= 0) continue;
    reservations.push({ material: MaterialId.parse(material), lot, amount: taken });
    missing -= taken;
  }
  return { reservations, missing };
}

const shown = { volume: 'mL', mass: 'g', pieces: '' } as const;

function shortage({ definition }: CoreState, material: string, need: number, has: number): string {
  const measure = definition?.lab.materials[MaterialId.parse(material)]?.measure ?? 'volume';
  const unit = shown[measure];
  const write = (amount: number) =>
    `${Number(fromSi(amount, unit === '' ? measureUnit.pieces : unit).toPrecision(3))} ${unit}`.trim();
  return `the stock of ${material} is short: the next experiment needs ${write(need)}, ${write(has)} is free`;
}
