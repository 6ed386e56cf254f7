import { invariant } from './invariant.ts';

/**
 * Time comes in by this door only. `now` is lab time in integer milliseconds since 1970 (UTC).
 *
 * Lab time may run faster than the wall (`speed` > 1) so that a simulated campaign is short to watch. Delays that belong
 * to the network rather than to the lab (a re-send back-off) are given in wall milliseconds and go through `networkMs`.
 */
export interface Clock {
  readonly speed: number;
  now(): number;
  /** Calls `action` once, `delayMs` of lab time from now (at once, but never synchronously, when it is <= 0). */
  after(delayMs: number, action: () => void): Timer;
  /** Lab milliseconds that pass in `wallMs` of wall time. */
  networkMs(wallMs: number): number;
}

export interface Timer {
  cancel(): void;
}

/** How lab time follows wall time: `origin` (lab ms) at `anchor` (wall ms), and `speed` times as fast from then on. */
export interface Pace {
  readonly origin: number;
  readonly anchor: number;
  readonly speed: number;
}

/** Wall time, or `speed` times as fast. Lab time begins as wall time where no pace says otherwise. */
export function realClock(pace: Partial<Pace> = {}): AdjustableClock {
  const anchor = pace.anchor ?? Date.now();
  return new AdjustableClock({ anchor, origin: pace.origin ?? anchor, speed: pace.speed ?? 1 });
}

const longestTimeout = 2 ** 31 - 1;

/** A clock on wall time whose pace can be set anew: simulators follow the pace of their controller. */
export class AdjustableClock implements Clock {
  #pace: Pace;
  readonly #armed = new Set<{ rearm(): void }>();

  constructor(pace: Pace) {
    this.#pace = checkedPace(pace);
  }

  get speed(): number {
    return this.#pace.speed;
  }

  get pace(): Pace {
    return this.#pace;
  }

  now(): number {
    const { origin, anchor, speed } = this.#pace;
    return Math.round(origin + (Date.now() - anchor) * speed);
  }

  networkMs(wallMs: number): number {
    return wallMs * this.speed;
  }

  after(delayMs: number, action: () => void): Timer {
    const due = this.now() + delayMs;
    let handle: ReturnType<typeof setTimeout>;
    const entry = {
      rearm: () => {
        clearTimeout(handle);
        const wall = Math.max(0, (due - this.now()) / this.speed);
        handle = wall > longestTimeout ? setTimeout(entry.rearm, longestTimeout) : setTimeout(fire, Math.ceil(wall));
      },
    };
    const fire = () => {
      this.#armed.delete(entry);
      action();
    };
    this.#armed.add(entry);
    entry.rearm();
    return {
      cancel: () => {
        clearTimeout(handle);
        this.#armed.delete(entry);
      },
    };
  }

  /** Lab time jumps to the new pace; timers keep the lab time at which they are due. */
  adjust(pace: Pace): void {
    this.#pace = checkedPace(pace);
    for (const entry of this.#armed) entry.rearm();
  }
}

function checkedPace(pace: Pace): Pace {
  invariant(pace.speed > 0 && Number.isFinite(pace.speed), 'the speed of a clock is a positive number');
  return pace;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
  cancelled: boolean;
}

/** Time that moves only when told to. Timers due at the same instant fire in the order in which they were set. */
export class VirtualClock implements Clock {
  readonly speed = 1;
  #now: number;
  #order = 0;
  readonly #heap: Entry[] = [];

  constructor(start = Date.UTC(2026, 0, 5, 8)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  networkMs(wallMs: number): number {
    return wallMs;
  }

  after(delayMs: number, action: () => void): Timer {
    const at = Math.max(this.#now, Math.round(this.#now + delayMs));
    const entry: Entry = { at, order: this.#order++, action, cancelled: false };
    this.#push(entry);
    return {
      cancel: () => {
        entry.cancelled = true;
      },
    };
  }

  /** Fires the next timer. False when none is left. */
  step(): boolean {
    for (;;) {
      const entry = this.#pop();
      if (entry === undefined) return false;
      if (entry.cancelled) continue;
      this.#now = entry.at;
      entry.action();
      return true;
    }
  }

  /** Fires timers until none is left, `until` holds, or lab time would pass `limit`. True when `until` came to hold. */
  run(until: () => boolean = () => false, limit = Infinity): boolean {
    while (!until()) {
      const next = this.#peek();
      if (next === undefined || next.at > limit) return until();
      this.step();
    }
    return true;
  }

  #peek(): Entry | undefined {
    while (this.#heap[0]?.cancelled) this.#pop();
    return this.#heap[0];
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
