import * as z from 'zod';
import { Name } from '../src/domain/ids.ts';
import { quantity } from '../src/domain/quantity.ts';
import { deviceKind, identity, inUnit, meter, SampleId, schemaOf, setting, simulated } from './kind.ts';

/**
 * Shines light through a coated plate into an integrating sphere: transmittance at a few named wavelengths, and haze, the
 * share of the transmitted light that has left the direct beam. Reading changes nothing.
 */
const Options = z.strictObject({
  /** Channel name to wavelength; the names are those of the results. */
  channels: z
    .record(Name, quantity('m', { positive: true }))
    .refine((channels) => channels['haze'] === undefined, 'a channel cannot be called "haze": a result has that name.')
    .prefault({ uv: '350 nm', visible: '550 nm', infrared: '900 nm' }),
  haze_wavelength: quantity('m', { positive: true }).prefault('550 nm'),
  duration: setting('s', '60 s'),
  idle_power: setting('W', '15 W'),
  active_power: setting('W', '70 W'),
  simulated,
});

export const filmReader = deviceKind('film-reader', Options, (id, options) => {
  const results = [...Object.keys(options.channels), 'haze'];
  const typical = inUnit(options.duration, 's');
  return {
    ...identity(id, 'film-reader'),
    capabilities: [
      {
        name: 'read_film',
        parameters: schemaOf(z.strictObject({ sample: SampleId })),
        result: schemaOf(z.strictObject(Object.fromEntries(results.map((name) => [name, z.number()])))),
        units: Object.fromEntries(results.map((name) => [name, '1'])),
        duration: { low: 0.9 * typical, typical, high: 1.1 * typical },
        retry: 'idempotent',
        interruptible: true,
        consumes: [],
      },
    ],
    meters: [meter('mains', 'Wh', 0.01)],
    onControllerLost: 'finish',
  };
});
