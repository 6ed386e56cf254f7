import * as z from 'zod';
import { fourPointProbe } from '../devices/four-point-probe.ts';
import { filmOf, sheetResistanceOf } from './film.ts';
import { readingInstrument, type Instrument, type Surroundings } from './instrument.ts';

/** Relative standard deviation of a reading: where the needles come down. */
export const ProbeNoise = z.strictObject({ contact: z.number().min(0).default(0.01) });

/** Sheet resistance of the film on the plate, or the largest that it can show. */
export function simulateFourPointProbe(place: Surroundings): Instrument {
  const options = fourPointProbe.read(place.id, place.device.options);
  const { contact } = ProbeNoise.parse(options.simulated);
  return readingInstrument(place, 'measure_sheet_resistance', options, (sample, act) => {
    const film = filmOf(place.world.treatmentsOf(sample));
    const truth = film === undefined ? Infinity : sheetResistanceOf(film);
    const shown = truth * act.gain * Math.exp(contact * act.random.normal());
    return { sheet_resistance: Math.min(options.max_resistance, shown) };
  });
}
