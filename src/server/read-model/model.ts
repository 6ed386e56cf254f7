import type { Command, LabEvent, Reservation } from '../../domain/event.ts';
import type { Lab } from '../../domain/lab.ts';
import { Rates } from '../../domain/tariff.ts';
import type { Protocol } from '../../domain/protocol.ts';
import type { FirstPlan, LabView, LogLine, Patch, Section, Sections } from '../contract.ts';

/**
 * The read model in memory. Folding an event replaces the few entities that it concerns and notes them in a short list of
 * changes, from which the patch since any recent sequence number is made; whoever has fallen further behind gets a
 * snapshot. So nothing is kept per viewer.
 *
 * It is changed in place, since a persistent map of thousands of bars would cost more per event than the engine takes.
 */
export interface Model {
  ledger: string;
  seq: number;
  readonly sections: { readonly [S in Section]: Map<string, Sections[S]> };
  readonly log: LogLine[];
  readonly changes: Change[];
  /** Patches can be made for viewers that know at least this. */
  completeFrom: number;

  // What the folds remember beside the view.
  lab: Lab | undefined;
  protocol: Protocol | undefined;
  /** Commands that have not ended, and indeterminate ones until their experiment ends. */
  readonly commands: Map<string, OpenCommand>;
  /** When the steps of samples in the lab were to run as first planned, by experiment and step. */
  readonly firstPlans: Map<string, ReadonlyMap<string, FirstPlan>>;
  /** What is promised to an experiment and not used yet. */
  readonly reservations: Map<string, Reservation[]>;
  /** Commands that a person has decided on, until the device itself may have told; the last few. */
  readonly resolved: Map<string, { readonly command: Command; readonly draws: readonly Draw[] }>;
  readonly meters: Map<string, MeterState>;
  readonly power: Map<string, PowerState>;
  rates: Rates;
  /** What the energy of all devices has cost and emitted (kg), by the rates of the time in which it was drawn. */
  readonly charged: { money: number; co2e: number };
}

export interface OpenCommand {
  readonly command: Command;
  readonly number: number;
  readonly intendedAt: number;
}

/** An amount taken from a lot, by the lot's id in the view. */
export interface Draw {
  readonly lot: string;
  readonly amount: number;
}

export interface MeterState {
  total: number;
  resetAt: string;
  /** Lab ms. */
  at: number;
}

/** Of a device without a meter: its power model and how far its energy has been booked. */
export interface PowerState {
  readonly idle: number;
  readonly active: number;
  busy: number;
  bookedTo: number;
}

interface Change {
  readonly seq: number;
  readonly section: Section;
  readonly id: string;
}

/** How much of the past the page holds; the rest is in the ledger. */
export const kept = { bars: 4000, experiments: 2000, log: 200, changes: 8000, resolved: 100 } as const;

export const sectionNames: readonly Section[] = [
  'campaign',
  'progress',
  'experiments',
  'results',
  'links',
  'devices',
  'bars',
  'lots',
  'energy',
  'indeterminate',
  'late',
];

export function createModel(): Model {
  return {
    ledger: '',
    seq: 0,
    sections: Object.fromEntries(sectionNames.map((name) => [name, new Map()])) as Model['sections'],
    log: [],
    changes: [],
    completeFrom: 0,
    lab: undefined,
    protocol: undefined,
    commands: new Map(),
    firstPlans: new Map(),
    reservations: new Map(),
    resolved: new Map(),
    meters: new Map(),
    power: new Map(),
    rates: new Rates({}),
    charged: { money: 0, co2e: 0 },
  };
}

/** Called first for every event: what is put from here on belongs to it. */
export function advance(model: Model, event: LabEvent): void {
  if (model.seq === 0) model.ledger = event.hash;
  model.seq = event.seq;
}

export function put<S extends Section>(model: Model, section: S, entity: Sections[S]): void {
  model.sections[section].set(entity.id, entity);
  note(model, section, entity.id);
}

export function update<S extends Section>(model: Model, section: S, id: string, change: Partial<Sections[S]>): void {
  const known = model.sections[section].get(id);
  if (known !== undefined) put(model, section, { ...known, ...change });
}

export function remove(model: Model, section: Section, id: string): void {
  if (model.sections[section].delete(id)) note(model, section, id);
}

function note(model: Model, section: Section, id: string): void {
  const { changes } = model;
  changes.push({ seq: model.seq, section, id });
  if (changes.length < 2 * kept.changes) return;
  const dropped = changes.splice(0, changes.length - kept.changes);
  model.completeFrom = dropped.at(-1)!.seq;
}

export function snapshotOf(model: Model): LabView {
  const sections: Partial<Record<Section, unknown[]>> = {};
  for (const name of sectionNames) sections[name] = [...model.sections[name].values()];
  return {
    ledger: model.ledger,
    seq: model.seq,
    sections: sections as LabView['sections'],
    log: [...model.log],
  };
}

/** What has changed after `from`, or undefined when that is too long ago to tell. */
export function patchSince(model: Model, from: number): Patch | undefined {
  if (from < model.completeFrom || from > model.seq) return undefined;
  const put: Partial<Record<Section, unknown[]>> = {};
  const removed: Partial<Record<Section, string[]>> = {};
  const seen = new Set<string>();
  for (let i = model.changes.length - 1; i >= 0 && model.changes[i]!.seq > from; i--) {
    const { section, id } = model.changes[i]!;
    const name = `${section}/${id}`;
    if (seen.has(name)) continue;
    seen.add(name);
    const entity = model.sections[section].get(id);
    if (entity === undefined) (removed[section] ??= []).push(id);
    else (put[section] ??= []).push(entity);
  }
  for (const list of [...Object.values(put), ...Object.values(removed)]) list.reverse();
  const log = model.log.filter((line) => line.seq > from);
  return { from, to: model.seq, put: put as Patch['put'], removed, log };
}
