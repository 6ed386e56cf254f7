import type { Amount, EventOf, LabEvent } from '../../domain/event.ts';
import { measureUnit } from '../../domain/lab.ts';
import type { BookedAmount, LotView } from '../contract.ts';
import { kept, put, update, type Draw, type Model } from './model.ts';
import { changeCosts } from './costs.ts';

/**
 * Stock per lot. Amounts used come out of what the experiment was promised; whatever it used beyond that comes out of
 * the same lot. A device that comes back with the truth is believed over the person who decided before it did. The
 * ledger's double entry is the authority; this is what a person sees at a glance.
 */
export function foldStock(model: Model, event: LabEvent): void {
  switch (event.type) {
    case 'lot.registered':
      return register(model, event);
    case 'experiment.planned':
    case 'experiment.provided':
      return reserve(model, event);
    case 'command.ended':
      return settle(model, event);
    case 'command.refused':
      return takeBack(model, event.data.key);
    case 'command.resolved':
      return resolve(model, event);
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
    ...sum('cost', known?.cost, cost),
    ...sum('co2e', known?.co2e, co2e),
    ...(expires === undefined ? {} : { expires }),
  });
}

/** A lot that is registered again is topped up. */
const sum = (name: 'cost' | 'co2e', known: number | undefined, more: number | undefined) =>
  known === undefined && more === undefined ? {} : { [name]: (known ?? 0) + (more ?? 0) };

function reserve(model: Model, { data }: EventOf<'experiment.planned' | 'experiment.provided'>): void {
  const before = model.reservations.get(data.experiment) ?? [];
  model.reservations.set(data.experiment, [...before, ...data.reservations.map((reservation) => ({ ...reservation }))]);
  for (const { material, lot, amount } of data.reservations) changeLot(model, lotId(material, lot), 0, amount);
}

function release(model: Model, experiment: string): void {
  for (const { material, lot, amount } of model.reservations.get(experiment) ?? [])
    changeLot(model, lotId(material, lot), 0, -amount);
  model.reservations.delete(experiment);
}

function settle(model: Model, { data }: EventOf<'command.ended'>): void {
  const { key, outcome, consumed, source } = data;
  if (outcome === 'indeterminate') return;
  const resolved = model.resolved.get(key);
  if (resolved !== undefined && source !== 'device') return;
  takeBack(model, key);
  const command = model.commands.get(key)?.command ?? resolved?.command;
  if (command !== undefined) consume(model, command.experiment, consumed ?? (outcome === 'ok' ? command.consumes : []));
}

function resolve(model: Model, { data: { key, as } }: EventOf<'command.resolved'>): void {
  const command = model.commands.get(key)?.command;
  if (command === undefined) return;
  const draws = as === 'not_happened' ? [] : consume(model, command.experiment, command.consumes);
  model.resolved.set(key, { command, draws });
  if (model.resolved.size > kept.resolved) model.resolved.delete(model.resolved.keys().next().value!);
}

/** What was booked on a person's word goes back to its lots. */
function takeBack(model: Model, key: string): void {
  const draws = model.resolved.get(key)?.draws ?? [];
  for (const { lot, amount } of draws) changeLot(model, lot, -amount, 0);
  model.resolved.delete(key);
  if (draws.length > 0) changeCosts(model);
}

function consume(model: Model, experiment: string, amounts: readonly Amount[]): Draw[] {
  const draws: Draw[] = [];
  const draw = (lot: string, amount: number, reserved: number) => {
    draws.push({ lot, amount });
    changeLot(model, lot, amount, -reserved);
  };
  for (const { material, amount } of amounts) {
    const promised = model.reservations.get(experiment)?.filter((reservation) => reservation.material === material);
    let rest = amount;
    for (const reservation of promised ?? []) {
      const taken = Math.min(rest, reservation.amount);
      reservation.amount -= taken;
      rest -= taken;
      if (taken > 0) draw(lotId(material, reservation.lot), taken, taken);
    }
    const beyond = promised?.at(-1)?.lot ?? firstLot(model, material);
    if (rest > 0 && beyond !== undefined) draw(lotId(material, beyond), rest, 0);
  }
  if (draws.length > 0) changeCosts(model);
  return draws;
}

const firstLot = (model: Model, material: string): string | undefined =>
  [...model.sections.lots.values()].find((lot) => lot.material === material)?.lot;

function changeLot(model: Model, id: string, used: number, reserved: number): void {
  const lot = model.sections.lots.get(id);
  if (lot === undefined) return;
  update(model, 'lots', id, { used: lot.used + used, reserved: Math.max(0, lot.reserved + reserved) });
}
