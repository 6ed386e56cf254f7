/**
 * What heat makes of a dried film of indium and tin salts: it burns what is organic, crystallises, densifies, lets grains
 * grow, and in the long run drives tin to their boundaries and oxygen into the vacancies. Rates follow Arrhenius (1889).
 * Relations are published; rates and activation energies are of the size that is reported for films from solution.
 */
export interface Heat {
  /** K */
  readonly temperature: number;
  /** s; the times of heating and cooling are left out. */
  readonly seconds: number;
}

export interface Structure {
  /** Share of the organic residue that is still there, 0 to 1. */
  readonly residue: number;
  /** Share that has crystallised, 0 to 1. */
  readonly crystalline: number;
  /** Share of voids. */
  readonly porosity: number;
  /** Grain size, m. */
  readonly grain: number;
  /** Share of the tin that can leave the grains and has left them, 0 to 1. */
  readonly segregated: number;
  /** Share of the oxygen vacancies that is left, 0 to 1. */
  readonly vacancies: number;
}

interface Rate {
  /** Per second (for grains: m2 per second) at 500 degC. */
  readonly at500: number;
  /** J/mol */
  readonly activation: number;
}

const gasConstant = 8.314462618;
const reference = 773.15;

const rates = {
  burning: { at500: 6e-3, activation: 90e3 },
  crystallisation: { at500: 4e-3, activation: 95e3 },
  densification: { at500: 2.5e-4, activation: 110e3 },
  grains: { at500: 1.2e-19, activation: 90e3 },
  segregation: { at500: 1.2e-5, activation: 190e3 },
  oxidation: { at500: 8e-5, activation: 100e3 },
} as const satisfies Record<string, Rate>;

/** Exponent of Avrami: nuclei that are there from the start, growing in a thin film. */
export const avramiExponent = 1.5;
const porosity = { dried: 0.38, dense: 0.06 };
const firstGrain = 6e-9;

/** k(T) = k(500 degC) exp(-(E / R) (1 / T - 1 / 773.15 K)) */
export const rateAt = ({ at500, activation }: Rate, temperature: number): number =>
  at500 * Math.exp((-activation / gasConstant) * (1 / temperature - 1 / reference));

/** The sum of k t over all heats: each rate depends on the temperature alone, so progress adds up (Scheil 1935). */
const progress = (heats: readonly Heat[], rate: Rate): number =>
  heats.reduce((sum, { temperature, seconds }) => sum + rateAt(rate, temperature) * seconds, 0);

/**
 * First order for residue, voids and vacancies; X = 1 - exp(-(k t)^n) for crystals (Johnson and Mehl 1939; Avrami 1939;
 * Kolmogorov 1937); G^2 = G0^2 + K t for grains (Burke and Turnbull 1952); 1 - exp(-(k t)^(1/2)) for segregation, which
 * begins with the root of time, as diffusion to a boundary does (McLean 1957).
 */
export function structureAfter(heats: readonly Heat[]): Structure {
  const open = Math.exp(-progress(heats, rates.densification));
  return {
    residue: Math.exp(-progress(heats, rates.burning)),
    crystalline: -Math.expm1(-(progress(heats, rates.crystallisation) ** avramiExponent)),
    porosity: porosity.dense + (porosity.dried - porosity.dense) * open,
    grain: Math.sqrt(firstGrain ** 2 + progress(heats, rates.grains)),
    segregated: -Math.expm1(-Math.sqrt(progress(heats, rates.segregation))),
    vacancies: Math.exp(-progress(heats, rates.oxidation)),
  };
}
