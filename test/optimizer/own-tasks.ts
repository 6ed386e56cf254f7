import type { Point, Problem } from '../../src/optimizer/problem.ts';
import { ackley, hartmann6 } from './synthetic.ts';

/** A task for which nobody else's figures are at hand: random search stands beside it. */
export interface OwnTask {
  readonly name: string;
  readonly problem: Problem;
  readonly value: (point: Point) => number;
  readonly best: number;
  readonly initial: number;
  readonly evaluations: number;
}

const dimensions = 10;

const ackley10: OwnTask = {
  name: 'ackley10',
  problem: {
    parameters: Array.from({ length: dimensions }, (_, j) => ({ name: `u${j}`, type: 'continuous', min: 0, max: 1 })),
    constraints: [],
    objectives: [{ name: 'y', goal: 'maximize' }],
  },
  value: (point) => ackley(Array.from({ length: dimensions }, (_, j) => Number(point[`u${j}`]))),
  ...{ best: 0, initial: 20, evaluations: 100 },
};

/** Rate factor, activation energy of the wanted step (kJ/mol), and how much the catalyst speeds decay up. */
const catalysts: Readonly<Record<string, readonly [number, number, number]>> = {
  none: [0.05, 70, 1],
  pd: [2, 52, 1.6],
  ni: [0.9, 48, 1.1],
  cu: [0.5, 60, 0.7],
  fe: [0.3, 66, 0.9],
};
/** Factors on the rates of the wanted step and of decay. */
const solvents: Readonly<Record<string, readonly [number, number]>> = {
  water: [0.2, 0.4],
  ethanol: [0.6, 0.7],
  thf: [1, 1],
  toluene: [0.7, 0.5],
  dmf: [1.8, 2.2],
  dioxane: [0.9, 0.8],
};

/**
 * Yield in percent of B in A -> B -> C, first order with Arrhenius rates: with k and l the rates of the two steps,
 * B = k / (l - k) (e^-kt - e^-lt). Categories, an integer, a logarithmic and a linear parameter act on both rates.
 */
export function reactionYield(point: Point): number {
  const [factor, energy, decay] = catalysts[String(point['catalyst'])]!;
  const [speed, harm] = solvents[String(point['solvent'])]!;
  const [kelvin, minutes, loading] = [
    Number(point['celsius']) + 273.15,
    Number(point['minutes']),
    Number(point['loading']),
  ];
  const arrhenius = (kilojoules: number) => Math.exp((-kilojoules / 0.008314) * (1 / kelvin - 1 / 353.15));
  const k = 0.01 * factor * speed * Math.sqrt(loading) * arrhenius(energy);
  const l = 0.004 * decay * harm * (1 + 0.05 * loading) * arrhenius(95);
  const share =
    Math.abs(k - l) < 1e-9 * k
      ? k * minutes * Math.exp(-k * minutes)
      : (k / (l - k)) * (Math.exp(-k * minutes) - Math.exp(-l * minutes));
  return 100 * share;
}

const loadings = 10;

const reaction: OwnTask = {
  name: 'mixed_reaction',
  problem: {
    parameters: [
      { name: 'catalyst', type: 'categorical', levels: Object.keys(catalysts) },
      { name: 'solvent', type: 'categorical', levels: Object.keys(solvents) },
      { name: 'celsius', type: 'continuous', min: 20, max: 140 },
      { name: 'minutes', type: 'continuous', min: 1, max: 600, scale: 'log' },
      { name: 'loading', type: 'integer', min: 1, max: loadings },
    ],
    constraints: [],
    objectives: [{ name: 'y', goal: 'maximize' }],
  },
  value: reactionYield,
  best: bestReaction(),
  ...{ initial: 10, evaluations: 50 },
};

/** By listing all levels and a fine grid of the two continuous parameters. */
function bestReaction(): number {
  let best = 0;
  const steps = 120;
  for (const catalyst of Object.keys(catalysts)) {
    for (const solvent of Object.keys(solvents)) {
      for (let loading = 1; loading <= loadings; loading++) {
        for (let i = 0; i <= steps; i++) {
          for (let j = 0; j <= steps; j++) {
            const celsius = 20 + (120 * i) / steps;
            best = Math.max(best, reactionYield({ catalyst, solvent, loading, celsius, minutes: 600 ** (j / steps) }));
          }
        }
      }
    }
  }
  return best;
}

/** hartmann6 as the logarithm of what is measured, like a rate or a resistance: from 1 to 2,100. */
const decades: OwnTask = {
  name: 'decades',
  problem: {
    parameters: Array.from({ length: 6 }, (_, j) => ({ name: `u${j}`, type: 'continuous', min: 0, max: 1 })),
    constraints: [],
    objectives: [{ name: 'y', goal: 'maximize' }],
  },
  value: (point) => 10 ** hartmann6(Array.from({ length: 6 }, (_, j) => Number(point[`u${j}`]))),
  ...{ best: 10 ** 3.322368011415515, initial: 12, evaluations: 60 },
};

export const ownTasks: readonly OwnTask[] = [ackley10, reaction, decades];
