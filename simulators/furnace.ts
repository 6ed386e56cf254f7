import { furnace, lossAt, type FurnaceOptions } from '../devices/furnace.ts';
import { fromSi, toSi } from '../src/domain/quantity.ts';
import type { DriverCommand } from '../src/wire/driver.ts';
import { integrate } from './integrate.ts';
import type { Act, Activity, Instrument, Surroundings } from './instrument.ts';

/**
 * Energy balance of a block of one temperature T (K):
 *
 *   C dT/dt = P - L(T),   L(T) = h (T - Ta) + eps A sigma (T^4 - Ta^4)
 *
 * C: J/K, P: W, h: W/K (Newton 1701), sigma: Stefan 1879 and Boltzmann 1884. Heating at full power, holding at P = L(T),
 * cooling with a larger h and no heater. While only one side of the balance changes, time is a function of temperature:
 * dt = C dT / (P - L(T)).
 */
export interface HeatCycle {
  /** s */
  readonly heating: number;
  readonly hold: number;
  readonly cooling: number;
  /** W while holding. */
  readonly holdWatt: number;
  /** J from the heater in all. */
  readonly energy: number;
}

/** A run from `start` K to `target` K, a hold of `hold` s, and the way down to the release temperature. */
export function heatCycle(o: FurnaceOptions, start: number, target: number, hold: number): HeatCycle {
  const heating = start < target ? secondsBetween(o, start, target, (t) => o.max_power - lossAt(o, t)) : 0;
  const down = (from: number, to: number) => (from <= to ? 0 : secondsBetween(o, from, to, (t) => -fanLossAt(o, t)));
  const holdWatt = lossAt(o, target);
  const cooling = down(Math.max(start, target), target) + down(target, o.release_temperature);
  return { heating, hold, cooling, holdWatt, energy: o.max_power * heating + holdWatt * hold };
}

const fanLossAt = (o: FurnaceOptions, kelvin: number): number => lossAt({ ...o, loss: o.fan_loss }, kelvin);

function secondsBetween(o: FurnaceOptions, from: number, to: number, netWatt: (kelvin: number) => number): number {
  const direction = Math.sign(to - from);
  const perKelvin = (kelvin: number) => (direction * o.heat_capacity) / netWatt(kelvin);
  return integrate((distance) => [perKelvin(from + direction * distance)], [0], Math.abs(to - from), 1e-9)[0]!;
}

/** Temperature (K) after `seconds` of a constant heater power. */
export function temperatureAfter(o: FurnaceOptions, start: number, watt: number, seconds: number, fan = false): number {
  if (seconds <= 0) return start;
  const loss = (t: number) => (fan ? fanLossAt(o, t) : lossAt(o, t));
  return integrate((_, [t]) => [(watt - loss(t!)) / o.heat_capacity], [start], seconds, 1e-9)[0]!;
}

/** Temperature (K) of a run, `elapsed` seconds after its door was opened. */
export function temperatureDuring(o: FurnaceOptions, run: Run, elapsed: number): number {
  const heated = elapsed - o.door;
  const cooled = heated - run.cycle.heating - run.cycle.hold;
  if (cooled > 0) return temperatureAfter(o, run.target, 0, cooled, true);
  if (heated > run.cycle.heating) return run.target;
  return temperatureAfter(o, run.start, run.start < run.target ? o.max_power : 0, heated);
}

export interface Run {
  readonly start: number;
  readonly target: number;
  readonly cycle: HeatCycle;
}

interface Batch extends Run {
  readonly recipe: string;
  readonly opened: number;
  readonly closesAt: number;
  readonly endsAt: number;
}

/**
 * Commands of one batch come while the door is open and have the same recipe; all end when the furnace opens again. A
 * furnace whose process has died is taken to have cooled to the room before it works again.
 */
export function simulateFurnace(place: Surroundings): Instrument {
  const options = furnace.read(place.id, place.device.options);
  return new Furnace(place, options);
}

class Furnace implements Instrument {
  readonly idleWatt: number;
  readonly #options: FurnaceOptions;
  readonly #now: () => number;
  /** What it was when nothing ran any more. */
  #block: { readonly temperature: number; readonly at: number };
  #batch: Batch | undefined;

  constructor({ clock }: Surroundings, options: FurnaceOptions) {
    this.idleWatt = options.idle_power;
    this.#options = options;
    this.#now = () => clock.now();
    this.#block = { temperature: options.room_temperature, at: clock.now() };
  }

  refuse(command: DriverCommand): ReturnType<NonNullable<Instrument['refuse']>> {
    if (this.#batch === undefined) return undefined;
    if (this.#now() > this.#batch.closesAt)
      return { code: 'E_BUSY', message: 'The door is closed until the batch ends.' };
    if (recipeName(command) === this.#batch.recipe) return undefined;
    return { code: 'E_BUSY', message: `The batch inside is annealed at ${this.#batch.recipe}.` };
  }

  begin(command: DriverCommand, act: Act): Activity {
    if (this.#batch === undefined) return this.#lead(command, act);
    const seconds = (this.#batch.endsAt - this.#now()) / 1000;
    return { phases: [{ seconds, watt: this.idleWatt }], finish: () => treat(command, act) };
  }

  halt(): void {
    const batch = this.#batch;
    const at = this.#now();
    if (batch === undefined) return;
    this.#block = { temperature: temperatureDuring(this.#options, batch, (at - batch.opened) / 1000), at };
    this.#batch = undefined;
  }

  /** The first command of a batch draws the power. */
  #lead(command: DriverCommand, act: Act): Activity {
    const o = this.#options;
    const opened = this.#now();
    const { target, hold } = recipeOf(command);
    const start = temperatureAfter(o, this.#block.temperature, 0, (opened - this.#block.at) / 1000);
    const cycle = heatCycle(o, start, target, hold);
    const seconds = o.door + cycle.heating + cycle.hold + cycle.cooling;
    const times = { opened, closesAt: opened + o.door * 1000, endsAt: opened + Math.round(seconds * 1000) };
    const batch = { recipe: recipeName(command), start, target, cycle, ...times };
    this.#batch = batch;
    return {
      phases: [
        { seconds: o.door, watt: o.idle_power },
        { seconds: cycle.heating, watt: o.idle_power + o.max_power },
        { seconds: cycle.hold, watt: o.idle_power + cycle.holdWatt },
        { seconds: cycle.cooling, watt: o.idle_power + o.fan_power },
      ],
      sample: (elapsed) => ({
        channel: 'temperature',
        values: { block: fromSi(temperatureDuring(o, batch, elapsed), 'Cel') },
        unit: 'Cel',
      }),
      finish: () => {
        this.#batch = undefined;
        this.#block = { temperature: o.release_temperature, at: this.#now() };
        return treat(command, act);
      },
    };
  }
}

const recipeOf = ({ parameters }: DriverCommand): { target: number; hold: number } => ({
  target: toSi(Number(parameters['temperature']), 'Cel'),
  hold: Number(parameters['hold']),
});

const recipeName = ({ parameters }: DriverCommand): string =>
  `${String(parameters['temperature'])} degC for ${String(parameters['hold'])} s`;

/** The thermometer is true to half a kelvin (standard deviation). */
function treat(command: DriverCommand, act: Act) {
  const { target, hold } = recipeOf(command);
  const temperature = fromSi(target, 'Cel');
  act.record({ kind: 'treated', sample: String(command.parameters['sample']), how: { temperature, hold } });
  const peak = temperature * act.gain + 0.5 * act.random.normal();
  return { result: { peak, time_at_temperature: hold }, consumed: [] };
}
