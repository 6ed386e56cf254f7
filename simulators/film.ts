import { structureAfter, type Heat, type Structure } from './annealing.ts';
import type { Coat } from './spin-coating.ts';
import type { Layer } from './thin-film.ts';
import { conductivityOf, electronsOf, indexOf, molarVolume, patchyConductance } from './tin-indium-oxide.ts';
import { toSi } from '../src/domain/quantity.ts';

/** A film on a glass plate: how it was coated, and the heats that it has seen since. */
export interface Film {
  readonly coat: Coat;
  readonly heats: readonly Heat[];
}

type Treatments = readonly Readonly<Record<string, number>>[];

/** The film that a sample's treatments have left; undefined where nothing was coated. */
export function filmOf(treatments: Treatments): Film | undefined {
  const coated = treatments.findIndex(({ ripple }) => ripple !== undefined);
  if (coated === -1) return undefined;
  const { metal = 0, tin = 0, coverage = 0, ripple = 0 } = treatments[coated]!;
  const heats = treatments
    .slice(coated + 1)
    .flatMap(({ temperature, hold }) =>
      temperature === undefined || hold === undefined ? [] : [{ temperature: toSi(temperature, 'Cel'), seconds: hold }],
    );
  return { coat: { metal, tin, coverage, ripple }, heats };
}

/** Index of a dried film of salts, and m3 of it per mol of metal. */
const dried = { index: 1.56, molarVolume: 1.1e-4 };

/**
 * Decadic absorption of the complexes, m2 per mol of metal at 350 nm and per mol of tin in addition; it falls
 * exponentially with the wavelength (Urbach 1953), by a factor of e in 28 nm.
 */
const complexes = { metal: 40, tin: 25, decay: 28e-9 };

const ln10 = Math.LN10;

/** What the light meets at a wavelength in m. */
export function layerOf({ coat, heats }: Film, wavelength: number): Layer {
  if (heats.length === 0) {
    const thickness = coat.metal * dried.molarVolume;
    const perArea = ln10 * coat.metal * (complexes.metal + complexes.tin * coat.tin);
    const absorption = (perArea / thickness) * Math.exp((350e-9 - wavelength) / complexes.decay);
    return layer(coat, [dried.index, (absorption * wavelength) / (4 * Math.PI)], thickness);
  }
  const structure = structureAfter(heats);
  const index = indexOf(
    electronsOf(coat.tin, structure),
    structure.porosity,
    residueOf(structure, wavelength),
    wavelength,
  );
  return layer(coat, index, thicknessOf(coat, structure));
}

const layer = ({ coverage, ripple }: Coat, index: Layer['index'], thickness: number): Layer => ({
  index,
  thickness,
  coverage,
  roughness: ripple * thickness,
});

/** m */
const thicknessOf = ({ metal }: Coat, { porosity }: Structure): number => (metal * molarVolume) / (1 - porosity);

/** 1/m: carbon that has not burnt, and the tail of the band gap at 3.7 eV. */
const residueOf = ({ residue }: Structure, wavelength: number): number =>
  3e6 * residue * (550e-9 / wavelength) + 8e6 * Math.exp((335e-9 - wavelength) / 25e-9);

/** Conductance of what is left in a dry spot, as a share of the film's. */
const remains = 0.01;

/** Ohm per square; infinite before the film has been annealed. */
export function sheetResistanceOf({ coat, heats }: Film): number {
  if (heats.length === 0) return Infinity;
  const structure = structureAfter(heats);
  const film = conductivityOf(electronsOf(coat.tin, structure), structure.porosity) * thicknessOf(coat, structure);
  return 1 / patchyConductance(film * waviness(coat), film * remains, coat.coverage);
}

/**
 * Striations are a wave in the thickness, d (1 + a sin), a^2 = 2 ripple^2. Along them the sheet conducts as its mean, across
 * as d (1 - a^2)^(1/2); in films where they point everywhere the geometric mean of both is exact (Dykhne 1970).
 */
const waviness = ({ ripple }: Coat): number => (1 - 2 * ripple ** 2) ** 0.25;
