import * as z from 'zod';
import { deviceKind, identity, inUnit, SampleId, schemaOf, setting, simulated } from './kind.ts';

/** Pours measured volumes of several materials into one sample, one material after another through one tip. */
const Options = z.strictObject({
  /** Most of one material, and most of all together, that fits into a sample. */
  max_volume: setting('m3', '300 uL'),
  max_total: setting('m3', '1 mL'),
  /** Time that any dispense takes (tip on, tip off), and how fast the liquid flows. */
  overhead: setting('s', '35 s'),
  flow: setting('m3/s', '5 uL/s'),
  idle_power: setting('W', '20 W'),
  active_power: setting('W', '65 W'),
  simulated,
});

export const liquidHandler = deviceKind('liquid-handler', Options, (id, options) => {
  const typical = `${inUnit(options.overhead, 's')} + total(volumes) / ${inUnit(options.flow, 'uL/s')}`;
  return {
    ...identity(id, 'liquid-handler'),
    capabilities: [
      {
        name: 'dispense',
        parameters: schemaOf(
          z.strictObject({
            sample: SampleId,
            volumes: z.record(z.string(), z.number().min(0).max(inUnit(options.max_volume, 'uL'))),
          }),
        ),
        result: schemaOf(z.strictObject({ total: z.number() })),
        units: { volumes: 'uL', total: 'uL' },
        duration: { low: `= 0.9 * (${typical})`, typical: `= ${typical}`, high: `= 1.15 * (${typical})` },
        retry: 'unsafe',
        interruptible: true,
        consumes: [{ parameter: 'volumes' }],
      },
    ],
    meters: [],
    power: { idle_watt: options.idle_power, active_watt: options.active_power },
    onControllerLost: 'finish',
  };
});
