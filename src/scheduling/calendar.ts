/** A stretch of time, ms; `hi` is exclusive and may be Infinity. */
export interface Stretch {
  readonly lo: number;
  readonly hi: number;
}

/** More than so many additions are made at once. */
const many = 16;

/**
 * How many users a shared thing has over time, as a step function kept in sorted break points. Loads may be reserved until
 * Infinity. Every query takes the limit below which a new user fits, so that one calendar serves exclusive and shared use.
 */
export class Calendar {
  #times = new Float64Array(16).fill(-Infinity, 0, 1);
  #loads = new Int32Array(16);
  #count = 1;
  /** From, to and amount of what has been added since the last question: often nobody asks at all. */
  #added: number[] = [];

  /** Adds `amount` users (negative: withdraws them) on [from, to). */
  add(from: number, to: number, amount: number): void {
    if (from < to) this.#added.push(from, to, amount);
  }

  #settle(): void {
    const added = this.#added;
    if (added.length === 0) return;
    if (added.length > 3 * many) this.#bookAll(added);
    else for (let i = 0; i < added.length; i += 3) this.#book(added[i]!, added[i + 1]!, added[i + 2]!);
    added.length = 0;
  }

  /** All at once: what moves the break points after each one would be too much work for many in a long calendar. */
  #bookAll(added: readonly number[]): void {
    const changes = new Map<number, number>();
    for (let i = 0; i < added.length; i += 3) {
      const [from, to, amount] = [added[i]!, added[i + 1]!, added[i + 2]!];
      changes.set(from, (changes.get(from) ?? 0) + amount);
      changes.set(to, (changes.get(to) ?? 0) - amount);
    }
    const ends = Float64Array.from(changes.keys()).sort();
    const [times, loads, count] = [this.#times, this.#loads, this.#count];
    this.#times = new Float64Array(2 * (count + ends.length));
    this.#loads = new Int32Array(2 * (count + ends.length));
    this.#count = 0;
    let change = 0;
    for (let i = 0, k = 0; i < count || k < ends.length;) {
      const t = Math.min(i < count ? times[i]! : Infinity, k < ends.length ? ends[k]! : Infinity);
      if (t === Infinity) break;
      if (times[i] === t && i < count) i += 1;
      if (ends[k] === t) change += changes.get(ends[k++]!)!;
      this.#append(t, loads[i - 1]! + change);
    }
  }

  #append(t: number, load: number): void {
    const count = this.#count;
    if (count > 0 && this.#loads[count - 1] === load) return;
    this.#times[count] = t;
    this.#loads[count] = load;
    this.#count = count + 1;
  }

  #book(from: number, to: number, amount: number): void {
    const first = this.#split(from);
    const last = to === Infinity ? this.#count : this.#split(to);
    const loads = this.#loads;
    for (let i = first; i < last; i++) loads[i]! += amount;
    if (to !== Infinity) this.#merge(last);
    this.#merge(first);
  }

  /**
   * The earliest t from `from` to `latest` such that fewer than `limit` users are there during [t, t + length); Infinity if
   * there is none. What is later is not looked at.
   */
  fit(from: number, length: number, limit: number, latest = Infinity): number {
    this.#settle();
    const times = this.#times;
    const loads = this.#loads;
    const count = this.#count;
    if (from > latest) return Infinity;
    let i = this.#index(from);
    let t = from;
    for (;;) {
      while (loads[i]! >= limit) {
        i += 1;
        if (i >= count) return Infinity;
        t = times[i]!;
        if (t > latest) return Infinity;
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
    this.#settle();
    let i = this.#index(t);
    if (this.#loads[i]! >= limit) return t;
    while (++i < this.#count) if (this.#loads[i]! >= limit) return this.#times[i]!;
    return Infinity;
  }

  /** All maximal stretches from `from` on with fewer than `limit` users, in order. */
  stretches(from: number, limit: number): Stretch[] {
    this.#settle();
    const times = this.#times;
    const loads = this.#loads;
    const found: Stretch[] = [];
    let lo = Infinity;
    for (let i = this.#index(from); i < this.#count; i++) {
      const free = loads[i]! < limit;
      if (free && lo === Infinity) lo = Math.max(from, times[i]!);
      else if (!free && lo < Infinity) {
        found.push({ lo, hi: times[i]! });
        lo = Infinity;
      }
    }
    if (lo < Infinity) found.push({ lo, hi: Infinity });
    return found;
  }

  #index(t: number): number {
    const times = this.#times;
    let low = 0;
    let high = this.#count;
    // What is asked or added is often at the end.
    if (times[high - 1]! <= t) return high - 1;
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
    const count = this.#count;
    if (count === this.#times.length) this.#grow();
    const times = this.#times;
    const loads = this.#loads;
    times.copyWithin(i + 2, i + 1, count);
    loads.copyWithin(i + 2, i + 1, count);
    times[i + 1] = t;
    loads[i + 1] = loads[i]!;
    this.#count = count + 1;
    return i + 1;
  }

  #merge(i: number): void {
    const loads = this.#loads;
    if (i <= 0 || i >= this.#count || loads[i] !== loads[i - 1]) return;
    const times = this.#times;
    times.copyWithin(i, i + 1, this.#count);
    loads.copyWithin(i, i + 1, this.#count);
    this.#count -= 1;
  }

  #grow(): void {
    const times = new Float64Array(2 * this.#count);
    const loads = new Int32Array(2 * this.#count);
    times.set(this.#times);
    loads.set(this.#loads);
    this.#times = times;
    this.#loads = loads;
  }
}
