import type * as z from 'zod';
import { failure, FailureError } from '../base/failure.ts';
import type { Connection, Statement } from './sqlite.ts';

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

/** A reader of rows of one shape. Throws `ledger.corrupt` where a row has another. */
export function rows<S extends Shape>(table: string, shape: S): (row: unknown) => RowOf<S> {
  const columns = Object.entries(shape);
  return (row) => {
    const from = row as Record<string, unknown>;
    const read: Record<string, unknown> = {};
    for (const [name, column] of columns) read[name] = column(from[name], `${table}.${name}`);
    return read as RowOf<S>;
  };
}

type Condition = string | number | undefined;

/**
 * Selects by any subset of conditions, each subset prepared once so that an index can serve it. `conditions` maps a piece
 * of SQL with one "?" to its value; those without a value are left out.
 */
export function selector(db: Connection, select: string, order: string) {
  const prepared = new Map<string, Statement>();
  return (conditions: Readonly<Record<string, Condition>>): unknown[] => {
    const given = Object.entries(conditions).filter(([, value]) => value !== undefined);
    const where = given.map(([sql]) => sql).join(' AND ');
    let statement = prepared.get(where);
    if (statement === undefined) {
      statement = db.prepare(`${select} ${where === '' ? '' : `WHERE ${where}`} ${order}`);
      prepared.set(where, statement);
    }
    return statement.all(...given.map(([, value]) => value));
  };
}
