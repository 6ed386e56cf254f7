import type { Structure } from './annealing.ts';
import { squareRoot, type Complex } from './complex.ts';

/**
 * Electrons in a film of tin-doped indium oxide: how many there are, how far they get, and what they do to light.
 * SI units; constants of nature as in CODATA 2018.
 */
const e = 1.602176634e-19;
const h = 6.62607015e-34;
const k = 1.380649e-23;
const c = 299792458;
const epsilon0 = 8.8541878128e-12;
const electron = 9.1093837015e-31;
const avogadro = 6.02214076e23;

/** Effective mass 0.35 and static permittivity 9 are usual for indium oxide (Hamberg and Granqvist 1986). */
const mass = 0.35 * electron;
const permittivity = 9 * epsilon0;
/** Square of the index (2.0) far above the band gap's wavelength and below that of the plasma. */
const highFrequency = 4;
const room = 298;

/** m3 per mol of metal: 277.64 g/mol and 7.18 g/cm3 of In2O3, two indium each. */
export const molarVolume = 277.64e-3 / 7180 / 2;
/** Metal atoms per m3. */
export const sites = avogadro / molarVolume;
/** Neighbours that must not be tin for a tin to give its electron, as fitted to the maximum near 8 % tin. */
const neighbours = 11;

export interface Electrons {
  /** Free electrons per m3 of dense oxide. */
  readonly carriers: number;
  /** m2/V/s within a grain: what light sees. */
  readonly inGrain: number;
  /** m2/V/s from grain to grain: what a current sees. */
  readonly mobility: number;
}

/**
 * Tin gives an electron when none of its neighbours is tin, which has the probability (1 - x)^z (Kostlin, Jost and Lems
 * 1975), and when it sits in a crystal; half do in films from solution. Oxygen vacancies give some more.
 */
export function carriersOf(tin: number, { crystalline, segregated, vacancies }: Structure): number {
  const inside = tin * (1 - 0.6 * segregated);
  return sites * (0.5 * crystalline * inside * (1 - inside) ** neighbours + 0.004 * vacancies);
}

/**
 * Scattering by ionised donors in a degenerate electron gas (Dingle 1955; as in Ellmer 2001), m2/V/s:
 *
 *   mu = 3 eps^2 h^3 / (e^3 m^2) (N / N_i) / F(xi),  F = ln(1 + xi) - xi / (1 + xi),
 *   xi = (3 pi^2)^(1/3) eps h^2 N^(1/3) / (m e^2)
 */
export function ionisedImpurityMobility(carriers: number, ions: number): number {
  const xi = (Math.cbrt(3 * Math.PI ** 2) * permittivity * h ** 2 * Math.cbrt(carriers)) / (mass * e ** 2);
  const screening = Math.log1p(xi) - xi / (1 + xi);
  return ((3 * permittivity ** 2 * h ** 3) / (e ** 3 * mass ** 2)) * (carriers / ions / screening);
}

/**
 * Over the boundaries of grains of size L (Seto 1975): mu = e L (2 pi m k T)^(-1/2) exp(-E / k T). Traps of density Q at a
 * boundary bend the bands by E = e^2 Q^2 / (8 eps N) where they do not empty the grain, and by e^2 L^2 N / (8 eps) where
 * they do (L N < Q).
 */
export function boundaryMobility(grain: number, traps: number, carriers: number): number {
  const emptied = Math.min(traps, grain * carriers);
  const barrier = (e ** 2 * emptied ** 2) / (8 * permittivity * carriers);
  return ((e * grain) / Math.sqrt(2 * Math.PI * mass * k * room)) * Math.exp(-barrier / (k * room));
}

/** By phonons at room temperature, m2/V/s. */
const latticeMobility = 70e-4;

/** Traps per m2 of boundary: of glassy and of crystalline oxide, and for tin that has gone there. */
const traps = { glassy: 1.6e17, crystalline: 2.2e17, tin: 4e18 };

/**
 * Rates of scattering add up (Matthiessen 1864). Tin that gives no electron binds oxygen beside it (Frank and Kostlin 1982);
 * half of it is taken to be charged all the same, and to scatter as donors do.
 */
export function electronsOf(tin: number, structure: Structure): Electrons {
  const carriers = carriersOf(tin, structure);
  const ions = carriers + Math.max(0, tin * sites - carriers) / 2;
  const inGrain = 1 / (1 / latticeMobility + 1 / ionisedImpurityMobility(carriers, ions));
  const { crystalline, grain, segregated } = structure;
  const trapped = traps.crystalline + traps.glassy * (1 - crystalline) + traps.tin * tin * segregated;
  return { carriers, inGrain, mobility: 1 / (1 / inGrain + 1 / boundaryMobility(grain, trapped, carriers)) };
}

/** S/m: Drude (1900), thinned out by voids as (1 - p)^(3/2) (Bruggeman 1935). */
export const conductivityOf = ({ carriers, mobility }: Electrons, porosity: number): number =>
  e * carriers * mobility * (1 - porosity) ** 1.5;

/**
 * Sheet conductance (1/ohm) of a film with holes, from that of the film and that of the thin remains in the holes, by the
 * symmetric effective medium of Bruggeman (1935) in two dimensions: s^2 + (2 c - 1) (b - a) s - a b = 0, c the covered
 * share. Half covered it is sqrt(a b), which is exact (Dykhne 1970).
 */
export function patchyConductance(film: number, hole: number, coverage: number): number {
  const half = ((2 * coverage - 1) * (film - hole)) / 2;
  return half + Math.sqrt(half ** 2 + film * hole);
}

/**
 * n + i k at a wavelength in m: permittivity of the lattice less that of free electrons (Drude 1900),
 * eps = eps_inf - w_p^2 / (w^2 + i w / tau), w_p^2 = N e^2 / (eps0 m), tau = m mu / e; voids take their share of it; k is
 * raised by what else absorbs (`absorption`, 1/m): k = alpha lambda / (4 pi).
 */
export function indexOf(
  { carriers, inGrain }: Electrons,
  porosity: number,
  absorption: number,
  wavelength: number,
): Complex {
  const omega = (2 * Math.PI * c) / wavelength;
  const damping = e / (mass * inGrain);
  const plasma = (carriers * e ** 2) / (epsilon0 * mass) / (omega ** 2 + damping ** 2);
  const dense = 1 - porosity;
  const [n, kappa] = squareRoot([dense * (highFrequency - plasma) + porosity, (dense * plasma * damping) / omega]);
  return [n, kappa + (absorption * wavelength) / (4 * Math.PI)];
}
