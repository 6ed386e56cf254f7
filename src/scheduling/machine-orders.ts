import type { Disjunctive, Selection } from './disjunctive.ts';

/**
 * A schedule of a disjunctive problem as the order of the operations on every machine, linked, with the longest paths
 * through every operation: its head (earliest start) and tail (least time from its end to the end of all).
 */
export class MachineOrders {
  readonly form: Disjunctive;
  readonly machine: Int32Array;
  readonly duration: Float64Array;
  /** The operation before and after on its machine; -1 without one. */
  readonly previous: Int32Array;
  readonly next: Int32Array;
  /** First operation of every machine; -1 without one. */
  readonly first: Int32Array;
  readonly head: Float64Array;
  readonly tail: Float64Array;
  makespan = 0;
  /** All operations so that each comes after those that it waits for. */
  readonly order: Int32Array;
  /** The last operation of every chain. */
  readonly #lasts: Int32Array;
  /** Where every operation stands in `order`. */
  readonly #place: Int32Array;
  /** The round in which an operation was marked last. */
  readonly #marks: Int32Array;
  readonly #aside: Int32Array;
  #round = 0;

  constructor(form: Disjunctive) {
    const { count, machines } = form;
    this.form = form;
    this.machine = new Int32Array(count);
    this.duration = new Float64Array(count);
    this.previous = new Int32Array(count);
    this.next = new Int32Array(count);
    this.first = new Int32Array(machines);
    this.head = new Float64Array(count);
    this.tail = new Float64Array(count);
    this.order = new Int32Array(count);
    this.#lasts = Int32Array.from(form.after.keys()).filter((o) => form.after[o]! < 0);
    this.#place = new Int32Array(count);
    this.#marks = new Int32Array(count);
    this.#aside = new Int32Array(count);
  }

