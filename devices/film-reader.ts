import * as z from 'zod';
import { Name } from '../src/domain/ids.ts';
import { quantity } from '../src/domain/quantity.ts';
import { deviceKind, inUnit, lightReader, setting, simulated } from './kind.ts';

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

export const filmReader = deviceKind('film-reader', Options, (id, { channels, duration }) =>
  lightReader(id, 'film-reader', 'read_film', [...Object.keys(channels), 'haze'], inUnit(duration, 's')),
);
