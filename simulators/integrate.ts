import { invariant } from '../src/base/invariant.ts';

export type Derivative = (time: number, state: readonly number[]) => readonly number[];

/** Stage times, stage weights and the two solutions of the embedded pair (Dormand and Prince 1980). */
const times = [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1];
const stages = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
const fifth = [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0];
const fourth = [5179 / 57600, 0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40];

const tiny = 1e-300;

/**
 * Integrates y' = f(t, y) from 0 to `end` by the Runge-Kutta pair of order 5(4) with step-size control: the estimated
 * error of each step stays below `tolerance` relative to the largest component seen. For smooth problems that are not
 * very stiff.
 */
export function integrate(f: Derivative, start: readonly number[], end: number, tolerance = 1e-10): number[] {
  let y = [...start];
  let t = 0;
  let h = end / 100;
  for (let steps = 0; t < end; steps++) {
    invariant(steps < 1_000_000 && h > end * 1e-14, 'the step of an integration has become too small');
    h = Math.min(h, end - t);
    const { next, error } = step(f, t, y, h);
    const scale = Math.max(tiny, ...y.map(Math.abs), ...next.map(Math.abs));
    const ratio = Math.max(1e-6, error / (tolerance * scale));
    if (ratio <= 1) {
      t = h === end - t ? end : t + h;
      y = next;
    }
    h *= Math.min(5, Math.max(0.2, 0.9 * ratio ** -0.2));
  }
  return y;
}

function step(f: Derivative, t: number, y: readonly number[], h: number): { next: number[]; error: number } {
  const slopes: (readonly number[])[] = [];
  const advanced = (weights: readonly number[]) =>
    y.map((value, i) => value + h * weights.reduce((sum, weight, j) => sum + weight * (slopes[j]?.[i] ?? 0), 0));
  for (const [s, weights] of stages.entries()) slopes.push(f(t + times[s]! * h, advanced(weights)));
  const next = advanced(fifth);
  const other = advanced(fourth);
  return { next, error: Math.max(...next.map((value, i) => Math.abs(value - other[i]!))) };
}
