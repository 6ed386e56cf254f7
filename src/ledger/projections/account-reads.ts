import * as z from 'zod';
import { measureUnit } from '../../domain/lab.ts';
import { LotId, MaterialId } from '../../domain/ids.ts';
import { fromQuanta } from '../quanta.ts';
import { checked, maybe, number, query, selector, text, type RowOf } from '../rows.ts';
import type { Connection } from '../sqlite.ts';
import { Measure, postingKinds, type PostingKind } from './books.ts';

/** One bottle. Amounts in `unit`: m3, kg or 1 (pieces); empty while no lab file says which. */
export interface StockRow {
  readonly material: MaterialId;
  readonly lot: LotId;
  readonly unit: string;
  readonly registered: number;
  /** What stands in the bottle by the books; below zero when more was measured to leave it than was registered. */
  readonly onHand: number;
  /** Promised to experiments. */
  readonly reserved: number;
  /** onHand - reserved. */
  readonly available: number;
  /** Left the lot for samples; `waste` is the part of it that ended there. */
  readonly used: number;
  readonly waste: number;
  /** Of the whole lot: money, and kg of CO2 equivalent. */
  readonly cost: number | undefined;
  readonly co2e: number | undefined;
  /** Last day of use, YYYY-MM-DD, UTC. */
  readonly expires: string | undefined;
}

export interface BalanceRow {
  readonly account: string;
  readonly material: string;
  /** SI. Over all accounts the balances of a material add to zero. */
  readonly amount: number;
}

export interface PostingRow {
  readonly seq: number;
  readonly line: number;
  /** Lab ms. */
  readonly at: number;
  /** The account that receives, and the one that gives. */
  readonly debit: string;
  readonly credit: string;
  readonly material: string;
  readonly lot: string | undefined;
  /** SI. */
  readonly amount: number;
  readonly kind: PostingKind;
  /** Standard uncertainty, SI. */
  readonly uncertainty: number | undefined;
  readonly experiment: string | undefined;
  /** The command that moved it. */
  readonly key: string | undefined;
}

export interface PostingFilter {
  readonly experiment?: string;
  readonly material?: string;
  /** Sequence numbers of events, both included. */
  readonly from?: number;
  readonly to?: number;
}

const lotShape = {
  material: checked(MaterialId),
  lot: checked(LotId),
  measure: maybe(checked(Measure)),
  scale: number,
  registered: number,
  free: number,
  reserved: number,
  used: number,
  waste: number,
  cost: maybe(number),
  co2e: maybe(number),
  expires: maybe(text),
};
const freeShape = { lot: checked(LotId), free: number, scale: number };
const balanceShape = { account: text, material: text, quanta: number, scale: number };
const postingShape = {
  seq: number,
  line: number,
  at: number,
  debit: text,
  credit: text,
  material: text,
  lot: maybe(text),
  quanta: number,
  scale: number,
  kind: checked(z.enum(postingKinds)),
  uncertainty: maybe(number),
  experiment: maybe(text),
  key: maybe(text),
};

/** Reads of the material books. */
export function accountReads(db: Connection) {
  const lots = query(
    db,
    'lot',
    'SELECT * FROM lot JOIN material USING (material) LEFT JOIN measure USING (material) ORDER BY material, lot',
    lotShape,
  );
  const free = query(
    db,
    'lot',
    `SELECT lot, free, scale FROM lot JOIN material USING (material)
     WHERE material = ? AND free > 0 AND (expires_at IS NULL OR expires_at > ?)
     ORDER BY expires_at IS NULL, expires_at, lot`,
    freeShape,
  );
  const balances = query(
    db,
    'account',
    'SELECT account, material, quanta, scale FROM account JOIN material USING (material) WHERE quanta <> 0 ORDER BY material, account',
    balanceShape,
  );
  const postings = selector(
    db,
    'posting',
    'SELECT * FROM posting JOIN material USING (material)',
    postingShape,
    'ORDER BY seq, line',
  );
  return {
    stock: (): StockRow[] => lots.all().map(stockRow),
    /** Lots that have not expired at `at` (lab ms) and what of them nobody has reserved; the first to expire first. */
    available: (material: string, at: number): { lot: LotId; amount: number }[] =>
      free.all(material, at).map(({ lot, free: quanta, scale }) => ({ lot, amount: fromQuanta(quanta, scale) })),
    /** Accounts that are not empty. */
    balances: (): BalanceRow[] =>
      balances
        .all()
        .map(({ account, material, quanta, scale }) => ({ account, material, amount: fromQuanta(quanta, scale) })),
    postings: ({ experiment, material, from, to }: PostingFilter = {}): PostingRow[] =>
      postings({ 'experiment = ?': experiment, 'material = ?': material, 'seq >= ?': from, 'seq <= ?': to }).map(
        ({ quanta, scale, ...row }) => ({ ...row, amount: fromQuanta(quanta, scale) }),
      ),
  };
}

function stockRow(row: RowOf<typeof lotShape>): StockRow {
  const { material, lot, measure, scale, cost, co2e, expires } = row;
  const si = (quanta: number): number => fromQuanta(quanta, scale);
  return {
    ...{ material, lot, cost, co2e, expires },
    unit: measure === undefined ? '' : measureUnit[measure],
    registered: si(row.registered),
    onHand: si(row.free + row.reserved),
    reserved: si(row.reserved),
    available: si(row.free),
    used: si(row.used),
    waste: si(row.waste),
  };
}
