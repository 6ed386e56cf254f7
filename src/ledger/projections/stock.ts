import * as z from 'zod';
import { failure, FailureError } from '../../base/failure.ts';
import { invariant } from '../../base/invariant.ts';
import type { EventOf } from '../../domain/event.ts';
import { maybe, number, query, text, value, type RowOf } from '../rows.ts';
import type { Connection } from '../sqlite.ts';
import { lotAccount, reservedAccount, supplier, type Books } from './books.ts';

/**
 * One row per lot. `free` is the balance of the lot's account; what stands in the bottle is free + reserved. `used` left
 * it for a sample; `waste` is that part of `used` that ended in waste.
 */
export const stockTables = `
CREATE TABLE lot (
  material TEXT NOT NULL, lot TEXT NOT NULL, registered INTEGER NOT NULL, free INTEGER NOT NULL, reserved INTEGER NOT NULL,
  used INTEGER NOT NULL, waste INTEGER NOT NULL, cost REAL, co2e REAL, expires TEXT, expires_at INTEGER,
  PRIMARY KEY (material, lot)
) STRICT, WITHOUT ROWID;
CREATE TABLE reservation (
  experiment TEXT NOT NULL, material TEXT NOT NULL, lot TEXT NOT NULL, seq INTEGER NOT NULL, quanta INTEGER NOT NULL,
  PRIMARY KEY (experiment, material, lot)
) STRICT, WITHOUT ROWID;`;

const reservedShape = { material: text, lot: text, seq: number, quanta: number };
export type Reserved = RowOf<typeof reservedShape>;

/** Lots and what is reserved of them. */
export function openStock(db: Connection, books: Books) {
  const change = db.prepare(
    `UPDATE lot SET free = free + @free, reserved = reserved + @reserved, used = used + @used, waste = waste + @waste
     WHERE material = @material AND lot = @lot`,
  );
  const nowhere = { free: 0, reserved: 0, used: 0, waste: 0 };
  const stock = {
    /** Moves quanta between the columns of a lot; nothing to do for what was in no lot. */
    change(material: string, lot: string | undefined, by: Partial<typeof nowhere>): void {
      if (lot === undefined) return;
      const all = Object.entries({ ...nowhere, ...by }).map(([name, value]) => [name, BigInt(value)]);
      const { changes } = change.run({ ...Object.fromEntries(all), material, lot });
      invariant(changes === 1, `the lot ${lot} of ${material} was never registered`);
    },
    ...fallbacks(db),
  };
  return { ...stock, ...arrivals(db, books), ...promises(db, books, stock.change) };
}

export type Stock = ReturnType<typeof openStock>;

function arrivals(db: Connection, books: Books) {
  const endOfDay = value(db, 'expiry', `SELECT unixepoch(?, '+1 day') * 1000`, maybe(number));
  // A lot that is registered again is topped up: its amount, cost and emissions add.
  const insert = db.prepare(
    `INSERT INTO lot (material, lot, registered, free, reserved, used, waste, cost, co2e, expires, expires_at)
     VALUES (@material, @lot, @quanta, @quanta, 0, 0, 0, @cost, @co2e, @expires, @expiresAt)
     ON CONFLICT DO UPDATE SET registered = registered + excluded.registered, free = free + excluded.free,
       cost = iif(excluded.cost IS NULL, cost, coalesce(cost, 0) + excluded.cost),
       co2e = iif(excluded.co2e IS NULL, co2e, coalesce(co2e, 0) + excluded.co2e),
       expires = coalesce(excluded.expires, expires), expires_at = coalesce(excluded.expires_at, expires_at)`,
  );
  return {
    register({ seq, at, data }: EventOf<'lot.registered'>): void {
      const { material, lot, amount, cost = null, co2e = null, expires = null } = data;
      const quanta = books.quantaOfLot(material, amount);
      const expiresAt = expires === null ? null : (endOfDay.get(expires) ?? null);
      if (expires !== null && !z.iso.date().safeParse(expires).success)
        throw new FailureError(
          failure('input.invalid', `"${expires}", the expiry of lot ${lot} of ${material}, is not a date.`, {
            mend: 'Write it like "2026-12-31".',
          }),
        );
      insert.run({ material, lot, quanta: BigInt(quanta), cost, co2e, expires, expiresAt });
      books.post({ seq, at }, { debit: lotAccount(lot), credit: supplier, material, lot, quanta, kind: 'measured' });
    },
  };
}

