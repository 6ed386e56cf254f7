import * as z from 'zod';
import { failed, failure, ok, type Result } from '../src/base/failure.ts';
import type { LabDevice } from '../src/domain/lab.ts';

/** A counter of another maker as one in joules. */
export interface CounterReading {
  /** J since `resetAt`. */
  readonly total: number;
  /** The counter's own word on when it began; empty where it does not tell, and a falling total is the only sign. */
  readonly resetAt: string;
  /** Smallest step of the counter, J. */
  readonly resolution: number;
  /** W now, where it tells. */
  readonly power?: number;
}

const joulesPer = { kWh: 3_600_000, Wh: 3600, Wmin: 60 } as const;

/** A value per channel; a plug with several shows them together. */
const Channels = z.union([z.number(), z.array(z.number()).min(1)]);
const sum = (value: z.infer<typeof Channels>): number =>
  typeof value === 'number' ? value : value.reduce((total, each) => total + each, 0);

const TasmotaEnergy = z.object({ TotalStartTime: z.string().default(''), Total: Channels, Power: Channels.optional() });
const Tasmota = z.union([
  z.object({ ENERGY: TasmotaEnergy }),
  z.object({ StatusSNS: z.object({ ENERGY: TasmotaEnergy }) }).transform(({ StatusSNS }) => StatusSNS),
]);

/**
 * Tasmota: `tele/+/SENSOR` and `stat/+/STATUS8`. `ENERGY.Total` in kWh, written with as many decimals as the device counts
 * (`EnergyRes`); resets move `TotalStartTime`. https://tasmota.github.io/docs/Energy-Saving/
 */
export function readTasmota(payload: string): Result<CounterReading> {
  const read = parse(payload, Tasmota, 'Tasmota energy message');
  if (!read.ok) return read;
  const { Total, TotalStartTime, Power } = read.value.ENERGY;
  const resolution = stepOf(payload, 'Total', 'kWh');
  return reading(sum(Total) * joulesPer.kWh, resolution, TotalStartTime, Power === undefined ? undefined : sum(Power));
}

const ShellyGen2 = z.object({ aenergy: z.object({ total: z.number() }), apower: z.number().optional() });

/**
 * Shelly Gen2 and later: `<id>/status/switch:0` and `Switch.GetStatus`. `aenergy.total` in Wh, always with three decimals;
 * the device does not say when it began to count.
 * https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Switch
 */
export function readShellyGen2(payload: string): Result<CounterReading> {
  const read = parse(payload, ShellyGen2, 'Shelly switch status');
  if (!read.ok) return read;
  const { aenergy, apower } = read.value;
  return reading(aenergy.total * joulesPer.Wh, stepOf(payload, 'total', 'Wh'), '', apower);
}

const ShellyGen1 = z.union([z.number(), z.object({ total: z.number(), power: z.number().optional() })]);

/**
 * Shelly Gen1: `shellies/<id>/relay/0/energy` (a bare number) and `/meter/0`. Watt-minutes, whole; begins again at zero
 * whenever the device starts. https://shelly-api-docs.shelly.cloud/gen1/
 */
export function readShellyGen1(payload: string): Result<CounterReading> {
  const read = parse(payload, ShellyGen1, 'Shelly meter message');
  if (!read.ok) return read;
  const { total, power = undefined } = typeof read.value === 'number' ? { total: read.value } : read.value;
  return reading(total * joulesPer.Wmin, joulesPer.Wmin, '', power);
}

const Zigbee2Mqtt = z.object({ energy: z.number(), power: z.number().optional() });

/** Plugs of this family count in steps of 10 Wh unless they write more decimals. */
const zigbeeStep = 0.01 * joulesPer.kWh;

/** Zigbee2MQTT: `zigbee2mqtt/<name>`, `energy` in kWh and `power` in W. https://www.zigbee2mqtt.io/guide/usage/exposes.html */
export function readZigbee2Mqtt(payload: string): Result<CounterReading> {
  const read = parse(payload, Zigbee2Mqtt, 'Zigbee2MQTT message');
  if (!read.ok) return read;
  const { energy, power } = read.value;
  return reading(energy * joulesPer.kWh, Math.min(zigbeeStep, stepOf(payload, 'energy', 'kWh')), '', power);
}

export type PlugKind = NonNullable<LabDevice['meter']>['kind'];

/** By the kind that lab.yaml names. */
export const counterReaders: Readonly<Record<PlugKind, (payload: string) => Result<CounterReading>>> = {
  tasmota: readTasmota,
  'shelly-gen2': readShellyGen2,
  'shelly-gen1': readShellyGen1,
  zigbee2mqtt: readZigbee2Mqtt,
};

/** The steps, J, in which these count as they are sold. */
export const usualSteps: Readonly<Record<PlugKind, number>> = {
  tasmota: joulesPer.Wh,
  'shelly-gen2': joulesPer.Wh / 1000,
  'shelly-gen1': joulesPer.Wmin,
  zigbee2mqtt: zigbeeStep,
};

function parse<S extends z.ZodType>(payload: string, schema: S, what: string): Result<z.output<S>> {
  let json: unknown;
  try {
    json = JSON.parse(payload);
  } catch {
    return failed(failure('message.malformed', `The ${what} is not JSON.`));
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return ok(parsed.data);
  const { path, message } = parsed.error.issues[0]!;
  return failed(failure('message.malformed', `This is no ${what}: ${path.join('.')} ${message}.`));
}

function reading(total: number, resolution: number, resetAt: string, power?: number): Result<CounterReading> {
  if (total < 0) return failed(failure('message.malformed', 'An energy counter is below zero.'));
  return ok({ total, resetAt, resolution, ...(power === undefined ? {} : { power }) });
}

/**
 * The step of a counter, J, by the decimals that its text has: 514.153 kWh counts in 3.6 kJ. JSON readers drop trailing
 * zeros, so the text is looked at; in an array the number with the most decimals decides.
 */
function stepOf(payload: string, name: string, unit: keyof typeof joulesPer): number {
  const written = new RegExp(`"${name}"\\s*:\\s*\\[?([\\d.,\\s]+)`).exec(payload)?.[1] ?? '';
  const decimals = written.split(',').map((number) => number.trim().split('.')[1]?.length ?? 0);
  return joulesPer[unit] / 10 ** Math.max(0, ...decimals);
}
