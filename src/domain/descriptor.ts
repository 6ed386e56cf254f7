import * as z from 'zod';
import { digest, type Json } from '../base/canonical.ts';
import { DeviceId } from './ids.ts';

/** What a device says of itself on `$descriptor`: the controller knows nothing else about it. */

const JsonSchema = z.record(z.string(), z.json());

/** Seconds, or an expression over the command's parameters in their wire units. */
const DurationTerm = z.union([z.number().nonnegative(), z.string().startsWith('=')]);

export const DurationModel = z.strictObject({ low: DurationTerm, typical: DurationTerm, high: DurationTerm });
export type DurationModel = z.infer<typeof DurationModel>;

/**
 * Which parameter says how much of what is used up. Without `material` the parameter is a map from material to amount;
 * with it, `material` names the parameter that holds the material. The unit is that of the parameter in `units`.
 */
export const Consumption = z.strictObject({ parameter: z.string(), material: z.string().optional() });
export type Consumption = z.infer<typeof Consumption>;

export const Capability = z.strictObject({
  name: z.string().regex(/^[a-z0-9_-]{1,64}$/),
  parameters: JsonSchema,
  result: JsonSchema,
  /** UCUM unit of every parameter and result that has one. */
  units: z.record(z.string(), z.string()),
  duration: DurationModel,
  /** idempotent: acting again changes nothing; safe: acting again is allowed; unsafe: a person decides. */
  retry: z.enum(['idempotent', 'safe', 'unsafe']),
  interruptible: z.boolean(),
  consumes: z.array(Consumption),
});
export type Capability = z.infer<typeof Capability>;

export const MeterDescription = z.strictObject({
  id: DeviceId,
  unit: z.enum(['J', 'Wh', 'kWh', 'Wmin']),
  /** Smallest step of the counter, in `unit`. */
  resolution: z.number().nonnegative(),
});

/** Used where there is no meter; energy booked from it is marked as modelled. Watts. */
export const PowerModel = z.strictObject({
  idle_watt: z.number().nonnegative(),
  active_watt: z.number().nonnegative(),
});

export const DescriptorBody = z.strictObject({
  vendor: z.string(),
  model: z.string(),
  serial: z.string(),
  firmware: z.string(),
  capabilities: z.array(Capability).min(1),
  meters: z.array(MeterDescription),
  power: PowerModel.optional(),
  /** What the device does when the controller is gone: end the command, or stop safely. */
  onControllerLost: z.enum(['finish', 'stop']),
});
export type DescriptorBody = z.infer<typeof DescriptorBody>;

export const Descriptor = DescriptorBody.extend({ hash: z.string() });
export type Descriptor = z.infer<typeof Descriptor>;

export const describe = (body: DescriptorBody): Descriptor => ({ ...body, hash: digest(body) });

export const capabilityOf = (descriptor: DescriptorBody, name: string): Capability | undefined =>
  descriptor.capabilities.find((capability) => capability.name === name);

/** A zod schema as the JSON Schema that goes into a descriptor. */
export function wireSchema(schema: z.ZodType): Record<string, Json> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as Record<string, Json>;
  return rest;
}

/** By identity: a descriptor's schemas do not change while it is in use. */
const readers = new WeakMap<object, z.ZodType | string>();

/** Checks a value against a JSON Schema of a descriptor: undefined, or what is wrong in one sentence. */
export function schemaViolation(schema: Record<string, unknown>, value: unknown): string | undefined {
  let reader = readers.get(schema);
  if (reader === undefined) {
    try {
      reader = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
    } catch (error) {
      reader = `its schema cannot be used: ${(error as Error).message}`;
    }
    readers.set(schema, reader);
  }
  if (typeof reader === 'string') return reader;
  const parsed = reader.safeParse(value);
  if (parsed.success) return undefined;
  const issue = parsed.error.issues[0]!;
  return `${issue.path.length === 0 ? 'value' : issue.path.join('.')}: ${issue.message}`;
}
