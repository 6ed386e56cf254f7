import { type Gp, fitGp, part, thetaOf } from './fit.ts';
import type { Training } from './likelihood.ts';
import { type Transform, forward, identity, slopeAt, transformOf } from './transform.ts';

/** Powers from the identity outwards, to either side. */
const sides = [
  [0.5, 0],
  [1.5, 2],
];

/** Standard deviation of the prior of the power around 1: one step counts 2 nats, two count 8. */
const priorSd = 0.25;

/** Fewer observations than this say nothing about the shape of their distribution. */
const fewest = 4;

/** A model of u, and the transform where that is not the identity. */
interface Transformed {
  readonly gp: Gp;
  readonly transform?: Transform;
}

/**
 * The transform that the data support most: the one with the highest posterior, which is the posterior of the process on
 * u (hyperparameters at their mode), times the Jacobian product of du / dy, times a normal prior of the power around 1
 * (Snelson, Rasmussen and Ghahramani 2004, Warped Gaussian Processes). From the identity, which `plain` models, it moves
 * to either side while that gains. Many observations are compared on a part of them.
 */
export function fitTransformed(plain: Gp): Transformed {
  const training = part(plain.training);
  if (training.y.length < fewest) return { gp: plain };
  const start = training === plain.training ? plain : fitGp(training, 'matern52', thetaOf(plain.settings));
  if (start === undefined) return { gp: plain };
  let best: Candidate = { transform: identity, gp: start, score: start.logPosterior };
  for (const side of sides) {
    for (const power of side) {
      const candidate = fitPower(training, power, thetaOf(start.settings));
      if (candidate === undefined || candidate.score <= best.score) break;
      best = candidate;
    }
  }
  const { transform } = best;
  if (transform === identity) return { gp: plain };
  if (training === plain.training) return best;
  const gp = fitGp(transformed(plain.training, transform), 'matern52', thetaOf(best.gp.settings));
  return gp === undefined ? { gp: plain } : { gp, transform };
}

interface Candidate extends Transformed {
  readonly transform: Transform;
  /** Log posterior of process and power, up to a constant. */
  readonly score: number;
}

function fitPower(training: Training, power: number, warm: Float64Array): Candidate | undefined {
  const transform = transformOf(training.y, power);
  const gp = fitGp(transformed(training, transform), 'matern52', warm);
  if (gp === undefined) return undefined;
  const jacobian = training.y.reduce((sum, y) => sum + Math.log(slopeAt(transform, y)), 0);
  return { transform, gp, score: gp.logPosterior + jacobian - 0.5 * ((power - 1) / priorSd) ** 2 };
}

/** The observations on the scale u; known noise by the delta method, var u = (du / dy)^2 var y. */
export const transformed = (training: Training, transform: Transform): Training => ({
  ...training,
  y: training.y.map((y) => forward(transform, y)),
  noise: training.noise.map((variance, i) => variance * slopeAt(transform, training.y[i]!) ** 2),
});
