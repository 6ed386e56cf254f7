import type { EventOf, LabEvent } from '../../domain/event.ts';
import type { Span } from '../../domain/hours.ts';
import type { EnergyView } from '../contract.ts';
import { changeCosts } from './costs.ts';
import { put, type Model } from './model.ts';

/** Energy per device: from its counter where it has one, else from its power model, and marked as such. */
export function foldEnergy(model: Model, event: LabEvent): void {
  switch (event.type) {
    case 'device.announced':
      return announce(model, event);
    case 'meter.read':
      return read(model, event);
    case 'command.accepted':
      return changeBusy(model, event.at, event.data.key, 1);
    case 'command.ended':
      changeBusy(model, event.at, event.data.key, -1);
      return bookSpans(model, event);
    case 'campaign.finished':
      for (const device of model.power.keys()) bookModelled(model, device, event.at);
  }
}

function announce(model: Model, { at, data: { device, descriptor } }: EventOf<'device.announced'>): void {
  const metered = descriptor.meters.length > 0 || model.lab?.devices[device]?.meter !== undefined;
  if (metered || descriptor.power === undefined || model.power.has(device)) return;
  const { idle_watt: idle, active_watt: active } = descriptor.power;
  model.power.set(device, { idle, active, busy: 0, bookedTo: at });
}

function read(model: Model, { at, data }: EventOf<'meter.read'>): void {
  const { device, meter, total, resetAt, power } = data;
  const id = `${device}/${meter}`;
  const known = model.meters.get(id);
  model.meters.set(id, { total, resetAt, at });
  // The first reading is where this campaign begins; after a reset the counter has begun at zero again.
  const since = known === undefined ? total : known.resetAt === resetAt ? known.total : 0;
  book(model, device, Math.max(0, total - since), 'measured', { from: known?.at ?? at, to: at }, power);
}

/** Readings that came with a command count only where the counter itself is not heard. */
function bookSpans(model: Model, { at, data }: EventOf<'command.ended'>): void {
  const open = model.commands.get(data.key);
  if (open === undefined) return;
  const { device } = open.command;
  for (const { meter, start, end } of data.meters)
    if (!model.meters.has(`${device}/${meter}`))
      book(model, device, Math.max(0, end - start), 'measured', { from: open.intendedAt, to: at });
}

/** Counts a command from its acceptance to its end, which the state of its bar tells apart from one never begun. */
function changeBusy(model: Model, at: number, key: string, change: 1 | -1): void {
  const bar = model.sections.bars.get(key);
  const power = bar && model.power.get(bar.device);
  if (power === undefined || bar?.state !== (change === 1 ? 'intended' : 'running')) return;
  bookModelled(model, bar.device, at);
  power.busy = Math.max(0, power.busy + change);
}

function bookModelled(model: Model, device: string, at: number): void {
  const power = model.power.get(device);
  if (power === undefined || at <= power.bookedTo) return;
  const watts = power.busy > 0 ? power.active : power.idle;
  const when = { from: power.bookedTo, to: at };
  book(model, device, (watts * (at - power.bookedTo)) / 1000, 'modelled', when, watts);
  power.bookedTo = at;
}

function book(
  model: Model,
  device: string,
  joules: number,
  basis: EnergyView['basis'],
  { from, to }: Span,
  power?: number,
): void {
  const known = model.sections.energy.get(device);
  const watts = power ?? known?.power;
  put(model, 'energy', {
    id: device,
    joules: (known?.joules ?? 0) + joules,
    basis,
    ...(watts === undefined ? {} : { power: watts }),
  });
  if (joules <= 0) return;
  const { price, carbon } = model.rates.mean(from, to);
  model.charged.money += joules * price;
  model.charged.co2e += joules * carbon;
  changeCosts(model);
}
