import * as z from 'zod';
import { Hours, Instant, TimeZone } from './hours.ts';
import { DeviceId, LotId, MaterialId, PersonId, SiteId } from './ids.ts';
import { quantity } from './quantity.ts';
import type { DurationMs } from './resolve.ts';

/** `lab.yaml`: what stands where, what is in stock, and what it costs. All quantities are SI after reading. */

export const Fault = z.strictObject({
  kind: z.enum(['slow', 'hang', 'lost_reply', 'crash', 'refusal', 'drift']),
  /** Chance per command, 0 to 1. */
  probability: z.number().min(0).max(1).default(1),
  /** slow: factor on the duration; drift: relative change of a reading per hour. */
  amount: z.number().optional(),
});
export type Fault = z.infer<typeof Fault>;

/** A recipe as text, as the expressions of a protocol give it. */
const Recipe = z.union([z.string().min(1), z.number()]).transform(String);

export const LabDevice = z.strictObject({
  /** File name in devices/, or `discovered` when only the wire knows. */
  kind: z.string(),
  /** Places for samples. */
  places: z.int().min(1).max(10_000).default(1),
  /** Samples that it works on at once. */
  concurrency: z.int().min(1).max(10_000).default(1),
  /** Samples that start and end together, its door closed meanwhile. */
  batch: z.boolean().default(false),
  /** Time between two uses with different recipes; the device works on one sample, or one batch, at a time. */
  setup: quantity('s', { positive: true }).optional(),
  /** Where that takes another time. */
  setup_between: z.array(z.strictObject({ from: Recipe, to: Recipe, takes: quantity('s', { min: 0 }) })).optional(),
  /** Settings of the kind, such as the CSV of a table instrument. */
  options: z.record(z.string(), z.json()).default({}),
  /** Energy meter that is not the device's own: a smart plug heard on its own topic. */
  meter: z
    .strictObject({ kind: z.enum(['tasmota', 'shelly-gen2', 'shelly-gen1', 'zigbee2mqtt']), topic: z.string() })
    .optional(),
  /** Faults of the simulated instrument. */
  faults: z.array(Fault).default([]),
  /** When it may work; always when absent. */
  hours: z.array(Hours).min(1).optional(),
  /** When it must not. */
  maintenance: z.array(z.strictObject({ from: Instant, to: Instant, reason: z.string().optional() })).optional(),
  /** It works only while somebody with this skill is there. */
  attended: z.string().min(1).optional(),
  /** It does not work while energy costs or emits more than this, by the hours of the tariff. */
  avoid: z
    .strictObject({
      price_above: quantity('money/J', { min: 0 }).optional(),
      carbon_above: quantity('kg/J', { min: 0 }).optional(),
    })
    .refine((avoid) => Object.keys(avoid).length > 0, { message: 'needs "price_above" or "carbon_above".' })
    .optional(),
});
export type LabDevice = z.infer<typeof LabDevice>;

/** How many samples a device works on at once: a batch device on all of them together, others on each on its own. */
export const atOnce = ({ batch, places, concurrency }: LabDevice): number =>
  batch ? places : Math.min(places, concurrency);

const TravelTime = quantity('s', { positive: true });

export const Transport = z.strictObject({
  /** Devices with the capability `move`. */
  by: z.array(DeviceId).min(1),
  /** Time of any move that `between` does not name. */
  travel: TravelTime,
  between: z.array(z.strictObject({ from: DeviceId, to: DeviceId, takes: TravelTime })).default([]),
  /** The place left behind is free this long after the start. */
  pick: quantity('s', { min: 0 }),
});
export type Transport = z.infer<typeof Transport>;

/** Seconds from one place to another: as `between` says, the same way before the way back, else the time of any move. */
export function travelSeconds({ between, travel }: Transport, from: string, to: string): number {
  const way =
    between.find((entry) => entry.from === from && entry.to === to) ??
    between.find((entry) => entry.from === to && entry.to === from);
  return way?.takes ?? travel;
}

/** How long a way may take, ms: by what the lab file says is typical, as it says no more. */
export function declaredWay(transport: Transport, from: string, to: string): DurationMs {
  const typical = Math.round(travelSeconds(transport, from, to) * 1000);
  return { low: Math.round(typical * 0.8), typical, high: Math.round(typical * 1.5) };
}

export const Lot = z.strictObject({
  id: LotId,
  /** m3, kg or pieces, as the material is measured. */
  amount: z.number(),
  cost: quantity('money', { min: 0 }).optional(),
  /** Cradle-to-gate emissions of the whole lot. */
  co2e: quantity('kg', { min: 0 }).optional(),
  expires: z.iso.date().optional(),
});

const MaterialText = z.strictObject({
  name: z.string().optional(),
  /** What its amounts are measured in inside: m3, kg or 1 (pieces). */
  measure: z.enum(['volume', 'mass', 'pieces']).default('volume'),
  hazard: z.string().optional(),
  /** Free data that simulators read, such as absorption spectra. */
  properties: z.record(z.string(), z.json()).default({}),
  lots: z.array(z.unknown()).min(1),
});

export const measureUnit = { volume: 'm3', mass: 'kg', pieces: '1' } as const;

export const Material = MaterialText.transform((material, context) => {
  const unit = measureUnit[material.measure];
  const schema = z.array(Lot.extend({ amount: quantity(unit, { positive: true }) }));
  const lots = schema.safeParse(material.lots);
  if (lots.success) return { ...material, lots: lots.data };
  for (const issue of lots.error.issues)
    context.addIssue({ code: 'custom', message: issue.message, path: ['lots', ...issue.path] });
  return z.NEVER;
});
export type Material = z.infer<typeof Material>;

const tariffEntry = Hours.extend({
  price: quantity('money/J', { min: 0 }).optional(),
  carbon: quantity('kg/J', { min: 0 }).optional(),
}).refine(({ price, carbon }) => price !== undefined || carbon !== undefined, {
  message: 'needs "price", "carbon" or both.',
});

export const Tariff = z.strictObject({
  price: quantity('money/J', { min: 0 }),
  carbon: quantity('kg/J', { min: 0 }),
  /** When something else counts; the first entry that holds. */
  hours: z.array(tariffEntry).min(1).optional(),
});

export const Person = z.strictObject({
  skills: z.array(z.string().min(1)).default([]),
  /** When they are there; always when absent. */
  hours: z.array(Hours).min(1).optional(),
});
export type Person = z.infer<typeof Person>;

export const Lab = z.strictObject({
  site: SiteId,
  currency: z.string().default('EUR'),
  /** IANA name, for all hours of this file; UTC when absent. */
  timezone: TimeZone.optional(),
  people: z.record(PersonId, Person).optional(),
  devices: z.record(DeviceId, LabDevice),
  transport: Transport.optional(),
  racks: z.record(DeviceId, z.strictObject({ places: z.int().min(1).max(10_000) })).default({}),
  materials: z.record(MaterialId, Material).default({}),
  tariff: Tariff.optional(),
  /** Lab seconds per wall second when the instruments are simulated. */
  simulation: z.strictObject({ speed: z.number().positive().max(100_000).default(60) }).prefault({}),
});
export type Lab = z.infer<typeof Lab>;
