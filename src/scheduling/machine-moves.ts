import type { Stream } from '../base/random.ts';
import type { MachineOrders } from './machine-orders.ts';

/** Is told every move: `operation` to `machine` after `after` (-1: first), and about what makespan that gives. */
export type Offer = (operation: number, machine: number, after: number, estimate: number) => void;

/** How far from its place in a block an operation is moved at most, so that a long block is no more than its length times this. */
const span = 200;

/**
 * Moves that can shorten a schedule: along one longest path, in every block of operations that follow each other on one
 * machine, each operation to both ends of the block and the ends into the block (N7, Zhang et al. 2007, which contains N6,
 * Balas and Vazacopoulos 1998), and every operation of the path to other machines (Mastrolilli and Gambardella 2000).
 */
export class MachineMoves {
  /** How many places in orders have been looked at: what work is counted in. */
  looked = 0;
  readonly #orders: MachineOrders;
  readonly #path: Int32Array;
  readonly #chainFirsts: Int32Array;
  /** Heads and ends of the operations that change places, while a move is estimated. */
  readonly #heads: Float64Array;

  constructor(orders: MachineOrders) {
    this.#orders = orders;
    this.#path = new Int32Array(orders.form.count);
    this.#chainFirsts = Int32Array.from(orders.form.before.keys()).filter((o) => orders.form.before[o]! < 0);
    this.#heads = new Float64Array(orders.form.count);
  }

  offerAll(random: Stream, offer: Offer): void {
    const length = this.#findPath(random);
    const path = this.#path;
    const { machine, next } = this.#orders;
    for (let i = 0; i < length;) {
      let j = i;
      while (j + 1 < length && next[path[j]!] === path[j + 1]) j += 1;
      if (j > i) this.#block(i, j, offer);
      i = j + 1;
    }
    for (let i = 0; i < length; i++) {
      const o = path[i]!;
      for (const option of this.#orders.form.options[o]!)
        if (option.machine !== machine[o]) this.#reassign(o, option.machine, option.duration, offer);
    }
  }

  /** One longest path, where there are several ways a random one. */
  #findPath(random: Stream): number {
    const { form, head, tail, duration, next, first, makespan } = this.#orders;
    const critical = (o: number) => head[o]! + duration[o]! + tail[o]! === makespan;
    let starts = 0;
    let at = -1;
    for (const o of this.#chainFirsts)
      if (head[o] === form.lag[o] && critical(o) && random.integer(++starts) === 0) at = o;
    for (let m = 0; m < form.machines; m++) {
      const o = first[m]!;
      if (o < 0 || head[o] !== form.free[m] || !critical(o)) continue;
      if (random.integer(++starts) === 0) at = o;
    }
    let length = 0;
    while (at >= 0) {
      this.#path[length++] = at;
      const end = head[at]! + duration[at]!;
      const n = next[at]!;
      const a = form.after[at]!;
      const byMachine = n >= 0 && head[n] === end && critical(n);
      const byChain = a >= 0 && head[a] === end + form.lag[a]! && critical(a);
      at = byMachine && (!byChain || random.chance(0.5)) ? n : byChain ? a : -1;
    }
    return length;
  }

  #block(from: number, to: number, offer: Offer): void {
    for (let i = Math.max(from, to - span); i < to; i++) this.#right(i, to, offer);
    for (let i = from + 1; i <= Math.min(to, from + span); i++) this.#left(i, from, offer);
    for (let i = from + 1; i < to; i++) {
      if (i - from <= span) this.#right(from, i, offer);
      if (to - i <= span) this.#left(to, i, offer);
    }
  }

  /** The operation at `i` of the path behind the one at `j` of the same block. */
  #right(i: number, j: number, offer: Offer): void {
    const { form, tail, duration, machine, next } = this.#orders;
    const [u, v] = [this.#path[i]!, this.#path[j]!];
    const a = form.after[u]!;
    if (a >= 0 && duration[v]! + tail[v]! < duration[a]! + tail[a]!) return;
    this.looked += j - i;
    let end = this.#orders.headOnMachine(u);
    for (let k = i + 1; k <= j; k++) {
      const x = this.#path[k]!;
      if (form.chain[x] === form.chain[u]) return;
      end = this.#headed(x, end);
    }
    end = this.#headed(u, end);
    let rest = this.#orders.tailFrom(next[v]!);
    rest = Math.max(rest, this.#orders.tailInChain(u)) + duration[u]!;
    let longest = this.#heads[u]! + rest;
    for (let k = j; k > i; k--) {
      const x = this.#path[k]!;
      rest = Math.max(rest, this.#orders.tailInChain(x)) + duration[x]!;
      longest = Math.max(longest, this.#heads[x]! + rest);
    }
    offer(u, machine[u]!, v, longest);
  }

  /** The operation at `j` of the path before the one at `i` of the same block. */
  #left(j: number, i: number, offer: Offer): void {
    const { form, head, duration, machine, previous, next } = this.#orders;
    const [u, v] = [this.#path[j]!, this.#path[i]!];
    const b = form.before[u]!;
    if (b >= 0 && head[v]! + duration[v]! < head[b]! + duration[b]!) return;
    this.looked += j - i;
    const p = previous[v]!;
    let end = this.#headed(u, this.#orders.endOf(p, machine[v]!));
    for (let k = i; k < j; k++) {
      const x = this.#path[k]!;
      if (form.chain[x] === form.chain[u]) return;
      end = this.#headed(x, end);
    }
    let rest = this.#orders.tailFrom(next[u]!);
    let longest = 0;
    for (let k = j - 1; k >= i; k--) {
      const x = this.#path[k]!;
      rest = Math.max(rest, this.#orders.tailInChain(x)) + duration[x]!;
      longest = Math.max(longest, this.#heads[x]! + rest);
    }
    rest = Math.max(rest, this.#orders.tailInChain(u)) + duration[u]!;
    offer(u, machine[u]!, p, Math.max(longest, this.#heads[u]! + rest));
  }

  /** Notes the new head of `x` when its machine is free from `end` on; returns its new end. */
  #headed(x: number, end: number): number {
    const head = Math.max(end, this.#orders.headInChain(x));
    this.#heads[x] = head;
    return head + this.#orders.duration[x]!;
  }

  /**
   * All places on another machine where the operation cannot come to wait for itself: an operation that waits for its
   * successor starts after that has ended, and one that its predecessor waits for has ended before that starts.
   */
  #reassign(o: number, machine: number, length: number, offer: Offer): void {
    const { form, head, duration, first, next } = this.#orders;
    const { chain, before, after } = form;
    const [b, a] = [before[o]!, after[o]!];
    const earliest = this.#orders.headInChain(o);
    const rest = this.#orders.tailInChain(o);
    const latest = a < 0 ? Infinity : head[a]! + duration[a]!;
    for (let p = -1, n = first[machine]!; ; p = n, n = next[n]!) {
      this.looked += 1;
      if (p >= 0 && (head[p]! >= latest || (chain[p] === chain[o] && p > o))) return;
      const late = n >= 0 && ((b >= 0 && head[b]! >= head[n]! + duration[n]!) || (chain[n] === chain[o] && n < o));
      if (!late) {
        const start = Math.max(earliest, this.#orders.endOf(p, machine));
        offer(o, machine, p, start + length + Math.max(rest, this.#orders.tailFrom(n)));
      }
      if (n < 0) return;
    }
  }
}
