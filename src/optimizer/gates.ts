import type { Belief } from './belief.ts';
import type { Gate } from './acquisition.ts';
import { type Classifier, latentAt } from './classifier.ts';
import { inverseMills, logNormalCdf } from './special.ts';

const none = new Float64Array(0);

/** log P(side f(x) <= side bound), f the standardised outcome of a belief without undecided points; side is 1 or -1. */
export function boundGate(belief: Belief, bound: number, side: number): Gate {
  return (x, gradient) => {
    belief.look(x);
    const z = (side * (bound - belief.mean)) / belief.sd;
    if (gradient !== undefined) {
      const slope = inverseMills(z) / belief.sd;
      belief.addGradient(-side * slope, none, -slope * z, gradient);
    }
    return logNormalCdf(z);
  };
}

/** log P(the experiment succeeds). */
export function successGate(classifier: Classifier): Gate {
  return (x, gradient) => latentAt(classifier, x, gradient).logProbability;
}
