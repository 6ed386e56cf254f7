/** The spread of a figure over replicates: median, 10th and 90th percentile; all equal where there is one. */
export interface Band {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

export function bandOf(values: readonly number[]): Band {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), p10: quantile(sorted, 0.1), p90: quantile(sorted, 0.9) };
}

/** Of sorted values, linear between neighbours: definition 7 of Hyndman and Fan (1996). */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  return below + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - below);
}
