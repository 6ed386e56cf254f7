import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { furnace } from '../../devices/furnace.ts';
import { capabilityOf } from '../../src/domain/descriptor.ts';
import { durationOf } from '../../src/domain/resolve.ts';
import { fromSi, toSi } from '../../src/domain/quantity.ts';
import { stream } from '../../src/base/random.ts';
import { heatCycle, temperatureAfter, temperatureDuring } from '../../simulators/furnace.ts';
import { integrate } from '../../simulators/integrate.ts';
import { lossAt } from '../../devices/furnace.ts';
import { PipettingErrors, pipette, systematicError } from '../../simulators/liquid-handler.ts';
import { absorbance, absorptivityAt, readAbsorbance, type Dye } from '../../simulators/optics.ts';

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]) => {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
};

describe('Beer and Lambert', () => {
  const dyes = new Map<string, Dye>([
    ['red', { concentration: toSi(0.2, 'mmol/L'), spectrum: [[504, 26807]] }],
    [
      'blue',
      {
        concentration: toSi(0.04, 'mmol/L'),
        spectrum: [
          [504, 5000],
          [630, 129234],
        ],
      },
    ],
  ]);
  const area = toSi(0.34, 'cm2');
  const uL = (red: number, blue: number) => ({ red: toSi(red, 'uL'), blue: toSi(blue, 'uL'), water: 1e-7 });

  it('is linear in the amount and adds up over dyes', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 300, noNaN: true }),
        fc.double({ min: 0, max: 300, noNaN: true }),
        (a, b) => {
          const of = (red: number, blue: number) => absorbance(uL(red, blue), dyes, 504e-9, area);
          expect(of(a, b)).toBeCloseTo(of(a, 0) + of(0, b), 9);
          expect(of(2 * a, 0)).toBeCloseTo(2 * of(a, 0), 9);
        },
      ),
    );
  });

  it('gives e c d for one dye: 100 uL in 300 uL over 0.34 cm2', () => {
    const contents = { red: toSi(100, 'uL'), water: toSi(200, 'uL') };
    const [concentration, path] = [0.2e-3 / 3, 0.3 / 0.34];
    expect(absorbance(contents, dyes, 504e-9, area)).toBeCloseTo(26807 * concentration * path, 9);
  });

  it('reads a spectrum between its values, and nothing beyond them', () => {
    const spectrum = dyes.get('blue')!.spectrum;
    expect(absorptivityAt(spectrum, 567)).toBeCloseTo((5000 + 129234) / 2, 6);
    expect(absorptivityAt(spectrum, 700)).toBe(0);
    expect(absorptivityAt(spectrum, 400)).toBe(0);
  });

  it('has the declared noise: 0.9 milli-absorbance when clear, far more in the dark', () => {
    const random = stream(1, 'reader');
    const noise = { flicker: 0.002, electrons: 1_000_000, read: 50 };
    const spread = (truth: number) =>
      deviation(Array.from({ length: 4000 }, () => readAbsorbance(truth, noise, random)));
    // d A = sqrt(flicker^2 + 1 / N + (read / N)^2) / ln 10, N electrons.
    for (const truth of [0.1, 1, 2.5]) {
      const n = 1_000_000 * 10 ** -truth;
      expect(spread(truth)).toBeCloseTo(Math.sqrt(0.002 ** 2 + 1 / n + (50 / n) ** 2) / Math.LN10, 3);
    }
    expect(readAbsorbance(40, noise, random)).toBeLessThanOrEqual(6);
  });
});

describe('pipetting', () => {
  const errors = PipettingErrors.parse({});
  it('has a systematic error of the instrument and the declared spread', () => {
    const random = stream(3, 'pipette');
    const volume = toSi(100, 'uL');
    const systematic = systematicError(errors, 3, 'handler');
    expect(systematicError(errors, 3, 'handler')).toBe(systematic);
    expect(Math.abs(systematic)).toBeLessThanOrEqual(0.004);
    const portions = Array.from({ length: 4000 }, () => pipette(volume, systematic, errors, random));
    expect(mean(portions.map(({ amount }) => amount)) / volume - 1).toBeCloseTo(systematic, 3);
    const spread = Math.hypot(0.0015 * 100, 0.05);
    expect(fromSi(deviation(portions.map(({ amount }) => amount)), 'uL') / spread).toBeCloseTo(1, 1);
    const readings = portions.map(({ amount, reported }) => reported - amount);
    expect(fromSi(deviation(readings), 'uL')).toBeCloseTo(fromSi(portions[0]!.uncertainty, 'uL'), 2);
  });

  it('pours nothing when nothing is asked for', () => {
    expect(pipette(0, 0.004, errors, stream(1, 'x'))).toEqual({ amount: 0, reported: 0, uncertainty: 0 });
  });
});

