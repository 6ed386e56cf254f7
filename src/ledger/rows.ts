import type * as z from 'zod';
import { failure, FailureError } from '../base/failure.ts';
import { invariant } from '../base/invariant.ts';
import type { Connection } from './sqlite.ts';

/** Reads one column; `name` says which in the failure. */
export type Column<T> = (value: unknown, name: string) => T;
type Shape = Readonly<Record<string, Column<unknown>>>;
export type RowOf<S extends Shape> = { readonly [K in keyof S]: ReturnType<S[K]> };

/** What came out of the database is not what the program wrote. */
export function corrupt(sentence: string, where?: string): FailureError {
  const mend = 'Restore the ledger from a copy, or look at it with "labwright replay".';
  return new FailureError(failure('ledger.corrupt', sentence, where === undefined ? { mend } : { mend, where }));
}

export const text: Column<string> = (value, name) => {
  if (typeof value === 'string') return value;
  throw corrupt(`${name} is not text.`);
};

export const number: Column<number> = (value, name) => {
  if (typeof value === 'number') return value;
  throw corrupt(`${name} is not a number.`);
};

export const flag: Column<boolean> = (value, name) => number(value, name) !== 0;

/** A column that may be NULL. */
export function maybe<T>(column: Column<T>): Column<T | undefined> {
  return (value, name) => (value === null ? undefined : column(value, name));
}

/** Text that a schema checks: ids and closed sets of words. */
export function checked<S extends z.ZodType>(schema: S): Column<z.infer<S>> {
  return (value, name) => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw corrupt(`${name} holds ${JSON.stringify(value)}: ${parsed.error.issues[0]!.message}`);
  };
}

/** Text that holds JSON, checked by a schema. */
export function json<S extends z.ZodType>(schema: S): Column<z.infer<S>> {
  const column = checked(schema);
  return (value, name) => {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text(value, name));
    } catch {
      throw corrupt(`${name} is not JSON.`);
    }
    return column(parsed, name);
  };
}

export interface Query<S extends Shape> {
  get(...parameters: unknown[]): RowOf<S> | undefined;
  all(...parameters: unknown[]): RowOf<S>[];
}

/**
 * A prepared SELECT whose rows are checked. Throws `ledger.corrupt` where a row has another shape. Rows are fetched as
 * arrays: the driver compiles a function at every call that returns objects, which costs more than the query.
 */
export function query<S extends Shape>(db: Connection, table: string, sql: string, shape: S): Query<S> {
  const statement = db.prepare(sql).raw();
  const names = statement.columns().map(({ name }) => name);
  const columns = Object.entries(shape).map(([name, column]) => {
    const index = names.indexOf(name);
    invariant(index >= 0, `${table} is read without ${name}`);
    return { name, column, index, label: `${table}.${name}` };
  });
  const read = (values: unknown): RowOf<S> => {
    const row: Record<string, unknown> = {};
    for (const { name, column, index, label } of columns) row[name] = column((values as unknown[])[index], label);
    return row as RowOf<S>;
  };
  return {
    get: (...parameters) => {
      const values = statement.get(...parameters);
      return values === undefined ? undefined : read(values);
    },
    all: (...parameters) => statement.all(...parameters).map(read),
  };
}

/** A prepared SELECT of one column. */
export function value<T>(db: Connection, table: string, sql: string, column: Column<T>) {
  const statement = db.prepare(sql).pluck();
  const read = (found: unknown): T => column(found, table);
  return {
    get: (...parameters: unknown[]): T | undefined => {
      const found = statement.get(...parameters);
      return found === undefined ? undefined : read(found);
    },
    all: (...parameters: unknown[]): T[] => statement.all(...parameters).map(read),
  };
}

type Condition = string | number | undefined;

/**
 * Selects by any subset of conditions, each subset prepared once so that an index can serve it. `conditions` maps a piece
 * of SQL with one "?" to its value; those without a value are left out.
 */
export function selector<S extends Shape>(db: Connection, table: string, select: string, shape: S, order: string) {
  const prepared = new Map<string, Query<S>>();
  return (conditions: Readonly<Record<string, Condition>>): RowOf<S>[] => {
    const given = Object.entries(conditions).filter(([, value]) => value !== undefined);
    const where = given.map(([sql]) => sql).join(' AND ');
    let statement = prepared.get(where);
    if (statement === undefined) {
      statement = query(db, table, `${select} ${where === '' ? '' : `WHERE ${where}`} ${order}`, shape);
      prepared.set(where, statement);
    }
    return statement.all(...given.map(([, value]) => value));
  };
}