  load({ machine, order }: Selection): void {
    this.machine.set(machine);
    this.previous.fill(-1);
    this.next.fill(-1);
    this.first.fill(-1);
    const last = new Int32Array(this.form.machines).fill(-1);
    for (const o of order) {
      const m = machine[o]!;
      this.duration[o] = this.durationOn(o, m);
      const p = last[m]!;
      this.previous[o] = p;
      if (p < 0) this.first[m] = o;
      else this.next[p] = o;
      last[m] = o;
    }
    this.order.set(order);
    order.forEach((o, i) => (this.#place[o] = i));
    this.#heads(0);
    this.#tails(this.form.count - 1);
  }

  save(): Selection {
    return { machine: this.machine.slice(), order: this.order.slice() };
  }

  durationOn(o: number, machine: number): number {
    for (const option of this.form.options[o]!) if (option.machine === machine) return option.duration;
    return Infinity;
  }

  /**
   * Takes `o` from where it is and puts it on `machine` after `p` (-1: first), and finds all times anew. False, and nothing
   * has changed, when operations would wait for each other.
   */
  move(o: number, machine: number, p: number): boolean {
    const [from, before] = [this.machine[o]!, this.previous[o]!];
    this.#link(o, machine, p);
    const at = this.#place[o]!;
    const n = this.next[o]!;
    let [low, high] = [at, at];
    let fits = true;
    if (p >= 0 && this.#place[p]! > at) fits = this.#postpone(o, (high = this.#place[p]!));
    else if (n >= 0 && this.#place[n]! < at) fits = this.#advance(o, (low = this.#place[n]!));
    if (!fits) {
      this.#link(o, from, before);
      return false;
    }
    this.#heads(low);
    this.#tails(high);
    return true;
  }

  #link(o: number, machine: number, p: number): void {
    this.#cut(o);
    const n = p < 0 ? this.first[machine]! : this.next[p]!;
    if (machine !== this.machine[o]) {
      this.machine[o] = machine;
      this.duration[o] = this.durationOn(o, machine);
    }
    this.previous[o] = p;
    this.next[o] = n;
    if (p < 0) this.first[machine] = o;
    else this.next[p] = o;
    if (n >= 0) this.previous[n] = o;
  }

  #cut(o: number): void {
    const p = this.previous[o]!;
    const n = this.next[o]!;
    if (p < 0) this.first[this.machine[o]!] = n;
    else this.next[p] = n;
    if (n >= 0) this.previous[n] = p;
  }

  /** Puts `o`, and what waits for it up to place `to`, behind that; false when what is there waits for it too. */
  #postpone(o: number, to: number): boolean {
    const { before } = this.form;
    const { order, previous } = this;
    const from = this.#place[o]!;
    this.#round += 1;
    this.#marks[o] = this.#round;
    for (let i = from + 1; i <= to; i++) {
      const x = order[i]!;
      const [b, p] = [before[x]!, previous[x]!];
      if ((b < 0 || this.#marks[b] !== this.#round) && (p < 0 || this.#marks[p] !== this.#round)) continue;
      if (i === to) return false;
      this.#marks[x] = this.#round;
    }
    this.#part(from, to, true);
    return true;
  }

  /** Puts `o`, and what it waits for down to place `to`, before that; false when it waits for what is there too. */
  #advance(o: number, to: number): boolean {
    const { after } = this.form;
    const { order, next } = this;
    const from = this.#place[o]!;
    this.#round += 1;
    this.#marks[o] = this.#round;
    for (let i = from - 1; i >= to; i--) {
      const x = order[i]!;
      const [a, n] = [after[x]!, next[x]!];
      if ((a < 0 || this.#marks[a] !== this.#round) && (n < 0 || this.#marks[n] !== this.#round)) continue;
      if (i === to) return false;
      this.#marks[x] = this.#round;
    }
    this.#part(to, from, false);
    return true;
  }

  /** Between two places, puts the marked operations behind the others, or before them. */
  #part(from: number, to: number, behind: boolean): void {
    const { order } = this;
    let kept = 0;
    let at = from;
    for (let i = from; i <= to; i++) {
      const x = order[i]!;
      if ((this.#marks[x] === this.#round) === behind) this.#aside[kept++] = x;
      else order[at++] = x;
    }
    for (let i = 0; i < kept; i++) order[at++] = this.#aside[i]!;
    for (let i = from; i <= to; i++) this.#place[order[i]!] = i;
  }

  #heads(from: number): void {
    for (let i = from; i < this.form.count; i++) {
      const o = this.order[i]!;
      this.head[o] = Math.max(this.headInChain(o), this.headOnMachine(o));
    }
  }

  #tails(from: number): void {
    for (let i = from; i >= 0; i--) {
      const o = this.order[i]!;
      this.tail[o] = Math.max(this.tailInChain(o), this.tailOnMachine(o));
    }
    let makespan = 0;
    for (const o of this.#lasts) makespan = Math.max(makespan, this.head[o]! + this.duration[o]!);
    this.makespan = makespan;
  }

  /** The earliest start of `o` as far as its chain is concerned. */
  headInChain(o: number): number {
    const { before, lag } = this.form;
    const b = before[o]!;
    return b < 0 ? lag[o]! : this.head[b]! + this.duration[b]! + lag[o]!;
  }

  headOnMachine(o: number): number {
    return this.endOf(this.previous[o]!, this.machine[o]!);
  }

  /** When `p` ends; -1 stands for what is before the first of the machine. */
  endOf(p: number, machine: number): number {
    return p < 0 ? this.form.free[machine]! : this.head[p]! + this.duration[p]!;
  }

  /** The time from the end of `o` to the end of all through its chain. */
  tailInChain(o: number): number {
    const { after, lag } = this.form;
    const a = after[o]!;
    return a < 0 ? 0 : lag[a]! + this.duration[a]! + this.tail[a]!;
  }

  tailOnMachine(o: number): number {
    return this.tailFrom(this.next[o]!);
  }

  /** From the start of `n` to the end of all. */
  tailFrom(n: number): number {
    return n < 0 ? 0 : this.duration[n]! + this.tail[n]!;
  }
}
