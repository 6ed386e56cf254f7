import type { Stream } from '../src/base/random.ts';
import type { Lab } from '../src/domain/lab.ts';
import { readQuantity } from '../src/domain/quantity.ts';

/**
 * Absorbance of a mixture of dyes (Beer 1852; Lambert 1760), with light from above through a well:
 *
 *   A(l) = d * sum_i e_i(l) c_i,   c_i = c0_i V_i / V,   d = V / area        [1]
 *
 * e: molar absorptivity in L/mol/cm, c: mol/L, d: cm. Linear below an absorbance of about 2 for real readers; here the
 * noise of a dark detector sets the limit.
 */
export interface Dye {
  /** mol/m3 in the bottle. */
  readonly concentration: number;
  /** Wavelength in nm and molar absorptivity in L/mol/cm, by rising wavelength. */
  readonly spectrum: readonly (readonly [number, number])[];
}

/** The dyes among a lab's materials: those with `concentration` and `absorptivity` in their properties. */
export function dyesOf(lab: Lab): ReadonlyMap<string, Dye> {
  return new Map(
    Object.entries(lab.materials).flatMap(([id, { properties }]) => {
      const { concentration, absorptivity } = properties;
      const read = typeof concentration === 'string' ? readQuantity(concentration, 'mol/m3') : undefined;
      if (!read?.ok || typeof absorptivity !== 'object' || absorptivity === null) return [];
      const spectrum = Object.entries(absorptivity)
        .map(([nm, value]) => [Number(nm), Number(value)] as const)
        .sort(([a], [b]) => a - b);
      return [[id, { concentration: read.value.si, spectrum }] as const];
    }),
  );
}

/** Molar absorptivity at a wavelength: linear between the values of the table, zero outside it. */
export function absorptivityAt(spectrum: Dye['spectrum'], nm: number): number {
  const above = spectrum.findIndex(([wavelength]) => wavelength >= nm);
  if (above === -1) return 0;
  const [right, value] = spectrum[above]!;
  if (right === nm) return value;
  const left = spectrum[above - 1];
  return left === undefined ? 0 : left[1] + ((value - left[1]) * (nm - left[0])) / (right - left[0]);
}

/** True absorbance of `contents` (m3 by material) at a wavelength in m, in a well of `area` m2. */
export function absorbance(
  contents: Readonly<Record<string, number>>,
  dyes: ReadonlyMap<string, Dye>,
  wavelength: number,
  area: number,
): number {
  const nm = Number((wavelength * 1e9).toPrecision(9));
  // V cancels out: what counts is the amount of dye above each square metre. 1 L/mol/cm = 0.1 m2/mol.
  const perArea = Object.entries(contents).reduce((sum, [material, volume]) => {
    const dye = dyes.get(material);
    return dye === undefined ? sum : sum + 0.1 * absorptivityAt(dye.spectrum, nm) * dye.concentration * volume;
  }, 0);
  return perArea / area;
}

export interface DetectorNoise {
  /** Relative standard deviation of the lamp from one reading to the next. */
  readonly flicker: number;
  /** Electrons of an unabsorbed reading; its square root is the shot noise. */
  readonly electrons: number;
  /** Standard deviation of reading the detector, electrons. */
  readonly read: number;
}

/**
 * A reading of an absorbance: N = N0 10^-A (1 + flicker) electrons with shot noise sqrt(N) and read noise, and
 * A_read = -log10(N / N0). Never less than one electron, so a reading is at most log10(N0).
 */
export function readAbsorbance(truth: number, { flicker, electrons, read }: DetectorNoise, random: Stream): number {
  const expected = electrons * 10 ** -truth * (1 + flicker * random.normal());
  const counted = expected + Math.sqrt(Math.max(0, expected)) * random.normal() + read * random.normal();
  return -Math.log10(Math.max(1, counted) / electrons);
}
