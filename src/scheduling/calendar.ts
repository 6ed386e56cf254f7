/** A stretch of time [lo, hi) in ms. */
export interface Stretch {
  readonly lo: number;
  readonly hi: number;
}

/**
 * How many users something has over time: a step function on integer milliseconds, kept as sorted break points. Loads may
 * be reserved until Infinity. Every query takes the limit below which a new user fits, so that one calendar serves
 * exclusive and shared use.
 */
export class Calendar {
  readonly #times: number[] = [-Infinity];
  readonly #loads: number[] = [0];

  /** Adds `amount` users (negative: withdraws them) on [from, to). */
  add(from: number, to: number, amount: number): void {
    if (!(from < to)) return;
    const first = this.#split(from);
    const last = to === Infinity ? this.#times.length : this.#split(to);
    for (let i = first; i < last; i++) this.#loads[i]! += amount;
    if (to !== Infinity) this.#merge(last);
    this.#merge(first);
  }

  /** The earliest t >= from such that fewer than `limit` users are there during [t, t + length); Infinity if there is none. */
  fit(from: number, length: number, limit: number): number {
    const times = this.#times;
    const loads = this.#loads;
    const count = times.length;
    let i = this.#index(from);
    let t = from;
    for (;;) {
      while (loads[i]! >= limit) {
        i += 1;
        if (i >= count) return Infinity;
        t = times[i]!;
      }
      const end = t + length;
      let j = i + 1;
      while (j < count && times[j]! < end && loads[j]! < limit) j += 1;
      if (j >= count || times[j]! >= end) return t;
      i = j;
    }
  }

  /** Until when fewer than `limit` users are there, counted from t; t itself if there are too many already. */
  freeUntil(t: number, limit: number): number {
    let i = this.#index(t);
    if (this.#loads[i]! >= limit) return t;
    while (++i < this.#times.length) if (this.#loads[i]! >= limit) return this.#times[i]!;
    return Infinity;
  }

  /** All maximal stretches from `from` on with fewer than `limit` users, in order. */
  stretches(from: number, limit: number): Stretch[] {
    const found: Stretch[] = [];
    let lo = this.fit(from, 0, limit);
    while (lo < Infinity) {
      const hi = this.freeUntil(lo, limit);
      found.push({ lo, hi });
      if (hi === Infinity) break;
      lo = this.fit(hi, 0, limit);
    }
    return found;
  }

  #index(t: number): number {
    const times = this.#times;
    let low = 0;
    let high = times.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (times[middle]! <= t) low = middle;
      else high = middle;
    }
    return low;
  }

  #split(t: number): number {
    const i = this.#index(t);
    if (this.#times[i] === t) return i;
    this.#times.splice(i + 1, 0, t);
    this.#loads.splice(i + 1, 0, this.#loads[i]!);
    return i + 1;
  }

  #merge(i: number): void {
    if (i <= 0 || i >= this.#times.length || this.#loads[i] !== this.#loads[i - 1]) return;
    this.#times.splice(i, 1);
    this.#loads.splice(i, 1);
  }
}
