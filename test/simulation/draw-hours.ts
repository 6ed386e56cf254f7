import { stream, type Stream } from '../../src/base/random.ts';
import type { Written } from './draw-lab.ts';

/** Hours that leave every step the time that it may take, and close for minutes or hours in between. */
function openings(random: Stream): Written[] {
  const hours: Written[] = [];
  const time = (minutes: number) =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  for (let from = random.integer(120); from < 1440;) {
    const to = from + 90 + random.integer(240);
    hours.push({ from: time(from), to: time(Math.min(to, 1440)) });
    from = to + 5 + random.integer(random.chance(0.5) ? 30 : 120);
  }
  return hours.filter(({ from, to }) => from !== to);
}

const windowOf = (random: Stream): Written => {
  // The clock of the simulation begins on Monday, 5 January 2026 at 08:00 UTC.
  const from = Date.UTC(2026, 0, 5, 8) + 1000 * random.integer(3 * 3600);
  const at = (ms: number) => new Date(ms).toISOString().replace('.000', '');
  return { from: at(from), to: at(from + 1000 * (60 + random.integer(2 * 3600))), reason: 'calibration' };
};

const working = ['mon', 'tue', 'wed', 'thu', 'fri'];

export const hasHours = (seed: number): boolean => seed % 8 === 5;

/** In some labs devices and arms have hours or maintenance, or need somebody. */
export function withHours(seed: number, lab: Written): Written {
  const random = stream(seed, 'hours');
  if (!hasHours(seed)) return lab;
  const people = Array.from({ length: 1 + random.integer(2) }, (_, i) => [
    `person-${i}`,
    { skills: ['care'], hours: openings(random).map((hours) => ({ days: working, ...hours })) },
  ]);
  const devices = Object.entries(lab['devices'] as Record<string, Written>).map(([id, written]) => {
    const kind = random.integer(6);
    if (kind === 0) return [id, { ...written, hours: openings(random) }];
    if (kind === 1) return [id, { ...written, attended: 'care' }];
    if (kind === 2)
      return [id, { ...written, maintenance: Array.from({ length: 1 + random.integer(3) }, () => windowOf(random)) }];
    return [id, written];
  });
  const dear = stream(seed, 'dear');
  if (dear.chance(0.4)) {
    const [id] = dear.pick(devices) as [string, Written];
    const entry = devices.find(([name]) => name === id)!;
    entry[1] = { ...(entry[1] as Written), avoid: { price_above: '0.40 EUR/kWh' } };
  }
  const hours = openings(dear).map((open) => ({ ...open, price: '0.10 EUR/kWh' }));
  const tariff = { price: '0.52 EUR/kWh', carbon: '380 g/kWh', hours };
  const timezone = random.pick(['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/New_York']);
  return { ...lab, tariff, timezone, people: Object.fromEntries(people), devices: Object.fromEntries(devices) };
}
