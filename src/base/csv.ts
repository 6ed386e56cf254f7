import { CsvError, parse } from 'csv-parse/sync';
import { failed, failure, ok, type Result } from './failure.ts';

/** A line of a table by the names of its columns, and where it stands. */
export interface CsvRow {
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

/** Reads CSV (RFC 4180) with a header; `file` names it in failures. Cells are trimmed, empty lines passed over. */
export function readCsv(text: string, file: string): Result<readonly CsvRow[]> {
  try {
    const records = parse(text, { columns: true, trim: true, bom: true, skip_empty_lines: true, info: true }) as {
      readonly record: Record<string, string>;
      readonly info: { readonly lines: number };
    }[];
    return ok(records.map(({ record, info }) => ({ line: info.lines, cells: record })));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return failed(
      failure('input.invalid', `The table cannot be read: ${error.message}.`, {
        where: file,
        mend: 'Give every line as many cells as the header has, and quote cells that hold commas.',
      }),
    );
  }
}
