import type { Amount, EventOf, LabEvent } from '../../domain/event.ts';
import { measureUnit } from '../../domain/lab.ts';
import type { BookedAmount, LotView } from '../contract.ts';
import { update, put, type Model } from './model.ts';
import { changeCosts } from './costs.ts';

/**
 * Stock per lot. Amounts used come out of what the experiment was promised; whatever it used beyond that comes out of
 * the same lot. The ledger's double entry is the authority; this is what a person sees at a glance.
 */
export function foldStock(model: Model, event: LabEvent): void {
  switch (event.type) {
    case 'lot.registered':
      return register(model, event);
    case 'experiment.planned':
      return reserve(model, event);
    case 'command.ended': {
      const open = model.commands.get(event.data.key);
      if (open === undefined || event.data.outcome === 'indeterminate') return;
      const asPlanned = event.data.outcome === 'ok' ? open.command.consumes : [];
      return consume(model, open.command.experiment, event.data.consumed ?? asPlanned);
    }
    case 'command.resolved': {
      const open = model.commands.get(event.data.key);
      if (open === undefined || event.data.as === 'not_happened') return;
      return consume(model, open.command.experiment, open.command.consumes);
    }
    case 'experiment.completed':
    case 'experiment.failed':
    case 'experiment.lost':
    case 'experiment.dropped':
    case 'experiment.cancelled':
      return release(model, event.data.experiment);
  }
}

/** An amount as a person reads it. */
export function bookedAmount(model: Model, { material, amount }: Amount): BookedAmount {
  return { amount, ...named(model, material) };
}

function named(model: Model, material: Amount['material']): { name: string; unit: LotView['unit'] } {
  const known = model.lab?.materials[material];
  return { name: known?.name ?? material, unit: measureUnit[known?.measure ?? 'volume'] };
}

const lotId = (material: string, lot: string): string => `${material}/${lot}`;

function register(model: Model, { data }: EventOf<'lot.registered'>): void {
  const { material, lot, amount, cost, co2e, expires } = data;
  const id = lotId(material, lot);
  const hazard = model.lab?.materials[material]?.hazard;
  const known = model.sections.lots.get(id);
  put(model, 'lots', {
    id,
    material,
    lot,
    ...named(model, material),
    registered: (known?.registered ?? 0) + amount,
    used: known?.used ?? 0,
    reserved: known?.reserved ?? 0,
    ...(hazard === undefined ? {} : { hazard }),
    ...(cost === undefined ? {} : { cost }),
    ...(co2e === undefined ? {} : { co2e }),
    ...(expires === undefined ? {} : { expires }),
  });
}

function reserve(model: Model, { data }: EventOf<'experiment.planned'>): void {
  model.reservations.set(
    data.experiment,
    data.reservations.map((reservation) => ({ ...reservation })),
  );
  for (const { material, lot, amount } of data.reservations) changeLot(model, lotId(material, lot), 0, amount);
}

function release(model: Model, experiment: string): void {
  for (const { material, lot, amount } of model.reservations.get(experiment) ?? [])
    changeLot(model, lotId(material, lot), 0, -amount);
  model.reservations.delete(experiment);
}

function consume(model: Model, experiment: string, amounts: readonly Amount[]): void {
  for (const { material, amount } of amounts) {
    const promised = model.reservations.get(experiment)?.filter((reservation) => reservation.material === material);
    let rest = amount;
    for (const reservation of promised ?? []) {
      const taken = Math.min(rest, reservation.amount);
      reservation.amount -= taken;
      rest -= taken;
      changeLot(model, lotId(material, reservation.lot), taken, -taken);
    }
    const beyond = promised?.at(-1)?.lot ?? firstLot(model, material);
    if (rest > 0 && beyond !== undefined) changeLot(model, lotId(material, beyond), rest, 0);
  }
  if (amounts.length > 0) changeCosts(model);
}

const firstLot = (model: Model, material: string): string | undefined =>
  [...model.sections.lots.values()].find((lot) => lot.material === material)?.lot;

function changeLot(model: Model, id: string, used: number, reserved: number): void {
  const lot = model.sections.lots.get(id);
  if (lot === undefined) return;
  update(model, 'lots', id, { used: lot.used + used, reserved: Math.max(0, lot.reserved + reserved) });
}
