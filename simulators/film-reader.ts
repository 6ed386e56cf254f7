import * as z from 'zod';
import { filmReader } from '../devices/film-reader.ts';
import { filmOf, layerOf } from './film.ts';
import { readingInstrument, type Instrument, type Surroundings } from './instrument.ts';
import { bareGlass, haze, transmittance } from './thin-film.ts';

/** Standard deviations of a transmittance and of a haze, both as shares of 1: usual for a sphere with a stable lamp. */
export const SphereNoise = z.strictObject({
  transmittance: z.number().min(0).default(0.002),
  haze: z.number().min(0).default(0.001),
});

/** Light through what is on the plate, by `thin-film.ts`. */
export function simulateFilmReader(place: Surroundings): Instrument {
  const options = filmReader.read(place.id, place.device.options);
  const noise = SphereNoise.parse(options.simulated);
  return readingInstrument(place, 'read_film', options, (sample, act) => {
    const told = (truth: number, spread: number) =>
      Math.min(1, Math.max(1e-4, act.gain * truth + spread * act.random.normal()));
    const film = filmOf(place.world.treatmentsOf(sample));
    const layerAt = (wavelength: number) => (film === undefined ? bareGlass : layerOf(film, wavelength));
    const channels = Object.entries(options.channels).map(([name, wavelength]) => {
      return [name, told(transmittance(layerAt(wavelength), wavelength), noise.transmittance)] as const;
    });
    const scattered = haze(layerAt(options.haze_wavelength), options.haze_wavelength);
    return { ...Object.fromEntries(channels), haze: told(scattered, noise.haze) };
  });
}
