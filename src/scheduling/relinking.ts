import { stream, type Stream } from '../base/random.ts';
import { disjunctiveOf, planOf, selectionOf, type Disjunctive, type Selection } from './disjunctive.ts';
import type { Improver } from './improve.ts';
import { MachineOrders } from './machine-orders.ts';
import type { Plan, SchedulingProblem } from './model.ts';
import { Tabu } from './tabu.ts';

/** How many good schedules are kept to combine. */
const poolSize = 12;

/** Tabu iterations without a better schedule after which a search is over. */
const patience = 2500;

/** Tabu iterations in one step. */
const portion = 100;

/** A step ends earlier when so many places in orders have been looked at, which takes about 20 ms. */
const mostLooks = 400_000;

/** The table of tabu pairs has the square of this at most. */
const mostOperations = 2500;

interface Elite {
  readonly makespan: number;
  readonly selection: Selection;
}

/**
 * Tabu search with path relinking (TS/PR, Peng, Lü and Cheng 2015) for problems in which nothing blocks; shortens the
 * makespan. A pool of schedules found by tabu search is kept; a point on the way from one of them to another is where the
 * next search begins, and what that finds replaces the worst. When the pool has nothing new to give, it is filled again
 * beside the best.
 */
export class Relinking implements Improver {
  readonly #problem: SchedulingProblem;
  readonly #form: Disjunctive;
  readonly #given: Plan;
  readonly #random: Stream;
  readonly #tabu: Tabu;
  readonly #bound: number;
  #pool: Elite[] = [];
  #best: Elite;
  #idle = 0;
  #done = false;

  /** Undefined when the problem is of another kind, or the plan leaves something out. */
  static of(problem: SchedulingProblem, plan: Plan, seed: number): Relinking | undefined {
    const form = disjunctiveOf(problem);
    if (form === undefined || form.count === 0 || form.count > mostOperations) return undefined;
    const selection = selectionOf(problem, plan);
    return selection && new Relinking(problem, form, plan, selection, seed);
  }

  private constructor(problem: SchedulingProblem, form: Disjunctive, plan: Plan, selection: Selection, seed: number) {
    this.#problem = problem;
    this.#form = form;
    this.#given = plan;
    this.#random = stream(seed, 'path relinking');
    this.#tabu = new Tabu(form, stream(seed, 'tabu search'));
    this.#bound = boundOf(form);
    this.#best = { makespan: plan.makespan - problem.now, selection };
    this.#tabu.start(selection);
    this.#done = this.#best.makespan <= this.#bound;
  }

