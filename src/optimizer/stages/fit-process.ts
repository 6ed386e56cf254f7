import { type Gp, build, fitGp } from '../fit.ts';
import type { Training } from '../likelihood.ts';

/** Enough for the links of a campaign with several stages; a fit is a pure function of what it is kept under. */
const mostKept = 32;
const kept = new Map<string, Gp | undefined>();

/**
 * The process of a link. Fits are kept: whatever one stage has measured leaves the links of the others as they were, and most
 * decisions are asked for after news of one stage.
 */
export function fitProcess(training: Training, theta?: Float64Array): Gp | undefined {
  const key = keyOf(training, theta);
  if (!kept.has(key)) {
    if (kept.size >= mostKept) kept.delete(kept.keys().next().value!);
    kept.set(key, fitAnew(training, theta));
  }
  const gp = kept.get(key);
  return gp && { ...gp, training };
}

/** All that a fit depends on, exactly. */
function keyOf({ space, points, y, noise }: Training, theta?: Float64Array): string {
  const { numeric, tables } = space;
  const known = tables.map(({ column, levels, distances }) => [column, levels, distances.join()]);
  return [numeric.join(), JSON.stringify(known), points.join(';'), y.join(), noise.join(), theta?.join()].join('|');
}

/** Observations from which hyperparameters are learned; the process itself then holds all of them. */
const most = 60;

/**
 * Hyperparameters from at most `most` observations (the highest fifth of those, the rest spread over the sorted data),
 * since a decision must be quick and one evaluation costs O(n^3).
 */
function fitAnew(training: Training, theta?: Float64Array): Gp | undefined {
  const n = training.y.length;
  if (n <= most) return fitGp(training, 'matern52', n < most / 2 ? undefined : theta);
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => training.y[b]! - training.y[a]!);
  const keep = new Set(order.slice(0, most / 5));
  for (let k = 1; keep.size < most && k < 20 * n; k++) keep.add(Math.floor((k * 0.618034 * n) % n));
  const rows = [...keep].sort((a, b) => a - b);
  const part = fitGp(
    {
      space: training.space,
      points: rows.map((i) => training.points[i]!),
      y: Float64Array.from(rows, (i) => training.y[i]!),
      noise: Float64Array.from(rows, (i) => training.noise[i]!),
    },
    'matern52',
    theta,
  );
  return part && build(training, 'matern52', Float64Array.from(thetaOf(part)), part.logPosterior);
}

/** Smallest noise that `fit.ts` allows, which its logarithm leaves out. */
const noiseFloor = 1e-6;

export const thetaOf = ({ settings }: Gp): number[] => [
  ...Array.from(settings.lengthscales, Math.log),
  Math.log(Math.max(1e-10, settings.noise - noiseFloor)),
  Math.log(settings.variance),
];
