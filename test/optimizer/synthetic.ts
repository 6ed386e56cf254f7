import type { Problem } from '../../src/optimizer/problem.ts';
import { readReference } from './reference.ts';

/** A function of the unit cube with known best value, every objective maximised, constraints satisfied at <= 0. */
export interface Synthetic {
  readonly name: string;
  readonly dimensions: number;
  readonly evaluate: (u: readonly number[]) => { readonly values: number[]; readonly constraints: number[] };
  readonly initial: number;
  readonly evaluations: number;
  readonly noiseSd: number;
  /** Best value of one objective, or the hypervolume of the whole front. */
  readonly best: number;
  readonly reference?: readonly number[];
}

export interface ReferenceTask {
  readonly dimensions: number;
  readonly initial_points: number;
  readonly evaluations: number;
  readonly noise_sd: number;
  readonly optimum: number | null;
  readonly hypervolume: number | null;
  readonly initial_designs: Record<string, number[][]>;
  readonly results: Record<
    string,
    { seeds: number; final_regret_median: number; quartiles: number[]; cpu_seconds_per_suggestion: number | null }
  >;
  readonly check: { u: number[]; value: unknown }[];
}

export const referenceTasks = readReference<{ tasks: Record<string, ReferenceTask> }>(
  'optimizer-reference.json',
)?.tasks;

export function branin(a: number, b: number): number {
  const x = 15 * a - 5;
  const y = 15 * b;
  const bend = y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6;
  return -(bend * bend + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10);
}

const hartmannA = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const hartmannP = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];

export function hartmann6(u: readonly number[]): number {
  return [1, 1.2, 3, 3.2].reduce((sum, weight, i) => {
    const inner = u.reduce((total, x, j) => total + hartmannA[i]![j]! * (x - hartmannP[i]![j]!) ** 2, 0);
    return sum + weight * Math.exp(-inner);
  }, 0);
}

export function levy(u: readonly number[]): number {
  const w = u.map((x) => 1 + (20 * x - 11) / 4);
  const last = w.at(-1)!;
  let sum = Math.sin(Math.PI * w[0]!) ** 2 + (last - 1) ** 2 * (1 + Math.sin(2 * Math.PI * last) ** 2);
  for (const v of w.slice(0, -1)) sum += (v - 1) ** 2 * (1 + 10 * Math.sin(Math.PI * v + 1) ** 2);
  return -sum;
}

/** Ackley's function on [-32.768, 32.768], its optimum moved off the centre to u = 0.4. */
export function ackley(u: readonly number[]): number {
  const x = u.map((value) => 65.536 * (value - 0.4));
  const square = x.reduce((sum, value) => sum + value * value, 0) / x.length;
  const cosine = x.reduce((sum, value) => sum + Math.cos(2 * Math.PI * value), 0) / x.length;
  return 20 * Math.exp(-0.2 * Math.sqrt(square)) + Math.exp(cosine) - 20 - Math.E;
}

function currin(a: number, b: number): number {
  const factor = b === 0 ? 1 : 1 - Math.exp(-1 / (2 * b));
  return (factor * (2300 * a ** 3 + 1900 * a * a + 2092 * a + 60)) / (100 * a ** 3 + 500 * a * a + 4 * a + 20);
}

function dtlz2(u: readonly number[]): number[] {
  const g = u.slice(1).reduce((sum, x) => sum + (x - 0.5) ** 2, 0);
  return [-(1 + g) * Math.cos((Math.PI * u[0]!) / 2), -(1 + g) * Math.sin((Math.PI * u[0]!) / 2)];
}

function gramacy(a: number, b: number) {
  const first = -(a + 2 * b + 0.5 * Math.sin(2 * Math.PI * (a * a - 2 * b)) - 1.5);
  return { values: [-(a + b)], constraints: [first, a * a + b * b - 1.5] };
}

const single = (f: (u: readonly number[]) => number) => (u: readonly number[]) => ({ values: [f(u)], constraints: [] });

const functions: Record<string, { evaluate: Synthetic['evaluate']; reference?: readonly number[] }> = {
  branin: { evaluate: single(([a, b]) => branin(a!, b!)) },
  hartmann6: { evaluate: single(hartmann6) },
  hartmann6_n01: { evaluate: single(hartmann6) },
  h6_warm_cold: { evaluate: single(hartmann6) },
  levy10: { evaluate: single(levy) },
  branincurrin: {
    evaluate: ([a, b]) => ({ values: [branin(a!, b!), -currin(a!, b!)], constraints: [] }),
    reference: [-18, -6],
  },
  dtlz2_6d: { evaluate: (u) => ({ values: dtlz2(u), constraints: [] }), reference: [-1.1, -1.1] },
  gramacy: { evaluate: ([a, b]) => gramacy(a!, b!) },
};

/** The tasks for which figures of other optimizers are at hand. */
export const syntheticTasks: readonly Synthetic[] = Object.entries(functions).flatMap(
  ([name, { evaluate, reference }]) => {
    const task = referenceTasks?.[name];
    if (task === undefined) return [];
    return {
      ...{ name, evaluate, dimensions: task.dimensions, initial: task.initial_points, evaluations: task.evaluations },
      ...{ noiseSd: task.noise_sd, best: (task.optimum ?? task.hypervolume)! },
      ...(reference === undefined ? {} : { reference }),
    };
  },
);

export function problemOfTask({ name, dimensions, reference }: Synthetic): Problem {
  const objectives = (reference ?? [undefined]).map((value, m) => ({
    ...{ name: `y${m}`, goal: 'maximize' as const },
    ...(value === undefined ? {} : { reference: value }),
  }));
  const outcomes = name === 'gramacy' ? [0, 1].map((k) => ({ name: `c${k}`, relation: '<=' as const, bound: 0 })) : [];
  return {
    parameters: Array.from({ length: dimensions }, (_, j) => ({ name: `u${j}`, type: 'continuous', min: 0, max: 1 })),
    constraints: [],
    objectives,
    ...(outcomes.length > 0 ? { outcomes } : {}),
  };
}

/** The noise of an evaluation as the reference figures were made with: mulberry32 and Box and Muller. */
export function noiseOf(sigma: number, seed: number, evaluation: number, channel: number): number {
  const mix = Math.imul(seed, 0x9e3779b1) + Math.imul(evaluation, 0x85ebca77) + Math.imul(channel, 0xc2b2ae3d);
  let state = (mix + 0x27d4eb2f) | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const u1 = next();
  const u2 = next();
  return sigma === 0 ? 0 : sigma * Math.sqrt(-2 * Math.log(1 - u1)) * Math.cos(2 * Math.PI * u2);
}
