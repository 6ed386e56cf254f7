import { type Improvement, improvement, logDifference, logNormalPdf } from './special.ts';

/** log E[(g(f) - level)+] for f normal with mean and sd, with its derivatives by mean and sd. */
export interface Gain {
  log: number;
  byMean: number;
  bySd: number;
}

const a: Improvement = { log: 0, cdf: 0, pdf: 0 };
const b: Improvement = { log: 0, cdf: 0, pdf: 0 };
const c: Improvement = { log: 0, cdf: 0, pdf: 0 };

/** Expected improvement on `level` of a value to be maximised, g(f) = f: log(sd h((mean - level) / sd)). */
export function gainAbove(level: number, mean: number, sd: number, out: Gain): void {
  improvement((mean - level) / sd, a);
  out.log = Math.log(sd) + a.log;
  out.byMean = a.cdf / sd;
  out.bySd = a.pdf / sd;
}

/**
 * Expected improvement on `level` <= 0 of g(f) = -|f - target|: with d = -level,
 * E[(d - |f - target|)+] = sd (h(z + w) - 2 h(z) + h(z - w)), z = (mean - target) / sd, w = d / sd, taken on the side z <= 0 by
 * symmetry. Where the second difference would lose its digits the triangle w^2 phi(z) stands in (relative error below
 * w^2 (1 + z^2) / 12).
 */
export function gainNear(target: number, level: number, mean: number, sd: number, out: Gain): void {
  const width = -level / sd;
  const z = -Math.abs(mean - target) / sd;
  const side = mean > target ? -1 : 1;
  if (!(width > 0)) {
    out.log = -Infinity;
    out.byMean = 0;
    out.bySd = 0;
    return;
  }
  if (width * (1 - z) < 1e-3) {
    out.log = Math.log(sd) + 2 * Math.log(width) + logNormalPdf(z);
    out.byMean = (-z * side) / sd;
    out.bySd = (z * z - 1) / sd;
    return;
  }
  improvement(z + width, a);
  improvement(z, b);
  improvement(z - width, c);
  const rb = Math.exp(b.log - a.log);
  const rc = Math.exp(c.log - a.log);
  const rest = Math.max(1 - 2 * rb + rc, 1e-15);
  out.log = Math.log(sd) + a.log + Math.log(rest);
  out.byMean = (side * (a.cdf - 2 * rb * b.cdf + rc * c.cdf)) / (rest * sd);
  out.bySd = (a.pdf - 2 * rb * b.pdf + rc * c.pdf) / (rest * sd);
}

/** The gain between two levels, log(exp(low.log) - exp(high.log)), its derivatives into `out`. */
export function gainBetween(low: Gain, high: Gain, out: Gain): void {
  out.log = logDifference(low.log, high.log);
  const ratio = Math.exp(Math.min(0, high.log - low.log));
  const rest = Math.max(1 - ratio, 1e-15);
  out.byMean = (low.byMean - ratio * high.byMean) / rest;
  out.bySd = (low.bySd - ratio * high.bySd) / rest;
}
