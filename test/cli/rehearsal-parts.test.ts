import { describe, expect, test } from 'vitest';
import { Lab } from '../../src/domain/lab.ts';
import { bandOf } from '../../src/cli/rehearse/band.ts';
import { powerOf, type EnergyPoint } from '../../src/cli/rehearse/energy.ts';
import { staysOf } from '../../src/cli/rehearse/figures.ts';
import { occupancyOf, runsOf } from '../../src/cli/rehearse/lanes.ts';
import { answeredAt, stockWatches } from '../../src/cli/rehearse/person.ts';
import { refillsOf } from '../../src/cli/rehearse/refills.ts';
import type { StockCurve } from '../../src/cli/rehearse/stock.ts';
import { instantText } from '../../src/cli/rehearse/times.ts';

const hour = 3_600_000;

test('a band is the median and the 10th and 90th percentile', () => {
  expect(bandOf([7])).toEqual({ median: 7, p10: 7, p90: 7 });
  expect(bandOf([11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).toEqual({ median: 6, p10: 2, p90: 10 });
  expect(bandOf([4, 2]).p10).toBeCloseTo(2.2);
});

/** Ada is there from nine to five, Monday to Friday; Ben only on Saturday from ten to eleven, and may not refill. */
const lab = (people: unknown) =>
  Lab.parse({ site: 'lab', devices: {}, timezone: 'Europe/Berlin', ...(people === undefined ? {} : { people }) });
const staff = {
  ada: { skills: ['stock'], hours: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' }] },
  ben: { hours: [{ days: ['sat'], from: '10:00', to: '11:00' }] },
};
const at = (text: string) => Date.parse(`${text}+01:00`);

describe('a question to a person', () => {
  const answered = (asked: string, people: unknown = staff) => answeredAt(lab(people), at(asked));

  test('is answered twenty minutes later while somebody is there', () => {
    expect(answered('2026-11-20T15:00')).toBe(at('2026-11-20T15:20'));
    expect(answeredAt(lab(undefined), at('2026-11-20T03:00'))).toBe(at('2026-11-20T03:20'));
  });

  test('waits until somebody comes', () => {
    expect(answered('2026-11-20T16:50')).toBe(at('2026-11-21T10:20'));
    expect(answered('2026-11-21T10:45')).toBe(at('2026-11-23T09:20'));
  });

  test('is never answered where nobody ever comes', () => {
    expect(answered('2026-11-20T15:00', {})).toBeUndefined();
  });
});

describe('refills', () => {
  const curve = (...points: [number, number][]): StockCurve => ({ material: 'ink', unit: 'm3', points, emptied: [] });
  /** 1 of stock in the real rehearsal, of which a tenth is used every hour; 1000 in the one with endless stock. */
  const real = [curve(...Array.from({ length: 11 }, (_, i): [number, number] => [i * hour, 1 - i / 10]))];
  const ample = [curve(...Array.from({ length: 26 }, (_, i): [number, number] => [i * hour, 1000 - i / 10]))];
  const stopped = { material: 'ink', at: 9.5 * hour };

  test('bring the stock back each time, before it is short', () => {
    const refills = refillsOf(real, ample, stopped, undefined);
    expect(refills.map(({ low, short, due }) => [low, short, due])).toEqual([
      [8 * hour, 9.5 * hour, 9.5 * hour],
      [18 * hour, 21 * hour, 21 * hour],
    ]);
    expect(refills.map(({ amount }) => amount)).toEqual([1, expect.closeTo(0.5)]);
    expect(refills[0]!.needed).toBeCloseTo(2.5);
  });

  test('are due at the end of the last hours in which somebody is there between low and short', () => {
    const watches = [
      { person: 'ada', from: 0, to: 7 * hour },
      { person: 'eva', from: 6 * hour, to: 9 * hour },
      { person: 'ada', from: 17 * hour, to: 30 * hour },
    ];
    const [first, second] = refillsOf(real, ample, stopped, watches);
    expect(first).toMatchObject({ due: 9 * hour, by: ['eva'] });
    expect(second).toMatchObject({ due: 21 * hour, by: ['ada'] });
  });

  test('that nobody can do say when somebody was there last', () => {
    const [first] = refillsOf(real, ample, stopped, [{ person: 'ada', from: 0, to: 7 * hour }]);
    expect(first).not.toHaveProperty('due');
    expect(first!.lastChance).toBe(7 * hour);
    expect(refillsOf(real, ample, stopped, [])[0]).not.toHaveProperty('lastChance');
  });

  test('are for those with the skill', () => {
    const within = { from: at('2026-11-20T00:00'), to: at('2026-11-23T00:00') };
    expect(stockWatches(lab(staff), within)).toEqual([
      { person: 'ada', from: at('2026-11-20T09:00'), to: at('2026-11-20T17:00') },
    ]);
    expect(stockWatches(lab(undefined), within)).toBeUndefined();
  });
});

test('power is told from one booking to the next', () => {
  const point = (seconds: number, oven: number): EnergyPoint => ({
    ...{ at: seconds * 1000, joules: { oven }, cost: 0, co2eKg: 0 },
  });
  // Idle for 100 s, booked when the next command begins; then 10 s of work.
  const points = [point(0, 0), point(50, 0), point(90, 0), point(100, 500), point(110, 2500), point(120, 2500)];
  expect(powerOf(points, 'oven')).toEqual([
    [0, 100_000, 5],
    [100_000, 110_000, 200],
  ]);
  expect(powerOf(points, 'other')).toEqual([]);
});

test('samples stay where their last command has left them', () => {
  const row = (device: string, from: number, end: number, to?: string) => ({
    ...{ experiment: 'e-0001', device, acceptedAt: from, endedAt: end, place: undefined, to },
  });
  const rows = [
    row('arm', 10, 20, 'coater'),
    row('coater', 25, 60),
    row('arm', 60, 70, 'shelf'),
    row('arm', 500, 510, 'oven'),
  ];
  expect(staysOf(rows as never, 10)).toEqual([
    { experiment: 'e-0001', place: 'coater', start: 10, end: 15 },
    { experiment: 'e-0001', place: 'shelf', start: 60, end: 490 },
  ]);
});

test('a shared run is one bar, and a rack is told by how many it holds', () => {
  const bar = (experiment: string, start: number, end: number, batch?: string) => ({
    ...{ device: 'oven', experiment, step: 'heat', start, end, ...(batch === undefined ? {} : { batch }) },
  });
  const runs = runsOf([bar('a', 0, 9, 'b1'), bar('b', 1, 10, 'b1'), bar('c', 20, 30), bar('d', 40, 50)]);
  expect(runs.map(({ members, start, end }) => [members.join(), start, end])).toEqual([
    ['a,b', 0, 10],
    ['c', 20, 30],
    ['d', 40, 50],
  ]);
  const stay = (start: number, end: number) => ({ experiment: 'a', place: 'shelf', start, end });
  expect(occupancyOf([stay(0, 10), stay(5, 20), stay(10, 15)])).toEqual([
    [0, 1],
    [5, 2],
    [10, 2],
    [15, 1],
    [20, 0],
  ]);
});

test('instants are told in the time zone of the lab', () => {
  expect(instantText(Date.UTC(2026, 10, 20, 16), 'Europe/Berlin')).toBe('Fri 20 Nov, 17:00');
});
