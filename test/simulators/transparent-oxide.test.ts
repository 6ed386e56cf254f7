import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rateAt, structureAfter } from '../../simulators/annealing.ts';
import { layerOf, sheetResistanceOf, filmOf } from '../../simulators/film.ts';
import { transmittance } from '../../simulators/thin-film.ts';
import {
  boundaryMobility,
  carriersOf,
  conductivityOf,
  electronsOf,
  indexOf,
  ionisedImpurityMobility,
  molarVolume,
  patchyConductance,
} from '../../simulators/tin-indium-oxide.ts';

const e = 1.602176634e-19;
const hbar = 1.054571817e-34;
const mass = 0.35 * 9.1093837015e-31;
const epsilon0 = 8.8541878128e-12;
const eps = 9 * epsilon0;
const heat = (celsius: number, minutes: number) => ({ temperature: celsius + 273.15, seconds: 60 * minutes });

describe('annealing', () => {
  it('follows Arrhenius', () => {
    const rate = { at500: 2, activation: 100e3 };
    expect(rateAt(rate, 773.15)).toBe(2);
    const slope = (Math.log(rateAt(rate, 900)) - Math.log(rateAt(rate, 600))) / (1 / 600 - 1 / 900);
    expect((slope * 8.314462618) / 100e3).toBeCloseTo(1, 9);
  });

  it('crystallises as Avrami says: 1 - 1/e after one time constant, at first as the power 3/2 of time', () => {
    expect(structureAfter([{ temperature: 773.15, seconds: 250 }]).crystalline).toBeCloseTo(1 - Math.exp(-1), 9);
    const early = (seconds: number) => structureAfter([{ temperature: 773.15, seconds }]).crystalline;
    expect(early(0.04) / early(0.01)).toBeCloseTo(8, 4);
  });

  it('does in two halves what it does at once, and nothing in no time', () => {
    const [once, twice] = [structureAfter([heat(520, 60)]), structureAfter([heat(520, 25), heat(520, 35)])];
    for (const name of Object.keys(once) as (keyof typeof once)[]) expect(twice[name]).toBeCloseTo(once[name], 12);
    expect(structureAfter([heat(520, 0)])).toEqual({
      residue: 1,
      crystalline: 0,
      porosity: 0.38,
      grain: 6e-9,
      segregated: 0,
      vacancies: 1,
    });
  });

  it('lets grains grow as the root of time, and reaches its ends', () => {
    const grown = (minutes: number) => structureAfter([heat(560, minutes)]).grain ** 2 - 6e-9 ** 2;
    expect(grown(80) / grown(20)).toBeCloseTo(4, 6);
    const end = structureAfter([heat(900, 10_000)]);
    expect(end.residue + end.vacancies).toBeCloseTo(0, 9);
    expect(end.crystalline).toBeCloseTo(1, 9);
    expect(end.porosity).toBeCloseTo(0.06, 9);
    expect(end.segregated).toBeCloseTo(1, 6);
  });
});

const dense = { residue: 0, crystalline: 1, porosity: 0, grain: 30e-9, segregated: 0, vacancies: 0 };

describe('electrons', () => {
  it('are most at one tin in z + 1', () => {
    const steps = Array.from({ length: 2000 }, (_, i) => i / 10_000);
    const best = steps.reduce((a, b) => (carriersOf(b, dense) > carriersOf(a, dense) ? b : a));
    expect(best).toBeCloseTo(1 / 12, 3);
    expect(carriersOf(0, dense)).toBe(0);
    expect(carriersOf(0.08, { ...dense, crystalline: 0 })).toBe(0);
  });

  it('are scattered by ions as the Born approximation with Thomas-Fermi screening says', () => {
    for (const [n, ions] of [
      [1e25, 1e25],
      [1e27, 2e27],
    ] as const) {
      const wave = Math.cbrt(3 * Math.PI ** 2 * n);
      const ratio = (4 * wave ** 2 * Math.PI ** 2 * eps * hbar ** 2) / (mass * e ** 2 * wave);
      const screening = Math.log(1 + ratio) - ratio / (1 + ratio);
      const born = (8 * Math.PI * eps ** 2 * hbar ** 3 * wave ** 3) / (ions * e ** 3 * mass ** 2 * screening);
      expect(ionisedImpurityMobility(n, ions) / born).toBeCloseTo(1, 6);
    }
    // About 90 cm2/V/s at 1e21 per cm3 is the limit that Ellmer (2001) gives for indium tin oxide.
    expect(ionisedImpurityMobility(1e27, 1e27) * 1e4).toBeGreaterThan(60);
    expect(ionisedImpurityMobility(1e27, 1e27) * 1e4).toBeLessThan(130);
  });

  it('pass boundaries without traps at the speed of heat, and others as their barrier lets them', () => {
    const free = (e * 20e-9) / Math.sqrt(2 * Math.PI * mass * 1.380649e-23 * 298);
    expect(boundaryMobility(20e-9, 0, 1e26) / free).toBeCloseTo(1, 9);
    // Where traps just empty the grains both forms of the barrier meet.
    const edge = (traps: number) => boundaryMobility(20e-9, traps, 1e25);
    expect(edge(2e17 * (1 + 1e-9)) / edge(2e17 * (1 - 1e-9))).toBeCloseTo(1, 6);
    expect(edge(5e17) / edge(2e17)).toBeCloseTo(1, 9);
    const barrier = (e ** 2 * 1e17 ** 2) / (8 * eps * 1e25);
    expect(edge(1e17) / free / Math.exp(-barrier / (1.380649e-23 * 298))).toBeCloseTo(1, 9);
  });

  it('are slower from grain to grain than within, and conduct as e N mu', () => {
    const electrons = electronsOf(0.06, dense);
    expect(electrons.mobility).toBeLessThan(electrons.inGrain);
    expect(conductivityOf(electrons, 0)).toBeCloseTo(e * electrons.carriers * electrons.mobility, 6);
    expect(conductivityOf(electrons, 0.19) / conductivityOf(electrons, 0)).toBeCloseTo(0.9 ** 3, 9);
  });
});

