import * as z from 'zod';
import { plateReader } from '../devices/plate-reader.ts';
import { readingInstrument, type Instrument, type Surroundings } from './instrument.ts';
import { absorbance, dyesOf, readAbsorbance } from './optics.ts';

/** Noise of a good reader: about 0.001 in absorbance below 1, growing steeply above 3. */
export const ReaderNoise = z.strictObject({
  flicker: z.number().min(0).default(0.002),
  electrons: z.number().positive().default(1_000_000),
  read: z.number().min(0).default(50),
});

/** Absorbance of what is in the sample, by `optics.ts`; a drifting reader is wrong by a growing factor. */
export function simulatePlateReader(place: Surroundings): Instrument {
  const options = plateReader.read(place.id, place.device.options);
  const noise = ReaderNoise.parse(options.simulated);
  const dyes = dyesOf(place.lab);
  return readingInstrument(place, 'read_absorbance', options, (sample, act) => {
    const contents = place.world.contentsOf(sample);
    const result = Object.entries(options.channels).map(([name, wavelength]) => {
      const truth = absorbance(contents, dyes, wavelength, options.well_area);
      return [name, act.gain * readAbsorbance(truth, noise, act.random)];
    });
    return Object.fromEntries(result) as Record<string, number>;
  });
}
