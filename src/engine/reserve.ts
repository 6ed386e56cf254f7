import { failed, ok, type Result } from '../base/failure.ts';
import type { CoreState } from '../control/core.ts';
import type { ExperimentContext } from '../control/experiment.ts';
import type { Definition } from '../domain/campaign.ts';
import { capabilityOf, type Capability } from '../domain/descriptor.ts';
import type { NewEvent, Reservation } from '../domain/event.ts';
import { ExperimentId, MaterialId } from '../domain/ids.ts';
import { consumptionOf, resolveParameters, scopeOf } from '../domain/resolve.ts';
import type { Step } from '../domain/protocol.ts';
import { legAt, legsOf } from '../domain/stages.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { measureUnit } from '../domain/lab.ts';
import { fromSi } from '../domain/quantity.ts';

/**
 * Promises an experiment all that its steps will use, lot by lot, the first to expire first; or says that the stock is
 * short, which ends the campaign. What hangs on parameters or results that are still to come is promised when they are
 * chosen. Nothing follows while a capability is still unknown: it is tried again when a device announces itself.
 */
export function reserve(state: CoreState, id: string, ledger: Ledger, now: number): NewEvent[] {
  const snapshot = state.experiments.get(id);
  const { definition } = state;
  if (snapshot === undefined || definition === undefined) return [];
  const goesOn = snapshot.context.chosen === true;
  if (!goesOn && snapshot.value !== 'suggested') return [];
  const experiment = ExperimentId.parse(id);
  const needs = goesOn ? newNeeds(state, definition, snapshot.context) : needsOf(state, definition, snapshot.context);
  if (needs === undefined) return [];
  if (!needs.ok) {
    const reason = `${needs.failure.message} ${needs.failure.mend ?? ''}`.trim();
    return [{ type: 'experiment.failed', data: { experiment, reason, retryable: false } }];
  }
  const reservations: Reservation[] = [];
  for (const [material, need] of needs.value) {
    const taken = takeFrom(ledger.available(material, now), material, need);
    if (taken.missing > need * 1e-9) {
      const reason = shortage(state, material, need, need - taken.missing);
      const type = goesOn ? 'experiment.dropped' : 'experiment.cancelled';
      return [
        { type, data: { experiment, reason } },
        { type: 'campaign.stopping', data: { by: 'controller', reason } },
      ];
    }
    reservations.push(...taken.reservations);
  }
  return [{ type: goesOn ? 'experiment.provided' : 'experiment.planned', data: { experiment, reservations } }];
}

type Needs = Result<ReadonlyMap<string, number>> | undefined;

/** SI by material, of all steps from a stage on whose parameters are known; undefined while a capability is not. */
function needsOf(
  state: CoreState,
  definition: Definition,
  { experiment, point, results }: Pick<ExperimentContext, 'experiment' | 'point' | 'results'>,
  from = 0,
): Needs {
  const scope = scopeOf(definition, point, results);
  const needs = new Map<string, number>();
  for (const step of definition.protocol.stages.slice(from).flatMap(({ steps }) => steps)) {
    const capability = capabilityFor(state, step);
    if (capability === undefined) return undefined;
    const parameters = resolveParameters(step, capability, scope, experiment);
    if (!parameters.ok) {
      if (parameters.failure.code === 'expression.invalid') continue;
      return failed(parameters.failure);
    }
    for (const { material, amount } of consumptionOf(capability, parameters.value))
      needs.set(material, (needs.get(material) ?? 0) + amount);
  }
  return ok(needs);
}

/** What the coming steps use that could not be known when the leg before was chosen. */
function newNeeds(state: CoreState, definition: Definition, context: ExperimentContext): Needs {
  const { experiment, point, results, stage } = context;
  const legs = legsOf(definition);
  const leg = legAt(legs, stage);
  const known = legs[legs.indexOf(leg) - 1]?.first ?? 0;
  const stepsThen = new Set(
    definition.protocol.stages.slice(0, known).flatMap(({ steps }) => steps.map(({ id }) => id)),
  );
  const then = {
    experiment,
    point: Object.fromEntries(Object.entries(point).filter(([name]) => !leg.parameters.includes(name))),
    results: Object.fromEntries(Object.entries(results).filter(([id]) => stepsThen.has(id))),
  };
  const before = needsOf(state, definition, then, stage);
  const now = needsOf(state, definition, context, stage);
  if (before === undefined || now === undefined || !before.ok || !now.ok) return now;
  return ok(
    new Map([...now.value].map(([material, amount]) => [material, amount - (before.value.get(material) ?? 0)])),
  );
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

/** The material for want of which a campaign has ended, by its reason; undefined where it ended for another. */
export const shortOf = (reason: string | undefined): string | undefined =>
  /^the stock of (\S+) is short:/.exec(reason ?? '')?.[1];
