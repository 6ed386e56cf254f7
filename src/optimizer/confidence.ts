import type { Gate } from './acquisition.ts';
import type { Belief } from './belief.ts';
import { modelValue } from './data.ts';
import type { Aim } from './scenes.ts';
import type { Surface } from './search.ts';
import { type Space, warpSlope, warped } from './space.ts';

interface Confidence {
  readonly space: Space;
  readonly aims: readonly Aim[];
  readonly beliefs: readonly Belief[];
  readonly gates: readonly Gate[];
  /** Standard deviations added to the mean. */
  readonly confidence: number;
  /** Of the scalarisation, where there are several aims. */
  readonly weights: Float64Array;
  readonly ideal: Float64Array;
}

/**
 * Upper confidence bound in standardised units, plus the log probabilities and minus the log cost of the gates:
 *
 *   mean + kappa sd (Srinivas et al. 2010), for a target -max(0, |mean - target| - kappa sd),
 *
 * where sd is the spread left once all pending and chosen points are measured (Desautels, Krause and Burdick 2014), which
 * spreads a batch. The bounds of several objectives are joined by Chebyshev scalarisation. Fills the exact gradient.
 */
export function confidenceSurface(given: Confidence): Surface {
  const { space, aims, beliefs, gates, weights, ideal } = given;
  const { dimensions } = space;
  return (x, gradient) => {
    const model = x.map((u, j) => warped(u, dimensions[j]!.warp));
    const bounds = aims.map((aim, m) => boundAt(aim, beliefs[m]!, model, given.confidence));
    const lacks = bounds.map(({ value }, m) => weights[m]! * (ideal[m]! - value));
    const most = lacks.indexOf(Math.max(...lacks));
    const single = aims.length === 1;
    let value = single ? bounds[0]!.value : -lacks[most]! - 0.05 * lacks.reduce((sum, lack) => sum + lack, 0);
    if (gradient !== undefined) {
      gradient.fill(0);
      bounds.forEach(({ byMean, bySd }, m) => {
        const share = single ? 1 : weights[m]! * ((m === most ? 1 : 0) + 0.05);
        const none = new Float64Array(beliefs[m]!.undecided);
        beliefs[m]!.addGradient(share * byMean, none, share * bySd, gradient);
      });
    }
    for (const gate of gates) value += gate(model, gradient);
    gradient?.forEach((slope, j) => (gradient[j] = slope * warpSlope(x[j]!, dimensions[j]!.warp)));
    return value;
  };
}

/** The bound of one aim and its derivatives by mean and sd. */
function boundAt({ objective, outcome }: Aim, belief: Belief, model: Float64Array, kappa: number) {
  belief.look(model);
  const { mean, sd } = belief;
  if (objective.target === undefined) return { value: mean + kappa * sd, byMean: 1, bySd: kappa };
  const gap = mean - modelValue(outcome, objective.target);
  const excess = Math.abs(gap) - kappa * sd;
  if (excess <= 0) return { value: 0, byMean: 0, bySd: 0 };
  return { value: -excess, byMean: -Math.sign(gap), bySd: kappa };
}