describe('the furnace', () => {
  const kinds = [{}, { radiating_area: '200 cm2', max_power: '2 kW' }] as const;
  for (const written of kinds) {
    const options = furnace.read('oven', written);
    const anneal = capabilityOf(furnace.describe('oven', written), 'anneal')!;

    it(`balances its energy to a thousandth (${JSON.stringify(written)})`, () => {
      const [start, target, hold] = [toSi(25, 'Cel'), toSi(300, 'Cel'), 1800];
      const { heating, holdWatt, energy } = heatCycle(options, start, target, hold);
      // Independent of the closed form of time: follow the block and what it loses.
      const [end, lost] = integrate(
        (_, [t]) => [(options.max_power - lossAt(options, t!)) / options.heat_capacity, lossAt(options, t!)],
        [start, 0],
        heating,
      ) as [number, number];
      expect(end).toBeCloseTo(target, 3);
      const stored = options.heat_capacity * (target - start);
      expect((stored + lost + holdWatt * hold) / energy).toBeCloseTo(1, 3);
    });

    it(`takes a time within its own duration model (${JSON.stringify(written)})`, () => {
      fc.assert(
        fc.property(
          fc.double({ min: 60, max: 350, noNaN: true }),
          fc.double({ min: 0, max: 7200, noNaN: true }),
          fc.double({ min: 25, max: 60, noNaN: true }),
          (temperature, hold, block) => {
            const model = durationOf(anneal, { temperature, hold });
            if (!model.ok) throw new Error(model.failure.message);
            const cycle = heatCycle(options, toSi(block, 'Cel'), toSi(temperature, 'Cel'), hold);
            const seconds = options.door + cycle.heating + cycle.hold + cycle.cooling;
            expect(seconds * 1000).toBeGreaterThanOrEqual(model.value.low);
            expect(seconds * 1000).toBeLessThanOrEqual(model.value.high);
          },
        ),
        { numRuns: 60 },
      );
    });
  }

  it('cools as Newton says when nothing radiates', () => {
    const options = furnace.read('oven', {});
    const [start, room] = [toSi(200, 'Cel'), options.room_temperature];
    const after = temperatureAfter(options, start, 0, 1000);
    expect(after - room).toBeCloseTo((start - room) * Math.exp((-1.2 / 2400) * 1000), 6);
  });

  it('shows a temperature without jumps, from the room to the target and down to the release', () => {
    const options = furnace.read('oven', {});
    const [start, target] = [toSi(25, 'Cel'), toSi(250, 'Cel')];
    const run = { start, target, cycle: heatCycle(options, start, target, 600) };
    const { heating, hold, cooling } = run.cycle;
    const at = (seconds: number) => fromSi(temperatureDuring(options, run, seconds), 'Cel');
    expect(at(options.door)).toBeCloseTo(25, 6);
    expect(at(options.door + heating - 1e-6)).toBeCloseTo(250, 3);
    expect(at(options.door + heating + hold / 2)).toBe(250);
    expect(at(options.door + heating + hold + cooling)).toBeCloseTo(60, 3);
  });

  it('draws about what a measured hot plate draws', () => {
    const options = furnace.read('oven', {});
    // 202.7 W at 150 degC and 317.1 W at 300 degC (Device Research Lab, MIT): one loss per kelvin cannot meet both.
    for (const [celsius, measured] of [
      [150, 202.7],
      [300, 317.1],
    ] as const) {
      const ratio = (lossAt(options, toSi(celsius, 'Cel')) + options.idle_power) / measured;
      expect(Math.abs(ratio - 1)).toBeLessThan(0.25);
    }
  });
});
