/** Dense linear algebra on row-major typed arrays: only what a Gaussian process needs. */

/**
 * Lower Cholesky factor of the symmetric positive definite matrix whose lower triangle stands in `a`, in place, rows
 * `from` to `n` (rows below `from` hold a finished factor already, so appending rows costs O(n^2) each).
 * The upper triangle is left alone. Returns false when a pivot is not positive. `stride` is the row length.
 */
export function cholesky(a: Float64Array, n: number, stride = n, from = 0): boolean {
  for (let i = from; i < n; i += 2) {
    const row = i * stride;
    if (i + 1 === n) {
      forwardAt(a, stride, i, a, row);
      return pivot(a, row, i);
    }
    forwardPair(a, stride, i, row, row + stride);
    if (!pivot(a, row, i)) return false;
    finishEntry(a, stride, i, row + stride);
    if (!pivot(a, row + stride, i + 1)) return false;
  }
  return true;
}

/** Takes the root of a diagonal entry whose row is finished. */
function pivot(a: Float64Array, row: number, i: number): boolean {
  let sum = a[row + i]!;
  for (let k = 0; k < i; k++) sum -= a[row + k]! * a[row + k]!;
  if (!(sum > 0)) return false;
  a[row + i] = Math.sqrt(sum);
  return true;
}

/**
 * Forward substitution for two right-hand sides at once, `n` entries at offsets `p` and `q` of the matrix itself, with
 * two rows of L at a time: four sums share four loads, against eight in the plain loop.
 */
function forwardPair(l: Float64Array, stride: number, n: number, p: number, q: number): void {
  let j = 0;
  for (; j + 1 < n; j += 2) {
    const r = j * stride;
    const t = r + stride;
    let pr = l[p + j]!;
    let pt = l[p + j + 1]!;
    let qr = l[q + j]!;
    let qt = l[q + j + 1]!;
    for (let k = 0; k < j; k++) {
      const u = l[p + k]!;
      const v = l[q + k]!;
      const x = l[r + k]!;
      const y = l[t + k]!;
      pr -= x * u;
      qr -= x * v;
      pt -= y * u;
      qt -= y * v;
    }
    pr /= l[r + j]!;
    qr /= l[r + j]!;
    l[p + j] = pr;
    l[q + j] = qr;
    l[p + j + 1] = (pt - l[t + j]! * pr) / l[t + j + 1]!;
    l[q + j + 1] = (qt - l[t + j]! * qr) / l[t + j + 1]!;
  }
  if (j < n) {
    finishEntry(l, stride, j, p);
    finishEntry(l, stride, j, q);
  }
}

/** Entry j of a forward substitution at offset `at`, the ones before it being done. */
function finishEntry(l: Float64Array, stride: number, j: number, at: number): void {
  let sum = l[at + j]!;
  const row = j * stride;
  for (let k = 0; k < j; k++) sum -= l[row + k]! * l[at + k]!;
  l[at + j] = sum / l[row + j]!;
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

/** Solves L' z = b in place, two rows of L in one pass over b. */
export function solveUpper(l: Float64Array, n: number, b: Float64Array, stride = n): void {
  let i = n - 1;
  for (; i > 0; i -= 2) {
    const row = i * stride;
    const above = row - stride;
    const value = b[i]! / l[row + i]!;
    const next = (b[i - 1]! - l[row + i - 1]! * value) / l[above + i - 1]!;
    b[i] = value;
    b[i - 1] = next;
    for (let k = 0; k < i - 1; k++) b[k]! -= l[row + k]! * value + l[above + k]! * next;
  }
  if (i === 0) b[0]! /= l[0]!;
}

/**
 * The inverse of L L', both triangles, row-major without padding.
 * Uses U = inverse(L)' kept by rows, so that every inner product runs along memory.
 */
export function inverseFromFactor(l: Float64Array, n: number, stride = n): Float64Array {
  const u = invertTransposed(l, n, stride);
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i += 2) {
    for (let j = 0; j <= i; j += 2) multiplyBlock(u, n, i, j, inverse);
  }
  return inverse;
}

/** U = inverse(L)', row-major n x n, zero below the diagonal; two rows at a time share the loads of L. */
export function invertTransposed(l: Float64Array, n: number, stride = n): Float64Array {
  const u = new Float64Array(n * n);
  for (let i = 0; i < n; i += 2) {
    const p = i * n;
    // The last of an odd count is its own partner: everything is then computed twice, alike.
    const q = i + 1 < n ? p + n : p;
    u[p + i] = 1 / l[i * stride + i]!;
    if (q !== p) u[q + i + 1] = 1 / l[(i + 1) * stride + i + 1]!;
    for (let k = i + 1; k < n; k++) {
      const row = k * stride;
      let s = 0;
      let t = 0;
      for (let j = i; j < k; j++) {
        const x = l[row + j]!;
        s += x * u[p + j]!;
        t += x * u[q + j]!;
      }
      u[p + k] = -s / l[row + k]!;
      if (q !== p && k > i + 1) u[q + k] = -t / l[row + k]!;
    }
  }
  return u;
}

/** The 2 x 2 block of U U' at rows i, i + 1 and columns j, j + 1 (both even, j <= i), and its mirror image. */
function multiplyBlock(u: Float64Array, n: number, i: number, j: number, out: Float64Array): void {
  const a = i * n;
  const b = i + 1 < n ? a + n : a;
  const c = j * n;
  const d = j + 1 < n ? c + n : c;
  let ac = 0;
  let ad = 0;
  let bc = 0;
  let bd = 0;
  for (let k = i; k < n; k++) {
    const x = u[a + k]!;
    const y = u[b + k]!;
    const v = u[c + k]!;
    const w = u[d + k]!;
    ac += x * v;
    ad += x * w;
    bc += y * v;
    bd += y * w;
  }
  const [nextRow, nextColumn] = [b === a ? 0 : 1, d === c ? 0 : 1];
  out[a + j] = out[c + i] = ac;
  out[a + j + nextColumn] = out[d + i] = nextColumn === 0 ? ac : ad;
  out[b + j] = out[c + i + nextRow] = nextRow === 0 ? ac : bc;
  out[b + j + nextColumn] = out[d + i + nextRow] =
    nextRow === 0 ? out[a + j + nextColumn]! : nextColumn === 0 ? bc : bd;
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
