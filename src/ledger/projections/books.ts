import * as z from 'zod';
import { scaleFor, toQuanta, unseenScale } from '../quanta.ts';
import { number, value } from '../rows.ts';
import type { Connection } from '../sqlite.ts';

export const Measure = z.enum(['volume', 'mass', 'pieces']);
export type Measure = z.infer<typeof Measure>;

/** planned: a promise; commanded: what was ordered, the device could not tell; measured: what the device or a person counted. */
export const postingKinds = ['planned', 'commanded', 'measured'] as const;
export type PostingKind = (typeof postingKinds)[number];

/** The books of material: every posting takes from one account (credit) and gives to another (debit). Quanta. */
export const bookTables = `
CREATE TABLE measure (material TEXT PRIMARY KEY, measure TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE material (material TEXT PRIMARY KEY, scale INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE account (
  account TEXT NOT NULL, material TEXT NOT NULL, quanta INTEGER NOT NULL, PRIMARY KEY (account, material)
) STRICT, WITHOUT ROWID;
CREATE TABLE posting (
  seq INTEGER NOT NULL, line INTEGER NOT NULL, at INTEGER NOT NULL, debit TEXT NOT NULL, credit TEXT NOT NULL,
  material TEXT NOT NULL, lot TEXT, quanta INTEGER NOT NULL, kind TEXT NOT NULL, uncertainty REAL, experiment TEXT, key TEXT,
  PRIMARY KEY (seq, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX posting_experiment ON posting (experiment, seq) WHERE experiment IS NOT NULL;
CREATE INDEX posting_material ON posting (material, seq);`;

/** Accounts by name. */
export const supplier = 'supplier';
export const lotAccount = (lot: string): string => `lot:${lot}`;
export const reservedAccount = (experiment: string, lot: string): string => `reserved:${experiment}:${lot}`;
export const sampleAccount = (experiment: string): string => `sample:${experiment}`;

export interface Entry {
  readonly debit: string;
  readonly credit: string;
  readonly material: string;
  /** The lot it came from; undefined when it was in no lot. */
  readonly lot?: string | undefined;
  /** Below zero it goes the other way. */
  readonly quanta: number;
  readonly kind: PostingKind;
  /** Standard uncertainty, SI. */
  readonly uncertainty?: number | undefined;
  readonly experiment?: string;
  readonly key?: string | undefined;
}

/** The event that a posting belongs to. */
export interface Voucher {
  readonly seq: number;
  readonly at: number;
}

/** Posts entries and knows how finely each material is counted. */
export function openBooks(db: Connection) {
  const measure = db.prepare('INSERT INTO measure (material, measure) VALUES (?, ?)');
  const count = db.prepare('INSERT INTO material (material, scale) VALUES (?, ?)');
  const scale = value(db, 'material.scale', 'SELECT scale FROM material WHERE material = ?', number);
  const nextLine = value(db, 'posting.line', 'SELECT coalesce(max(line), 0) + 1 FROM posting WHERE seq = ?', number);
  const insert = db.prepare(
    `INSERT INTO posting (seq, line, at, debit, credit, material, lot, quanta, kind, uncertainty, experiment, key)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const add = db.prepare(
    `INSERT INTO account (account, material, quanta) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET quanta = quanta + excluded.quanta`,
  );
  const sql = 'SELECT quanta FROM account WHERE account = ? AND material = ?';
  const balance = value(db, 'account.quanta', sql, number);
  const scaleOf = (material: string, first: () => number): number => {
    const found = scale.get(material);
    if (found !== undefined) return found;
    const chosen = first();
    count.run(material, BigInt(chosen));
    return chosen;
  };
  return {
    /** What the amounts of a material are measured in, as the lab file says. */
    measure: (material: string, as: Measure) => void measure.run(material, as),
    /** Quanta in the first lot of a material, or a later one. */
    quantaOfLot: (material: string, amount: number): number =>
      toQuanta(
        amount,
        scaleOf(material, () => scaleFor(amount)),
      ),
    quanta: (material: string, amount: number): number =>
      toQuanta(
        amount,
        scaleOf(material, () => unseenScale),
      ),
    balance: (account: string, material: string): number => balance.get(account, material) ?? 0,
    post({ seq, at }: Voucher, entry: Entry): void {
      if (entry.quanta === 0) return;
      const [debit, credit] = entry.quanta > 0 ? [entry.debit, entry.credit] : [entry.credit, entry.debit];
      const quanta = BigInt(Math.abs(entry.quanta));
      const { material, lot = null, kind, uncertainty = null, experiment = null, key = null } = entry;
      const line = nextLine.get(seq);
      insert.run(seq, line, at, debit, credit, material, lot, quanta, kind, uncertainty, experiment, key);
      add.run(debit, material, quanta);
      add.run(credit, material, -quanta);
    },
  };
}

export type Books = ReturnType<typeof openBooks>;
