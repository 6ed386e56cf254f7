import type { Setout } from './errands.ts';
import { delaysOf, opensAt } from './closings.ts';
import type { Assignment, ClosedStretch, DurationBand, SampleTask, StepTask } from './model.ts';
import type { Shortfall } from './outlook.ts';
import { limitedWork, stepOf, type Span, type Standing } from './standing.ts';

/** A stay at a resource; where `until` is undefined it ends when somebody needs the place, as `ready` and `rest` allow. */
export interface Visit {
  readonly resource: string;
  readonly until: number | undefined;
  /** The end of the last thing before the sample can leave, which is a step there if `works`. */
  readonly ready: Span;
  readonly works: boolean;
  readonly rest: readonly Assignment[];
}

/** What else a step waits for: `free` (ms) is when the resource surely can; `appears` when nothing is moved in this lab. */
interface Start {
  readonly free: number;
  readonly closed: readonly ClosedStretch[];
  readonly appears: boolean;
}

/** The way of a sample through its limited waits, as far as it has been followed, in spans of time. */
export class Course {
  readonly task: SampleTask;
  place: string | undefined;
  ready: Span;
  /** The end of its last step. */
  since: Span;
  /** It is being followed through a wait. */
  open = false;
  shortfall: Shortfall = { ms: -Infinity, passes: true };
  #works: boolean;
  #rest: readonly Assignment[];
  readonly #visits: Visit[] = [];
  /** How late the next step may start, counted from the earliest end of the one before. */
  #late = 0;
  /** What of that would remain if the step before came later. */
  #bare = 0;

  constructor({ task, place, ready, since, works, rest }: Standing) {
    this.task = task;
    this.place = place;
    this.ready = ready;
    this.since = since!;
    this.#works = works;
    this.#rest = rest;
  }

  /** The steps that have to start within a maximum wait, one after the other from now on. */
  legs(): Assignment[] {
    const works = this.#rest.filter(({ kind }) => kind === 'process');
    const end = works.findIndex(({ step }) => stepOf(this.task, step)?.lag.max === undefined);
    return end < 0 ? works : works.slice(0, end);
  }

  nextWork = (): Assignment | undefined => limitedWork({ task: this.task, rest: this.#rest, since: this.since });

  isPast = (work: Assignment): boolean => !this.#rest.includes(work);

  movesTo = (work: Assignment): readonly Assignment[] => this.#rest.slice(0, this.#rest.indexOf(work));

  isAt = (resource: string): boolean => this.place === resource;

  /** The last of them, where it is now, has no end yet. */
  visits(): readonly Visit[] {
    const { place: resource, ready } = this;
    if (resource === undefined) return this.#visits;
    return [...this.#visits, { resource, until: undefined, ready, works: this.#works, rest: this.#rest }];
  }

  beginWait(): void {
    this.#late = this.ready === this.since ? 0 : this.ready.hi - this.since.lo;
    this.#bare = this.#late;
  }

  move({ to }: Assignment, { low, high }: DurationBand, setout: Setout, pickMs: number): void {
    this.#late = Math.max(this.#late + setout.delay, setout.afterPlace - this.since.lo) + high;
    this.#bare += high;
    this.#leave(setout.latest + pickMs);
    this.ready = { lo: this.ready.lo + low, hi: setout.latest + high };
    this.place = to!;
    this.#works = false;
  }

  /** The step can start at `free` at the latest, or when the sample is there and has rested, and the resource is open. */
  work(
    work: Assignment,
    { low, high }: DurationBand,
    { min, max }: StepTask['lag'],
    { free, closed, appears }: Start,
  ): void {
    const length = work.end - work.start;
    const earliest = Math.max(this.ready.lo, this.since.lo + min);
    const latest = Math.max(this.ready.hi, free, this.since.hi + min);
    const wait = Math.max(this.#late, free - this.since.lo, min);
    // Who is put off has not been ready for work long before the time from which on that happens.
    const waits = delaysOf(closed, earliest, latest, length).map(
      ({ from, until }) => until - Math.max(this.since.lo, from - wait),
    );
    const late = Math.max(wait, ...waits) - max!;
    const bare = Math.max(this.#bare, min) - max!;
    const { ms, passes } = this.shortfall;
    this.shortfall = { ms: Math.max(ms, late), passes: (ms <= 0 || passes) && (late <= 0 || bare <= 0) };
    if (appears) this.#leave(this.ready.hi);
    this.since = { lo: opensAt(closed, earliest, length) + low, hi: opensAt(closed, latest, length) + high };
    this.ready = this.since;
    this.place = work.resource;
    this.#works = true;
    this.#rest = this.#rest.slice(this.#rest.indexOf(work) + 1);
  }

  #leave(until: number): void {
    const { place: resource, ready } = this;
    if (resource !== undefined) this.#visits.push({ resource, until, ready, works: this.#works, rest: [] });
  }
}
