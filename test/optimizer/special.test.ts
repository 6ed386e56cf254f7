import { describe, expect, it } from 'vitest';
import { gainAbove, gainNear } from '../../src/optimizer/improvement.ts';
import { erfcx, logImprovement, logNormalCdf, mills, normalCdf, normalQuantile } from '../../src/optimizer/special.ts';

const relative = (a: number, b: number) => Math.abs(a / b - 1);

describe('special functions', () => {
  // 40-digit values of exp(x^2) erfc(x).
  it.each([
    [0, 1],
    [0.5, 0.6156903441929259],
    [1, 0.427583576155807],
    [5, 0.11070463773306863],
    [30, 0.018795888861416751],
    [1e6, 5.641895835474742e-7],
  ])('erfcx(%d)', (x, value) => expect(relative(erfcx(x), value)).toBeLessThan(2e-14));

  it('gives the normal distribution in both tails', () => {
    expect(relative(normalCdf(-10), 7.619853024160525e-24)).toBeLessThan(1e-12);
    expect(normalCdf(10)).toBe(1);
    expect(relative(logNormalCdf(-40), -804.6084420137538)).toBeLessThan(1e-14);
    expect(logNormalCdf(-1e8)).toBeLessThan(-4.9e15);
    expect(relative(logNormalCdf(9), -1.1285884059538324e-19)).toBeLessThan(1e-9);
    expect(relative(mills(3), 0.30459029871010334)).toBeLessThan(1e-13);
  });

  it('inverts the normal distribution', () => {
    for (const p of [1e-12, 1e-4, 0.02, 0.31, 0.5, 0.8, 0.999, 1 - 1e-9]) {
      expect(Math.abs(normalCdf(normalQuantile(p)) - p)).toBeLessThan(1e-13 + 1e-12 * p);
    }
  });

  it('never lets log h rise the wrong way, from far left to far right', () => {
    let last = -Infinity;
    for (let z = -60; z <= 60; z += 0.01) {
      const value = logImprovement(z);
      expect(value).toBeGreaterThan(last);
      last = value;
    }
  });

  it('is continuous where the branches meet', () => {
    for (const z of [-1, -20]) {
      const step = 1e-9;
      const slope = (logImprovement(z + step) - logImprovement(z - step)) / (2 * step);
      expect(Math.abs(slope - Math.exp(logNormalCdf(z) - logImprovement(z)))).toBeLessThan(
        1e-4 * Math.abs(slope) + 1e-4,
      );
    }
  });
});

describe('gains', () => {
  const gain = () => ({ log: 0, byMean: 0, bySd: 0 });

  /** E[(width - |f - target|)+] by Simpson's rule over the triangle, in 4,000 steps. */
  function triangle(target: number, width: number, mean: number, sd: number): number {
    const steps = 4000;
    let sum = 0;
    for (let i = 0; i <= steps; i++) {
      const offset = -width + (2 * width * i) / steps;
      const z = (target + offset - mean) / sd;
      const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
      sum += weight * (width - Math.abs(offset)) * Math.exp(-0.5 * z * z);
    }
    return (sum * 2 * width) / steps / 3 / (sd * Math.sqrt(2 * Math.PI));
  }

  it.each([
    [0, 1, 0.3, 0.8],
    [2, 0.5, -1, 0.7],
    [-1, 0.05, 0.4, 1.3],
    [1, 1e-3, 0, 0.5],
    [0, 3, -2, 0.2],
    [0.5, 0.2, 0.5, 0.01],
  ])('towards target %d within %d from mean %d, sd %d', (target, width, mean, sd) => {
    const out = gain();
    gainNear(target, -width, mean, sd, out);
    expect(Math.abs(out.log - Math.log(triangle(target, width, mean, sd)))).toBeLessThan(2e-5);
  });

  it('have the derivatives that finite differences give', () => {
    const out = gain();
    const cases = [-8, -2, -0.3, 0.4, 3, 9].flatMap((mean) => [0.05, 0.6, 2].map((sd) => [mean, sd] as const));
    const step = 1e-6;
    const value = (f: (mean: number, sd: number) => void, mean: number, sd: number) => {
      f(mean, sd);
      return out.log;
    };
    for (const f of [
      (mean: number, sd: number) => gainAbove(0.5, mean, sd, out),
      (mean: number, sd: number) => gainNear(0.5, -0.4, mean, sd, out),
      (mean: number, sd: number) => gainNear(0.5, -1e-5, mean, sd, out),
    ]) {
      for (const [mean, sd] of cases) {
        const byMean = (value(f, mean + step, sd) - value(f, mean - step, sd)) / (2 * step);
        const bySd = (value(f, mean, sd + step) - value(f, mean, sd - step)) / (2 * step);
        f(mean, sd);
        expect(Math.abs(out.byMean - byMean)).toBeLessThan(1e-4 * (1 + Math.abs(byMean)));
        expect(Math.abs(out.bySd - bySd)).toBeLessThan(1e-4 * (1 + Math.abs(bySd)));
      }
    }
  });

  it('stay finite a thousand standard deviations away', () => {
    const out = gain();
    gainNear(0, -0.5, 1000, 1, out);
    expect(out.log).toBeLessThan(-4e5);
    expect(Number.isFinite(out.log + out.byMean + out.bySd)).toBe(true);
  });
});
