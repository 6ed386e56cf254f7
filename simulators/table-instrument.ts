import { readFileSync } from 'node:fs';
import { tableInstrument } from '../devices/table-instrument.ts';
import { readCsv } from '../src/base/csv.ts';
import { failure, FailureError } from '../src/base/failure.ts';
import { present } from '../src/base/invariant.ts';
import { capabilityOf } from '../src/domain/descriptor.ts';
import { SettingError } from '../src/domain/document.ts';
import { drawSeconds, type Instrument, type Surroundings } from './instrument.ts';

/** Measured designs and, for each, every row that measured it. */
export interface Table {
  readonly designs: readonly { readonly at: readonly number[]; readonly rows: readonly (readonly number[])[] }[];
  /** Lowest value and range of every design column; the range of a constant column is 1. */
  readonly scale: readonly { readonly lowest: number; readonly range: number }[];
}

/** Reads CSV with a header, every cell that is asked for being a number. Lines that repeat a design are its replicates. */
export function readTable(
  text: string,
  parameters: readonly string[],
  results: readonly string[],
  file: string,
): Table {
  const rows = readCsv(text, file);
  if (!rows.ok) throw new FailureError(rows.failure);
  const columns = Object.keys(rows.value[0]?.cells ?? {});
  for (const name of [...parameters, ...results]) mustHave(columns, name, file);
  const designs = new Map<string, { at: number[]; rows: number[][] }>();
  for (const { cells, line } of rows.value) {
    const numbers = (names: readonly string[]) => names.map((name) => (cells[name] ? Number(cells[name]) : NaN));
    const [at, row] = [numbers(parameters), numbers(results)];
    if ([...at, ...row].some(Number.isNaN))
      throw new FailureError(
        failure('input.invalid', 'The row has a value that is missing or no number.', { where: `${file}:${line}` }),
      );
    const known = designs.get(at.join()) ?? { at, rows: [] };
    known.rows.push(row);
    designs.set(at.join(), known);
  }
  const scale = parameters.map((_, i) => {
    const values = [...designs.values()].map(({ at }) => at[i]!);
    const lowest = values.reduce((a, b) => Math.min(a, b), Infinity);
    const range = values.reduce((a, b) => Math.max(a, b), -Infinity) - lowest;
    return { lowest, range: range > 0 ? range : 1 };
  });
  return { designs: [...designs.values()], scale };
}

function mustHave(columns: readonly string[], name: string, file: string): void {
  if (columns.includes(name)) return;
  const mend = `Its columns are ${columns.join(', ')}.`;
  throw new FailureError(failure('input.invalid', `The table has no column "${name}".`, { where: `${file}:1`, mend }));
}

/** The measured design that is nearest in scaled coordinates, and how far away it is; the first of equals. */
export function nearestDesign(table: Table, at: readonly number[]) {
  let best: { design: Table['designs'][number]; distance: number } | undefined;
  for (const design of table.designs) {
    const distance = Math.hypot(...design.at.map((value, i) => (value - at[i]!) / table.scale[i]!.range));
    if (best === undefined || distance < best.distance) best = { design, distance };
  }
  return present(best, 'a measured design');
}

function load(id: string, file: string, parameters: readonly string[], results: readonly string[]): Table {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    const sentence = `The table of measurements ${file} is not there or cannot be read.`;
    const mend = `Set the option "csv" of "${id}" to the path of the file.`;
    throw new SettingError(failure('input.unreadable', sentence, { mend }), ['devices', id, 'options', 'csv']);
  }
  return readTable(text, parameters, results, file);
}

/** A replicate of the nearest measured design, drawn at random; a design that is too far from all of them is refused. */
export function simulateTableInstrument(place: Surroundings): Instrument {
  const options = tableInstrument.read(place.id, place.device.options);
  const [parameters, results] = [Object.keys(options.parameters), Object.keys(options.results)];
  const table = load(place.id, options.csv, parameters, results);
  const capability = present(capabilityOf(place.descriptor, 'measure'), 'the capability measure');
  const find = (values: Readonly<Record<string, unknown>>) =>
    nearestDesign(
      table,
      parameters.map((name) => Number(values[name])),
    );
  return {
    idleWatt: options.idle_power,
    refuse(command) {
      const { design, distance } = find(command.parameters);
      if (distance <= options.max_distance + 1e-9) return undefined;
      const where = parameters.map((name, i) => `${name} ${design.at[i]}`).join(', ');
      const message = `The nearest measured design (${where}) is ${distance.toFixed(3)} away, more than ${options.max_distance}.`;
      return { code: 'E_BAD_PARAMETERS', message };
    },
    begin(command, act) {
      return {
        phases: [{ seconds: drawSeconds(capability, command, act.random), watt: options.active_power }],
        finish: () => {
          const { design, distance } = find(command.parameters);
          const row = act.random.pick(design.rows);
          const told = results.map((name, i) => [name, row[i]! * act.gain]);
          return { result: { ...Object.fromEntries(told), distance }, consumed: [] };
        },
      };
    },
  };
}
