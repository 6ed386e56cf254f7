import { FailureError } from '../base/failure.ts';
import { breakIn, genesis } from './chain.ts';
import { parseEvent, type EventLog } from './event-log.ts';
import { projections } from './projections/all.ts';
import { applier } from './projections/projection.ts';
import { number, query, text, value } from './rows.ts';
import { loadSqlite, type Connection } from './sqlite.ts';

export interface Difference {
  readonly table: string;
  /** Primary key, as JSON. */
  readonly key: string;
  /** Columns that differ, as JSON; undefined where the row itself is missing. */
  readonly rebuilt: string | undefined;
  readonly stored: string | undefined;
}

export interface ReplayReport {
  /** The chain is whole and every table comes out equal. */
  readonly ok: boolean;
  readonly events: number;
  readonly head: string;
  /** Where the chain breaks or an event cannot be read; nothing was compared then. */
  readonly broken?: { readonly seq: number; readonly reason: string };
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
  readonly differenceCount: number;
  /** The first of them. */
  readonly differences: readonly Difference[];
}

const mostListed = 100;

/** Verifies the whole chain, rebuilds every projection from nothing and compares all tables row by row. */
export function replay(db: Connection, log: EventLog): ReplayReport {
  const Database = loadSqlite();
  const fresh = new Database(':memory:');
  try {
    for (const { schema } of projections) fresh.exec(schema);
    fresh.exec('BEGIN');
    const outcome = rebuild(fresh, log);
    fresh.exec('COMMIT');
    if ('broken' in outcome) return { ...outcome, ok: false, tables: [], differenceCount: 0, differences: [] };
    return { ...outcome, ...compareAll(fresh, db) };
  } finally {
    fresh.close();
  }
}

/** Applies all events to empty tables, in a transaction of the caller; tells where the chain breaks. */
export function rebuild(fresh: Connection, log: EventLog) {
  const apply = applier(fresh, projections);
  let before = { seq: 0, hash: genesis, at: 0 };
  const broken = (seq: number, reason: string) => ({ events: before.seq, head: before.hash, broken: { seq, reason } });
  for (const row of log.rows()) {
    const reason = breakIn(before, row);
    if (reason !== undefined) return broken(before.seq + 1, reason);
    try {
      apply(parseEvent(row), before.at);
    } catch (error) {
      if (error instanceof FailureError) return broken(row.seq, error.message);
      throw error;
    }
    before = { seq: row.seq, hash: row.hash, at: row.at };
  }
  const noted = log.readHead();
  if (noted.seq !== before.seq || noted.hash !== before.hash)
    return broken(before.seq + 1, `the ledger ends at event ${before.seq}, but ${noted.seq} were written.`);
  return { events: before.seq, head: before.hash };
}

function compareAll(fresh: Connection, db: Connection) {
  const tableNames = `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`;
  const names = value(fresh, 'sqlite_schema', tableNames, text).all();
  const differences: Difference[] = [];
  const tables: { table: string; rows: number }[] = [];
  let differenceCount = 0;
  for (const table of names) {
    let count = 0;
    for (const difference of compareTable(table, fresh, db)) {
      count += 1;
      if (difference === undefined) continue;
      differenceCount += 1;
      if (differences.length < mostListed) differences.push(difference);
    }
    tables.push({ table, rows: count });
  }
  return { ok: differenceCount === 0, tables, differenceCount, differences };
}

type Values = readonly unknown[];
const columnShape = { name: text, pk: number };

/** Walks two tables in the order of their primary key; yields once per row, a difference where there is one. */
function* compareTable(table: string, fresh: Connection, db: Connection): IterableIterator<Difference | undefined> {
  const columns = query(fresh, table, 'SELECT name, pk FROM pragma_table_info(?)', columnShape).all(table);
  const keys = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  const others = columns.filter(({ pk }) => pk === 0);
  const list = (some: readonly { name: string }[]): string => some.map(({ name }) => `"${name}"`).join(', ');
  const select = `SELECT ${list([...keys, ...others])} FROM ${table} ORDER BY ${list(keys)}`;
  const all = (of: Connection) => of.prepare(select).raw().safeIntegers().iterate() as IterableIterator<Values>;
  const rebuilt = all(fresh);
  const stored = all(db);
  try {
    let left = rebuilt.next();
    let right = stored.next();
    while (left.done !== true || right.done !== true) {
      const [a, b] = [left.done === true ? undefined : left.value, right.done === true ? undefined : right.value];
      const order = a === undefined ? 1 : b === undefined ? -1 : orderOf(a, b, keys.length);
      yield differenceOf(table, columns.length === 0 ? [] : [...keys, ...others], keys.length, order, a, b);
      if (order <= 0) left = rebuilt.next();
      if (order >= 0) right = stored.next();
    }
  } finally {
    rebuilt.return?.();
    stored.return?.();
  }
}

function differenceOf(
  table: string,
  columns: readonly { name: string }[],
  keys: number,
  order: number,
  a: Values | undefined,
  b: Values | undefined,
): Difference | undefined {
  const present = order <= 0 ? a! : b!;
  const key = show(columns, present, (index) => index < keys);
  if (order < 0) return { table, key, rebuilt: show(columns, a!, (index) => index >= keys), stored: undefined };
  if (order > 0) return { table, key, rebuilt: undefined, stored: show(columns, b!, (index) => index >= keys) };
  if (a!.every((value, index) => value === b![index])) return undefined;
  const differs = (index: number) => a![index] !== b![index];
  return { table, key, rebuilt: show(columns, a!, differs), stored: show(columns, b!, differs) };
}

function show(columns: readonly { name: string }[], values: Values, which: (index: number) => boolean): string {
  const shown = columns.flatMap(({ name }, index) => (which(index) ? [[name, plain(values[index])] as const] : []));
  return JSON.stringify(Object.fromEntries(shown));
}

const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

/** The order in which SQLite sorts keys: numbers by value, text by its UTF-8 bytes. */
function orderOf(a: Values, b: Values, keys: number): number {
  for (let index = 0; index < keys; index++) {
    const [x, y] = [a[index], b[index]];
    const order =
      typeof x === 'string' && typeof y === 'string'
        ? Buffer.compare(Buffer.from(x), Buffer.from(y))
        : Number(x) - Number(y);
    if (order !== 0) return order;
  }
  return 0;
}
