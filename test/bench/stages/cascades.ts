import { stream } from '../../../src/base/random.ts';
import { readReference } from '../../optimizer/reference.ts';
import { noiseOf } from '../../optimizer/synthetic.ts';
import type { World } from './world.ts';

interface Cascade {
  readonly name: string;
  readonly stages: readonly {
    readonly parameters: number;
    readonly outputs: number;
    readonly function: {
      readonly centres: readonly (readonly number[])[];
      readonly weights: readonly (readonly number[])[];
      readonly lengthscale: number;
    };
  }[];
  readonly optimum: number;
  readonly median_of_random: number;
}

export const variants = ['exact', 'noise', 'masked', 'void'] as const;
export type Variant = (typeof variants)[number];

/** f(z) = sum_i w_i exp(-|z - c_i|^2 / (2 l^2)) of the multi-stage paper; outputs before the last pass a logistic. */
function outputsOf({ stages }: Cascade, k: number, z: readonly number[]): number[] {
  const { centres, weights, lengthscale } = stages[k]!.function;
  const sums = weights[0]!.map(() => 0);
  centres.forEach((centre, i) => {
    const r2 = centre.reduce((sum, c, j) => sum + (z[j]! - c) ** 2, 0);
    const bump = Math.exp(-r2 / (2 * lengthscale ** 2));
    weights[i]!.forEach((w, o) => (sums[o]! += w * bump));
  });
  return k === stages.length - 1 ? sums : sums.map((y) => 1 / (1 + Math.exp(-y)));
}

const costs: Readonly<Record<number, readonly number[]>> = { 2: [0.02, 0.98], 3: [0.02, 0.08, 0.9] };

/**
 * A cascade as a world: `noise` adds 5 % of every output's standard deviation over the box to what is measured, `masked`
 * shows only the first output of a stage, `void` shows uniform noise in the place of every proxy.
 */
function worldOf(cascade: Cascade, variant: Variant, budget: number): World {
  const count = cascade.stages.length;
  const shown = (k: number) => (variant === 'masked' ? 1 : cascade.stages[k]!.outputs);
  const stages = cascade.stages.map(({ parameters }, k) => ({
    id: `s${k}`,
    space: {
      parameters: Array.from(
        { length: parameters },
        (_, j) => ({ name: `x${k}${j}`, type: 'continuous', min: 0, max: 1 }) as const,
      ),
      constraints: [],
    },
    outputs: Array.from({ length: shown(k) }, (_, o) => ({ name: `y${k}${o}` })),
    after: k === 0 ? [] : [`s${k - 1}`],
    cost: { base: costs[count]![k]! },
  }));
  const truth = (k: number, parameters: readonly number[], before: readonly number[]) =>
    outputsOf(cascade, k, [...parameters, ...before]);
  const spreads = variant === 'noise' ? spreadsOf(cascade, truth) : undefined;
  const measure = (k: number, hidden: readonly number[], seed: number, at: number) => {
    const random = stream(seed, `bench/cascade/${at}`);
    return hidden.slice(0, shown(k)).map((value, o) => {
      if (variant === 'void' && k < count - 1) return random.next();
      return variant === 'noise' ? value + noiseOf(0.05 * spreads![k]![o]!, seed, at, o) : value;
    });
  };
  const dimensions = cascade.stages.reduce((sum, { parameters }) => sum + parameters, 0);
  return {
    name: `${cascade.name}/${variant}`,
    problem: { stages, objectives: [{ name: `y${count - 1}0`, goal: 'maximize' }] },
    ...{ truth, measure, optimum: cascade.optimum, typical: cascade.median_of_random, budget },
    initial: 2 * (dimensions + 1),
  };
}

/** Standard deviation of every output over random samples of the box. */
function spreadsOf({ stages }: Cascade, truth: World['truth']): number[][] {
  const random = stream('spread', 'bench/cascade');
  const seen = stages.map(({ outputs }) => Array.from({ length: outputs }, (): number[] => []));
  for (let i = 0; i < 2000; i++) {
    let hidden: number[] = [];
    stages.forEach(({ parameters }, k) => {
      hidden = truth(
        k,
        Array.from({ length: parameters }, () => random.next()),
        hidden,
      );
      hidden.forEach((value, o) => seen[k]![o]!.push(value));
    });
  }
  const spread = (values: readonly number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  };
  return seen.map((outputs) => outputs.map(spread));
}

/** Instances of a family ("50-2") under a variant; empty where the data are not at hand. */
export function cascadeWorlds(family: string, variant: Variant, budget: number): World[] {
  const cascades = readReference<{ cascades: Cascade[] }>('cascades.json')?.cascades ?? [];
  return cascades
    .filter(({ name }) => name.replace(/-s\d+$/, '') === `cascade-${family}`)
    .map((c) => worldOf(c, variant, budget));
}

export const families = ['50-2', '15-15', '2-50', '50-50', '15-15-5'] as const;
