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
  readonly #waits: Int32Array;

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
    this.#waits = new Int32Array(count);
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
    this.evaluate();
  }

  save(): Selection {
    return { machine: this.machine.slice(), order: this.order.slice() };
  }

  durationOn(o: number, machine: number): number {
    for (const option of this.form.options[o]!) if (option.machine === machine) return option.duration;
    return Infinity;
  }

  /** Takes `o` from where it is and puts it on `machine` after `p` (-1: first). Times are old until `evaluate`. */
  move(o: number, machine: number, p: number): void {
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

  /** Finds heads, tails, order and makespan anew; false, and these are meaningless, when operations wait for each other. */
  evaluate(): boolean {
    const { count, before, after } = this.form;
    const { order, next, previous } = this;
    const waits = this.#waits;
    let filled = 0;
    for (let o = 0; o < count; o++) {
      waits[o] = (before[o]! < 0 ? 0 : 1) + (previous[o]! < 0 ? 0 : 1);
      if (waits[o] === 0) order[filled++] = o;
    }
    for (let i = 0; i < filled; i++) {
      const o = order[i]!;
      this.head[o] = Math.max(this.headInChain(o), this.headOnMachine(o));
      const a = after[o]!;
      const n = next[o]!;
      if (a >= 0 && --waits[a]! === 0) order[filled++] = a;
      if (n >= 0 && --waits[n]! === 0) order[filled++] = n;
    }
    if (filled < count) return false;
    this.#tails();
    return true;
  }

  #tails(): void {
    let makespan = 0;
    for (let i = this.form.count - 1; i >= 0; i--) {
      const o = this.order[i]!;
      this.tail[o] = Math.max(this.tailInChain(o), this.tailOnMachine(o));
      makespan = Math.max(makespan, this.head[o]! + this.duration[o]!);
    }
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
