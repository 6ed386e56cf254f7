import type { Stream } from '../base/random.ts';
import type { Disjunctive, Selection } from './disjunctive.ts';
import { MachineMoves } from './machine-moves.ts';
import { MachineOrders } from './machine-orders.ts';

/**
 * Tabu search (Glover 1989) over orders and machines: always goes to the best neighbour by its estimate, even a worse one,
 * except back. An order of two operations that a move has undone, and a machine that an operation has left, are tabu for
 * 6 + chains / machines iterations or up to twice as many, unless the best schedule so far seems to be beaten.
 */
export class Tabu {
  readonly #orders: MachineOrders;
  readonly #moves: MachineMoves;
  readonly #random: Stream;
  /** Until which iteration `a` may not come before `b` again (a * count + b). */
  readonly #pairs: Int32Array;
  /** Until which iteration an operation may not go to a machine again. */
  readonly #homes: Int32Array;
  readonly #tenure: number;
  #iteration = 0;
  #best = Infinity;
  #selection: Selection | undefined;
  #idle = 0;
  #operation = -1;
  #machine = -1;
  #after = -1;
  #estimate = Infinity;
  /** Moves that are all tabu, and moves of the least estimate, among which one is drawn. */
  #any = 0;
  #ties = 0;
  #forced = false;

  constructor(form: Disjunctive, random: Stream) {
    this.#orders = new MachineOrders(form);
    this.#moves = new MachineMoves(this.#orders);
    this.#random = random;
    this.#pairs = new Int32Array(form.count * form.count);
    this.#homes = new Int32Array(form.count * form.machines);
    const chains = new Set(form.chain).size;
    this.#tenure = Math.round(6 + chains / new Set(form.options.flat().map(({ machine }) => machine)).size);
  }

  /** Starts from here, and forgets what was before. */
  start(selection: Selection): void {
    this.#orders.load(selection);
    this.#best = this.#orders.makespan;
    this.#selection = this.#orders.save();
    this.#idle = 0;
    // Everything noted so far is over.
    this.#iteration += 4 * this.#tenure;
  }

  get makespan(): number {
    return this.#best;
  }

  get selection(): Selection {
    return this.#selection!;
  }

  /** Iterations since the best was found. */
  get idle(): number {
    return this.#idle;
  }

  /**
   * So many iterations, or fewer when so many places in orders have been looked at; false when no move is left, which means
   * that nothing can be better.
   */
  run(iterations: number, looks: number): boolean {
    const begun = this.#moves.looked;
    for (let i = 0; i < iterations && this.#moves.looked - begun < looks; i++) {
      this.#iteration += 1;
      this.#idle += 1;
      this.#choose();
      if (this.#operation < 0) return false;
      if (!this.#apply()) continue;
      if (this.#orders.makespan >= this.#best) continue;
      this.#best = this.#orders.makespan;
      this.#selection = this.#orders.save();
      this.#idle = 0;
    }
    return true;
  }

  /** The best move that is not tabu; a random one when all are. */
  #choose(): void {
    this.#operation = -1;
    this.#estimate = Infinity;
    this.#any = 0;
    this.#forced = false;
    this.#moves.offerAll(this.#random, this.#offer);
  }

  readonly #offer = (operation: number, machine: number, after: number, estimate: number): void => {
    const open = estimate < this.#best || !this.#isTabu(operation, machine, after);
    if (!open) {
      if ((this.#operation < 0 || this.#forced) && this.#random.integer(++this.#any) === 0) {
        this.#take(operation, machine, after, Infinity);
        this.#forced = true;
      }
      return;
    }
    if (!this.#forced && estimate > this.#estimate) return;
    if (this.#forced || estimate < this.#estimate) this.#ties = 0;
    this.#forced = false;
    if (this.#random.integer(++this.#ties) === 0) this.#take(operation, machine, after, estimate);
  };

  #take(operation: number, machine: number, after: number, estimate: number): void {
    this.#operation = operation;
    this.#machine = machine;
    this.#after = after;
    this.#estimate = estimate;
  }

  #isTabu(o: number, machine: number, after: number): boolean {
    const { form, machine: now } = this.#orders;
    if (machine !== now[o]) return this.#homes[o * form.machines + machine]! > this.#iteration;
    return this.#passes(o, after, (earlier, later) => this.#pairs[earlier * form.count + later]! > this.#iteration);
  }

  /** Whether any of the pairs that the move puts into a new order is so. */
  #passes(o: number, after: number, test: (earlier: number, later: number) => boolean): boolean {
    const { next, previous } = this.#orders;
    const right = after >= 0 && this.#orders.head[after]! >= this.#orders.head[o]!;
    if (right) {
      for (let x = next[o]!; x >= 0; x = next[x]!) {
        if (test(x, o)) return true;
        if (x === after) return false;
      }
      return false;
    }
    for (let x = previous[o]!; x !== after && x >= 0; x = previous[x]!) if (test(o, x)) return true;
    return false;
  }

  #apply(): boolean {
    const orders = this.#orders;
    const { form, machine } = orders;
    const o = this.#operation;
    const until = this.#iteration + this.#tenure + this.#random.integer(1 + this.#tenure);
    const from = machine[o]!;
    if (from === this.#machine)
      this.#passes(o, this.#after, (earlier, later) => {
        this.#pairs[later * form.count + earlier] = until;
        return false;
      });
    else this.#homes[o * form.machines + from] = until;
    return orders.move(o, this.#machine, this.#after);
  }
}
