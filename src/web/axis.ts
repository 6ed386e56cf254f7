import { clock, day } from './format.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const steps = [
  1 * second,
  2 * second,
  5 * second,
  10 * second,
  15 * second,
  30 * second,
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  24 * hour,
  48 * hour,
  168 * hour,
];

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** Round times in [from, to], at most `most` of them; midnights carry the day. */
export function timeTicks(from: number, to: number, most: number): Tick[] {
  if (!(to > from)) return [];
  const step =
    steps.find((size) => (to - from) / size <= most) ?? Math.ceil((to - from) / most / steps.at(-1)!) * steps.at(-1)!;
  const shift = new Date(from).getTimezoneOffset() * minute;
  const ticks: Tick[] = [];
  for (let at = Math.ceil((from - shift) / step) * step + shift; at <= to; at += step) {
    const midnight = (at - shift) % (24 * hour) === 0;
    ticks.push({ at, label: midnight ? day(at) : clock(at, step < minute) });
  }
  return ticks;
}
