import { hypervolume } from '../../src/optimizer/hypervolume.ts';
import type { Datum, Point, Problem } from '../../src/optimizer/problem.ts';

/**
 * Nucleophilic aromatic substitution in flow, from published kinetics (Hone et al. 2017, React. Chem. Eng. 2, 103; as a
 * benchmark: Felton, Rittig and Lapkin 2021, Chem. Methods 1, 116). Integrated by the classical Runge-Kutta method.
 */
export const snarProblem: Problem = {
  parameters: [
    { name: 'tau', type: 'continuous', min: 0.5, max: 2 },
    { name: 'equiv_pldn', type: 'continuous', min: 1, max: 5 },
    { name: 'conc_dfnb', type: 'continuous', min: 0.1, max: 0.5 },
    { name: 'temperature', type: 'continuous', min: 30, max: 120 },
  ],
  constraints: [],
  objectives: [
    { name: 'sty', goal: 'maximize', reference: 2957 },
    { name: 'e_factor', goal: 'minimize', reference: 9.7 },
  ],
};

const molarMass = [159.09, 71.12, 210.21, 210.21, 261.33];

/** Space-time yield in kg/m3/h and kg of waste a kg of product. */
export function snarValues(point: Point): Record<'sty' | 'e_factor', number> {
  const [tau, equivalents, concentration, celsius] = snarProblem.parameters.map(({ name }) => Number(point[name]));
  const kelvin = celsius! + 273.71;
  const rate = (reference: number, energy: number) =>
    0.6 * reference * Math.exp((-energy / 0.008314) * (1 / kelvin - 1 / (90 + 273.71)));
  const rates = [rate(57.9, 33.3), rate(2.7, 35.3), rate(0.865, 38.9), rate(1.63, 44.8)];
  const c = integrate([concentration!, equivalents! * concentration!, 0, 0, 0], rates, tau!);
  const waste = c.reduce((sum, value, i) => sum + (i === 2 ? 0 : molarMass[i]! * value), 789);
  return { sty: (60 * molarMass[2]! * c[2]!) / tau!, e_factor: Math.min(1000, waste / (molarMass[2]! * c[2]!)) };
}

function derivative(c: readonly number[], [ka, kb, kc, kd]: readonly number[]): number[] {
  const [dfnb, pldn, ortho, para] = c as [number, number, number, number];
  const [a, b, d, e] = [ka! * dfnb * pldn, kb! * dfnb * pldn, kc! * ortho * pldn, kd! * para * pldn];
  return [-a - b, -a - b - d - e, a - d, b - e, d + e];
}

function integrate(start: number[], rates: readonly number[], duration: number): number[] {
  const steps = 2000;
  const h = duration / steps;
  let c = start;
  for (let i = 0; i < steps; i++) {
    const at = (k: readonly number[], share: number) => c.map((value, j) => value + share * h * k[j]!);
    const k1 = derivative(c, rates);
    const k2 = derivative(at(k1, 0.5), rates);
    const k3 = derivative(at(k2, 0.5), rates);
    const k4 = derivative(at(k3, 1), rates);
    c = c.map((value, j) => value + (h / 6) * (k1[j]! + 2 * k2[j]! + 2 * k3[j]! + k4[j]!));
  }
  return c;
}

/** In native units, against the reference point of the published figures. */
export function snarHypervolume(data: readonly Datum[]): number {
  const front = data.flatMap((datum) =>
    'failed' in datum ? [] : Float64Array.of(datum.values['sty']!, -datum.values['e_factor']!),
  );
  return hypervolume(front, Float64Array.of(2957, -9.7));
}
