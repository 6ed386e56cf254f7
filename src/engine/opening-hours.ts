import { closedSpans, closingsOf, comesAgain, hasCalendar, momentOf } from '../domain/calendar.ts';
import { complement, type Span } from '../domain/hours.ts';
import type { Lab } from '../domain/lab.ts';
import type { Opening, Resource } from '../scheduling/model.ts';

export const weekMs = 7 * 86_400_000;

/** So far ahead, ms, closed stretches are known at least: two months are more than any plan reaches. */
export const horizonMs = 8 * weekMs;

/** What hours say of a device, in the scheduler's words. */
type Hours = Pick<Resource, 'closed' | 'longestOpen'>;

const always: Hours = {};

/** The hours of a lab from week to week. What is given depends on lab and time alone, and is the same for a whole week. */
export class OpeningHours {
  readonly #lab: Lab;
  #week = NaN;
  readonly #known = new Map<string, Hours>();

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** The closed stretches (lab ms) of a device; nothing of one without hours, maintenance and people. */
  of(id: string, now: number): Hours {
    const device = this.#lab.devices[id as keyof Lab['devices']];
    if (device === undefined || !hasCalendar(device)) return always;
    const week = Math.floor(now / weekMs);
    if (week !== this.#week) this.#known.clear();
    this.#week = week;
    let hours = this.#known.get(id);
    if (hours === undefined) this.#known.set(id, (hours = hoursOf(this.#lab, id, week * weekMs)));
    return hours;
  }

  /** The closed stretches of those that have any; undefined when none has. */
  ofAll(ids: readonly string[], now: number): Readonly<Record<string, readonly Span[]>> | undefined {
    const all = ids.flatMap((id) => {
      const { closed } = this.of(id, now);
      return closed === undefined ? [] : [[id, closed] as const];
    });
    return all.length === 0 ? undefined : Object.fromEntries(all);
  }

  /** Why a sample waits for something that is closed, or closes too soon: one sentence. `saving`: it may wait for cheaper energy. */
  reason(
    { sample, step, opening: { resource, closes, opens, follows } }: { sample: string; step: string; opening: Opening },
    now: number,
    saving: boolean,
  ): string {
    const at = (ms: number) => momentOf(this.#lab, ms, now);
    const [last] = closingsOf(this.#lab, resource, { from: opens - 1, to: opens });
    const isShut = last !== undefined;
    if (!isShut && saving && follows === undefined)
      return `${sample} waits with ${step} for cheaper energy, which ${resource} can have ${at(opens)}.`;
    const why = isShut ? ` (${last.reason})` : saving ? ' (for cheaper energy)' : '';
    if (follows !== undefined)
      return `${step} of ${sample} waits, because ${follows} must follow soon, and ${resource} opens ${at(opens)}${why}.`;
    const early = closes > now ? `: it closes ${at(closes)}, before ${step} would have ended` : '';
    return `${sample} waits until ${resource} opens ${at(opens)}${why}${early}.`;
  }
}

function hoursOf(lab: Lab, id: string, from: number): Hours {
  const known = { from, to: from + weekMs + horizonMs };
  const closed = closedSpans(lab, id, known);
  // Hours come again and again, so that nothing is longer later; after maintenance a device without hours stays open.
  if (!comesAgain(lab.devices[id as keyof Lab['devices']]!)) return { closed };
  const longestOpen = complement(closed, known).reduce((longest, span) => Math.max(longest, span.to - span.from), 0);
  return { closed, longestOpen };
}
