import * as z from 'zod';
import type { Amount } from '../../domain/event.ts';
import { checked, flag, maybe, number, query, text } from '../rows.ts';
import type { Connection } from '../sqlite.ts';
import {
  lotAccount,
  postingKinds,
  reservedAccount,
  sampleAccount,
  supplier,
  type Books,
  type PostingKind,
  type Voucher,
} from './books.ts';
import type { Stock } from './stock.ts';

/**
 * `sample`: where the content of a sample goes as soon as it is known (`fate`), and whether its experiment has ended.
 * `content`: what of which lot is or was in it. `draw`: what each command took, so that it can be taken back.
 */
export const sampleTables = `
CREATE TABLE sample (experiment TEXT PRIMARY KEY, fate TEXT, ended INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE content (
  experiment TEXT NOT NULL, material TEXT NOT NULL, lot TEXT NOT NULL, quanta INTEGER NOT NULL, variance REAL NOT NULL,
  commanded INTEGER NOT NULL, PRIMARY KEY (experiment, material, lot)
) STRICT, WITHOUT ROWID;
CREATE TABLE draw (
  key TEXT NOT NULL, line INTEGER NOT NULL, material TEXT NOT NULL, lot TEXT NOT NULL, quanta INTEGER NOT NULL,
  reserved INTEGER NOT NULL, kind TEXT NOT NULL, uncertainty REAL, PRIMARY KEY (key, line)
) STRICT, WITHOUT ROWID;`;

type Fate = 'product' | 'waste';
interface Taker {
  readonly key: string;
  readonly experiment: string;
}

/** One portion from one source. `lot` is empty for material that was in no lot. */
interface Portion {
  readonly material: string;
  readonly lot: string;
  readonly quanta: number;
  readonly reserved: boolean;
  readonly kind: PostingKind;
  readonly uncertainty: number | undefined;
}

const sampleShape = { fate: maybe(checked(z.enum(['product', 'waste']))), ended: flag };
const portionShape = {
  material: text,
  lot: text,
  quanta: number,
  reserved: flag,
  kind: checked(z.enum(postingKinds)),
  uncertainty: maybe(number),
};
const contentShape = { material: text, lot: text, quanta: number, variance: number, commanded: flag };

/** What goes into samples, and where samples go. */
export function openSamples(db: Connection, books: Books, stock: Stock) {
  const states = sampleStates(db);
  const contents = sampleContents(db);
  const draws = drawnPortions(db);

  /** Moves a portion into the sample, or out again with `direction` -1; a sample whose fate is known passes it on. */
  const move = (voucher: Voucher, { key, experiment }: Taker, portion: Portion, direction: 1 | -1): void => {
    const { material, lot, reserved, kind, uncertainty } = portion;
    const quanta = direction * portion.quanta;
    const source = reserved ? reservedAccount(experiment, lot) : lot === '' ? supplier : lotAccount(lot);
    const { fate } = states.of(experiment);
    const common = { material, lot: lot || undefined, quanta, kind, uncertainty, experiment, key };
    books.post(voucher, { ...common, debit: sampleAccount(experiment), credit: source });
    if (fate !== undefined) books.post(voucher, { ...common, debit: fate, credit: sampleAccount(experiment) });
    contents.add(experiment, portion, direction);
    if (reserved) stock.useReserved(experiment, material, lot, quanta);
    stock.change(material, lot || undefined, {
      [reserved ? 'reserved' : 'free']: -quanta,
      used: quanta,
      waste: fate === 'waste' ? quanta : 0,
    });
  };

  const settle = (voucher: Voucher, experiment: string, fate: Fate): void => {
    if (states.of(experiment).fate !== undefined) return;
    for (const { material, lot, quanta, variance, commanded } of contents.of(experiment)) {
      books.post(voucher, {
        ...{ debit: fate, credit: sampleAccount(experiment), material, lot: lot || undefined, quanta, experiment },
        kind: commanded ? 'commanded' : 'measured',
        uncertainty: variance > 0 ? Math.sqrt(variance) : undefined,
      });
      if (fate === 'waste') stock.change(material, lot || undefined, { waste: quanta });
    }
    states.decide(experiment, fate);
  };

  return {
    /** Reserved -> sample, the rest from the lot. SI amounts; nothing is taken for amounts that are not positive. */
    draw(voucher: Voucher, taker: Taker, amounts: readonly Amount[], kind: PostingKind): void {
      for (const amount of amounts)
        for (const portion of portions(books, stock, taker.experiment, amount, kind)) {
          move(voucher, taker, portion, 1);
          draws.note(taker.key, portion);
        }
    },
    /** Undoes all that a command took: to the reservation, or to the lot once the experiment has ended. */
    takeBack(voucher: Voucher, taker: Taker): void {
      const { ended } = states.of(taker.experiment);
      for (const portion of draws.of(taker.key))
        move(voucher, taker, { ...portion, reserved: portion.reserved && !ended }, -1);
      draws.forget(taker.key);
    },
    /** Sample -> waste, now. */
    discard: (voucher: Voucher, experiment: string): void => settle(voucher, experiment, 'waste'),
    /** Sample -> product or waste, and what is left of the reservations -> lot. */
    end(voucher: Voucher, experiment: string, fate: Fate): void {
      settle(voucher, experiment, fate);
      states.end(experiment);
      stock.release(voucher, experiment);
    },
  };
}

