import * as z from 'zod';
import { fromQuanta, quantaPerUnit, toQuanta } from '../quanta.ts';
import { number, rows, text } from '../rows.ts';
import type { Connection } from '../sqlite.ts';

export const measures = ['volume', 'mass', 'pieces'] as const;
export const Measure = z.enum(measures);

/** planned: a promise; commanded: what was ordered, the device could not tell; measured: what the device or a person counted. */
export const postingKinds = ['planned', 'commanded', 'measured'] as const;
export type PostingKind = (typeof postingKinds)[number];

/** The books of material: every posting takes from one account (credit) and gives to another (debit). Quanta. */
export const bookTables = `
CREATE TABLE material (material TEXT PRIMARY KEY, measure TEXT NOT NULL, scale INTEGER NOT NULL) STRICT;
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

const readMaterial = rows('material', { measure: text, scale: number });

/** Posts entries and knows how finely each material is counted. */
export function openBooks(db: Connection) {
  const define = db.prepare('INSERT INTO material (material, measure, scale) VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
  const find = db.prepare('SELECT measure, scale FROM material WHERE material = ?');
  const nextLine = db.prepare('SELECT coalesce(max(line), 0) + 1 FROM posting WHERE seq = ?').pluck();
  const insert = db.prepare(
    `INSERT INTO posting (seq, line, at, debit, credit, material, lot, quanta, kind, uncertainty, experiment, key)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const add = db.prepare(
    `INSERT INTO account (account, material, quanta) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET quanta = quanta + excluded.quanta`,
  );
  const balance = db.prepare('SELECT quanta FROM account WHERE account = ? AND material = ?').pluck();
  /** A material that no lab file measures is counted as if it were a volume, the finest that there is. */
  const scaleOf = (material: string): number => {
    const row = find.get(material);
    if (row !== undefined) return readMaterial(row).scale;
    define.run(material, 'volume', quantaPerUnit.volume);
    return quantaPerUnit.volume;
  };
  return {
    define: (material: string, measure: (typeof measures)[number]) =>
      void define.run(material, measure, quantaPerUnit[measure]),
    quanta: (material: string, amount: number): number => toQuanta(amount, scaleOf(material)),
    amount: (material: string, quanta: number): number => fromQuanta(quanta, scaleOf(material)),
    balance: (account: string, material: string): number =>
      number(balance.get(account, material) ?? 0, 'account.quanta'),
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
