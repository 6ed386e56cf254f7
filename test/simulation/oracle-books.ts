import type { LabEvent } from '../../src/domain/event.ts';
import type { Evidence, Violation } from './oracle.ts';

type Amounts = ReadonlyMap<string, number>;
type CommandOf = Extract<LabEvent, { type: 'command.intended' }>['data']['command'];

/** What the events say of one command, taken together. */
export interface Entry {
  readonly command: CommandOf;
  readonly intendedAt: number;
  state: 'open' | 'doubtful' | 'resolved' | 'settled';
  /** Of the device itself, where it has spoken. */
  outcome?: string;
  resolvedAs?: string;
  /** Ends by the word of the device that say what has happened. */
  ends: number;
  refused: boolean;
  amounts: Amounts;
}

const sumOf = (amounts: readonly { material: string; amount: number }[]): Amounts => {
  const sums = new Map<string, number>();
  for (const { material, amount } of amounts) sums.set(material, (sums.get(material) ?? 0) + amount);
  return sums;
};
const nothing: Amounts = new Map();

/** An account per command, kept from the events alone. */
export function booksOf(events: readonly LabEvent[]): Map<string, Entry> {
  const books = new Map<string, Entry>();
  for (const event of events) {
    if (event.type === 'command.intended') {
      const { command } = event.data;
      books.set(command.key, {
        ...{ command, intendedAt: event.at, state: 'open', ends: 0, refused: false, amounts: nothing },
      });
    }
    if (event.type === 'command.ended') end(books.get(event.data.key), event.data);
    if (event.type === 'command.refused') {
      const entry = books.get(event.data.key);
      if (entry !== undefined) Object.assign(entry, { state: 'settled', refused: true, amounts: nothing });
    }
    if (event.type === 'command.resolved') {
      const entry = books.get(event.data.key);
      if (entry === undefined || entry.state === 'settled') continue;
      const as = event.data.as;
      const amounts = as === 'not_happened' ? nothing : sumOf(entry.command.consumes);
      Object.assign(entry, { state: 'resolved', resolvedAs: as, amounts });
    }
  }
  return books;
}

function end(entry: Entry | undefined, data: Extract<LabEvent, { type: 'command.ended' }>['data']): void {
  if (entry === undefined) return;
  const { outcome, consumed, source } = data;
  if (source === 'device') entry.outcome = outcome;
  if (outcome === 'indeterminate') {
    if (entry.state === 'open') entry.state = 'doubtful';
    return;
  }
  entry.ends += 1;
  entry.state = 'settled';
  // What is told twice is counted twice: nobody else is to tell it only once.
  const told = sumOf(consumed ?? (outcome === 'ok' ? entry.command.consumes : []));
  entry.amounts = entry.ends === 1 ? told : sumOf([...pairs(entry.amounts), ...pairs(told)]);
}

const pairs = (amounts: Amounts) => [...amounts].map(([material, amount]) => ({ material, amount }));

/** Rounding on the way through units and quanta: a ten-thousandth of a nanolitre, a microgram. */
const tiny = 1e-16;
const close = (a: number, b: number): boolean => Math.abs(a - b) <= tiny + 1e-9 * Math.max(Math.abs(a), Math.abs(b));

/**
 * What the instruments say they have poured is on the books, command by command, where the device has told the end. A
 * person's word books what was ordered: that is compared apart, and must be nothing where nothing has happened.
 */
export function checkVolumes({ effects, stock }: Evidence, books: ReadonlyMap<string, Entry>): Violation[] {
  const found: Violation[] = [];
  const poured = new Map<string, Map<string, number>>();
  for (const effect of effects) {
    if (effect.kind !== 'poured') continue;
    const key = effect.key ?? '';
    const sums = poured.get(key) ?? new Map<string, number>();
    sums.set(effect.material, (sums.get(effect.material) ?? 0) + effect.reported);
    poured.set(key, sums);
    if (!books.has(key))
      found.push({
        rule: 'volumes are on the books',
        sentence: `${effect.device} poured for ${key}, which no book knows.`,
      });
  }
  const totals = new Map<string, number>();
  for (const [key, entry] of books) {
    const real = poured.get(key) ?? nothing;
    for (const [material, amount] of entry.amounts) totals.set(material, (totals.get(material) ?? 0) + amount);
    const wrong = wrongAmount(entry, real);
    if (wrong !== undefined) found.push({ rule: 'volumes are on the books', sentence: `${key}: ${wrong}` });
  }
  for (const material of new Set(stock.map((row) => row.material))) {
    const used = stock.filter((row) => row.material === material).reduce((sum, row) => sum + row.used, 0);
    const total = totals.get(material) ?? 0;
    if (!close(used, total) && Math.abs(used - total) > 1e-12)
      found.push({
        rule: 'the stock equals the bookings',
        sentence: `${used} of ${material} has left its lots by the ledger, ${total} by its events.`,
      });
  }
  return found;
}

function wrongAmount({ state, resolvedAs, amounts, outcome }: Entry, real: Amounts): string | undefined {
  const materials = new Set([...amounts.keys(), ...real.keys()]);
  if (state === 'doubtful') return undefined;
  for (const material of materials) {
    const [booked, reported] = [amounts.get(material) ?? 0, real.get(material) ?? 0];
    if (state === 'settled' && !close(booked, reported))
      return `${booked} of ${material} is booked, ${reported} was poured (the device says ${outcome ?? 'nothing'}).`;
    if (state === 'open' && reported > 0) return `${reported} of ${material} was poured and nothing is booked.`;
    if (state === 'resolved' && resolvedAs === 'not_happened' && reported > 0)
      return `${reported} of ${material} was poured, but a person said that nothing had happened.`;
    // Pipettes err by a percent or so; a person who says that it happened has seen all of it.
    if (state === 'resolved' && resolvedAs === 'happened' && Math.abs(booked - reported) > 0.05 * booked + 5e-10)
      return `a person said that it happened: ${booked} of ${material} is booked, ${reported} was poured.`;
  }
  return undefined;
}
