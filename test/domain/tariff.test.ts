import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closingsOf } from '../../src/domain/calendar.ts';
import { Lab } from '../../src/domain/lab.ts';
import { Rates, ratesWithin } from '../../src/domain/tariff.ts';

const at = (text: string): number => Date.parse(text);
const minute = 60_000;

const lab = Lab.parse({
  site: 'here',
  timezone: 'Europe/Berlin',
  devices: { oven: { kind: 'furnace', avoid: { price_above: '0.40 EUR/kWh' } }, arm: { kind: 'robot-arm' } },
  tariff: {
    price: '0.30 EUR/kWh',
    carbon: '400 g/kWh',
    hours: [
      { days: ['sat', 'sun'], from: '11:00', to: '15:00', price: '0.05 EUR/kWh', carbon: '90 g/kWh' },
      { from: '17:00', to: '21:00', price: '0.52 EUR/kWh' },
      { from: '12:00', to: '18:00', carbon: '150 g/kWh' },
      { days: ['fri'], from: '22:00', to: '06:00', price: '0.20 EUR/kWh' },
    ],
  },
});

const wallClock = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/Berlin',
  ...({ weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const),
});

/** EUR/kWh and g/kWh at a moment, read from a clock on the wall. */
function onTheWall(ms: number): { price: number; carbon: number } {
  const text = wallClock.format(ms);
  const [day, time] = text.replace(',', '').split(' ') as [string, string];
  const weekend = day === 'Sat' || day === 'Sun';
  if (weekend && time >= '11:00' && time < '15:00') return { price: 0.05, carbon: 90 };
  if (time >= '17:00' && time < '21:00') return { price: 0.52, carbon: 400 };
  if (time >= '12:00' && time < '18:00') return { price: 0.3, carbon: 150 };
  const night = (day === 'Fri' && time >= '22:00') || (day === 'Sat' && time < '06:00');
  return { price: night ? 0.2 : 0.3, carbon: 400 };
}

describe('a tariff by the hour', () => {
  const moments = fc.integer({ min: at('2026-01-01T00:00Z') / minute, max: at('2027-01-01T00:00Z') / minute });

  test('has one rate at every moment, the one that a clock on the wall tells', () => {
    const rates = new Rates(lab);
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 600 }), (first, minutes) => {
        const [from, to] = [first * minute, (first + minutes) * minute];
        let [price, carbon] = [0, 0];
        for (let m = first; m < first + minutes; m++) {
          const now = onTheWall(m * minute);
          price += now.price / minutes;
          carbon += now.carbon / minutes;
        }
        const mean = rates.mean(from, to);
        expect(mean.price * 3.6e6).toBeCloseTo(price, 9);
        expect(mean.carbon * 3.6e9).toBeCloseTo(carbon, 6);
        const all = ratesWithin(lab, { from, to });
        expect(all[0]!.from).toBe(from);
        expect(all.at(-1)!.to).toBe(to);
        all.slice(1).forEach((rate, i) => expect(rate.from).toBe(all[i]!.to));
      }),
      { numRuns: 60 },
    );
  });

  test('is that of the moment where no time passes', () => {
    expect(new Rates(lab).mean(at('2026-11-20T17:00Z'), at('2026-11-20T17:00Z')).price * 3.6e6).toBeCloseTo(0.52, 9);
  });

  test('without hours is the same always', () => {
    const plain = new Rates({ tariff: { price: 2, carbon: 3 } });
    expect(plain.vary).toBe(false);
    expect(plain.mean(0, 1e12)).toEqual({ price: 2, carbon: 3 });
    expect(new Rates({}).mean(0, 1)).toEqual({ price: 0, carbon: 0 });
  });

  test('closes a device while energy is dearer than it should draw', () => {
    const within = { from: at('2026-11-20T00:00Z'), to: at('2026-11-21T00:00Z') };
    expect(closingsOf(lab, 'oven', within)).toEqual([
      {
        reason: 'energy costs more than 0.4 EUR/kWh',
        spans: [{ from: at('2026-11-20T16:00Z'), to: at('2026-11-20T20:00Z') }],
      },
    ]);
    expect(closingsOf(lab, 'arm', within)).toEqual([]);
  });

  test.each([
    [{ hours: [{ from: '08:00', to: '09:00' }] }, 'needs "price", "carbon" or both'],
    [{ hours: [] }, 'Too small'],
  ])('%j is refused', (more, message) => {
    const parsed = Lab.safeParse({
      site: 'a',
      devices: {},
      tariff: { price: '1 EUR/kWh', carbon: '1 g/kWh', ...more },
    });
    expect(parsed.error?.issues.map((issue) => issue.message).join()).toContain(message);
  });
});