  step(): boolean {
    if (this.#done) return false;
    const goesOn = this.#tabu.run(portion, mostLooks);
    const { makespan, selection } = this.#tabu;
    const better = makespan < this.#best.makespan;
    if (better) this.#best = { makespan, selection };
    this.#done = !goesOn || this.#best.makespan <= this.#bound;
    if (this.#tabu.idle >= patience) this.#next({ makespan, selection });
    return better;
  }

  get makespan(): number {
    return this.#problem.now + this.#best.makespan;
  }

  get plan(): Plan {
    if (this.makespan >= this.#given.makespan) return this.#given;
    const orders = new MachineOrders(this.#form);
    orders.load(this.#best.selection);
    return planOf(this.#problem, orders.machine, orders.head);
  }

  #next(found: Elite): void {
    this.#enter(found);
    if (this.#idle > 2 * poolSize) {
      this.#pool = [this.#best];
      this.#idle = 0;
    }
    this.#tabu.start(this.#pool.length < poolSize ? randomSelection(this.#form, this.#random) : this.#blend());
  }

  /** Takes a schedule into the pool that is like none there; the worst has to go when there are too many. */
  #enter(found: Elite): void {
    this.#idle += 1;
    if (this.#pool.some((elite) => elite.makespan === found.makespan && isAlike(this.#form, elite, found))) return;
    this.#pool.push(found);
    if (this.#pool.length <= poolSize) return;
    const worst = this.#pool.reduce((a, b) => (b.makespan >= a.makespan ? b : a));
    this.#pool.splice(this.#pool.indexOf(worst), 1);
    if (worst !== found) this.#idle = 0;
  }

  /**
   * A point between two schedules of the pool: every operation stands at a mean of its positions in both orders, so that
   * whatever comes first in both, as in all chains, comes first there too.
   */
  #blend(): Selection {
    const a = this.#random.integer(this.#pool.length);
    const b = (a + 1 + this.#random.integer(this.#pool.length - 1)) % this.#pool.length;
    const [one, other] = [this.#pool[a]!.selection, this.#pool[b]!.selection];
    const part = 0.3 + 0.4 * this.#random.next();
    const key = new Float64Array(this.#form.count);
    one.order.forEach((o, i) => (key[o]! += (1 - part) * i));
    other.order.forEach((o, i) => (key[o]! += part * i));
    const machine = one.machine.map((m, o) => (this.#random.chance(part) ? other.machine[o]! : m));
    return { machine, order: Int32Array.from(key.keys()).sort((x, y) => key[x]! - key[y]! || x - y) };
  }
}

/** Chains in a random merge, every operation on a random machine of those that are quickest for it, sometimes another. */
function randomSelection({ count, before, after, options }: Disjunctive, random: Stream): Selection {
  const machine = Int32Array.from(options, (list) => {
    const least = Math.min(...list.map(({ duration }) => duration));
    const quick = list.filter(({ duration }) => duration === least);
    return random.pick(random.chance(0.8) ? quick : list).machine;
  });
  const ready = Array.from(before.keys()).filter((o) => before[o]! < 0);
  const order = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const at = random.integer(ready.length);
    const o = ready[at]!;
    order[i] = o;
    if (after[o]! >= 0) ready[at] = after[o]!;
    else ready.splice(at, 1);
  }
  return { machine, order };
}

/** Whether nine of ten operations have the same machine and come after the same one there. */
function isAlike({ count, machines }: Disjunctive, one: Elite, other: Elite): boolean {
  const [a, b] = [predecessors(one.selection, machines), predecessors(other.selection, machines)];
  let same = 0;
  for (let o = 0; o < count; o++) if (a[o] === b[o]) same += 1;
  return same > 0.9 * count;
}

/** The operation before on the machine, and its machine where it is the first: -1 - machine. */
function predecessors({ machine, order }: Selection, machines: number): Int32Array {
  const last = Int32Array.from({ length: machines }, (_, m) => -1 - m);
  const found = new Int32Array(order.length);
  for (const o of order) {
    found[o] = last[machine[o]!]!;
    last[machine[o]!] = o;
  }
  return found;
}

/** No schedule is shorter than its longest chain or all that must be done on one machine,. */
function boundOf({ count, machines, chain, lag, options, free, before }: Disjunctive): number {
  const least = options.map((list) => Math.min(...list.map(({ duration }) => duration)));
  const heads = new Float64Array(count);
  const tails = new Float64Array(count);
  for (let o = 0; o < count; o++) heads[o] = lag[o]! + (before[o]! < 0 ? 0 : heads[o - 1]! + least[o - 1]!);
  for (let o = count - 2; o >= 0; o--)
    tails[o] = chain[o] === chain[o + 1] ? tails[o + 1]! + least[o + 1]! + lag[o + 1]! : 0;
  let bound = 0;
  for (let o = 0; o < count; o++) bound = Math.max(bound, heads[o]! + least[o]! + tails[o]!);
  for (let m = 0; m < machines; m++) {
    const own = Array.from(heads.keys()).filter((o) => options[o]!.every(({ machine }) => machine === m));
    const work = own.reduce((sum, o) => sum + least[o]!, 0);
    const first = Math.max(free[m]!, Math.min(...own.map((o) => heads[o]!)));
    if (own.length > 0) bound = Math.max(bound, first + work + Math.min(...own.map((o) => tails[o]!)));
  }
  return bound;
}
