import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attendance, closedSpans, closingsOf, presence } from '../../src/domain/calendar.ts';
import { civilOf, complement, hoursWithin, instantMs, instantOf, union, type Hours } from '../../src/domain/hours.ts';
import { Lab } from '../../src/domain/lab.ts';

const at = (text: string): number => Date.parse(text);
const span = (from: string, to: string) => ({ from: at(from), to: at(to) });
const shown = (spans: readonly { from: number; to: number }[]) =>
  spans.map(
    ({ from, to }) => `${new Date(from).toISOString().slice(0, 16)} ${new Date(to).toISOString().slice(0, 16)}`,
  );

const work: Hours[] = [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '17:00' }];

describe('hours of a week', () => {
  test('leave the week end out, and are cut to the span asked for', () =>
    // 20 November 2026 is a Friday.
    expect(shown(hoursWithin(work, 'UTC', span('2026-11-20T12:00Z', '2026-11-24T09:00Z')))).toEqual([
      '2026-11-20T12:00 2026-11-20T17:00',
      '2026-11-23T08:00 2026-11-23T17:00',
      '2026-11-24T08:00 2026-11-24T09:00',
    ]));

  test('are read in the time zone of the lab, in winter and in summer', () => {
    expect(shown(hoursWithin(work, 'Europe/Berlin', span('2026-01-05T00:00Z', '2026-01-06T00:00Z')))).toEqual([
      '2026-01-05T07:00 2026-01-05T16:00',
    ]);
    expect(shown(hoursWithin(work, 'Europe/Berlin', span('2026-07-06T00:00Z', '2026-07-07T00:00Z')))).toEqual([
      '2026-07-06T06:00 2026-07-06T15:00',
    ]);
  });

  test('past midnight belong to the day on which they begin', () =>
    expect(
      shown(
        hoursWithin(
          [{ days: ['fri'], from: '22:00', to: '06:00' }],
          'UTC',
          span('2026-11-20T00:00Z', '2026-11-23T00:00Z'),
        ),
      ),
    ).toEqual(['2026-11-20T22:00 2026-11-21T06:00']));

  test('a night whose day lies before the span reaches into it', () =>
    expect(
      shown(
        hoursWithin(
          [{ days: ['fri'], from: '22:00', to: '06:00' }],
          'UTC',
          span('2026-11-21T01:00Z', '2026-11-22T00:00Z'),
        ),
      ),
    ).toEqual(['2026-11-21T01:00 2026-11-21T06:00']));

  test.each([
    ['spring, an hour short', '2026-03-28', '2026-03-29T00:00Z', '2026-03-28T21:00 2026-03-29T04:00', 7],
    ['autumn, an hour long', '2026-10-24', '2026-10-25T00:00Z', '2026-10-24T20:00 2026-10-25T05:00', 9],
  ])('a night in which the clock changes: %s', (_, day, __, night, hours) => {
    const from = at(`${day}T12:00Z`);
    const found = hoursWithin([{ from: '22:00', to: '06:00' }], 'Europe/Berlin', { from, to: from + 86_400_000 });
    expect(shown(found)).toEqual([night]);
    expect((found[0]!.to - found[0]!.from) / 3_600_000).toBe(hours);
  });

  test('all day, every day, is one stretch also where the clock changes', () =>
    expect(
      hoursWithin([{ from: '00:00', to: '24:00' }], 'Europe/Berlin', span('2026-10-20T00:00Z', '2026-10-30T00:00Z')),
    ).toHaveLength(1));

  test('a time that summer time skips means one hour later, and of two the first counts', () => {
    expect(instantMs('Europe/Berlin', '2026-03-29T02:30')).toBe(at('2026-03-29T01:30Z'));
    expect(instantMs('Europe/Berlin', '2026-10-25T02:30')).toBe(at('2026-10-25T00:30Z'));
    expect(instantMs('Europe/Berlin', '2026-10-25T02:30+01:00')).toBe(at('2026-10-25T01:30Z'));
    expect(instantMs('UTC', '2026-10-25T02:30')).toBe(at('2026-10-25T02:30Z'));
  });

  test('an instant is what its own clock shows, but for the hour that comes twice', () => {
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu');
    fc.assert(
      fc.property(zones, fc.integer({ min: at('2020-01-01'), max: at('2035-01-01') }), (zone, ms) => {
        const back = instantOf(zone, civilOf(zone, ms));
        expect(civilOf(zone, back)).toBe(civilOf(zone, ms));
        expect(ms - back === 0 || ms - back === 3_600_000 || ms - back === 1_800_000).toBe(true);
      }),
    );
  });
});

