import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divide, exponential, multiply, squareRoot, type Complex } from '../../simulators/complex.ts';
import { bareGlass, glassIndex, haze, transmittance, type Layer } from '../../simulators/thin-film.ts';

const nm = 1e-9;
const film = (more: Partial<Layer> = {}): Layer => ({
  index: [1.9, 0],
  thickness: 100 * nm,
  coverage: 1,
  roughness: 0,
  ...more,
});
/** Powers add up between the faces of the glass. */
const sheet = (front: number, back: number) => ((1 - front) * (1 - back)) / (1 - front * back);
const glassFace = ((glassIndex - 1) / (glassIndex + 1)) ** 2;

describe('complex numbers', () => {
  const number = fc.double({ min: -5, max: 5, noNaN: true });
  it('multiply and divide, and roots have the right square', () => {
    fc.assert(
      fc.property(number, number, number, (x, y, z) => {
        const [a, b]: Complex[] = [
          [x, y],
          [z, 1 + x ** 2],
        ];
        const back = divide(multiply(a!, b!), b!);
        expect(back[0]).toBeCloseTo(x, 9);
        expect(back[1]).toBeCloseTo(y, 9);
        const root = squareRoot(a!);
        expect(multiply(root, root)[0]).toBeCloseTo(x, 9);
        expect(multiply(root, root)[1]).toBeCloseTo(y, 9);
        expect(root[0]).toBeGreaterThanOrEqual(0);
      }),
      { examples: [[-0.0615481407753396, 5e-10, 0]] },
    );
    expect(exponential([0, Math.PI])[0]).toBeCloseTo(-1, 12);
  });
});

describe('transmittance', () => {
  it('of bare glass is 2 n / (n^2 + 1)', () => {
    const bare = (2 * glassIndex) / (glassIndex ** 2 + 1);
    expect(transmittance(bareGlass, 550 * nm)).toBeCloseTo(bare, 12);
    expect(transmittance(film({ thickness: 0 }), 550 * nm)).toBeCloseTo(bare, 12);
  });

  it('follows the closed forms of quarter-wave and half-wave films', () => {
    for (const n of [1.3, 1.9, 2.5]) {
      const quarter = film({ index: [n, 0], thickness: (550 * nm) / (4 * n) });
      const reflectance = ((glassIndex - n ** 2) / (glassIndex + n ** 2)) ** 2;
      expect(transmittance(quarter, 550 * nm)).toBeCloseTo(sheet(reflectance, glassFace), 12);
      const half = film({ index: [n, 0], thickness: (550 * nm) / (2 * n) });
      expect(transmittance(half, 550 * nm)).toBeCloseTo(sheet(glassFace, glassFace), 12);
    }
  });

  it('falls in a thick absorber as Beer and Lambert say', () => {
    const [alpha, wavelength] = [2e7, 600 * nm];
    const at = (thickness: number) =>
      Math.log(transmittance(film({ index: [1.6, (alpha * wavelength) / (4 * Math.PI)], thickness }), wavelength));
    expect((at(600 * nm) - at(700 * nm)) / (alpha * 100 * nm)).toBeCloseTo(1, 3);
  });

  it('is the mean over what is covered and what is not', () => {
    const [whole, none] = [transmittance(film(), 550 * nm), transmittance(bareGlass, 550 * nm)];
    expect(transmittance(film({ coverage: 0.3 }), 550 * nm)).toBeCloseTo(0.3 * whole + 0.7 * none, 12);
  });
});

describe('haze', () => {
  it('is absent where the film is even, or not there', () => {
    expect(haze(film(), 550 * nm)).toBeCloseTo(0, 12);
    expect(haze(bareGlass, 550 * nm)).toBeCloseTo(0, 12);
    // A film that is optically air has no edges.
    expect(haze(film({ index: [1, 0], coverage: 0.4, roughness: 50 * nm }), 550 * nm)).toBeCloseTo(0, 12);
  });

  it('of a rough film is 1 - exp(-g^2), all of it when very rough', () => {
    for (const roughness of [1, 10, 40]) {
      const g = (2 * Math.PI * roughness * 0.9) / 550;
      expect(haze(film({ roughness: roughness * nm }), 550 * nm)).toBeCloseTo(-Math.expm1(-(g ** 2)), 12);
    }
    expect(haze(film({ roughness: 2000 * nm }), 550 * nm)).toBeCloseTo(1, 9);
  });

  it('of a patchy film with the index of glass is that of a screen of two phases', () => {
    for (const coverage of [0.1, 0.5, 0.9])
      for (const thickness of [50, 200, 528.8]) {
        const phase = (2 * Math.PI * (glassIndex - 1) * thickness) / 550;
        const patchy = film({ index: [glassIndex, 0], thickness: thickness * nm, coverage });
        const screen = 2 * coverage * (1 - coverage) * (1 - Math.cos(phase));
        expect(haze(patchy, 550 * nm)).toBeCloseTo(screen, 10);
      }
  });
});
