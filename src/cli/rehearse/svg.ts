import { civilOf, instantOf } from '../../domain/hours.ts';
import { durationText } from '../text.ts';

/** Text of a lab in HTML. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export const titled = (text: string): string => `<title>${escaped(text)}</title>`;

/** The time axis that all charts of the page share: ms from the start of the campaign to pixels. */
export interface Axis {
  readonly width: number;
  /** Room for the names of lanes. */
  readonly left: number;
  readonly makespan: number;
  /** Lab time of its beginning, ms since 1970. */
  readonly startAt: number;
  readonly timezone: string;
}

export const xOf = ({ width, left, makespan }: Axis, ms: number): number =>
  left + ((width - left) * Math.max(0, Math.min(ms, makespan))) / makespan;

/** A number in a path or an attribute. */
export const px = (value: number): string => String(Math.round(value * 10) / 10);

const minute = 60_000;
const dayMs = 1440 * minute;
const spacings = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 10_080].map((minutes) => minutes * minute);

/** Lines at round times, at most `most`, told as hours from the start. */
export function hourLines(axis: Axis, height: number, most = 12): string {
  const spacing = spacings.find((each) => axis.makespan / each <= most) ?? spacings.at(-1)!;
  const lines = Array.from({ length: Math.floor(axis.makespan / spacing) + 1 }, (_, i) => {
    const x = px(xOf(axis, i * spacing));
    const label = i === 0 ? '0' : durationText(i * spacing);
    return `<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${height}"/><text x="${x}" y="${height + 14}" text-anchor="middle">${label}</text>`;
  });
  return lines.join('');
}

/** A line at every midnight of the lab's time zone, named by the day that begins. */
export function dayLines(axis: Axis, top: number, height: number): string {
  const { startAt, makespan, timezone } = axis;
  const name = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    timeZone: timezone,
  });
  const first = Math.ceil(civilOf(timezone, startAt) / dayMs) * dayMs;
  const marks: string[] = [];
  for (let civil = first; ; civil += dayMs) {
    const at = instantOf(timezone, civil) - startAt;
    if (at > makespan) break;
    const x = px(xOf(axis, at));
    const label = name.format(startAt + at + minute);
    marks.push(
      `<line class="day" x1="${x}" x2="${x}" y1="${top}" y2="${height}"/><text class="day" x="${px(xOf(axis, at) + 4)}" y="${height + 28}">${label}</text>`,
    );
  }
  return marks.join('');
}
