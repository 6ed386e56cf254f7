import type { Datum, Parameter, Point, Problem } from '../../../src/optimizer/problem.ts';
import { readReference, readText } from '../../optimizer/reference.ts';
import { drawn, runOne } from './runs.ts';
import type { Task } from './task.ts';

/** Yield of B + A -> R with the side reactions of a case, by classical Runge and Kutta in 200 steps. */
export function kineticsYield(kind: number, point: Point): number {
  const [catalyst, concentration, time, celsius] = ['catalyst', 'conc_cat', 'time', 'temperature'].map(
    (k) => point[k]!,
  );
  const kelvin = Number(celsius) + 273.71;
  const index = Number(String(catalyst).slice(3));
  const barriers = [0, 0.3, 0.3, 0.7, 0.7, 2.2, 3.8, 7.3];
  if (kind === 2) barriers[1] = 0;
  if (kind === 5) barriers[0] = Number(celsius) < 80 ? -5 : -5 + 0.3 * (Number(celsius) - 80);
  const rate = (factor: number, energy: number) =>
    Math.sqrt(Number(concentration)) * factor * Math.exp(-energy / (0.008314 * kelvin));
  const wanted = rate(3.1e7, 55 + barriers[index]!);
  const decay = kind === 3 ? rate(1e12, 100) : 0;
  const further = kind === 4 ? rate(3.1e5, 50) : 0;
  const slope = ([a, b, r]: readonly number[]) => [
    -wanted * a! * b!,
    -wanted * a! * b! - decay * b! - further * b! * r!,
    wanted * a! * b! - further * b! * r!,
  ];
  let state = [0.167, 0.25, 0];
  const step = Number(time) / 200;
  const moved = (by: readonly number[], h: number) => state.map((value, i) => value + h * by[i]!);
  for (let n = 0; n < 200; n++) {
    const k1 = slope(state);
    const k2 = slope(moved(k1, step / 2));
    const k3 = slope(moved(k2, step / 2));
    const k4 = slope(moved(k3, step));
    state = state.map((value, i) => value + (step / 6) * (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!));
  }
  return state[2]! / 0.167;
}

interface Published {
  published_reference: Record<string, Record<string, number>>;
}

const parameters: readonly Parameter[] = [
  { name: 'catalyst', type: 'categorical', levels: Array.from({ length: 8 }, (_, i) => `cat${i}`) },
  { name: 'conc_cat', type: 'continuous', min: 0.000835, max: 0.004175 },
  { name: 'time', type: 'continuous', min: 60, max: 600 },
  { name: 'temperature', type: 'continuous', min: 30, max: 110 },
];

/** The tabled points of a case; undefined where the folder is absent. */
export function readCase(kind: number): Datum[] | undefined {
  const [, ...lines] = readText('datasets/catalyst_kinetics/data.csv')?.trim().split(/\r?\n/) ?? [];
  const found = lines.flatMap((line): Datum[] => {
    const [task, catalyst, ...numbers] = line.split(',');
    if (task !== `case_${kind}`) return [];
    const [concentration, time, temperature, result] = numbers.map(Number);
    const point = { catalyst: catalyst!, conc_cat: concentration!, time: time!, temperature: temperature! };
    return [{ point, values: { yield: result! } }];
  });
  return found.length > 0 ? found : undefined;
}

/** Mean best yield after five experiments of a case, with points of case 1 as the source. */
export function kineticsTasks(): Task[] {
  const source = readCase(1);
  if (source === undefined) return [];
  const { published_reference: published } = readReference<Published>('datasets/catalyst_kinetics/meta.json')!;
  const problem: Problem = { parameters, constraints: [], objectives: [{ name: 'yield', goal: 'maximize' }] };
  const bestOf = (kind: number, count: number, seed: number, points: number, initial?: number) => {
    const sources = points === 0 ? [] : [{ name: 'case 1', data: drawn(source, points, seed, 'kinetics') }];
    const options = { seed, sources, ...(initial === undefined ? {} : { initial }) };
    return (times: number[]) => {
      const evaluate = (point: Point) => ({ yield: kineticsYield(kind, point) });
      const data = runOne({ problem, evaluate, limit: count, options }, times);
      return Math.max(...data.map((datum) => ('values' in datum ? datum.values['yield']! : 0)));
    };
  };
  const task = (kind: number, points: number, beside: Task['beside']): Task => ({
    ...{ name: `catalyst_kinetics/case_${kind}/${points}`, measure: 'best yield after 5 (more is better)', beside },
    arms: {
      warm: (seed, times) => bestOf(kind, 5, seed, points)(times),
      cold: (seed, times) => bestOf(kind, 5, seed, 0, 3)(times),
      random: (seed, times) => bestOf(kind, 5, seed, 0, 5)(times),
    },
  });
  const five = (name: string) => published[name]!['5']!;
  return [
    task(2, 50, { 'target, mean': 0.925, 'published single-task, mean': five('STBO') }),
    task(2, 5, { 'target, mean': 'the cold mean', 'published, mean': five('MTBO_5_pretraining_points') }),
    task(2, 10, { 'published, mean': five('MTBO_10_pretraining_points') }),
    task(3, 50, { 'published, mean': five('task_case_3_MTBO_50') }),
  ];
}