function portions(books: Books, stock: Stock, experiment: string, amount: Amount, kind: PostingKind): Portion[] {
  const { material } = amount;
  const all = books.quanta(material, amount.amount);
  const found: Portion[] = [];
  let need = all;
  const take = (lot: string, quanta: number, reserved: boolean): void => {
    const uncertainty = amount.uncertainty === undefined ? undefined : (amount.uncertainty * quanta) / all;
    found.push({ material, lot, quanta, reserved, kind, uncertainty });
    need -= quanta;
  };
  const promised = stock.reserved(experiment, material);
  for (const { lot, quanta } of promised) if (need > 0 && quanta > 0) take(lot, Math.min(need, quanta), true);
  if (need > 0) take(promised.at(-1)?.lot ?? stock.fallbackLot(material, need) ?? '', need, false);
  return found;
}

function sampleStates(db: Connection) {
  const find = query(db, 'sample', 'SELECT fate, ended FROM sample WHERE experiment = ?', sampleShape);
  const decide = db.prepare(
    'INSERT INTO sample (experiment, fate, ended) VALUES (?, ?, 0) ON CONFLICT DO UPDATE SET fate = excluded.fate',
  );
  const end = db.prepare('UPDATE sample SET ended = 1 WHERE experiment = ?');
  return {
    of(experiment: string): { fate: Fate | undefined; ended: boolean } {
      return find.get(experiment) ?? { fate: undefined, ended: false };
    },
    decide: (experiment: string, fate: Fate) => void decide.run(experiment, fate),
    end: (experiment: string) => void end.run(experiment),
  };
}

function sampleContents(db: Connection) {
  const add = db.prepare(
    `INSERT INTO content (experiment, material, lot, quanta, variance, commanded) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET quanta = quanta + excluded.quanta, variance = max(0, variance + excluded.variance),
       commanded = commanded + excluded.commanded`,
  );
  const all = query(
    db,
    'content',
    'SELECT material, lot, quanta, variance, commanded FROM content WHERE experiment = ? ORDER BY material, lot',
    contentShape,
  );
  return {
    add(experiment: string, { material, lot, quanta, kind, uncertainty = 0 }: Portion, direction: 1 | -1): void {
      const commanded = kind === 'commanded' ? direction : 0;
      const variance = direction * uncertainty ** 2;
      add.run(experiment, material, lot, BigInt(direction * quanta), variance, commanded);
    },
    of: (experiment: string) => all.all(experiment),
  };
}

function drawnPortions(db: Connection) {
  const note = db.prepare(
    `INSERT INTO draw (key, line, material, lot, quanta, reserved, kind, uncertainty)
     VALUES (@key, (SELECT count(*) FROM draw WHERE key = @key), @material, @lot, @quanta, @reserved, @kind, @uncertainty)`,
  );
  const all = query(
    db,
    'draw',
    'SELECT material, lot, quanta, reserved, kind, uncertainty FROM draw WHERE key = ? ORDER BY line',
    portionShape,
  );
  const forget = db.prepare('DELETE FROM draw WHERE key = ?');
  return {
    note: (key: string, { quanta, reserved, uncertainty, ...portion }: Portion) =>
      void note.run({
        ...{ key, ...portion, quanta: BigInt(quanta) },
        reserved: Number(reserved),
        uncertainty: uncertainty ?? null,
      }),
    of: (key: string): Portion[] => all.all(key),
    forget: (key: string) => void forget.run(key),
  };
}
