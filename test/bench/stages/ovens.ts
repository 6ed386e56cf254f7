import { stream } from '../../../src/base/random.ts';
import { unwrap } from '../../../src/base/failure.ts';
import type { Parameter, Point } from '../../../src/optimizer/problem.ts';
import { samplePoints } from '../../../src/optimizer/sample.ts';
import { candidates } from '../../../src/optimizer/search.ts';
import { decide } from '../../../src/optimizer/stages/decide.ts';
import type { Decision, StagedProblem } from '../../../src/optimizer/stages/staged.ts';
import { unitSpace } from '../../optimizer/reference.ts';
import { type Run, type Watch, type World, perform, rowsOf, startRun } from './world.ts';

/** Samples are mixed one by one for 0.05, then heated four at a time, at one of five profiles, for 1 a run. */
const capacity = 4;
const levels = 5;
const costs = [0.05, 1] as const;

/** Which kind the profile, which a run has in common, is of. */
export const ovens = ['ordinal', 'categorical'] as const;

/** A random smooth function of [0, 1]^d: sum of w exp(-|z - c|^2 / (2 0.4^2)) over 16 centres, w standard normal. */
function bumps(dimensions: number, seed: number, name: string): (z: readonly number[]) => number {
  const random = stream(seed, `bench/oven/${name}`);
  const centres = Array.from({ length: 16 }, () => ({
    at: Array.from({ length: dimensions }, () => random.next()),
    weight: random.normal(),
  }));
  return (z) =>
    centres.reduce((sum, { at, weight }) => {
      const r2 = at.reduce((total, c, j) => total + (z[j]! - c) ** 2, 0);
      return sum + weight * Math.exp(-r2 / (2 * 0.4 ** 2));
    }, 0);
}

const unit = (name: string): Parameter => ({ name, type: 'continuous', min: 0, max: 1 });

const profileOf = (kind: (typeof ovens)[number]): Parameter =>
  kind === 'ordinal'
    ? { name: 'profile', type: 'ordinal', levels: Array.from({ length: levels }, (_, i) => i) }
    : { name: 'profile', type: 'categorical', levels: Array.from({ length: levels }, (_, i) => String(i)) };

/** An instance: three parameters make two proxies, which with the profile and an additive make the final value. */
export function ovenWorld(kind: (typeof ovens)[number], seed: number, budget: number): World {
  const [p, q, end] = [bumps(3, seed, 'p'), bumps(3, seed, 'q'), bumps(4, seed, 'end')];
  const random = stream(seed, 'bench/oven/levels');
  const order = Array.from({ length: levels }, (_, i) => i / (levels - 1));
  const place = kind === 'ordinal' ? order : order.map(() => random.next());
  const logistic = (value: number) => 1 / (1 + Math.exp(-2 * value));
  const truth = (k: number, x: readonly number[], before: readonly number[]) =>
    k === 0 ? [logistic(p(x)), logistic(q(x))] : [end([place[x[0]!]!, x[1]!, ...before])];
  const mix = { parameters: [unit('a'), unit('b'), unit('c')], constraints: [] };
  const heat = { parameters: [profileOf(kind), unit('additive')], constraints: [] };
  const shared = { capacity, parameters: ['profile'] };
  const stages: StagedProblem['stages'] = [
    { id: 'mix', space: mix, outputs: [{ name: 'p' }, { name: 'q' }], after: [], cost: { base: costs[0] } },
    { id: 'heat', space: heat, outputs: [{ name: 'end' }], after: ['mix'], cost: { base: costs[1] }, shared },
  ];
  const whole = (u: readonly number[]) =>
    truth(1, [Math.min(levels - 1, Math.floor(u[3]! * levels)), u[4]!], truth(0, u, []))[0]!;
  return {
    name: `oven/${kind}`,
    problem: { stages, objectives: [{ name: 'end', goal: 'maximize' }] },
    ...{ truth, measure: (_k: number, hidden: readonly number[]) => [...hidden], budget, initial: 12 },
    ...extent(whole, seed),
  };
}

/** The top of a function of [0, 1]^5, by many points and ever nearer ones, and its median. */
function extent(value: (u: readonly number[]) => number, seed: number): Pick<World, 'optimum' | 'typical'> {
  const space = unitSpace(5);
  const random = stream(seed, 'bench/oven/top');
  const rate = (x: Float64Array) => ({ x, value: value([...x]) });
  const byValue = (a: { value: number }, b: { value: number }) => b.value - a.value;
  const spread = samplePoints(space, 4096, random).map(rate).sort(byValue);
  let best = spread.slice(0, 5);
  for (let round = 0; round < 10; round++) {
    const near = best.map(({ x }) => x);
    best = [...best, ...candidates(space, { random, near, taken: [] }).map(rate)].sort(byValue).slice(0, 5);
  }
  return { optimum: best[0]!.value, typical: spread[2048]!.value };
}

/** Cost at which regrets of the goals were reached, the budget where they were not. */
export function costsToGoals(world: World, seed: number, goals: readonly number[], aware: boolean): number[] {
  const run = startRun(world, seed);
  const reached = goals.map(() => world.budget);
  const watch = ({ best, cost }: Run) => {
    const regret = (world.optimum - best) / (world.optimum - world.typical);
    goals.forEach((goal, i) => (reached[i] = regret <= goal ? Math.min(reached[i]!, cost) : reached[i]!));
  };
  watch(run);
  runOven(run, aware ? world.problem : unshared(world.problem), watch);
  return reached;
}

/** The problem as seen without knowing that runs are shared. */
const unshared = ({ stages, ...rest }: StagedProblem): StagedProblem => ({
  ...rest,
  stages: stages.map(({ shared: _, ...stage }) => stage),
});

/**
 * Rounds of four decisions, all carried out before the next; samples heated at the same profile in a round go four to a
 * run, whoever decided.
 */
function runOven(run: Run, problem: StagedProblem, watch: Watch): void {
  for (let round = 0; run.cost < run.world.budget; round++) {
    const options = { seed: run.seed, count: capacity, initial: 0, ...(run.model && { model: run.model }) };
    const { decisions, model } = unwrap(decide(problem, rowsOf(run), [], options));
    run.model = model;
    const members = new Map<string, number>();
    decisions.forEach((decision, i) => {
      const { kind, sample, stage, parameters } = decision;
      if (kind === 'drop') run.tracks.get(sample)!.row.closed = true;
      else perform(run, kind === 'start' ? `sample-${round}-${i}` : sample, stage, parameters, true);
      run.cost += costOf(decision, members);
    });
    watch(run);
  }
}

/** What a decision adds to the cost of its round; `members` counts the samples at every profile. */
function costOf({ kind, stage, parameters }: Decision & { parameters: Point }, members: Map<string, number>): number {
  if (kind === 'drop') return 0;
  if (stage === 'mix') return costs[0];
  const profile = String(parameters['profile']);
  const count = members.get(profile) ?? 0;
  members.set(profile, count + 1);
  return count % capacity === 0 ? costs[1] : 0;
}
