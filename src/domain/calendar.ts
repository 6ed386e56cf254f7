import { civilOf, complement, cut, hoursWithin, instantMs, union, type Span } from './hours.ts';
import type { Lab, LabDevice } from './lab.ts';
import { avoidedSpans, avoidReason } from './tariff.ts';

/** When devices may work and who is there, by the hours of the lab file. All times are lab ms. */

type Timed = Pick<Lab, 'timezone' | 'people' | 'devices' | 'tariff' | 'currency'>;

export const zoneOf = ({ timezone }: Pick<Lab, 'timezone'>): string => timezone ?? 'UTC';

/** When a person is there within a span; somebody without hours always is. */
export function presence(lab: Timed, person: string, within: Span): Span[] {
  const known = lab.people?.[person];
  if (known === undefined) return [];
  return known.hours === undefined ? cut([within], within) : hoursWithin(known.hours, zoneOf(lab), within);
}

/** Who has a skill, by id. */
export const skilled = ({ people = {} }: Timed, skill: string): string[] =>
  Object.keys(people).filter((id) => people[id]!.skills.includes(skill));

/** When at least one person with a skill is there. */
export const attendance = (lab: Timed, skill: string, within: Span): Span[] =>
  union(skilled(lab, skill).flatMap((person) => presence(lab, person, within)));

/** Why a device is closed, and when for this reason alone. */
export interface Closing {
  /** Ends a sentence in brackets: "maintenance: calibration". */
  readonly reason: string;
  readonly spans: readonly Span[];
}

/** What closes a device within a span, reason by reason. */
export function closingsOf(lab: Timed, device: string, within: Span): Closing[] {
  const { hours, maintenance = [], attended, avoid }: Partial<LabDevice> = lab.devices[device as never] ?? {};
  const zone = zoneOf(lab);
  const closings: Closing[] = maintenance.map(({ from, to, reason }) => ({
    reason: reason === undefined ? 'maintenance' : `maintenance: ${reason}`,
    spans: cut(union([{ from: instantMs(zone, from), to: instantMs(zone, to) }]), within),
  }));
  if (attended !== undefined)
    closings.push({
      reason: `nobody with the skill ${attended} is there`,
      spans: complement(attendance(lab, attended, within), within),
    });
  if (hours !== undefined)
    closings.push({ reason: 'out of hours', spans: complement(hoursWithin(hours, zone, within), within) });
  if (avoid !== undefined)
    closings.push({ reason: avoidReason(avoid, lab.currency), spans: avoidedSpans(lab, avoid, within) });
  return closings.filter(({ spans }) => spans.length > 0);
}

/** When a device must not work within a span: sorted, disjoint, cut to the span. */
export const closedSpans = (lab: Timed, device: string, within: Span): Span[] =>
  union(closingsOf(lab, device, within).flatMap(({ spans }) => spans));

const dayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const dayMs = 86_400_000;

/** A lab time (ms) as a person of the lab says it: "at 14:00", "on Monday at 07:00", "on Monday 2026-11-30 at 07:00". */
export function momentOf(lab: Pick<Lab, 'timezone'>, ms: number, now: number): string {
  const zone = zoneOf(lab);
  const civil = civilOf(zone, ms);
  const text = new Date(civil).toISOString();
  const at = `at ${text.slice(11, 16)}`;
  const day = Math.floor(civil / dayMs);
  const ahead = day - Math.floor(civilOf(zone, now) / dayMs);
  if (ahead === 0) return at;
  // 1 January 1970 was a Thursday.
  const name = dayNames[(((day + 3) % 7) + 7) % 7]!;
  return ahead > 0 && ahead < 7 ? `on ${name} ${at}` : `on ${name} ${text.slice(0, 10)} ${at}`;
}

/** Whether a device has hours, maintenance, somebody who must be there, or energy to avoid. */
export const hasCalendar = ({ maintenance, ...device }: LabDevice): boolean =>
  comesAgain(device) || (maintenance ?? []).length > 0;

/** Whether what closes it comes again every week. */
export const comesAgain = ({ hours, attended, avoid }: Pick<LabDevice, 'hours' | 'attended' | 'avoid'>): boolean =>
  hours !== undefined || attended !== undefined || avoid !== undefined;
