import { stream } from '../../../src/base/random.ts';
import type { Datum, Point, Problem } from '../../../src/optimizer/problem.ts';
import type { Source } from '../../../src/optimizer/warm/source.ts';
import { readReference } from '../../optimizer/reference.ts';
import { type ReferenceTask, branin, hartmann6, noiseOf, referenceTasks } from '../../optimizer/synthetic.ts';
import { firstHit, runOne } from './runs.ts';
import type { Task } from './task.ts';

const cube = (dimensions: number, name: string): Problem => ({
  parameters: Array.from({ length: dimensions }, (_, j) => ({ name: `u${j}`, type: 'continuous', min: 0, max: 1 })),
  constraints: [],
  objectives: [{ name, goal: 'maximize' }],
});

const pointOf = (u: readonly number[]): Point => Object.fromEntries(u.map((value, j) => [`u${j}`, value]));
const numbers = (point: Point): number[] => Object.values(point).map(Number);

interface SourceTask extends ReferenceTask {
  readonly sources: Record<string, { x: number[][]; y: number[] }[]>;
}

const top = 3.322368011415515;

/** Final regret of Hartmann6 with noise after 24 experiments, 4 of them given, with the reference's own source data. */
function referenceHartmann(kind: 'related' | 'permuted'): Task | undefined {
  const tasks = readReference<{ tasks: Record<string, SourceTask> }>('optimizer-reference.json')?.tasks;
  if (tasks === undefined) return undefined;
  const task = tasks[`h6_warm_${kind}`]!;
  const problem = cube(6, 'y');
  const regret = (seed: number, times: number[], sources: readonly Source[], random = false) => {
    const evaluate = (point: Point, i: number) => ({ y: hartmann6(numbers(point)) + noiseOf(0.05, seed, i, 0) });
    const start = task.initial_designs[seed]!.map(pointOf);
    const data = runOne(
      { problem, evaluate, start, limit: 24, options: { seed, sources, initial: random ? 24 : 0 } },
      times,
    );
    return top - Math.max(...data.map(({ point }) => hartmann6(numbers(point))));
  };
  const sourceOf = (seed: number): Source => {
    const { x, y } = task.sources[seed]![0]!;
    return { name: kind, data: x.map((u, i) => ({ point: pointOf(u), values: { y: y[i]! } })) };
  };
  const multitask = task.results['botorch:mtgp']!.final_regret_median;
  const single = referenceTasks!['h6_warm_cold']!.results['botorch:logei']!.final_regret_median;
  return {
    ...{ name: `hartmann6/${kind}`, measure: 'final regret after 24', mostSeeds: 10 },
    beside: { 'BoTorch multi-task, median': multitask, 'BoTorch cold, median': single },
    arms: {
      warm: (seed, times) => regret(seed, times, [sourceOf(seed)]),
      cold: (seed, times) => regret(seed, times, []),
      random: (seed, times) => regret(seed, times, [], true),
    },
  };
}

type Unit = (u: readonly number[]) => number;

/** How a source relates to a function: the first is a help, the others mislead. */
const relations: Readonly<Record<string, (f: Unit) => Unit>> = {
  related: (f) => (u) =>
    40 + 3 * f(u.map((value, j) => Math.min(1, Math.max(0, value + (j % 2 === 0 ? 0.03 : -0.03))))),
  negated: (f) => (u) => -f(u),
  permuted: (f) => (u) => f([...u.slice(1), u[0]!]),
  shifted: (f) => (u) => f(u.map((value, j) => (value + 0.3 + 0.1 * (j % 3)) % 1)),
};

/** Experiments to a regret, each run from nothing, with a source of random points under each relation. */
function relatedTask(name: string, f: Unit, dimensions: number, points: number, goal: number, limit: number): Task {
  const problem = cube(dimensions, 'y');
  const good = (point: Point) => f(numbers(point)) >= goal;
  const count = (seed: number, times: number[], sources: readonly Source[], initial?: number) => {
    const options = { seed, sources, ...(initial === undefined ? {} : { initial }) };
    const evaluate = (point: Point) => ({ y: f(numbers(point)) });
    return firstHit({ problem, evaluate, limit, options }, good, times);
  };
  const sourceOf = (kind: string, seed: number): Source => {
    const random = stream(seed, `bench/source/${name}`);
    const data = Array.from({ length: points }, (): Datum => {
      const u = Array.from({ length: dimensions }, () => random.next());
      return { point: pointOf(u), values: { y: relations[kind]!(f)(u) } };
    });
    return { name: kind, data };
  };
  const arms = Object.keys(relations).map(
    (kind) => [kind, (seed: number, times: number[]) => count(seed, times, [sourceOf(kind, seed)])] as const,
  );
  return {
    ...{
      name: `related/${name}`,
      measure: `experiments to ${goal}`,
      beside: { target: 'misleading within 5 % of cold' },
    },
    arms: {
      cold: (seed, times) => count(seed, times, []),
      ...Object.fromEntries(arms),
      random: (seed, times) => count(seed, times, [], limit),
    },
  };
}

export const functionTasks = (): Task[] => [
  ...(['related', 'permuted'] as const).flatMap((kind) => referenceHartmann(kind) ?? []),
  relatedTask('branin', ([a, b]) => branin(a!, b!), 2, 30, -0.5, 60),
  relatedTask('hartmann6', hartmann6, 6, 60, 2.8, 80),
];
