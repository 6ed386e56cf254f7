import type { Ledger } from '../ledger/ledger.ts';

export const tables = ['experiments', 'events', 'commands', 'stock', 'postings', 'energy'] as const;
export type TableName = (typeof tables)[number];

function* rowsOf(ledger: Ledger, table: TableName): Iterable<object> {
  switch (table) {
    case 'experiments':
      for (const { parameters, objectives, ...row } of ledger.experiments())
        yield { ...row, ...prefixed('parameter', parameters), ...prefixed('objective', objectives ?? {}) };
      return;
    case 'events':
      for (const { at, ...event } of ledger.events()) yield { ...event, at: new Date(at).toISOString() };
      return;
    case 'commands':
      return yield* ledger.commands();
    case 'stock':
      return yield* ledger.stock();
    case 'postings':
      return yield* ledger.postings();
    case 'energy':
      return yield* ledger.energy().devices;
  }
}

const prefixed = (prefix: string, values: object): object =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));

/** A table of the ledger as text, in pieces. */
export function* exportTable(ledger: Ledger, table: TableName, format: 'csv' | 'jsonl'): Iterable<string> {
  if (format === 'jsonl') {
    for (const row of rowsOf(ledger, table)) yield `${JSON.stringify(row)}\n`;
    return;
  }
  const rows = [...rowsOf(ledger, table)];
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  yield `${columns.map(cell).join(',')}\r\n`;
  for (const row of rows) yield `${columns.map((name) => cell((row as Record<string, unknown>)[name])).join(',')}\r\n`;
}

/** One field by RFC 4180; what is no plain value is written as JSON. */
function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
