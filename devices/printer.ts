import * as z from 'zod';
import { deviceKind, identity, inUnit, SampleId, schemaOf, setting, simulated } from './kind.ts';

/** A 3D printer: makes one sample of a design from filament. */
const Options = z.strictObject({
  /** Most filament in one sample. */
  max_mass: setting('kg', '50 g'),
  overhead: setting('s', '5 min'),
  /** Filament laid down per time. */
  rate: setting('kg/s', '0.6 g/min'),
  idle_power: setting('W', '10 W'),
  active_power: setting('W', '110 W'),
  simulated,
});

export const printer = deviceKind('printer', Options, (id, options) => {
  const typical = `${inUnit(options.overhead, 's')} + 60 * total(filament) / ${inUnit(options.rate, 'g/min')}`;
  return {
    ...identity(id, 'printer'),
    capabilities: [
      {
        name: 'print',
        parameters: schemaOf(
          z.strictObject({
            sample: SampleId,
            /** Numbers that describe the shape, for the record. */
            design: z.record(z.string(), z.number()),
            filament: z.record(z.string(), z.number().min(0).max(inUnit(options.max_mass, 'g'))),
          }),
        ),
        result: schemaOf(z.strictObject({ mass: z.number() })),
        units: { filament: 'g', mass: 'g' },
        duration: { low: `= 0.9 * (${typical})`, typical: `= ${typical}`, high: `= 1.2 * (${typical})` },
        retry: 'unsafe',
        interruptible: true,
        consumes: [{ parameter: 'filament' }],
      },
    ],
    meters: [],
    power: { idle_watt: options.idle_power, active_watt: options.active_power },
    onControllerLost: 'finish',
  };
});
