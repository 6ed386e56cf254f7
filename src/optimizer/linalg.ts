/** Dense linear algebra on row-major typed arrays: only what a Gaussian process needs. */

/**
 * Lower Cholesky factor of the symmetric positive definite matrix whose lower triangle stands in `a`, in place, rows
 * `from` to `n` (rows below `from` hold a finished factor already, so appending rows costs O(n^2) each).
 * The upper triangle is left alone. Returns false when a pivot is not positive. `stride` is the row length.
 */
export function cholesky(a: Float64Array, n: number, stride = n, from = 0): boolean {
  for (let i = from; i < n; i++) {
    const row = i * stride;
    forwardRow(a, stride, i, row);
    let pivot = a[row + i]!;
    for (let k = 0; k < i; k++) pivot -= a[row + k]! * a[row + k]!;
    if (!(pivot > 0)) return false;
    a[row + i] = Math.sqrt(pivot);
  }
  return true;
}

/** Solves L z = b for the first `n` entries of `b` at offset `row` of the same array, in place. */
function forwardRow(a: Float64Array, stride: number, n: number, row: number): void {
  forwardAt(a, stride, n, a, row);
}

/**
 * Forward substitution with four rows of L at a time: their common part is one pass over z, which halves the memory
 * traffic of the plain loop and lets the engine keep four sums in registers.
 */
function forwardAt(l: Float64Array, stride: number, n: number, z: Float64Array, at: number): void {
  let j = 0;
  for (; j + 3 < n; j += 4) {
    const r0 = j * stride;
    const r1 = r0 + stride;
    const r2 = r1 + stride;
    const r3 = r2 + stride;
    let s0 = z[at + j]!;
    let s1 = z[at + j + 1]!;
    let s2 = z[at + j + 2]!;
    let s3 = z[at + j + 3]!;
    for (let k = 0; k < j; k++) {
      const v = z[at + k]!;
      s0 -= l[r0 + k]! * v;
      s1 -= l[r1 + k]! * v;
      s2 -= l[r2 + k]! * v;
      s3 -= l[r3 + k]! * v;
    }
    s0 /= l[r0 + j]!;
    s1 = (s1 - l[r1 + j]! * s0) / l[r1 + j + 1]!;
    s2 = (s2 - l[r2 + j]! * s0 - l[r2 + j + 1]! * s1) / l[r2 + j + 2]!;
    s3 = (s3 - l[r3 + j]! * s0 - l[r3 + j + 1]! * s1 - l[r3 + j + 2]! * s2) / l[r3 + j + 3]!;
    z[at + j] = s0;
    z[at + j + 1] = s1;
    z[at + j + 2] = s2;
    z[at + j + 3] = s3;
  }
  for (; j < n; j++) {
    let sum = z[at + j]!;
    const row = j * stride;
    for (let k = 0; k < j; k++) sum -= l[row + k]! * z[at + k]!;
    z[at + j] = sum / l[row + j]!;
  }
}

/** Solves L z = b in place. */
export function solveLower(l: Float64Array, n: number, b: Float64Array, stride = n): void {
  forwardAt(l, stride, n, b, 0);
}

/** Solves L' z = b in place. */
export function solveUpper(l: Float64Array, n: number, b: Float64Array, stride = n): void {
  for (let i = n - 1; i >= 0; i--) {
    const row = i * stride;
    const value = b[i]! / l[row + i]!;
    b[i] = value;
    if (value === 0) continue;
    for (let k = 0; k < i; k++) b[k]! -= l[row + k]! * value;
  }
}

/**
 * The inverse of L L', both triangles, row-major without padding.
 * Uses U = inverse(L)' kept by rows, so that every inner product runs along memory.
 */
export function inverseFromFactor(l: Float64Array, n: number, stride = n): Float64Array {
  const u = new Float64Array(n * n);
  for (let i = 0; i < n; i++) invertColumn(l, n, stride, i, u);
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const sum = dotRows(u, i * n, j * n, i, n);
      inverse[i * n + j] = sum;
      inverse[j * n + i] = sum;
    }
  }
  return inverse;
}

/** Row i of U: column i of inverse(L), its entries i to n - 1. */
function invertColumn(l: Float64Array, n: number, stride: number, i: number, u: Float64Array): void {
  const at = i * n;
  u[at + i] = 1 / l[i * stride + i]!;
  for (let k = i + 1; k < n; k++) {
    const row = k * stride;
    let s0 = 0;
    let s1 = 0;
    let j = i;
    for (; j + 1 < k; j += 2) {
      s0 += l[row + j]! * u[at + j]!;
      s1 += l[row + j + 1]! * u[at + j + 1]!;
    }
    if (j < k) s0 += l[row + j]! * u[at + j]!;
    u[at + k] = -(s0 + s1) / l[row + k]!;
  }
}

function dotRows(u: Float64Array, a: number, b: number, from: number, to: number): number {
  let s0 = 0;
  let s1 = 0;
  let k = from;
  for (; k + 1 < to; k += 2) {
    s0 += u[a + k]! * u[b + k]!;
    s1 += u[a + k + 1]! * u[b + k + 1]!;
  }
  return k < to ? s0 + s1 + u[a + k]! * u[b + k]! : s0 + s1;
}

export function dot(a: Float64Array, b: Float64Array, n = a.length): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Sum of the logarithms of the diagonal of L; half the log determinant of L L'. */
export function logDiagonal(l: Float64Array, n: number, stride = n): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.log(l[i * stride + i]!);
  return sum;
}
