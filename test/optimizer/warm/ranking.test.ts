import { describe, expect, it } from 'vitest';
import { stream } from '../../../src/base/random.ts';
import { misranked, rankingShare, rankingWeights, worseThanChance } from '../../../src/optimizer/warm/ranking.ts';

const streams = (count: number) => Array.from({ length: count }, (_, s) => stream(s, 'test/ranking'));

const y = Float64Array.of(0.1, 0.9, 0.4, 1.3, -0.2, 0.6);
const predictions = (mean: Float64Array, sd: number) => ({
  mean,
  covariance: Float64Array.from({ length: 36 }, (_, k) => (k % 7 === 0 ? sd * sd : 0)),
});
const poor = { mean: new Float64Array(6), variance: new Float64Array(6).fill(1) };

describe('ranking', () => {
  it('counts the pairs in the wrong order', () => {
    expect(misranked(y, y)).toBe(0);
    expect(
      misranked(
        y.map((value) => -value),
        y,
      ),
    ).toBe(15);
    expect(misranked(Float64Array.of(0.9, 0.1, 0.4, 1.3, -0.2, 0.6), y)).toBe(5);
    expect(
      rankingShare(
        y.map((value) => -value),
        y,
      ),
    ).toBe(0);
    expect(rankingShare(Float64Array.of(1, 2), Float64Array.of(3, 3))).toBeUndefined();
  });

  it('gives the weight to the source that orders the data, whatever its unit', () => {
    const sources = [
      predictions(
        y.map((value) => 50 + 7 * value),
        0.1,
      ),
      predictions(
        y.map((value) => -value),
        0.1,
      ),
    ];
    const weights = rankingWeights(y, sources, poor, streams(3));
    expect(weights[0]).toBeGreaterThan(0.95);
    expect(weights[1]).toBe(0);
  });

  it('leaves the weight to a model of its own that is better than every source', () => {
    const own = { mean: y, variance: new Float64Array(6).fill(1e-6) };
    const sources = [0, 1, 2].map(() => predictions(new Float64Array(6), 1));
    const weights = rankingWeights(y, sources, own, streams(4));
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeLessThan(0.05);
  });

  it('drops what is worse than chance by more than its error, and needs more to say so of few', () => {
    expect(worseThanChance(0.5, 100)).toBe(false);
    expect(worseThanChance(0.2, 10)).toBe(true);
    expect(worseThanChance(0.4, 4)).toBe(false);
    expect(worseThanChance(0.4, 60)).toBe(true);
  });
});
