/**
 * A monotone map from standardised outcomes y to the scale u on which they are modelled:
 *
 *   u = (t(y) - center) / spread,   t(y) = ((1 + y)^power - 1) / power for y >= 0,
 *                                   t(y) = -((1 - y)^(2 - power) - 1) / (2 - power) for y < 0,
 *
 * with logarithms where an exponent is 0 (Yeo and Johnson 2000). Power 1 is the identity; 0 draws a long upper tail in
 * like a logarithm, 2 a long lower one. For powers from 0 to 2 the whole line is mapped onto itself, so that zeros and
 * negative values need no care and every u has a y.
 */
export interface Transform {
  readonly power: number;
  readonly center: number;
  readonly spread: number;
}

export const identity: Transform = { power: 1, center: 0, spread: 1 };

const raised = (size: number, exponent: number): number =>
  exponent === 0 ? Math.log1p(size) : Math.expm1(exponent * Math.log1p(size)) / exponent;

const lowered = (size: number, exponent: number): number =>
  exponent === 0 ? Math.expm1(size) : Math.expm1(Math.log1p(exponent * size) / exponent);

const yeoJohnson = (y: number, power: number): number => (y >= 0 ? raised(y, power) : -raised(-y, 2 - power));

/** u of y. */
export const forward = ({ power, center, spread }: Transform, y: number): number =>
  power === 1 ? y : (yeoJohnson(y, power) - center) / spread;

/** y of u. */
export function backward({ power, center, spread }: Transform, u: number): number {
  if (power === 1) return u;
  const t = center + spread * u;
  return t >= 0 ? lowered(t, power) : -lowered(-t, 2 - power);
}

/** du / dy, positive; its product over the observations is the Jacobian of the transform. */
export const slopeAt = ({ power, spread }: Transform, y: number): number =>
  power === 1 ? 1 : (1 + Math.abs(y)) ** (y >= 0 ? power - 1 : 1 - power) / spread;

/** The transform of a power after which the given y have mean 0 and variance 1. */
export function transformOf(y: Float64Array, power: number): Transform {
  if (power === 1) return identity;
  const t = y.map((value) => yeoJohnson(value, power));
  const center = t.reduce((sum, value) => sum + value, 0) / t.length;
  const squares = t.reduce((sum, value) => sum + (value - center) ** 2, 0);
  const spread = Math.sqrt(squares / Math.max(1, t.length - 1));
  return { power, center, spread: spread > 1e-12 ? spread : 1 };
}

/**
 * Mean and standard deviation of y where u is normal: E y = integral of y(mean + sd z) phi(z) dz, and likewise y^2, by the
 * trapezoidal rule in steps of 0.25 out to 8 standard deviations.
 */
export function momentsOf(transform: Transform, mean: number, sd: number): { mean: number; sd: number } {
  if (transform.power === 1) return { mean, sd };
  let total = 0;
  let sum = 0;
  let squares = 0;
  const middle = backward(transform, mean);
  for (let k = -32; k <= 32; k++) {
    const z = k / 4;
    const weight = Math.exp(-0.5 * z * z);
    const gap = backward(transform, mean + sd * z) - middle;
    total += weight;
    sum += weight * gap;
    squares += weight * gap * gap;
  }
  const shift = sum / total;
  return { mean: middle + shift, sd: Math.sqrt(Math.max(0, squares / total - shift * shift)) };
}

const nodes = 800;

/**
 * Expected improvement E (y(u) - y(level))+ where u is normal, in units of y, with the substitution u = level + sd s:
 * integral over s >= 0 of (y(level + sd s) - y(level)) phi(s + z) ds, z = (level - mean) / sd, by the midpoint rule.
 */
export function gainOf(transform: Transform, level: number, mean: number, sd: number): number {
  const z = (level - mean) / sd;
  const from = Math.max(0, -z - 8);
  // Beyond z the normal density falls like exp(-z s), below like exp(-s^2 / 2).
  const step = Math.min(16, 40 / Math.max(1, z)) / nodes;
  let sum = 0;
  const start = backward(transform, level);
  for (let k = 0; k < nodes; k++) {
    const s = from + (k + 0.5) * step;
    sum += (backward(transform, level + sd * s) - start) * Math.exp(-0.5 * (s + z) ** 2);
  }
  return (sum * step) / Math.sqrt(2 * Math.PI);
}
