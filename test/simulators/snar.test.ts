import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { integrate } from '../../simulators/integrate.ts';
import { eFactor, molarMass, snarOutlet, spaceTimeYield } from '../../simulators/snar.ts';

/** 400 designs integrated independently from the same constants; used where the research data lie beside the project. */
const rows = new URL('../../../shared/datasets/snar_kinetics/data.csv', import.meta.url);

const conditions = fc.record({
  residenceTime: fc.double({ min: 0.5, max: 2, noNaN: true }),
  equivalents: fc.double({ min: 1, max: 5, noNaN: true }),
  concentration: fc.double({ min: 0.1, max: 0.5, noNaN: true }),
  temperature: fc.double({ min: 30, max: 120, noNaN: true }),
});

describe('the SnAr reaction', () => {
  it.skipIf(!existsSync(rows))('reproduces every row of the published kinetics', { timeout: 20_000 }, () => {
    const errors = readFileSync(rows, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [residenceTime, equivalents, concentration, temperature, sty, e] = line.split(',').map(Number) as [
          number,
          number,
          number,
          number,
          number,
          number,
        ];
        const outlet = snarOutlet({ residenceTime, equivalents, concentration, temperature });
        return [spaceTimeYield(outlet, residenceTime) / sty - 1, eFactor(outlet) / e - 1].map(Math.abs);
      });
    expect(errors).toHaveLength(800);
    expect(Math.max(...errors)).toBeLessThan(1e-6);
  });

  it('conserves the ring and the amine', () => {
    fc.assert(
      fc.property(conditions, (c) => {
        const o = snarOutlet(c);
        expect(o.difluoronitrobenzene + o.ortho + o.para + o.bis).toBeCloseTo(c.concentration, 8);
        const amine = o.pyrrolidine + o.ortho + o.para + 2 * o.bis;
        expect(amine).toBeCloseTo(c.concentration * c.equivalents, 8);
        expect(Math.min(...Object.values(o))).toBeGreaterThanOrEqual(-1e-9);
      }),
      { numRuns: 40 },
    );
  });

  it('has no product, and the worst E-factor, before it begins', () => {
    const start = { difluoronitrobenzene: 0.3, pyrrolidine: 0.6, ortho: 0, para: 0, bis: 0 };
    expect(spaceTimeYield(start, 1)).toBe(0);
    expect(eFactor(start)).toBe(1000);
    expect(eFactor({ ...start, ortho: 1 })).toBeCloseTo((789 + 0.3 * 159.09 + 0.6 * 71.12) / molarMass.ortho, 10);
  });
});

describe('the integrator', () => {
  it('is exact to its tolerance on a decay and a swing', () => {
    expect(integrate((_, [y]) => [-3 * y!], [1], 2)[0]).toBeCloseTo(Math.exp(-6), 10);
    const [x, v] = integrate((_, [p, q]) => [q!, -p!], [1, 0], 10) as [number, number];
    expect(x).toBeCloseTo(Math.cos(10), 8);
    expect(v).toBeCloseTo(-Math.sin(10), 8);
  });
});
