/** Complex numbers as [real, imaginary]. */
export type Complex = readonly [number, number];

export const real = (x: number): Complex => [x, 0];
export const add = (a: Complex, b: Complex): Complex => [a[0] + b[0], a[1] + b[1]];
export const subtract = (a: Complex, b: Complex): Complex => [a[0] - b[0], a[1] - b[1]];
export const scale = (a: Complex, factor: number): Complex => [a[0] * factor, a[1] * factor];
export const multiply = (a: Complex, b: Complex): Complex => [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]];
/** |a|^2 */
export const power = (a: Complex): number => a[0] ** 2 + a[1] ** 2;
export const divide = (a: Complex, b: Complex): Complex => scale(multiply(a, [b[0], -b[1]]), 1 / power(b));

/** exp(a) */
export const exponential = ([x, y]: Complex): Complex => [Math.exp(x) * Math.cos(y), Math.exp(x) * Math.sin(y)];

/**
 * The root with a real part that is not negative; its imaginary part has the sign of that of `a`. The larger part comes from
 * a sum of numbers of one sign and the smaller one from it, so that neither is lost in a difference.
 */
export function squareRoot(a: Complex): Complex {
  const larger = Math.sqrt((Math.hypot(a[0], a[1]) + Math.abs(a[0])) / 2);
  if (larger === 0) return [0, 0];
  const smaller = Math.abs(a[1]) / (2 * larger);
  const [x, y] = a[0] < 0 ? [smaller, larger] : [larger, smaller];
  return [x, a[1] < 0 ? -y : y];
}
