import { describe, expect, test } from 'vitest';
import { LabDevice, Person } from '../../src/domain/lab.ts';
import { OpeningHours } from '../../src/engine/opening-hours.ts';
import { Lab } from '../../src/domain/lab.ts';
import { definitionOf, WholeLab } from './whole-lab.ts';

type Hours = Partial<Pick<LabDevice, 'hours' | 'maintenance' | 'attended' | 'avoid'>>;

/** The colour lab, 8 experiments, with hours; its clock begins on Monday, 5 January 2026 at 08:00 UTC. */
function colourLab(devices: Readonly<Record<string, Hours>>, people: Record<string, Person> = {}): WholeLab {
  return new WholeLab(
    definitionOf('colour-match', ({ lab, campaign }) => {
      campaign.budget = { experiments: 8, materials: {} };
      Object.assign(lab, { people });
      for (const [id, hours] of Object.entries(devices)) Object.assign(lab.devices[id as never] as LabDevice, hours);
    }),
  );
}

const at = (text: string): number => Date.parse(text);

/** When commands were given to a device. */
const begun = (lab: WholeLab, device: string): number[] =>
  lab.events.flatMap((event) =>
    event.type === 'command.intended' && event.data.command.device === device ? [event.at] : [],
  );

function ended(lab: WholeLab, hours = 48): WholeLab {
  lab.startController();
  expect(lab.run(hours)).toBe(true);
  expect(lab.failures).toEqual([]);
  expect(lab.ledger.experiments().filter(({ status }) => status === 'completed')).toHaveLength(8);
  return lab;
}

describe('a lab with hours', () => {
  test('waits for a device in maintenance, says until when and why, and goes on when it opens', () => {
    const maintenance = [{ from: '2026-01-05T08:05Z', to: '2026-01-06T09:30Z', reason: 'calibration' }];
    const lab = colourLab({ reader: { maintenance } });
    lab.startController();
    lab.wait(60);
    const reasons = lab.engine.status().waiting.map(({ reason }) => reason);
    expect(reasons.join(' ')).toMatch(
      /pour of e-\d+ waits, because read must follow soon, and reader opens on Tuesday at 09:30 \(maintenance: calibration\)\./,
    );
    expect(lab.run(48)).toBe(true);
    const reads = begun(lab, 'reader');
    expect(reads.some((time) => time >= at('2026-01-06T09:30Z'))).toBe(true);
    expect(reads.filter((time) => time >= at('2026-01-05T08:05Z') && time < at('2026-01-06T09:30Z'))).toEqual([]);
  });

  test('lets an arm rest at night', () => {
    const lab = ended(colourLab({ arm: { hours: [{ from: '08:00', to: '08:15' }] } }), 96);
    for (const time of begun(lab, 'arm')) expect((time - at('2026-01-05T08:00Z')) % 86_400_000).toBeLessThan(900_000);
    expect(new Set(begun(lab, 'arm').map((time) => Math.floor(time / 86_400_000))).size).toBeGreaterThan(1);
  });

  test('uses an attended device only while somebody with the skill is there', () => {
    const ada = Person.parse({ skills: ['pouring'], hours: [{ days: ['tue'], from: '10:00', to: '12:00' }] });
    const lab = colourLab({ handler: { attended: 'pouring' } }, { ada });
    lab.startController();
    lab.wait(10);
    const reasons = lab.engine.status().waiting.map(({ reason }) => reason);
    expect(reasons).toContain(
      'e-0001 waits until handler opens on Tuesday at 10:00 (nobody with the skill pouring is there).',
    );
    expect(lab.run(48)).toBe(true);
    expect(Math.min(...begun(lab, 'handler'))).toBe(at('2026-01-06T10:00Z'));
  });
});

describe('a lab whose energy is dear at times', () => {
  test('does nothing dear then that may wait, and says why', () => {
    const lab = colourLab({ handler: { avoid: { price_above: 0.4 / 3.6e6 } } });
    const peak = { from: '08:05', to: '10:00', price: 0.52 / 3.6e6 };
    Object.assign(lab.definition.lab.tariff!, { hours: [peak] });
    lab.startController();
    lab.wait(20);
    const reasons = lab.engine.status().waiting.map(({ reason }) => reason);
    expect(reasons.join(' ')).toMatch(/waits until handler opens at 10:00 \(energy costs more than 0\.4 EUR\/kWh\)/);
    expect(lab.run(48)).toBe(true);
    const pours = begun(lab, 'handler');
    expect(pours.filter((time) => time >= at('2026-01-05T08:05Z') && time < at('2026-01-05T10:00Z'))).toEqual([]);
    expect(pours.some((time) => time >= at('2026-01-05T10:00Z'))).toBe(true);
    // The others draw energy in those hours, too, and pay for it.
    const { joules } = lab.ledger.totals().energy;
    expect(lab.ledger.totals().energyCost).toBeGreaterThan(1.05 * joules * lab.definition.lab.tariff!.price);
  });
});

describe('opening hours', () => {
  const lab = Lab.parse({
    site: 'lab',
    timezone: 'Europe/Berlin',
    devices: {
      oven: { kind: 'furnace', hours: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '07:00', to: '22:00' }] },
      press: { kind: 'press', maintenance: [{ from: '2026-11-23T08:00Z', to: '2026-11-23T12:00Z' }] },
      arm: { kind: 'robot-arm' },
    },
  });
  const hours = new OpeningHours(lab);
  const friday = at('2026-11-20T20:30Z');

  test('are the same all week long, and reach two months ahead', () => {
    const { closed, longestOpen } = hours.of('oven', friday);
    expect(hours.of('oven', friday + 1).closed).toBe(closed);
    expect(closed!.at(-1)!.to).toBeGreaterThan(friday + 56 * 86_400_000);
    expect(longestOpen).toBe(15 * 3_600_000);
    expect(hours.of('arm', friday)).toEqual({});
    expect(hours.of('press', friday)).toEqual({
      closed: [{ from: at('2026-11-23T08:00Z'), to: at('2026-11-23T12:00Z') }],
    });
    expect(hours.ofAll(['arm'], friday)).toBeUndefined();
    expect(Object.keys(hours.ofAll(['arm', 'oven'], friday)!)).toEqual(['oven']);
  });

  test('give a reason that a person understands', () => {
    const closes = at('2026-11-20T21:00Z');
    const opens = at('2026-11-23T06:00Z');
    expect(
      hours.reason({ sample: 'e-0007', step: 'heat', opening: { resource: 'oven', closes, opens } }, friday, false),
    ).toBe(
      'e-0007 waits until oven opens on Monday at 07:00 (out of hours): it closes at 22:00, before heat would have ended.',
    );
    expect(
      hours.reason({ sample: 'e-0007', step: 'heat', opening: { resource: 'oven', closes, opens } }, closes + 1, false),
    ).toBe('e-0007 waits until oven opens on Monday at 07:00 (out of hours).');
    const later = { resource: 'press', closes: 0, opens: at('2026-11-23T12:00Z') };
    expect(hours.reason({ sample: 'e-0001', step: 'press', opening: later }, at('2026-11-10T12:00Z'), false)).toBe(
      'e-0001 waits until press opens on Monday 2026-11-23 at 13:00 (maintenance).',
    );
  });
});