describe('the index of a conducting oxide', () => {
  it('is 2 without electrons, and that of air where there are only voids', () => {
    const none = { carriers: 0, inGrain: 1e-3, mobility: 1e-3 };
    expect(indexOf(none, 0, 0, 550e-9)).toEqual([2, 0]);
    expect(indexOf(none, 1, 0, 550e-9)[0]).toBeCloseTo(1, 12);
  });

  it('absorbs as N e^3 lambda^2 / (4 pi^2 eps0 c^3 n m^2 mu) far above the plasma', () => {
    const [n, mu, wavelength] = [1e25, 50e-4, 550e-9];
    const [real, kappa] = indexOf({ carriers: n, inGrain: mu, mobility: mu }, 0, 0, wavelength);
    const alpha =
      (n * e ** 3 * wavelength ** 2) / (4 * Math.PI ** 2 * epsilon0 * 299792458 ** 3 * real * mass ** 2 * mu);
    expect((4 * Math.PI * kappa) / wavelength / alpha).toBeCloseTo(1, 2);
  });

  it('is that of a mirror below the plasma frequency', () => {
    const [real, kappa] = indexOf({ carriers: 1e27, inGrain: 50e-4, mobility: 1 }, 0, 0, 5e-6);
    expect(kappa).toBeGreaterThan(3 * real);
  });
});

describe('a film with holes', () => {
  it('conducts as the film, as what is left in the holes, and as their geometric mean when half covered', () => {
    expect(patchyConductance(0.02, 2e-4, 1)).toBeCloseTo(0.02, 12);
    expect(patchyConductance(0.02, 2e-4, 0)).toBeCloseTo(2e-4, 12);
    expect(patchyConductance(0.02, 2e-4, 0.5)).toBeCloseTo(Math.sqrt(0.02 * 2e-4), 12);
  });

  it('conducts less with every hole', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, (a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        expect(patchyConductance(1, 0.01, less)).toBeLessThanOrEqual(patchyConductance(1, 0.01, more) + 1e-12);
      }),
    );
  });
});

describe('a film', () => {
  const coat = { metal: 4e-3, tin: 0.06, coverage: 1, ripple: 0 };

  it('is read from what was done to its plate', () => {
    expect(filmOf([{ temperature: 500, hold: 60 }])).toBeUndefined();
    expect(filmOf([{ temperature: 500, hold: 60 }, coat, { temperature: 480, hold: 900 }])).toEqual({
      coat,
      heats: [{ temperature: 753.15, seconds: 900 }],
    });
  });

  it('insulates before it is annealed, then has the resistance of its thickness', () => {
    expect(sheetResistanceOf({ coat, heats: [] })).toBe(Infinity);
    const heats = [heat(500, 45)];
    const structure = structureAfter(heats);
    const thickness = (coat.metal * molarVolume) / (1 - structure.porosity);
    const sigma = conductivityOf(electronsOf(coat.tin, structure), structure.porosity);
    expect(sheetResistanceOf({ coat, heats }) * sigma * thickness).toBeCloseTo(1, 9);
    expect(sheetResistanceOf({ coat: { ...coat, metal: 8e-3 }, heats }) * sigma * thickness).toBeCloseTo(0.5, 9);
    // Across a wave of relative amplitude a a sheet conducts as (1 - a^2)^(1/2): the mean of 1 / (1 + a sin) is its inverse.
    const a = Math.SQRT2 * 0.3;
    const waves = Array.from({ length: 1000 }, (_, i) => 1 / (1 + a * Math.sin((2 * Math.PI * i) / 1000)));
    const across = 1000 / waves.reduce((sum, x) => sum + x, 0);
    const rippled = sheetResistanceOf({ coat: { ...coat, ripple: 0.3 }, heats });
    expect(sheetResistanceOf({ coat, heats }) / rippled).toBeCloseTo(Math.sqrt(across), 6);
  });

  it('shows in the ultraviolet how much metal there is, as Beer and Lambert say', () => {
    // Thicknesses that interfere alike: half waves of the dried film.
    const half = 350e-9 / 2 / 1.56 / 1.1e-4;
    const absorbanceOf = (metal: number) =>
      -Math.log10(transmittance(layerOf({ coat: { ...coat, tin: 0, metal }, heats: [] }, 350e-9), 350e-9));
    expect((absorbanceOf(4 * half) - absorbanceOf(3 * half)) / (40 * half)).toBeCloseTo(1, 1);
    expect(layerOf({ coat, heats: [] }, 900e-9).index[1]).toBeLessThan(1e-6);
  });
});
