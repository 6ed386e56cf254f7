import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { hypervolume, inferReference, nondominatedBoxes, paretoFront } from '../../src/optimizer/hypervolume.ts';
import { minimize } from '../../src/optimizer/lbfgs.ts';
import { cholesky, inverseFromFactor, solveLower, solveUpper } from '../../src/optimizer/linalg.ts';
import { sobol, sobolDimensions, sobolNormals } from '../../src/optimizer/sobol.ts';

describe('Cholesky', () => {
  const size = 37;
  const random = stream(1, 'test/cholesky');
  const root = Float64Array.from({ length: size * size }, () => random.normal());
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < size; k++) matrix[i * size + j]! += root[i * size + k]! * root[j * size + k]!;
    }
    matrix[i * size + i]! += 1;
  }

  it('solves and inverts', () => {
    const factor = Float64Array.from(matrix);
    expect(cholesky(factor, size)).toBe(true);
    const b = Float64Array.from({ length: size }, (_, i) => i - 10);
    const x = Float64Array.from(b);
    solveLower(factor, size, x);
    solveUpper(factor, size, x);
    const inverse = inverseFromFactor(factor, size);
    for (let i = 0; i < size; i++) {
      let back = 0;
      let direct = 0;
      for (let k = 0; k < size; k++) {
        back += matrix[i * size + k]! * x[k]!;
        direct += inverse[i * size + k]! * b[k]!;
      }
      expect(Math.abs(back - b[i]!)).toBeLessThan(1e-9);
      expect(Math.abs(direct - x[i]!)).toBeLessThan(1e-9);
    }
  });

  it('continues a finished factor by rows', () => {
    const whole = Float64Array.from(matrix);
    cholesky(whole, size);
    const parts = Float64Array.from(matrix);
    cholesky(parts, 20, size);
    cholesky(parts, size, size, 20);
    for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) expect(parts[i * size + j]).toBe(whole[i * size + j]);
  });

  it('refuses a matrix that is not positive definite', () => {
    expect(cholesky(Float64Array.of(1, 0, 2, 1), 2)).toBe(false);
    expect(cholesky(Float64Array.of(NaN), 1)).toBe(false);
  });
});

describe('L-BFGS', () => {
  it('finds the minimum of the Rosenbrock function', () => {
    const { x, value } = minimize(
      ([a, b], gradient) => {
        gradient[0] = -2 * (1 - a!) - 400 * a! * (b! - a! * a!);
        gradient[1] = 200 * (b! - a! * a!);
        return (1 - a!) ** 2 + 100 * (b! - a! * a!) ** 2;
      },
      Float64Array.of(-1.2, 1),
      { evaluations: 200, tolerance: 1e-8 },
    );
    expect(value).toBeLessThan(1e-7);
    expect(Math.abs(x[0]! - 1)).toBeLessThan(1e-3);
  });

  it('backs away from where the function does not exist', () => {
    const log = ([a]: Float64Array, gradient: Float64Array) => {
      gradient[0] = 1 - 1 / a!;
      return a! > 0 ? a! - Math.log(a!) : NaN;
    };
    expect(Math.abs(minimize(log, Float64Array.of(20)).x[0]! - 1)).toBeLessThan(1e-3);
  });
});

describe('Sobol points', () => {
  it('put one point into every 1/64 of every dimension', () => {
    const points = sobol(64, sobolDimensions, stream(4, 'test/sobol'));
    for (let d = 0; d < sobolDimensions; d++) {
      const cells = new Set(Array.from({ length: 64 }, (_, i) => Math.floor(64 * points[i * sobolDimensions + d]!)));
      expect(cells.size).toBe(64);
    }
  });

  it('put one point into every elementary box of the first two dimensions', () => {
    const points = sobol(64, 2, stream(9, 'test/sobol'));
    for (let split = 0; split <= 6; split++) {
      const cell = (i: number) =>
        `${Math.floor(2 ** split * points[2 * i]!)}/${Math.floor(2 ** (6 - split) * points[2 * i + 1]!)}`;
      expect(new Set(Array.from({ length: 64 }, (_, i) => cell(i))).size).toBe(64);
    }
  });

  it('go on where they stopped', () => {
    const whole = sobol(10, 3, stream(2, 'test/sobol'));
    expect(sobol(4, 3, stream(2, 'test/sobol'), 6)).toEqual(whole.slice(18));
  });

  it('make normal draws with mean 0 and variance 1', () => {
    const draws = sobolNormals(256, 200, stream(3, 'test/sobol'));
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    const variance = draws.reduce((sum, value) => sum + value * value, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
  });
});

describe('the hypervolume', () => {
  const front = (m: number) =>
    fc.array(fc.array(fc.double({ min: -0.2, max: 1, noNaN: true }), { minLength: m, maxLength: m }), { maxLength: 8 });

  it.each([2, 3, 4])('and the boxes that are left make up the whole, %d objectives', (m) => {
    fc.assert(
      fc.property(front(m), (rows) => {
        const points = rows.map((row) => Float64Array.from(row));
        const reference = new Float64Array(m);
        const left = nondominatedBoxes(points, reference).reduce((sum, { lower, upper }) => {
          return sum + lower.reduce((volume, low, k) => volume * Math.max(0, Math.min(1, upper[k]!) - low), 1);
        }, 0);
        expect(Math.abs(left + hypervolume(points, reference) - 1)).toBeLessThan(1e-9);
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it('is known for two boxes that overlap', () => {
    const rows = [Float64Array.of(1, 2, 1), Float64Array.of(2, 1, 1), Float64Array.of(1, 1, 1)];
    expect(hypervolume(rows, new Float64Array(3))).toBeCloseTo(3, 12);
    expect(paretoFront(rows)).toHaveLength(2);
    expect(inferReference(rows)[0]).toBeCloseTo(0.9, 12);
  });
});
