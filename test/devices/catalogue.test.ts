import { describe, expect, it } from 'vitest';
import { catalogue, describeDevice, describeLab } from '../../devices/catalogue.ts';
import { lossAt } from '../../devices/furnace.ts';
import { stream, type Stream } from '../../src/base/random.ts';
import { Descriptor, describe as withHash, schemaViolation } from '../../src/domain/descriptor.ts';
import { Lab } from '../../src/domain/lab.ts';
import { unitScale } from '../../src/domain/quantity.ts';
import { consumptionOf, durationOf } from '../../src/domain/resolve.ts';
import { messageSchemas } from '../../src/wire/messages.ts';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A value that a JSON Schema of a descriptor allows. */
function valueOf(schema: Schema, random: Stream): unknown {
  if (schema.type === 'string') return 'sample-1';
  if (schema.type === 'boolean') return random.chance(0.5);
  if (schema.type === 'number') {
    const [low, high] = [schema.minimum ?? 0, schema.maximum ?? 100];
    return low + random.next() * (high - low);
  }
  const named = Object.entries(schema.properties ?? {});
  const free = schema.additionalProperties;
  if (typeof free === 'object') named.push(['red', free], ['water', free]);
  return Object.fromEntries(named.map(([name, member]) => [name, valueOf(member, random)]));
}

/** Every limit in a schema, with the value broken just there. */
function broken(schema: Schema, value: unknown): unknown[] {
  if (schema.type === 'number')
    return [
      ...(schema.minimum === undefined ? [] : [schema.minimum - 1e-6]),
      ...(schema.maximum === undefined ? [] : [schema.maximum * (1 + 1e-6) + 1e-9]),
    ];
  if (schema.type !== 'object') return [];
  const free = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  return Object.entries(value as Record<string, unknown>).flatMap(([name, member]) => {
    const inner = schema.properties?.[name] ?? free;
    return inner === undefined
      ? []
      : broken(inner, member).map((bad) => ({ ...(value as Record<string, unknown>), [name]: bad }));
  });
}

const necessary: Readonly<Record<string, Record<string, unknown>>> = {
  'smart-plug-tasmota': { topic: 'plug_7' },
  'table-instrument': {
    csv: 'table.csv',
    parameters: { n: { min: 6, max: 12 }, theta: { unit: 'deg', min: 0, max: 200 } },
    results: { toughness: 'J' },
  },
};

for (const kind of catalogue.values())
  describe(kind.kind, () => {
    const body = kind.describe('device-1', necessary[kind.kind]);

    it('says what the wire contract and the domain understand', () => {
      expect(Descriptor.parse(withHash(body))).toEqual(withHash(body));
      expect(messageSchemas.descriptor.safeParse(JSON.parse(JSON.stringify(withHash(body)))).success).toBe(true);
      expect(kind.describe('device-1', necessary[kind.kind])).toEqual(body);
    });

    it('either has a meter or says what it draws', () => {
      expect(body.meters.length > 0 || body.power !== undefined).toBe(true);
    });

    it('refuses an option that it does not know, and names the device', () => {
      expect(() => kind.describe('device-1', { ...necessary[kind.kind], nonsense: 1 })).toThrow(/device-1/);
    });

    for (const capability of body.capabilities) {
      const names = (schema: Schema) => Object.keys(schema.properties ?? {});
      const parameters = names(capability.parameters as Schema);

      it(`${capability.name}: units are known and belong to something`, () => {
        for (const [name, unit] of Object.entries(capability.units)) {
          expect(unitScale(unit), unit).toBeDefined();
          expect([...parameters, ...names(capability.result as Schema)]).toContain(name);
        }
        for (const { parameter, material } of capability.consumes) {
          expect(parameters).toContain(parameter);
          expect(capability.units[parameter]).toBeDefined();
          if (material !== undefined) expect(parameters).toContain(material);
        }
      });

      it(`${capability.name}: durations are ordered and limits enforced`, () => {
        const random = stream(7, capability.name);
        for (let i = 0; i < 40; i++) {
          const values = valueOf(capability.parameters as Schema, random) as Record<string, unknown>;
          expect(schemaViolation(capability.parameters, values)).toBeUndefined();
          const duration = durationOf(capability, values);
          if (!duration.ok) throw new Error(duration.failure.message);
          expect(duration.value.low).toBeLessThanOrEqual(duration.value.typical);
          expect(duration.value.typical).toBeLessThanOrEqual(duration.value.high);
          expect(duration.value.high).toBeGreaterThan(0);
          expect(consumptionOf(capability, values).every(({ amount }) => amount > 0)).toBe(true);
          for (const bad of broken(capability.parameters as Schema, values))
            expect(schemaViolation(capability.parameters, bad), JSON.stringify(bad)).toBeDefined();
          expect(schemaViolation(capability.parameters, { ...values, nonsense: 1 })).toBeDefined();
        }
      });
    }
  });

describe('a lab', () => {
  const lab = (devices: Record<string, unknown>) =>
    Lab.parse({
      site: 'test',
      devices,
      transport: { by: ['arm'], travel: '20 s', pick: '5 s', between: [{ from: 'a', to: 'b', takes: '8 s' }] },
    });

  it('gives its arm the travel times, and a device on a plug the meter of the plug', () => {
    const described = describeLab(
      lab({
        arm: { kind: 'robot-arm' },
        handler: { kind: 'liquid-handler', meter: { kind: 'tasmota', topic: 'tele/p/SENSOR' } },
        other: { kind: 'discovered' },
      }),
    );
    expect([...described.keys()]).toEqual(['arm', 'handler']);
    expect(described.get('arm')!.capabilities[0]!.duration).toEqual({ low: 7.2, typical: 14, high: 22 });
    expect(described.get('handler')!.meters).toEqual([{ id: 'plug', unit: 'J', resolution: 3600 }]);
  });

  it('names a kind that does not exist, and the one that was probably meant', () => {
    expect(() => describeDevice(lab({ x: { kind: 'robot-arn' } }), 'x')).toThrow(
      /"robot-arn".*Did you mean "robot-arm"/,
    );
  });

  it('refuses a furnace that cannot hold its highest temperature', () => {
    const furnace = catalogue.get('furnace')!;
    expect(() => furnace.describe('oven', { max_power: '100 W' })).toThrow(/oven.*cannot hold/);
    expect(lossAt({ loss: 1, radiating_area: 0, room_temperature: 300 }, 400)).toBe(100);
  });
});
