import { add, divide, exponential, multiply, power, real, scale, subtract, type Complex } from './complex.ts';

/**
 * Light at normal incidence through a film on a sheet of glass, from air to air. A film of complex index n + i k and
 * thickness d between air (0) and glass (2), with the amplitudes of Fresnel (1823) and of Airy (1833):
 *
 *   r_ab = (n_a - n_b) / (n_a + n_b)   t_ab = 2 n_a / (n_a + n_b)   p = exp(2 pi i (n + i k) d / lambda)
 *   t = t_01 t_12 p / (1 + r_01 r_12 p^2)   r' = -(r_12 + r_01 p^2) / (1 + r_01 r_12 p^2)   (r': from within the glass)
 *
 * The glass is far thicker than the light is coherent, so powers add up between its faces:
 * T = T_f T_b / (1 - |r'|^2 R_b), T_f = n_2 |t|^2, R_b the reflectance of the bare face and T_b = 1 - R_b.
 * k = alpha lambda / (4 pi) is the law of Beer (1852) and Lambert (1760).
 */
export interface Layer {
  /** n + i k */
  readonly index: Complex;
  /** m */
  readonly thickness: number;
  /** Share of the glass that it covers, 0 to 1; the rest is bare. */
  readonly coverage: number;
  /** Standard deviation of its thickness over the glass, m. */
  readonly roughness: number;
}

/** Index of soda-lime glass in the visible; its absorption from 350 to 1100 nm is left out. */
export const glassIndex = 1.52;
const air = real(1);
const glass = real(glassIndex);

interface Amplitudes {
  /** Into the glass. */
  readonly through: Complex;
  /** Back into the glass. */
  readonly back: Complex;
}

function amplitudes(index: Complex, thickness: number, wavelength: number): Amplitudes {
  const into = (a: Complex, b: Complex) => divide(scale(a, 2), add(a, b));
  const off = (a: Complex, b: Complex) => divide(subtract(a, b), add(a, b));
  const [upper, lower] = [off(air, index), off(index, glass)];
  const pass = exponential(multiply([0, (2 * Math.PI * thickness) / wavelength], index));
  const twice = multiply(pass, pass);
  const echoes = add(real(1), multiply(multiply(upper, lower), twice));
  return {
    through: divide(multiply(multiply(into(air, index), into(index, glass)), pass), echoes),
    back: scale(divide(add(lower, multiply(upper, twice)), echoes), -1),
  };
}

const bareFace = ((glassIndex - 1) / (glassIndex + 1)) ** 2;

function transmitted({ through, back }: Amplitudes): number {
  const front = glassIndex * power(through);
  return (front * (1 - bareFace)) / (1 - power(back) * bareFace);
}

const bare = amplitudes(air, 0, 1);

export const bareGlass: Layer = { index: air, thickness: 0, coverage: 0, roughness: 0 };

/** Share of the light that comes through, scattered or not (as in an integrating sphere), 0 to 1; wavelength in m. */
export function transmittance({ index, thickness, coverage }: Layer, wavelength: number): number {
  const film = transmitted(amplitudes(index, thickness, wavelength));
  return coverage * film + (1 - coverage) * transmitted(bare);
}

/**
 * Haze: the share of the transmitted light that has left the direct beam, 0 to 1. The direct beam is what a phase screen
 * leaves of the mean amplitude (scalar theory: Davies 1954; Carniglia 1979; Goodman, "Statistical Optics", 1985). Waviness
 * of the standard deviation s damps the film's amplitude by exp(-g^2 / 2), g = 2 pi s (n - 1) / lambda; holes are out of
 * phase with the film.
 */
export function haze({ index, thickness, coverage, roughness }: Layer, wavelength: number): number {
  const { through } = amplitudes(index, thickness, wavelength);
  const g = (2 * Math.PI * roughness * (index[0] - 1)) / wavelength;
  const holes = multiply(bare.through, exponential([0, (2 * Math.PI * thickness) / wavelength]));
  const direct = add(scale(through, coverage * Math.exp(-(g ** 2) / 2)), scale(holes, 1 - coverage));
  const all = coverage * power(through) + (1 - coverage) * power(holes);
  return Math.max(0, 1 - power(direct) / all);
}
