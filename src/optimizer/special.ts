/** Special functions of the normal distribution, accurate in both tails (relative error about 1e-14 unless said). */

/** Chebyshev coefficients of erfcx(x) / t in 2t - 1, t = 2 / (2 + x), fitted at 40 nodes in 40-digit arithmetic. */
const erfcxSeries = [
  0.5770337386164698, 0.35543692127049853, 0.0650951588287865, 0.0036711423958366574, -0.0011128447433526312,
  -0.00016075829915376263, 3.278031574164286e-5, 5.442441645486796e-6, -1.5154665553351877e-6, -1.429760819071646e-7,
  8.234608845913982e-8, -1.2962847684150348e-9, -4.154721822136054e-9, 6.347060321765241e-10, 1.4320825081348687e-10,
  -6.160409404820655e-11, 2.061198434155642e-12, 3.5718428215147927e-12, -8.585576694031261e-13, -6.203926261605376e-14,
  7.497336085293683e-14, -1.3389289676979389e-14, -2.353672812205332e-15, 1.915134717478395e-15,
];

const sqrtHalfPi = Math.sqrt(Math.PI / 2);
const logSqrt2Pi = 0.5 * Math.log(2 * Math.PI);

/** Scaled complementary error function exp(x^2) erfc(x) for x >= 0; in (0, 1]. */
export function erfcx(x: number): number {
  const t = 2 / (2 + x);
  const y = 2 * (2 * t - 1);
  let b1 = 0;
  let b2 = 0;
  for (let k = erfcxSeries.length - 1; k > 0; k--) {
    const b0 = y * b1 - b2 + erfcxSeries[k]!;
    b2 = b1;
    b1 = b0;
  }
  return t * (0.5 * y * b1 - b2 + erfcxSeries[0]!);
}

/** Mills ratio (1 - Phi(u)) / phi(u) of the standard normal, u >= 0. */
export const mills = (u: number): number => sqrtHalfPi * erfcx(u / Math.SQRT2);

export const logNormalPdf = (z: number): number => -0.5 * z * z - logSqrt2Pi;

export const normalPdf = (z: number): number => Math.exp(logNormalPdf(z));

/** Standard normal distribution function, in [0, 1]. */
export function normalCdf(z: number): number {
  const tail = normalPdf(z) * mills(Math.abs(z));
  return z > 0 ? 1 - tail : tail;
}

/** log Phi(z), finite for every finite z. */
export function logNormalCdf(z: number): number {
  return z > 0 ? Math.log1p(-normalPdf(z) * mills(z)) : logNormalPdf(z) + Math.log(mills(-z));
}

/** phi(z) / Phi(z), the slope of log Phi. */
export function inverseMills(z: number): number {
  return z > 0 ? normalPdf(z) / normalCdf(z) : 1 / mills(-z);
}

/**
 * R(u) = 1 - u mills(u) for u >= 0, which falls like 1 / u^2. Beyond 20 the asymptotic series is used, since the
 * difference loses digits there.
 */
function tailGain(u: number): number {
  if (u < 20) return 1 - u * mills(u);
  const step = 1 / (u * u);
  let term = step;
  let sum = step;
  for (let k = 1; k < 10; k++) {
    term *= -(2 * k + 1) * step;
    sum += term;
  }
  return sum;
}

/** What `improvement` fills in: log h(z), Phi(z) / h(z) and phi(z) / h(z). */
export interface Improvement {
  log: number;
  cdf: number;
  pdf: number;
}

/**
 * The expected improvement of a standard normal, h(z) = phi(z) + z Phi(z), as its logarithm, with the ratios that its
 * gradient needs. Stable for every finite z (Ament et al. 2023, Unexpected Improvements to Expected Improvement).
 */
export function improvement(z: number, out: Improvement): void {
  if (z > -1) {
    const pdf = normalPdf(z);
    const tail = pdf * mills(Math.abs(z));
    const cdf = z > 0 ? 1 - tail : tail;
    const h = pdf + z * cdf;
    out.log = Math.log(h);
    out.cdf = cdf / h;
    out.pdf = pdf / h;
    return;
  }
  const u = -z;
  const gain = u < 1e150 ? tailGain(u) : 0;
  out.log = logNormalPdf(z) + (gain > 0 ? Math.log(gain) : -2 * Math.log(u));
  out.pdf = gain > 0 ? 1 / gain : u * u;
  out.cdf = out.pdf * mills(u);
}

const scratch: Improvement = { log: 0, cdf: 0, pdf: 0 };

/** log h(z), h(z) = phi(z) + z Phi(z). */
export function logImprovement(z: number): number {
  improvement(z, scratch);
  return scratch.log;
}

/** log(exp(a) - exp(b)) for a >= b; -Infinity where they are equal. */
export function logDifference(a: number, b: number): number {
  const gap = b - a;
  if (gap >= 0) return -Infinity;
  return a + (gap > -0.6931471805599453 ? Math.log(-Math.expm1(gap)) : Math.log1p(-Math.exp(gap)));
}

/**
 * Standard normal quantile for p in (0, 1): a rational start (Odeh and Evans 1974, error below 1e-7) and one Halley
 * step, which brings it to the accuracy of `normalCdf`.
 */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  const y = Math.sqrt(-2 * Math.log(p));
  const upper = (((4.53642210148e-5 * y + 0.0204231210245) * y + 0.342242088547) * y + 1) * y + 0.322232431088;
  const lower =
    (((0.0038560700634 * y + 0.10353775285) * y + 0.531103462366) * y + 0.588581570495) * y + 0.099348462606;
  const z = upper / lower - y;
  const error = (normalCdf(z) - p) / normalPdf(z);
  return z - error / (1 + 0.5 * z * error);
}
