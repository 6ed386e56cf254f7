import type { Stream } from '../base/random.ts';
import type { Gate } from './acquisition.ts';
import { Belief } from './belief.ts';
import type { Row } from './data.ts';
import { drawJointly } from './draws.ts';
import { unitWorth, worthOf } from './explain.ts';
import type { RegretReport } from './problem.ts';
import { samplePoints } from './sample.ts';
import type { Aim } from './scenes.ts';
import { listPoints } from './search.ts';
import { type Space, modelPoint } from './space.ts';

/** Points that compete with the incumbent, and how often the function is drawn. */
const rivals = 48;
const draws = 192;

/**
 * How much better than the best observed point (by posterior mean) some other point may be: the function is drawn 192
 * times from the posterior, jointly at the incumbent and at the 48 points most likely to beat it (highest mean plus two
 * standard deviations among samples of the space, allowed more likely than not), and the regret of a draw is its maximum
 * less its value at the incumbent. The probability that regret is at most a tolerance is the share of such draws (Wilson
 * 2024, Stopping Bayesian Optimization with Probabilistic Regret Bounds). Regret and tolerance are in the objective's
 * unit, 0 or more; finitely many rivals make the figure slightly optimistic.
 */
export function assessRegret(
  space: Space,
  aim: Aim,
  rows: readonly Row[],
  incumbents: readonly number[],
  chances: readonly Gate[],
  random: Stream,
  tolerance?: number,
): RegretReport {
  const { outcome, at } = aim;
  const worth = (row: number) => worthOf(aim, at.mean[outcome.rows.indexOf(row)]!);
  const best = incumbents.reduce((a, b) => (worth(b) > worth(a) ? b : a));
  const points = [rows[best]!.model, ...chooseRivals(space, aim, chances, random)];
  const regrets = drawJointly(outcome.gp, points, draws, random).map((values) => {
    const worths = values.map((value) => unitWorth(aim, value));
    return Math.max(...worths) - worths[0]!;
  });
  const sorted = regrets.sort((a, b) => a - b);
  const ninety = sorted[Math.ceil(0.9 * draws) - 1]!;
  if (tolerance === undefined) return { ninety };
  return { ninety, tolerance, probability: sorted.filter((regret) => regret <= tolerance).length / draws };
}

function chooseRivals(space: Space, aim: Aim, chances: readonly Gate[], random: Stream): Float64Array[] {
  const belief = new Belief(aim.outcome.gp, 0);
  return (listPoints(space, random) ?? samplePoints(space, 320, random))
    .map((x) => modelPoint(space, x))
    .filter((x) => chances.every((gate) => gate(x) > Math.log(0.5)))
    .map((x) => {
      belief.look(x);
      const reach = [-2, 0, 2].map((step) => worthOf(aim, belief.mean + step * belief.sd));
      return { x, promise: Math.max(...reach) };
    })
    .sort((a, b) => b.promise - a.promise)
    .slice(0, rivals)
    .map(({ x }) => x);
}
