import type { Stream } from '../base/random.ts';
import { timingOf, type Linked, type Pool, type Timing } from './linked.ts';
import type { Budget } from './reach.ts';
import type { TemporalNetwork } from './temporal-network.ts';

/** How often a choice between two orders is made against its better prospects. */
const whim = 0.1;

/** Two operations of which `first` could be done before `then`. */
interface Choice {
  readonly first: number;
  readonly then: number;
  /** How little time the two have to spare. */
  readonly spare: number;
}

/**
 * Makes the earliest times of the network possible for all pools, by putting one of two operations that take more workers
 * than there are at one time before the other, those with the least time to spare first and in the order that leaves more
 * of it (precedence constraint posting, Cesta, Oddi and Smith 2002). Undefined when it has come to a dead end, or to the end
 * of the budget, which is counted in pairs that are looked at and bounds that a posting may touch.
 */
export function level(form: Linked, network: TemporalNetwork, random: Stream, budget: Budget): Timing | undefined {
  for (; budget.left > 0; budget.left -= network.size ** 2) {
    const choices: Choice[] = [];
    for (const pool of form.pools) if (!addConflicts(form, network, pool, choices)) return undefined;
    if (choices.length === 0) return timingOf(form, startsOf(form, network));
    budget.left -= choices.length;
    const best = choices.reduce((a, b) => (b.spare < a.spare ? b : a));
    const { first, then } = prefer(form, network, best, random);
    if (!network.post(first + 1, then + 1, form.duration[first]!)) return undefined;
  }
  return undefined;
}

const startsOf = ({ steps }: Linked, network: TemporalNetwork): Float64Array =>
  Float64Array.from(steps, (_, o) => network.least(0, o + 1));

/** How much later `then` may still start than when `first` ends. */
const slackOf = ({ duration }: Linked, network: TemporalNetwork, first: number, then: number): number =>
  -network.least(then + 1, first + 1) - duration[first]!;

function prefer(form: Linked, network: TemporalNetwork, { first, then }: Choice, random: Stream): Choice {
  const there = slackOf(form, network, first, then);
  const back = slackOf(form, network, then, first);
  const turned = there < 0 || (back >= 0 && (random.chance(whim) ? back < there : back > there));
  return turned ? { first: then, then: first, spare: back } : { first, then, spare: there };
}

/** Adds pairs of which one must go before the other; false when no pair of too many can be parted. */
function addConflicts(form: Linked, network: TemporalNetwork, pool: Pool, choices: Choice[]): boolean {
  const { duration } = form;
  const startOf = (o: number) => network.least(0, o + 1);
  const alone = pool.workers.length === 1;
  const order = pool.operations.toSorted((a, b) => startOf(a) - startOf(b) || duration[a]! - duration[b]!);
  let active: number[] = [];
  for (const o of order) {
    active = active.filter((other) => startOf(other) + duration[other]! > startOf(o));
    active.push(o);
    if (active.length <= pool.workers.length) continue;
    const before = choices.length;
    for (const [i, first] of active.entries())
      for (const then of active.slice(i + 1)) {
        const [there, back] = [slackOf(form, network, first, then), slackOf(form, network, then, first)];
        if (there < 0 && back < 0) continue;
        const forced = alone && (there < 0 || back < 0);
        choices.push({ first, then, spare: forced ? -1 : Math.min(there, back) + Math.sqrt(Math.max(there, back)) });
      }
    if (choices.length === before) return false;
  }
  return true;
}

/**
 * Asks that operations that follow each other on one worker of a schedule do so again, but for those that are free to
 * change; what contradicts the network is left out.
 */
export function keep(
  form: Linked,
  network: TemporalNetwork,
  { start, worker }: Timing,
  free: ReadonlySet<number>,
): void {
  for (const { workers, operations } of form.pools) {
    const kept = operations
      .filter((o) => !free.has(o))
      .sort((a, b) => start[a]! - start[b]! || form.duration[a]! - form.duration[b]!);
    for (let k = 0; k < workers.length; k++) {
      const own = kept.filter((o) => worker[o] === k);
      for (let i = 1; i < own.length; i++) network.post(own[i - 1]! + 1, own[i]! + 1, form.duration[own[i - 1]!]!);
    }
  }
}
