import { describe, expect, it } from 'vitest';
import { integrate } from '../../simulators/integrate.ts';
import {
  coverageOf,
  criticalMarangoni,
  evaporationRate,
  jammed,
  marangoniNumber,
  rippleOf,
  saltFraction,
  spinCoat,
  viscosity,
  wetThickness,
} from '../../simulators/spin-coating.ts';

const usual = { evaporation: 1, contactAngle: 0.1 };
/** rad/s at the ends and in the middle of a coater's range. */
const speeds = [30, 300, 840];

describe('the viscosity of an ink', () => {
  it("begins as Einstein's 1 + 2.5 phi, and ends where nothing flows", () => {
    const thin = 1e-6;
    expect((viscosity(thin) / viscosity(0) - 1) / thin).toBeCloseTo(2.5, 4);
    expect(viscosity(jammed - 1e-9) / viscosity(0)).toBeGreaterThan(1e6);
  });
});

describe('the thickness of a spun film', () => {
  it('is near to that of the two equations that it stands for', () => {
    // Meyerhofer 1978: solids S and solvent L per area, h = S + L, K = rho w^2 / (3 eta):
    // dS/dt = -2 K h^2 S, dL/dt = -2 K h^2 L - e. From 50 um until the solvent is gone.
    for (const speed of speeds)
      for (const phi of [0.02, 0.1]) {
        const e = evaporationRate(speed, usual);
        const k = (965 * speed ** 2) / (3 * viscosity(phi));
        const thinning = (_: number, [s, l]: readonly number[]) => {
          const flow = 2 * k * (s! + l!) ** 2;
          return l! > 0 ? [-flow * s!, -flow * l! - e] : [0, 0];
        };
        const start = 50e-6;
        const [solids] = integrate(thinning, [phi * start, (1 - phi) * start], start / e, 1e-7);
        expect((phi * wetThickness(phi, speed, usual)) / solids!).toBeGreaterThan(0.85);
        expect((phi * wetThickness(phi, speed, usual)) / solids!).toBeLessThan(1.25);
      }
  });

  it('loses as much solvent by flow as by evaporation where it turns from one to the other', () => {
    for (const speed of speeds) {
      const h = wetThickness(0.2, speed, usual);
      const flow = (0.8 * 2 * 965 * speed ** 2 * h ** 3) / (3 * viscosity(0.2));
      expect(flow / evaporationRate(speed, usual)).toBeCloseTo(1, 9);
    }
  });

  it('falls with the root of the speed', () => {
    expect(wetThickness(0.1, 100, usual) / wetThickness(0.1, 400, usual)).toBeCloseTo(2, 9);
  });
});

describe('dry spots', () => {
  const bare = (angle: number, speed = 200, phi = 0.1) =>
    -Math.log(coverageOf(phi, speed, { ...usual, contactAngle: angle }));

  it('are absent where the ink wets, and grow as the sixth power of the contact angle', () => {
    expect(coverageOf(0.1, 200, { ...usual, contactAngle: 0 })).toBe(1);
    expect(bare(0.2) / bare(0.1)).toBeCloseTo(64, 6);
    expect(coverageOf(0.1, 30, { ...usual, contactAngle: 1 })).toBeLessThan(1e-6);
  });

  it('have less time at high speed: the film dries in a time that falls as its inverse', () => {
    expect(bare(0.1, 200) / bare(0.1, 400)).toBeCloseTo(4, 6);
  });

  it('grow less in a thicker ink', () => {
    expect(bare(0.1, 200, 0.05)).toBeGreaterThan(bare(0.1, 200, 0.3));
  });
});

describe('striations', () => {
  it('begin at the critical Marangoni number with the root of the distance, and saturate', () => {
    expect(rippleOf(criticalMarangoni)).toBe(0);
    expect(rippleOf(0)).toBe(0);
    const amplitude = (excess: number) => rippleOf(criticalMarangoni * (1 + excess));
    expect(amplitude(4e-6) / amplitude(1e-6)).toBeCloseTo(2, 4);
    expect(rippleOf(1e12)).toBeCloseTo(0.3, 6);
  });

  it('come with salt: none in a thin ink, strong ones in a thick ink', () => {
    for (const speed of [105, 628]) {
      expect(marangoniNumber(0.02, speed, usual)).toBeLessThan(criticalMarangoni);
      expect(marangoniNumber(0.4, speed, usual)).toBeGreaterThan(4 * criticalMarangoni);
    }
  });

  it('have the number of its definition', () => {
    const [phi, speed] = [0.2, 300];
    const h = wetThickness(phi, speed, usual);
    const diffusivity = (1.380649e-23 * 298) / (6 * Math.PI * viscosity(phi) * 4e-10);
    const gradient = (phi * evaporationRate(speed, usual)) / diffusivity;
    const defined = (3e-4 * gradient * h ** 2) / (viscosity(phi) * diffusivity);
    expect(marangoniNumber(phi, speed, usual) / defined).toBeCloseTo(1, 9);
  });
});

it('a coat keeps all metal of the liquid film', () => {
  const ink = { concentration: 500, tin: 0.08 };
  const coat = spinCoat(ink, 300, usual);
  expect(coat.metal).toBeCloseTo(500 * wetThickness(saltFraction(ink), 300, usual), 12);
  expect(coat.tin).toBe(0.08);
});
