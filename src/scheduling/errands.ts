import { delaysOf } from './closings.ts';
import type { Assignment, ClosedStretch, DurationBand } from './model.ts';
import type { Span } from './standing.ts';

/** A move that a maximum wait depends on. */
export interface Errand {
  readonly sample: string;
  /** It begins at `from` at the earliest, and has ended at `until` at the latest. */
  readonly from: number;
  readonly until: number;
  /** The longest that it takes. */
  readonly time: number;
}

/** How late an errand may begin, ms. */
export interface Setout {
  /** How long the transporter may let it wait when there is a place at once. */
  readonly delay: number;
  /** When it begins at the latest if it has to wait for a place; -Infinity when it has not. */
  readonly afterPlace: number;
  /** The latest of all. */
  readonly latest: number;
}

/**
 * What the transporters have to do for the maximum waits, timed against what was known of it in the round before. Bounds
 * hold whichever errand goes first, as long as nothing else is begun while one is ready: a transporter is then busy with
 * what it carries and with other errands only, each of them once.
 */
export class Errands {
  readonly all = new Map<Assignment, Errand>();
  readonly #known: ReadonlyMap<Assignment, Errand>;
  readonly #now: number;
  /** All that is carried now has arrived by then. */
  readonly #busyUntil: number;
  /** When nothing is moved. */
  readonly #shut: readonly ClosedStretch[];

  constructor(known: ReadonlyMap<Assignment, Errand>, now: number, busyUntil: number, shut: readonly ClosedStretch[]) {
    this.#shut = shut;
    this.#known = known;
    this.#now = now;
    this.#busyUntil = busyUntil;
  }

  /** A sample can go from `ready` on, and surely finds a place at `free`. */
  add(sample: string, move: Assignment, band: DurationBand, ready: Span, place: number): Setout {
    const from = Math.max(ready.lo, this.#now);
    let free = place;
    let latest = Math.max(ready.hi, free);
    for (;;) {
      for (const { until } of delaysOf(this.#shut, from, latest, band.typical)) free = Math.max(free, until);
      const others = this.#others(sample, from, latest);
      const delay = this.#left(others, from);
      const turns = [free, ...others.map(({ until, time }) => until - time)];
      const starts = turns.filter((time) => time > from && time <= free).map((time) => time + this.#left(others, time));
      const afterPlace = Math.max(-Infinity, ...starts);
      const last = Math.max(ready.hi + delay, afterPlace);
      if (last === Infinity || last <= latest) {
        if (last < Infinity) this.all.set(move, { sample, from, until: last + band.high, time: band.high });
        return { delay, afterPlace, latest: last };
      }
      latest = last;
    }
  }

  /** Errands of others that may be carried out between these times. */
  #others(sample: string, from: number, to: number): Errand[] {
    return [...this.#known.values()].filter(
      (other) => other.sample !== sample && other.from <= to && other.until > from,
    );
  }

  /** How long the transporter may still be busy after `time` with these and with what it carries now. */
  #left(others: readonly Errand[], time: number): number {
    const residue = Math.max(0, this.#busyUntil - time);
    return others.reduce((sum, other) => sum + Math.min(other.time, Math.max(0, other.until - time)), residue);
  }
}