function promises(
  db: Connection,
  books: Books,
  change: (material: string, lot: string, by: { free: number; reserved: number }) => void,
) {
  const insert = db.prepare(
    `INSERT INTO reservation (experiment, material, lot, seq, quanta) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET quanta = quanta + excluded.quanta`,
  );
  const left = query(
    db,
    'reservation',
    'SELECT material, lot, seq, quanta FROM reservation WHERE experiment = ? AND material = ? ORDER BY lot',
    reservedShape,
  );
  const rest = query(
    db,
    'reservation',
    'SELECT material, lot, seq, quanta FROM reservation WHERE experiment = ? ORDER BY material, lot',
    reservedShape,
  );
  // The rows stay: they tell which lot a late result has drawn on.
  const clear = db.prepare('UPDATE reservation SET quanta = 0 WHERE experiment = ?');
  return {
    /** Lot -> reserved. Throws `stock.short` when the lot has not that much free. */
    reserve({ seq, at, data }: EventOf<'experiment.planned' | 'experiment.provided'>): void {
      const { experiment, reservations } = data;
      for (const { material, lot, amount } of reservations) {
        const quanta = books.quanta(material, amount);
        if (books.balance(lotAccount(lot), material) < quanta)
          throw new FailureError(
            failure('stock.short', `Lot ${lot} of ${material} has less left than ${experiment} needs.`, {
              mend: 'Register another lot.',
            }),
          );
        const accounts = { debit: reservedAccount(experiment, lot), credit: lotAccount(lot) };
        books.post({ seq, at }, { ...accounts, material, lot, quanta, kind: 'planned', experiment });
        change(material, lot, { free: -quanta, reserved: quanta });
        insert.run(experiment, material, lot, seq, BigInt(quanta));
      }
    },
    /** What is still reserved for an experiment of one material, in the order in which it is to be used up. */
    reserved: (experiment: string, material: string): Reserved[] =>
      left.all(experiment, material).sort((a, b) => a.seq - b.seq),
    /** Takes from a reservation what was used, or puts it back with a negative amount. */
    useReserved: (experiment: string, material: string, lot: string, quanta: number) =>
      void insert.run(experiment, material, lot, 0, BigInt(-quanta)),
    /** Reserved -> lot: what an experiment that has ended did not need. */
    release({ seq, at }: { seq: number; at: number }, experiment: string): void {
      for (const { material, lot, quanta } of rest.all(experiment)) {
        const accounts = { debit: lotAccount(lot), credit: reservedAccount(experiment, lot) };
        books.post({ seq, at }, { ...accounts, material, lot, quanta, kind: 'planned', experiment });
        change(material, lot, { free: quanta, reserved: -quanta });
      }
      clear.run(experiment);
    },
  };
}

/** Where material came from that nobody had reserved. */
function fallbacks(db: Connection) {
  const fallback = value(
    db,
    'lot.lot',
    `SELECT lot FROM lot WHERE material = @material
       ORDER BY free >= @quanta DESC, expires_at IS NULL, expires_at, lot LIMIT 1`,
    text,
  );
  return {
    /** The lot that can give it and expires first, or any lot; undefined when none was registered. */
    fallbackLot(material: string, quanta: number): string | undefined {
      return fallback.get({ material, quanta: BigInt(quanta) });
    },
  };
}
