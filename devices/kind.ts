import * as z from 'zod';
import { present } from '../src/base/invariant.ts';
import { wireSchema, type Capability, type DescriptorBody } from '../src/domain/descriptor.ts';
import { describeIssue, SettingError } from '../src/domain/document.ts';
import { DeviceId } from '../src/domain/ids.ts';
import { fromSi, quantity } from '../src/domain/quantity.ts';

/** A kind of instrument: the settings it takes in `lab.yaml`, and what it then says of itself. */
export interface DeviceKind<Options = unknown> {
  readonly kind: string;
  readonly optionsSchema: z.ZodType<Options>;
  /** The settings as read; refuses wrong ones with a SettingError that names the device. */
  read(id: string, written: Written): Options;
  describe(id: string, written?: Written): DescriptorBody;
}

export type Written = Readonly<Record<string, unknown>>;

export function deviceKind<Options>(
  kind: string,
  optionsSchema: z.ZodType<Options>,
  describe: (id: string, options: Options) => DescriptorBody,
): DeviceKind<Options> {
  const read = (id: string, written: Written): Options => {
    const parsed = optionsSchema.safeParse(written);
    if (parsed.success) return parsed.data;
    const [wrong] = describeIssue(parsed.error.issues[0]!, optionsSchema, ['devices', id, 'options']);
    const { failure, path } = present(wrong, 'what is wrong');
    throw new SettingError(failure, path);
  };
  return { kind, optionsSchema, read, describe: (id, written = {}) => describe(id, read(id, written)) };
}

/** A setting with a unit and a default: text in the file, an SI number inside. */
export const setting = (unit: string, byDefault: string) => quantity(unit, { min: 0 }).prefault(byDefault);

/** A temperature, which may be below 0 degC; kelvin inside. */
export const temperatureSetting = (byDefault: string) => quantity('K', { positive: true }).prefault(byDefault);

/** Settings of the simulated instrument alone, such as its errors; real hardware ignores them. */
export const simulated = z.record(z.string(), z.json()).default({});

export const SampleId = z.string().regex(/^[a-z0-9_-]{1,64}$/);

/** An SI number in a wire unit, without the noise that the conversion leaves in the last digits. */
export const inUnit = (si: number, unit: string): number => Number(fromSi(si, unit).toPrecision(12));

/** Names the maker of every simulated instrument and every bridge of this project. */
export const identity = (id: string, model: string) => ({ vendor: 'Labwright', model, serial: id, firmware: '1' });

/** The JSON Schema of a descriptor's parameters or results. */
export const schemaOf = (schema: z.ZodType): Capability['parameters'] => wireSchema(schema) as Capability['parameters'];

type Meter = DescriptorBody['meters'][number];

export const meter = (id: string, unit: Meter['unit'], resolution: number): Meter => ({
  id: DeviceId.parse(id),
  unit,
  resolution,
});

/** What a reader of light says of itself: one number without unit for every name, read in `typical` seconds or a tenth off. */
export const lightReader = (id: string, model: string, name: string, results: readonly string[], typical: number) => ({
  ...identity(id, model),
  capabilities: [
    {
      name,
      parameters: schemaOf(z.strictObject({ sample: SampleId })),
      result: schemaOf(z.strictObject(Object.fromEntries(results.map((result) => [result, z.number()])))),
      units: Object.fromEntries(results.map((result) => [result, '1'])),
      duration: { low: 0.9 * typical, typical, high: 1.1 * typical },
      retry: 'idempotent' as const,
      interruptible: true,
      consumes: [],
    },
  ],
  meters: [meter('mains', 'Wh', 0.01)],
  onControllerLost: 'finish' as const,
});
