import { InvalidArgumentError } from 'commander';
import { hasCalendar, momentOf, zoneOf } from '../../domain/calendar.ts';
import type { Definition } from '../../domain/campaign.ts';
import { Instant, instantMs } from '../../domain/hours.ts';

/** When what has not happened yet begins: `--start`. */
export const instant = (text: string): string => {
  if (!Instant.safeParse(text).success) throw new InvalidArgumentError('Write a time such as 2026-11-23T08:00Z.');
  return text;
};

/**
 * Lab time, ms. Hours hang on the day of the week and the date: who has named no time learns from when on a lab with hours is
 * looked at.
 */
export function startOf({ lab }: Definition, text: string | undefined): number {
  if (text !== undefined) return instantMs(zoneOf(lab), text);
  const now = Math.floor(Date.now() / 60_000) * 60_000;
  if (lab.people !== undefined || Object.values(lab.devices).some(hasCalendar))
    process.stderr.write(`It begins now, ${momentOf(lab, now, 0)}; --start names another time.\n`);
  return now;
}
