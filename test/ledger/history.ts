import * as fc from 'fast-check';
import type { NewEvent } from '../../src/domain/event.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import {
  accepted,
  announced,
  completed,
  ended,
  event,
  intended,
  lot,
  opened,
  planned,
  resolved,
  suggested,
  tell,
} from './support.ts';

/**
 * One random turn: what is to happen, to which of those it can happen to, and how much. Drawn evenly and long, because
 * the interesting cases are three turns deep: in doubt, decided, and then the device comes back.
 */
export const turns = fc.noBias(
  fc.array(
    fc.record({
      what: fc.nat(99),
      which: fc.nat(999),
      // Doubles are drawn evenly by their bits, which makes nearly all of them next to nothing.
      amount: fc.nat(20_000).map((n) => n / 9973),
      flip: fc.boolean(),
    }),
    { minLength: 60, maxLength: 140, size: 'max' },
  ),
);
type Turn = { what: number; which: number; amount: number; flip: boolean };

interface Told {
  readonly experiment: string;
  readonly ordered: number;
  state: 'open' | 'doubt' | 'decided' | 'done';
  /** What is to be in the sample because of it, by everything that was told so far. */
  drawn: number;
}

const materials = ['red', 'salt'] as const;
const devices = ['robot', 'oven'] as const;

/**
 * Turns random numbers into a legal history of a lab, and keeps its own account of what every command has drawn: the
 * simplest reading of the rules, with none of the ledger's code.
 */
export class History {
  readonly commands = new Map<string, Told>();
  readonly #ledger: Ledger;
  readonly #open = new Set<string>();
  #experiments = 0;
  #joules: number | undefined;
  /** What the meter of the oven has advanced by since its first reading, J. */
  counted = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    tell(ledger, opened, lot('red', 'r1', 0.001, { cost: 3 }), lot('red', 'r2', 0.0003), lot('salt', 's1', 0.07));
    tell(ledger, announced('robot', { power: { idle_watt: 3, active_watt: 70 } }), announced('oven'));
  }

  play(turn: Turn): void {
    const { what } = turn;
    if (what < 8) this.#begin(turn);
    else if (what < 40) this.#intend(turn);
    else if (what < 50) this.#accept(turn);
    else if (what < 75) this.#end(turn);
    else if (what < 83) this.#decide(turn);
    else if (what < 90) this.#conclude(turn);
    else this.#measure(turn);
  }

  /** Ends everything that is open. */
  finish(): void {
    for (const experiment of [...this.#open]) this.#close(experiment, true);
    tell(this.#ledger, event('campaign.finished', { outcome: 'completed', reason: 'done' }));
  }

  /** Net amount of material that the postings of a command brought into its sample. */
  posted(key: string): number {
    const { experiment } = this.commands.get(key)!;
    const sample = `sample:${experiment}`;
    return this.#ledger
      .postings({ experiment })
      .filter((posting) => posting.key === key && posting.credit !== 'waste' && posting.credit !== 'product')
      .filter((posting) => posting.debit !== 'waste' && posting.debit !== 'product')
      .reduce((sum, { debit, amount }) => sum + (debit === sample ? amount : -amount), 0);
  }

  #begin({ which, amount }: Turn): void {
    const experiment = `e${++this.#experiments}`;
    const material = materials[which % 2]!;
    const reservations = this.#ledger
      .available(material, 0)
      .slice(0, 1 + (which % 2))
      .map((free) => ({ material, lot: free.lot, amount: free.amount * Math.min(1, amount / 4) }));
    tell(this.#ledger, suggested(experiment, this.#experiments), planned(experiment, ...reservations));
    this.#open.add(experiment);
  }

  #intend({ which, amount }: Turn): void {
    const experiment = pick([...this.#open], which);
    if (experiment === undefined) return;
    const key = `k${this.commands.size + 1}`;
    const ordered = amount * 1e-5;
    const consumes = [{ material: materials[which % 2]!, amount: ordered }];
    tell(this.#ledger, intended(key, experiment, { consumes, device: devices[which % 2]!, stage: 's' }));
    this.commands.set(key, { experiment, ordered, state: 'open', drawn: 0 });
  }

  #accept({ which }: Turn): void {
    const key = this.#pick(which, 'open');
    if (key !== undefined) tell(this.#ledger, accepted(key));
  }

  #end({ which, amount, flip }: Turn): void {
    const key = this.#pick(which, 'open', 'doubt', 'decided', 'done');
    if (key === undefined) return;
    const told = this.commands.get(key)!;
    if (which % 4 === 0) {
      tell(this.#ledger, ended(key, { outcome: 'indeterminate', source: flip ? 'controller' : 'device' }));
      if (told.state === 'open') told.state = 'doubt';
      return;
    }
    const outcome = which % 4 === 1 ? 'failed' : 'ok';
    const measured = amount * 1e-5;
    const material = materials[which % 2]!;
    tell(this.#ledger, ended(key, { outcome, ...(flip ? { consumed: [{ material, amount: measured }] } : {}) }));
    if (told.state === 'done') return;
    told.drawn = flip ? measured : outcome === 'ok' ? told.ordered : 0;
    told.state = 'done';
  }

  #decide({ which }: Turn): void {
    const key = this.#pick(which, 'doubt');
    if (key === undefined) return;
    const told = this.commands.get(key)!;
    const as = (['happened', 'not_happened', 'discard'] as const)[which % 3]!;
    tell(this.#ledger, resolved(key, as));
    told.drawn = as === 'not_happened' ? 0 : told.ordered;
    told.state = 'decided';
  }

  #conclude({ which, flip }: Turn): void {
    const experiment = pick([...this.#open], which);
    if (experiment !== undefined) this.#close(experiment, flip);
  }

  #close(experiment: string, well: boolean): void {
    const end: NewEvent = well ? completed(experiment) : event('experiment.cancelled', { experiment, reason: 'r' });
    tell(this.#ledger, end, event('experiment.cleared', { experiment, reason: 'r' }));
    this.#open.delete(experiment);
  }

  #measure({ which, amount, flip }: Turn): void {
    const before = this.#joules;
    this.#joules = flip && which % 5 === 0 ? amount : (before ?? 100) + amount * 1000;
    if (before !== undefined) this.counted += this.#joules < before ? this.#joules : this.#joules - before;
    const reading = { device: 'oven', meter: 'plug', total: this.#joules, resolution: 1, boot: 'b', resetAt: '' };
    tell(this.#ledger, event('meter.read', which % 3 === 0 ? { ...reading, power: amount } : reading));
  }

  #pick(which: number, ...states: Told['state'][]): string | undefined {
    return pick(
      [...this.commands].flatMap(([key, told]) => (states.includes(told.state) ? [key] : [])),
      which,
    );
  }
}

const pick = <T>(items: readonly T[], which: number): T | undefined => items[which % Math.max(1, items.length)];
