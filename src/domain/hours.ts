import * as z from 'zod';

/** Hours of a week and single instants as people write them, and the lab milliseconds that they mean. */

/** A stretch of lab time, ms; `to` is exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** From Monday, as ISO 8601 counts. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const TimeOfDay = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'is not a time of day such as "08:00".');

export const Hours = z.strictObject({
  /** Every day when absent. */
  days: z.array(z.enum(weekdays)).min(1).optional(),
  from: TimeOfDay,
  /** Not after `from`: on the day after. The stretch belongs to the day on which it begins. */
  to: TimeOfDay,
});
export type Hours = z.infer<typeof Hours>;

/** An instant; without "Z" or an offset in the time zone of the lab. */
export const Instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?$/, 'is not a time such as "2026-11-23T08:00Z".')
  .refine((text) => !Number.isNaN(Date.parse(text)), { message: 'is not a time such as "2026-11-23T08:00Z".' });

export const TimeZone = z.string().refine(isTimeZone, { message: 'is not an IANA time zone such as "Europe/Berlin".' });

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

const dayMs = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** What clocks of the zone show at a lab time, as ms since 1970 of a clock that knows no zones. */
export function civilOf(zone: string, ms: number): number {
  if (zone === 'UTC') return ms;
  let format = formats.get(zone);
  if (format === undefined) {
    const numbers = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
    format = new Intl.DateTimeFormat('en', { ...numbers, second: 'numeric', hourCycle: 'h23', timeZone: zone });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const { year, month, day, hour, minute, second } = part;
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) + (((ms % 1000) + 1000) % 1000);
}

/**
 * The lab time at which clocks of the zone show `civil`: the first of two in autumn. A time that summer time skips is read
 * by the clock of before, so that 02:30 means what is 03:30 then.
 */
export function instantOf(zone: string, civil: number): number {
  const before = civil - (civilOf(zone, civil - dayMs) - (civil - dayMs));
  if (civilOf(zone, before) === civil) return before;
  const after = civil - (civilOf(zone, civil + dayMs) - (civil + dayMs));
  return civilOf(zone, after) === civil ? after : before;
}

/** Lab ms of an `Instant`. */
export const instantMs = (zone: string, text: string): number =>
  /(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : instantOf(zone, Date.parse(`${text}Z`));

/** When any of the hours holds within a span: sorted, disjoint, and cut to the span. */
export function hoursWithin(hours: readonly Hours[], zone: string, within: Span): Span[] {
  const first = Math.floor(civilOf(zone, within.from) / dayMs) - 1;
  const last = Math.floor(civilOf(zone, within.to) / dayMs);
  const found: Span[] = [];
  for (let day = first; day <= last; day++) {
    // 1 January 1970 was a Thursday.
    const weekday = weekdays[(((day + 3) % 7) + 7) % 7]!;
    for (const { days, from, to } of hours) {
      if (days !== undefined && !days.includes(weekday)) continue;
      const [start, end] = [minutesOf(from), minutesOf(to)];
      const ends = day * dayMs + end * 60_000 + (end <= start ? dayMs : 0);
      found.push({ from: instantOf(zone, day * dayMs + start * 60_000), to: instantOf(zone, ends) });
    }
  }
  return cut(union(found), within);
}

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** All that lies in any of them: sorted and disjoint, what touches joined. */
export function union(spans: readonly Span[]): Span[] {
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of spans.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}

/** What of sorted, disjoint spans lies within one. */
export const cut = (spans: readonly Span[], within: Span): Span[] =>
  spans
    .filter(({ from, to }) => from < within.to && to > within.from)
    .map(({ from, to }) => ({ from: Math.max(from, within.from), to: Math.min(to, within.to) }));

/** What of a span lies in none of sorted, disjoint ones. */
export function complement(spans: readonly Span[], within: Span): Span[] {
  const inside = cut(spans, within);
  const starts = [within.from, ...inside.map(({ to }) => to)];
  const ends = [...inside.map(({ from }) => from), within.to];
  return starts.map((from, i) => ({ from, to: ends[i]! })).filter(({ from, to }) => from < to);
}
