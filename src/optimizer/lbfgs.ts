import { dot } from './linalg.ts';

/** Value of f at x; fills the gradient. A value that is not finite marks a point where f does not exist. */
export type Smooth = (x: Float64Array, gradient: Float64Array) => number;

export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly evaluations: number;
}

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/**
 * Limited-memory BFGS (Nocedal 1980) with a backtracking line search that asks for sufficient decrease (Armijo, 1e-4) and
 * interpolates quadratically. Pairs without positive curvature are skipped. Ends after `evaluations` calls of f, when
 * the largest gradient entry is below `tolerance`, or when a step gains less than 1e-9 relative.
 */
export function minimize(
  f: Smooth,
  start: Float64Array,
  options: { evaluations?: number; tolerance?: number } = {},
): Minimum {
  const { evaluations: budget = 100, tolerance = 1e-5 } = options;
  let x = Float64Array.from(start);
  let gradient = new Float64Array(x.length);
  let value = f(x, gradient);
  let evaluations = 1;
  const pairs: Pair[] = [];
  while (Number.isFinite(value) && evaluations < budget && largest(gradient) > tolerance) {
    const direction = descent(pairs, gradient);
    const found = lineSearch(f, {
      x,
      value,
      gradient,
      direction,
      first: pairs.length === 0,
      left: budget - evaluations,
    });
    evaluations += found.evaluations;
    if (found.x === undefined) {
      if (pairs.length === 0) break;
      pairs.length = 0;
      continue;
    }
    remember(pairs, x, found.x, gradient, found.gradient);
    const gain = value - found.value;
    x = found.x;
    gradient = found.gradient;
    value = found.value;
    if (gain < 1e-9 * (1 + Math.abs(value))) break;
  }
  return { x, value, evaluations };
}

/** The two-loop recursion: minus the inverse Hessian estimate times the gradient. */
function descent(pairs: readonly Pair[], gradient: Float64Array): Float64Array {
  const q = Float64Array.from(gradient);
  const alphas = new Float64Array(pairs.length);
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { s, y, rho } = pairs[i]!;
    alphas[i] = rho * dot(s, q);
    for (let k = 0; k < q.length; k++) q[k]! -= alphas[i]! * y[k]!;
  }
  const last = pairs.at(-1);
  const scale = last === undefined ? 1 : 1 / (last.rho * dot(last.y, last.y));
  for (let k = 0; k < q.length; k++) q[k]! *= scale;
  pairs.forEach(({ s, y, rho }, i) => {
    const beta = alphas[i]! - rho * dot(y, q);
    for (let k = 0; k < q.length; k++) q[k]! += beta * s[k]!;
  });
  for (let k = 0; k < q.length; k++) q[k] = -q[k]!;
  return q;
}

interface Search {
  readonly x: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
  readonly direction: Float64Array;
  readonly first: boolean;
  readonly left: number;
}

function lineSearch(f: Smooth, { x, value, gradient, direction, first, left }: Search) {
  const slope = dot(gradient, direction);
  const reach = largest(direction);
  let step = first ? Math.min(1, 0.5 / reach) : Math.min(1, 4 / reach);
  const next = new Float64Array(x.length);
  const nextGradient = new Float64Array(x.length);
  let evaluations = 0;
  while (slope < 0 && evaluations < Math.min(left, 20)) {
    for (let k = 0; k < x.length; k++) next[k] = x[k]! + step * direction[k]!;
    const reached = f(next, nextGradient);
    evaluations += 1;
    if (Number.isFinite(reached) && reached <= value + 1e-4 * step * slope) {
      return { x: next, value: reached, gradient: nextGradient, evaluations };
    }
    const curvature = reached - value - step * slope;
    const wanted = Number.isFinite(reached) && curvature > 0 ? (-slope * step * step) / (2 * curvature) : 0;
    step = Math.min(0.5 * step, Math.max(0.1 * step, wanted));
  }
  return { x: undefined, value, gradient, evaluations: Math.max(1, evaluations) };
}

function remember(pairs: Pair[], x: Float64Array, next: Float64Array, g: Float64Array, nextG: Float64Array): void {
  const s = next.map((value, k) => value - x[k]!);
  const y = nextG.map((value, k) => value - g[k]!);
  const curvature = dot(s, y);
  if (!(curvature > 1e-12 * dot(y, y))) return;
  if (pairs.length === 10) pairs.shift();
  pairs.push({ s, y, rho: 1 / curvature });
}

function largest(vector: Float64Array): number {
  let value = 0;
  for (const entry of vector) value = Math.max(value, Math.abs(entry));
  return value;
}
