import { Belief } from './belief.ts';
import { unitValue } from './data.ts';
import { worthOf } from './explain.ts';
import type { Suggestion } from './problem.ts';
import type { Aim } from './scenes.ts';
import { type Space, encode, modelPoint } from './space.ts';
import { logImprovement } from './special.ts';
import { gainOf, slopeAt } from './transform.ts';

/**
 * What a batch is expected to add to the best so far, in the objective's unit (several: the product of the units). Greedy
 * gains add up to the gain of the batch; the cost that divided them is taken out again.
 */
export function expectedGain(
  space: Space,
  aims: readonly Aim[],
  incumbents: readonly number[],
  chosen: readonly Suggestion[],
): number {
  const unit = aims.reduce((product, { outcome }) => product * Math.abs(outcome.scale), 1);
  const stretch = stretchOf(space, aims[0]!, incumbents);
  return chosen.reduce((sum, suggestion) => {
    const { acquisition, cost = 1 } = suggestion;
    return sum + unit * cost * Math.exp(acquisition!) * stretch(suggestion);
  }, 0);
}

/** What a gain on the scale of the model is worth in standardised units, at a point: 1 where nothing is transformed. */
function stretchOf(space: Space, aim: Aim, incumbents: readonly number[]): (suggestion: Suggestion) => number {
  const { outcome, at } = aim;
  const { transform } = outcome;
  if (transform === undefined) return () => 1;
  const level = Math.max(...incumbents.map((row) => worthOf(aim, at.mean[outcome.rows.indexOf(row)]!)));
  const belief = new Belief(outcome.gp, 0);
  return ({ point }) => {
    belief.look(modelPoint(space, encode(space, point)));
    const { mean, sd } = belief;
    const plain = sd * Math.exp(logImprovement((mean - level) / sd));
    const y = (unitValue(outcome, level) - outcome.offset) / outcome.scale;
    return plain > 1e-200 ? gainOf(transform, level, mean, sd) / plain : 1 / slopeAt(transform, y);
  };
}
