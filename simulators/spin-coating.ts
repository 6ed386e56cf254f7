/**
 * How a puddle of ink becomes a solid film on a spinning plate, and what may go wrong. Relations are published; constants
 * are of the size that is usual for metal salts in 2-methoxyethanol, chosen so that good films lie inside of the ranges.
 */
export interface Ink {
  /** mol of metal per m3. */
  readonly concentration: number;
  /** mol of tin per mol of metal. */
  readonly tin: number;
}

/** What differs from one film to the next and nobody sets. */
export interface Circumstances {
  /** Evaporation relative to the usual: draught, humidity, room temperature. */
  readonly evaporation: number;
  /** Contact angle of the ink on the glass, rad: how clean it is. */
  readonly contactAngle: number;
}

export interface Coat {
  /** mol of metal per m2 where there is film. */
  readonly metal: number;
  /** mol of tin per mol of metal. */
  readonly tin: number;
  /** Share of the glass that is covered, 0 to 1. */
  readonly coverage: number;
  /** Standard deviation of the thickness relative to the thickness: striations. */
  readonly ripple: number;
}

const ink = {
  /** m3 of dissolved salt, with the solvent that it binds, per mol of metal. */
  molarVolume: 3.8e-4,
  /** Pa s and kg/m3 of the solvent at room temperature. */
  viscosity: 1.6e-3,
  density: 965,
  /** N/m; and its change with the volume fraction of salt. */
  surfaceTension: 0.031,
  tensionSlope: 3e-4,
  /** m, of a dissolved complex. */
  radius: 4e-10,
  /** m/s of solvent lost at 1 rad/s. */
  evaporation: 2.8e-7,
};

/** Boltzmann constant times 298 K, J. */
const thermal = 1.380649e-23 * 298;

/** Volume fraction of salt. */
export const saltFraction = ({ concentration }: Ink): number => concentration * ink.molarVolume;

/** From this fraction of salt on nothing flows. */
export const jammed = 0.64;

/** Pa s: Krieger and Dougherty (1959), (1 - phi / phi_m)^(-2.5 phi_m) with phi_m = 0.64; Einstein's 1 + 2.5 phi when thin. */
export const viscosity = (phi: number): number => ink.viscosity * (1 - phi / jammed) ** (-2.5 * jammed);

/** m/s: laminar flow of air over a turning disc takes vapour away as the root of its speed in rad/s (Meyerhofer 1978). */
export const evaporationRate = (speed: number, circumstances: Circumstances): number =>
  ink.evaporation * Math.sqrt(speed) * circumstances.evaporation;

/**
 * Thickness (m) of the liquid from which on it only dries. A turning liquid thins as dh/dt = -2 rho w^2 h^3 / (3 eta)
 * (Emslie, Bonner and Peck 1958); Meyerhofer (1978) puts the change where as much solvent flows off as evaporates:
 *
 *   (1 - phi) 2 rho w^2 h^3 / (3 eta) = e   ->   h = (3 eta e / (2 (1 - phi) rho w^2))^(1/3)
 *
 * With e ~ w^(1/2) the film is as thick as w^(-1/2). `speed` w in rad/s, above zero; phi below `jammed`.
 */
export function wetThickness(phi: number, speed: number, circumstances: Circumstances): number {
  const e = evaporationRate(speed, circumstances);
  return Math.cbrt((3 * viscosity(phi) * e) / (2 * (1 - phi) * ink.density * speed ** 2));
}

/**
 * Share that stays covered. Dry spots begin at dirt, evenly scattered (1 per mm2), and grow while the film is liquid,
 * which is t = (1 - phi) h / e. Their rim moves at V = gamma theta^3 / (12 sqrt(2) l eta), l = 10 (Redon,
 * Brochard-Wyart and Rondelez 1991). Of spots that overlap at random, exp(-N pi (V t)^2) of the plate is free (Poisson).
 */
export function coverageOf(phi: number, speed: number, circumstances: Circumstances): number {
  const seconds = ((1 - phi) * wetThickness(phi, speed, circumstances)) / evaporationRate(speed, circumstances);
  const rim = (ink.surfaceTension * circumstances.contactAngle ** 3) / (12 * Math.SQRT2 * 10 * viscosity(phi));
  return Math.exp(-1e6 * Math.PI * (rim * seconds) ** 2);
}

/**
 * Marangoni number of the drying film. Evaporation enriches the surface by phi e h / D; where the surface tension follows,
 * Ma = gamma' (phi e h / D) h / (eta D), with D = k T / (6 pi eta a) (Einstein 1905).
 */
export function marangoniNumber(phi: number, speed: number, circumstances: Circumstances): number {
  const eta = viscosity(phi);
  const diffusivity = thermal / (6 * Math.PI * eta * ink.radius);
  const h = wetThickness(phi, speed, circumstances);
  const enrichment = (phi * evaporationRate(speed, circumstances) * h) / diffusivity;
  return (ink.tensionSlope * enrichment * h) / (eta * diffusivity);
}

/** Above it the surface breaks into cells that dry to streaks (Pearson 1958). */
export const criticalMarangoni = 80;
/** Ripple far above the threshold. */
const strongestRipple = 0.3;

/** Amplitude beyond a threshold: the root of the distance from it (Landau 1944), saturating at `strongestRipple`. */
export const rippleOf = (marangoni: number): number =>
  strongestRipple * Math.sqrt(Math.max(0, 1 - criticalMarangoni / marangoni));

/** The film that an ink leaves at a speed in rad/s. */
export function spinCoat(what: Ink, speed: number, circumstances: Circumstances): Coat {
  const phi = saltFraction(what);
  return {
    metal: what.concentration * wetThickness(phi, speed, circumstances),
    tin: what.tin,
    coverage: coverageOf(phi, speed, circumstances),
    ripple: rippleOf(marangoniNumber(phi, speed, circumstances)),
  };
}
