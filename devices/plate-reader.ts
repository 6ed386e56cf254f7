import * as z from 'zod';
import { Name } from '../src/domain/ids.ts';
import { quantity } from '../src/domain/quantity.ts';
import { deviceKind, inUnit, lightReader, setting, simulated } from './kind.ts';

/** Measures the absorbance of a sample at a few named wavelengths; reading changes nothing. */
const Options = z.strictObject({
  /** Channel name to wavelength; the names are those of the results. */
  channels: z
    .record(Name, quantity('m', { positive: true }))
    .prefault({ red: '630 nm', green: '504 nm', blue: '426 nm' }),
  /** Inner cross-section of a well: with the volume it gives the length of the light's path. */
  well_area: setting('m2', '0.34 cm2'),
  duration: setting('s', '45 s'),
  idle_power: setting('W', '15 W'),
  active_power: setting('W', '60 W'),
  simulated,
});

export const plateReader = deviceKind('plate-reader', Options, (id, { channels, duration }) =>
  lightReader(id, 'plate-reader', 'read_absorbance', Object.keys(channels), inUnit(duration, 's')),
);