test('union and complement divide a span between them', () => {
  const spans = fc.array(fc.record({ from: fc.nat(100), to: fc.nat(100) }), { maxLength: 8 });
  fc.assert(
    fc.property(spans, (written) => {
      const inside = union(written);
      const outside = complement(inside, { from: 0, to: 100 });
      for (let t = 0; t < 100; t++) {
        const holds = (list: readonly { from: number; to: number }[]) =>
          list.filter(({ from, to }) => from <= t && t < to).length;
        expect(holds(inside)).toBe(holds(written) > 0 ? 1 : 0);
        expect(holds(inside) + holds(outside)).toBe(1);
      }
    }),
  );
});

describe('a lab with people and hours', () => {
  const lab = Lab.parse({
    site: 'lab',
    timezone: 'Europe/Berlin',
    people: {
      ada: { skills: ['stock', 'furnace'], hours: work },
      ben: { skills: ['furnace'], hours: [{ days: ['sat'], from: '09:00', to: '12:00' }] },
      cleo: { skills: ['stock'] },
    },
    devices: {
      furnace: {
        kind: 'furnace',
        hours: [{ from: '07:00', to: '22:00' }],
        maintenance: [
          { from: '2026-11-20T13:00', to: '2026-11-20T15:00', reason: 'calibration' },
          { from: '2026-11-20T13:30Z', to: '2026-11-20T14:30Z' },
        ],
        attended: 'furnace',
      },
      arm: { kind: 'robot-arm' },
    },
  });
  const days = span('2026-11-20T00:00Z', '2026-11-22T00:00Z');

  test('a skill is there while anybody with it is', () => {
    expect(shown(attendance(lab, 'furnace', days))).toEqual([
      '2026-11-20T07:00 2026-11-20T16:00',
      '2026-11-21T08:00 2026-11-21T11:00',
    ]);
    expect(attendance(lab, 'stock', days)).toEqual([days]);
    expect(attendance(lab, 'nothing', days)).toEqual([]);
    expect(presence(lab, 'nobody', days)).toEqual([]);
  });

  test('a device is closed out of hours, in maintenance, and while nobody is there', () => {
    expect(shown(closedSpans(lab, 'furnace', days))).toEqual([
      '2026-11-20T00:00 2026-11-20T07:00',
      '2026-11-20T12:00 2026-11-20T14:30',
      '2026-11-20T16:00 2026-11-21T08:00',
      '2026-11-21T11:00 2026-11-22T00:00',
    ]);
    expect(closedSpans(lab, 'arm', days)).toEqual([]);
    expect(closingsOf(lab, 'furnace', days).map(({ reason }) => reason)).toEqual([
      'maintenance: calibration',
      'maintenance',
      'nobody with the skill furnace is there',
      'out of hours',
    ]);
  });

  test('a lab without hours is read as it always was', () => {
    const read = Lab.parse({ site: 'lab', devices: { arm: { kind: 'robot-arm' } } });
    expect(Object.keys(read)).not.toContain('people');
    expect(Object.keys(read.devices['arm' as never]!)).not.toContain('hours');
  });

  test.each([
    [{ timezone: 'Europe/Atlantis' }],
    [{ people: { ada: { hours: [{ from: '8:00', to: '17:00' }] } } }],
    [{ people: { ada: { hours: [{ days: ['monday'], from: '08:00', to: '17:00' }] } } }],
    [{ devices: { arm: { kind: 'arm', maintenance: [{ from: '2026-11-23', to: '2026-11-24T08:00Z' }] } } }],
    [{ devices: { arm: { kind: 'arm', maintenance: [{ from: '2026-13-23T08:00Z', to: '2026-11-24T08:00Z' }] } } }],
  ])('%j is refused', (more) => expect(Lab.safeParse({ site: 'lab', devices: {}, ...more }).success).toBe(false));
});
