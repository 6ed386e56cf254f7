import type { Lab } from '../src/domain/lab.ts';
import { fileEffects, memoryEffects, type Effect, type EffectsLog, type Happening } from './effects.ts';

/**
 * What physically is: where every sample stands and what is in it, what is left in the bottles, what every device has
 * drawn from the mains. It is folded from the effects logs alone, so it survives the death of any process, and it is the
 * truth that books are compared with.
 */
export interface World {
  record(device: string, at: number, happening: Happening, key?: string): void;
  /** Where a sample is: a device, a rack, the arm that holds it; undefined when nobody has brought it yet. */
  placeOf(sample: string): string | undefined;
  samplesAt(place: string): string[];
  /** True amounts in a sample by material, SI. */
  contentsOf(sample: string): Readonly<Record<string, number>>;
  treatmentsOf(sample: string): readonly Readonly<Record<string, number>>[];
  /** What is left of a material in all its bottles, SI; infinite when the lab does not list it. */
  leftOf(material: string): number;
  /** True totals by material that have left their bottles, SI. */
  dispensed(): Readonly<Record<string, number>>;
  pours(): readonly Pour[];
  /** Joules that a device has drawn since it was first switched on. */
  drawn(device: string, at: number): number;
  /** Watts that it draws now. */
  powerOf(device: string): number;
  /** When the device was first switched on, ms. */
  onSince(device: string): number | undefined;
  /** How often its process has started. */
  bootsOf(device: string): number;
  /** What must not happen: samples that collide, a command carried out twice. */
  accidents(): readonly { readonly at: number; readonly device: string; readonly message: string }[];
  /** Whether a command has physically happened: the answer that an honest person gives when asked. */
  truthOf(key: string): 'happened' | 'partly' | 'not_happened';
  /** The hand of a person. */
  put(sample: string, place: string, at: number): void;
  remove(sample: string, at: number): void;
}

export interface Pour {
  readonly device: string;
  readonly at: number;
  readonly key?: string;
  readonly material: string;
  readonly amount: number;
  readonly reported: number;
  readonly sample?: string;
}

/** Bottles hold a little more than their label says (2 %), so that a stock that is used to the last drop is enough. */
const overfill = 1.02;

interface SampleState {
  place: string | undefined;
  since: number;
  readonly contents: Record<string, number>;
  readonly treatments: Readonly<Record<string, number>>[];
}

interface ActState {
  began: number;
  effects: number;
  finished: boolean;
}

/** In memory, or in a directory that several processes share. */
export function createWorld({ lab, directory }: { lab: Lab; directory?: string }): World {
  const log = directory === undefined ? memoryEffects() : fileEffects(directory);
  return new FoldedWorld(lab, log);
}

class FoldedWorld implements World {
  readonly #lab: Lab;
  readonly #log: EffectsLog;
  readonly #samples = new Map<string, SampleState>();
  readonly #power = new Map<string, { at: number; watt: number; joules: number; since: number }>();
  readonly #boots = new Map<string, number>();
  readonly #acts = new Map<string, ActState>();
  readonly #accidents: { at: number; device: string; message: string }[] = [];
  readonly #dispensed: Record<string, number> = {};
  readonly #pours: Pour[] = [];

  constructor(lab: Lab, log: EffectsLog) {
    this.#lab = lab;
    this.#log = log;
  }

  record(device: string, at: number, happening: Happening, key?: string): void {
    this.#log.append({ ...happening, device, at, ...(key === undefined ? {} : { key }) });
    if (happening.kind === 'placed') this.#checkCollision(device, at, happening.place, key);
  }

  placeOf(sample: string): string | undefined {
    return this.#read().#samples.get(sample)?.place;
  }

