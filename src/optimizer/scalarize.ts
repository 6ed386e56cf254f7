import type { Stream } from '../base/random.ts';
import { type Row, fitOutcome } from './data.ts';
import { worthOf } from './explain.ts';
import type { Objective } from './problem.ts';
import { atObservations } from './report.ts';
import type { Aim } from './scenes.ts';
import type { Space } from './space.ts';

/**
 * Weights that are positive and add up to 1, drawn evenly (normalised exponential variables), then each multiplied by
 * what its objective counts and normalised again, which moves the draws towards the objectives that count more.
 */
export function drawWeights(objectives: readonly Pick<Objective, 'weight'>[], random: Stream): Float64Array {
  const weights = Float64Array.from(objectives, ({ weight = 1 }) => weight * (-Math.log(1 - random.next()) + 1e-9));
  const total = weights.reduce((sum, value) => sum + value, 0);
  return weights.map((value) => value / total);
}

/**
 * Augmented Chebyshev scalarisation (Knowles 2006, ParEGO) of goal values, more is better in all of them:
 *
 *   - max_m w_m (ideal_m - g_m) - 0.05 sum_m w_m (ideal_m - g_m),
 *
 * which every point of the front, also of a concave one, maximises for some weights.
 */
export function chebyshev(weights: Float64Array, ideal: Float64Array, goals: ArrayLike<number>): number {
  let worst = -Infinity;
  let sum = 0;
  weights.forEach((weight, m) => {
    const lack = weight * (ideal[m]! - goals[m]!);
    worst = Math.max(worst, lack);
    sum += lack;
  });
  return -worst - 0.05 * sum;
}

/** Goal values (posterior means, standardised, more is better) of a row in which every objective was measured. */
export const goalsOf = (aims: readonly Aim[], row: number): Float64Array =>
  Float64Array.from(aims, (aim) => worthOf(aim, aim.at.mean[aim.outcome.rows.indexOf(row)]!));

/** The best value of every goal among the given rows; 0 where there is none. */
export function idealOf(aims: readonly Aim[], rows: readonly number[]): Float64Array {
  if (rows.length === 0) return new Float64Array(aims.length);
  const values = rows.map((row) => goalsOf(aims, row));
  return Float64Array.from(aims, (_, m) => Math.max(...values.map((value) => value[m]!)));
}

/** One aim in the place of several: a surrogate fitted to their scalarisation at the rows that hold all of them. */
export function scalarAim(
  space: Space,
  aims: readonly Aim[],
  rows: readonly Row[],
  weights: Float64Array,
  ideal: Float64Array,
): Aim | undefined {
  const name = 'scalar';
  const scalar = rows.map((row, i): Row => {
    const held = aims.every(({ outcome }) => outcome.rows.includes(i));
    const values: Record<string, number> = held ? { [name]: chebyshev(weights, ideal, goalsOf(aims, i)) } : {};
    return { ...row, datum: { point: row.datum.point, values } };
  });
  const outcome = fitOutcome(space, scalar, name, false);
  return outcome && { objective: { name, goal: 'maximize' }, outcome, at: atObservations(outcome) };
}
