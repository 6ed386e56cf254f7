import { integrate } from './integrate.ts';

/**
 * Nucleophilic aromatic substitution of 2,4-difluoronitrobenzene by pyrrolidine in ethanol, in an ideal plug-flow
 * reactor. Kinetics: Hone, Holmes, Akien, Bourne and Muller, "Rapid multistep kinetic model generation from transient
 * flow data", React. Chem. Eng. 2, 103 (2017); objectives as in the benchmark of Felton, Rittig and Lapkin,
 * Chem. Methods 1, 116 (2021).
 *
 *   A + P -> ortho (ka)   A + P -> para (kb)   ortho + P -> bis (kc)   para + P -> bis (kd)
 *
 * All second order, rates k c c' in mol/L/min. Arrhenius with a reference temperature:
 *   k = 0.6 k_ref exp(-(Ea / R) (1 / T - 1 / T_ref)),  k_ref in 1e-2 L/mol/s, T = temperature in degC + 273.71
 * (the benchmark's own offset, kept so that its figures are reproduced).
 * Valid for 0.5 to 2 min, 1 to 5 equivalents, 0.1 to 0.5 mol/L and 30 to 120 degC.
 */
export interface SnarConditions {
  /** min */
  readonly residenceTime: number;
  /** mol pyrrolidine per mol difluoronitrobenzene. */
  readonly equivalents: number;
  /** mol/L difluoronitrobenzene at the inlet. */
  readonly concentration: number;
  /** degC */
  readonly temperature: number;
}

/** mol/L at the outlet. */
export interface SnarOutlet {
  readonly difluoronitrobenzene: number;
  readonly pyrrolidine: number;
  readonly ortho: number;
  readonly para: number;
  readonly bis: number;
}

/** g/mol */
export const molarMass = { difluoronitrobenzene: 159.09, pyrrolidine: 71.12, ortho: 210.21, para: 210.21, bis: 261.33 };

/** k_ref in 1e-2 L/mol/s at 90 degC, and activation energy in kJ/mol. */
const rates = {
  a: { reference: 57.9, activation: 33.3 },
  b: { reference: 2.7, activation: 35.3 },
  c: { reference: 0.865, activation: 38.9 },
  d: { reference: 1.63, activation: 44.8 },
} as const;

const gasConstant = 0.008314;
const zeroCelsius = 273.71;
const referenceTemperature = 90 + zeroCelsius;

/** L/mol/min */
function rateConstant({ reference, activation }: { reference: number; activation: number }, celsius: number): number {
  const kelvin = celsius + zeroCelsius;
  return 0.6 * reference * Math.exp((-activation / gasConstant) * (1 / kelvin - 1 / referenceTemperature));
}

export function snarOutlet({ residenceTime, equivalents, concentration, temperature }: SnarConditions): SnarOutlet {
  const [ka, kb, kc, kd] = [rates.a, rates.b, rates.c, rates.d].map((rate) => rateConstant(rate, temperature)) as [
    number,
    number,
    number,
    number,
  ];
  const derivative = (_time: number, state: readonly number[]): number[] => {
    const [a, p, ortho, para] = state as [number, number, number, number, number];
    const [toOrtho, toPara, fromOrtho, fromPara] = [ka * a * p, kb * a * p, kc * ortho * p, kd * para * p];
    return [
      -toOrtho - toPara,
      -toOrtho - toPara - fromOrtho - fromPara,
      toOrtho - fromOrtho,
      toPara - fromPara,
      fromOrtho + fromPara,
    ];
  };
  const start = [concentration, equivalents * concentration, 0, 0, 0];
  const [a, p, ortho, para, bis] = integrate(derivative, start, residenceTime) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return { difluoronitrobenzene: a, pyrrolidine: p, ortho, para, bis };
}

/** g/L of ethanol, the solvent that counts as waste. */
const ethanol = 789;
/** An E-factor is not told beyond this. */
const worstEFactor = 1000;

/** Space-time yield of the ortho product in kg/m3/h: 60 M c / tau. */
export const spaceTimeYield = (outlet: SnarOutlet, residenceTime: number): number =>
  (60 * molarMass.ortho * outlet.ortho) / residenceTime;

/** kg of waste per kg of ortho product: solvent, what has not reacted and what has reacted to something else. */
export function eFactor(outlet: SnarOutlet): number {
  const product = molarMass.ortho * outlet.ortho;
  const waste = (['difluoronitrobenzene', 'pyrrolidine', 'para', 'bis'] as const).reduce(
    (sum, name) => sum + molarMass[name] * outlet[name],
    ethanol,
  );
  return product * worstEFactor <= waste ? worstEFactor : waste / product;
}