  samplesAt(place: string): string[] {
    return [...this.#read().#samples].filter(([, state]) => state.place === place).map(([id]) => id);
  }

  contentsOf(sample: string): Readonly<Record<string, number>> {
    return this.#read().#samples.get(sample)?.contents ?? {};
  }

  treatmentsOf(sample: string): readonly Readonly<Record<string, number>>[] {
    return this.#read().#samples.get(sample)?.treatments ?? [];
  }

  leftOf(material: string): number {
    const stock = this.#lab.materials[material as keyof Lab['materials']];
    if (stock === undefined) return Infinity;
    const bottled = stock.lots.reduce((sum, lot) => sum + lot.amount, 0);
    return bottled * overfill - (this.#read().#dispensed[material] ?? 0);
  }

  dispensed(): Readonly<Record<string, number>> {
    return this.#read().#dispensed;
  }

  pours(): readonly Pour[] {
    return this.#read().#pours;
  }

  drawn(device: string, at: number): number {
    const power = this.#read().#power.get(device);
    return power === undefined ? 0 : power.joules + (power.watt * Math.max(0, at - power.at)) / 1000;
  }

  powerOf(device: string): number {
    return this.#read().#power.get(device)?.watt ?? 0;
  }

  onSince(device: string): number | undefined {
    return this.#read().#power.get(device)?.since;
  }

  bootsOf(device: string): number {
    return this.#read().#boots.get(device) ?? 0;
  }

  accidents(): readonly { readonly at: number; readonly device: string; readonly message: string }[] {
    return this.#read().#accidents;
  }

  truthOf(key: string): 'happened' | 'partly' | 'not_happened' {
    const act = this.#read().#acts.get(key);
    if (act?.finished) return 'happened';
    return act === undefined || act.effects === 0 ? 'not_happened' : 'partly';
  }

  put(sample: string, place: string, at: number): void {
    this.record('person', at, { kind: 'placed', sample, place });
  }

  remove(sample: string, at: number): void {
    this.record('person', at, { kind: 'removed', sample });
  }

  #checkCollision(device: string, at: number, place: string, key: string | undefined): void {
    const places =
      this.#lab.devices[place as keyof Lab['devices']]?.places ?? this.#lab.racks[place as keyof Lab['racks']]?.places;
    const there = this.samplesAt(place);
    if (places === undefined || there.length <= places) return;
    const message = `${there.join(', ')} stand at ${place}, which has ${places === 1 ? 'one place' : `${places} places`}.`;
    this.record(device, at, { kind: 'accident', message }, key);
  }

  #read(): this {
    for (const effect of this.#log.news()) this.#fold(effect);
    return this;
  }

  #fold(effect: Effect): void {
    this.#foldAct(effect);
    switch (effect.kind) {
      case 'booted':
        this.#boots.set(effect.device, (this.#boots.get(effect.device) ?? 0) + 1);
        break;
      case 'poured':
        this.#foldPour(effect);
        break;
      case 'picked':
        this.#locate(effect.sample, effect.device, effect.at);
        break;
      case 'placed':
        this.#locate(effect.sample, effect.place, effect.at);
        break;
      case 'removed':
        this.#locate(effect.sample, undefined, effect.at);
        break;
      case 'treated':
        this.#sample(effect.sample).treatments.push(effect.how);
        break;
      case 'power': {
        const since = this.#power.get(effect.device)?.since ?? effect.at;
        this.#power.set(effect.device, { at: effect.at, watt: effect.watt, joules: effect.joules, since });
        break;
      }
      case 'accident':
        this.#accidents.push({ at: effect.at, device: effect.device, message: effect.message });
    }
  }

  #foldAct({ key, kind, device, at }: Effect): void {
    if (key === undefined) return;
    const act = this.#acts.get(key) ?? { began: 0, effects: 0, finished: false };
    this.#acts.set(key, act);
    if (kind === 'began') {
      act.began += 1;
      if (act.began > 1) this.#accidents.push({ at, device, message: `The command ${key} was carried out twice.` });
    } else if (kind === 'finished') act.finished = true;
    else if (kind !== 'power' && kind !== 'accident') act.effects += 1;
  }

  #foldPour(effect: Effect & { kind: 'poured' }): void {
    const { device, at, material, amount, reported, key, sample } = effect;
    this.#pours.push({
      device,
      at,
      material,
      amount,
      reported,
      ...(key === undefined ? {} : { key }),
      ...(sample === undefined ? {} : { sample }),
    });
    this.#dispensed[material] = (this.#dispensed[material] ?? 0) + amount;
    if (sample === undefined) return;
    const { contents } = this.#sample(sample);
    contents[material] = (contents[material] ?? 0) + amount;
  }

  /** Logs of different devices arrive in any order: the latest word on a place counts. */
  #locate(sample: string, place: string | undefined, at: number): void {
    const state = this.#sample(sample);
    if (at < state.since) return;
    state.place = place;
    state.since = at;
  }

  #sample(id: string): SampleState {
    const known = this.#samples.get(id) ?? { place: undefined, since: -Infinity, contents: {}, treatments: [] };
    this.#samples.set(id, known);
    return known;
  }
}
