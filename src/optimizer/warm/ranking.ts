import type { Stream } from '../../base/random.ts';
import { cholesky } from '../linalg.ts';
import type { Predictions } from './process.ts';

const draws = 256;

/** Pairs of observations whose order the predictions reverse. */
export function misranked(predicted: Float64Array, y: Float64Array): number {
  let count = 0;
  for (let i = 1; i < y.length; i++) {
    for (let j = 0; j < i; j++) {
      if (predicted[i]! < predicted[j]! !== y[i]! < y[j]! && y[i] !== y[j]) count += 1;
    }
  }
  return count;
}

/** Share of pairs of different observations in the right order; undefined where there is no such pair. */
export function rankingShare(predicted: Float64Array, y: Float64Array): number | undefined {
  let pairs = 0;
  for (let i = 1; i < y.length; i++) for (let j = 0; j < i; j++) if (y[i] !== y[j]) pairs += 1;
  return pairs === 0 ? undefined : 1 - misranked(predicted, y) / pairs;
}

/** Whether a share is lower than that of unrelated predictions by more than its standard error (Kendall 1938), of n values. */
export function worseThanChance(share: number, n: number): boolean {
  return 2 * share - 1 < -Math.sqrt((2 * (2 * n + 5)) / (9 * n * (n - 1)));
}

/**
 * Weights of sources by how often a draw of each puts the new observations in the best order, against leave-one-out draws
 * of the new data's own model (Feurer, Letham and Bakshy 2018, Scalable Meta-Learning for Bayesian Optimization using
 * Ranking-Weighted Gaussian Process Ensembles). A source whose median loss is above the 95th percentile of that model's
 * is dropped, so that many poor sources cannot dilute it. They add up to at most 1; the rest is the own model's share.
 */
export function rankingWeights(
  y: Float64Array,
  sources: readonly Predictions[],
  own: { readonly mean: Float64Array; readonly variance: Float64Array },
  streams: readonly Stream[],
): Float64Array {
  const losses = sources.map((source, s) => lossesOf(drawsOf(source, streams[s]!), y));
  const ownDraws = Array.from({ length: draws }, () =>
    own.mean.map((mean, i) => mean + Math.sqrt(own.variance[i]!) * streams.at(-1)!.normal()),
  );
  const ownLosses = lossesOf(ownDraws, y);
  const limit = [...ownLosses].sort((a, b) => a - b)[Math.floor(0.95 * (draws - 1))]!;
  const kept = losses.map((loss) => [...loss].sort((a, b) => a - b)[draws >> 1]! <= limit);
  const weights = new Float64Array(sources.length);
  for (let d = 0; d < draws; d++) {
    const least = Math.min(ownLosses[d]!, ...losses.map((loss, s) => (kept[s] ? loss[d]! : Infinity)));
    const best = losses.flatMap((loss, s) => (kept[s] && loss[d] === least ? [s] : []));
    const sharing = best.length + (ownLosses[d] === least ? 1 : 0);
    for (const s of best) weights[s]! += 1 / (sharing * draws);
  }
  return weights;
}

const lossesOf = (drawn: readonly Float64Array[], y: Float64Array): number[] => drawn.map((row) => misranked(row, y));

function drawsOf({ mean, covariance }: Predictions, random: Stream): Float64Array[] {
  const n = mean.length;
  const factor = Float64Array.from(covariance);
  const size = Math.max(...mean.map((_, i) => covariance[i * n + i]!));
  for (let i = 0; i < n; i++) factor[i * n + i]! += 1e-8 * size + 1e-12;
  if (!cholesky(factor, n)) for (let i = 0; i < n * n; i++) factor[i] = 0;
  return Array.from({ length: draws }, () => {
    const normals = Float64Array.from(mean, () => random.normal());
    return mean.map((value, i) => {
      let sum = value;
      for (let k = 0; k <= i; k++) sum += factor[i * n + k]! * normals[k]!;
      return sum;
    });
  });
}
