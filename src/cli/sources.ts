import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { readCsv, type CsvRow } from '../base/csv.ts';
import { failure, FailureError } from '../base/failure.ts';
import { unitOf, type Campaign, type Definition } from '../domain/campaign.ts';
import { Name } from '../domain/ids.ts';
import { compatible, fromSi, toSi } from '../domain/quantity.ts';
import { presentName, SourceEntry, type SourceData, type SourceRow } from '../domain/source.ts';
import { Ledger } from '../ledger/ledger.ts';
import { ledgerName } from './run-folder.ts';

/** The definition with all that its sources have to tell. `extra`: paths of further sources, from the command line. */
export function withSources(definition: Definition, campaignFile: string, extra: readonly string[] = []): Definition {
  const entries = { ...definition.campaign.sources, ...named(extra) };
  const names = Object.keys(entries);
  if (names.length === 0) return definition;
  const campaign: Campaign = { ...definition.campaign, sources: entries };
  const data: SourceData = Object.fromEntries(
    names.map((name) => [name, read(name, entries[name]!, campaign, dirname(campaignFile))]),
  );
  return { ...definition, campaign, sources: data };
}

/** Sources of the command line are called as their files are. */
function named(paths: readonly string[]): Record<string, SourceEntry> {
  return Object.fromEntries(
    paths.map((path) => {
      const name = basename(path)
        .replace(/\.[a-z]+$/i, '')
        .replaceAll(/[^A-Za-z0-9_]+/g, '_');
      const readable = Name.safeParse(name).success ? name : `source_${name}`;
      const where = resolve(path);
      return [readable, SourceEntry.parse(/\.csv$/i.test(path) ? { table: where } : { ledger: where })];
    }),
  );
}

function read(name: string, entry: SourceEntry, campaign: Campaign, folder: string): readonly SourceRow[] {
  const path = entry.ledger ?? entry.table!;
  const file = isAbsolute(path) ? path : join(folder, path);
  const rows = entry.ledger === undefined ? tableRows(file, entry, campaign) : ledgerRows(file, entry, campaign);
  if (rows.length > 0) return rows;
  throw new FailureError(
    failure('input.invalid', `The source "${name}" holds no finished experiment.`, {
      where: file,
      mend: 'Name another, or leave it out.',
    }),
  );
}

function ledgerRows(path: string, entry: SourceEntry, campaign: Campaign): SourceRow[] {
  const file = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? join(path, ledgerName) : path;
  const ledger = Ledger.open(file, { readonly: true });
  try {
    const definition = ledger.definition();
    if (definition === undefined) return [];
    const { campaign: source, protocol } = definition;
    const staged = protocol.stages.length > 1;
    const inUnits = converter(source, campaign, entry, file);
    return ledger.experiments().flatMap(({ parameters, status, objectives = {}, observations }): SourceRow[] => {
      const point = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, inUnits(name, value)]));
      if (status === 'failed') return [{ point, failed: true }];
      if (status !== 'completed')
        return !staged || Object.keys(observations).length === 0 ? [] : [{ point, observations }];
      const values = Object.entries(objectives).map(([name, value]) => [name, inUnits(name, value) as number]);
      return [
        { point, values: Object.fromEntries(values) as Record<string, number>, ...(staged ? { observations } : {}) },
      ];
    });
  } finally {
    ledger.close();
  }
}

/** Numbers of an earlier campaign in the units of this one, parameters and objectives alike. */
function converter(source: Campaign, campaign: Campaign, entry: SourceEntry, where: string) {
  const units = (of: Campaign): Map<string, string> =>
    new Map([
      ...Object.entries(of.space).map(([name, parameter]) => [name, unitOf(parameter)] as const),
      ...of.objectives.map(({ name, unit }) => [name, unit] as const),
    ]);
  const [there, here] = [units(source), units(campaign)];
  return (name: string, value: number | string): number | string => {
    const [from, to] = [there.get(name) ?? '', here.get(presentName(entry, name)) ?? ''];
    if (typeof value === 'string' || from === to || from === '' || to === '') return value;
    if (compatible(from, to)) return fromSi(toSi(value, from), to);
    throw new FailureError(
      failure(
        'unit.invalid',
        `"${name}" was measured in ${from} there, "${presentName(entry, name)}" is in ${to} here.`,
        {
          where,
          mend: 'They are not the same: give one of them another name with "renames".',
        },
      ),
    );
  };
}

/** Columns as this program exports them (`parameter.red`, `objective.difference`), or by their bare names. */
function tableRows(file: string, entry: SourceEntry, campaign: Campaign): SourceRow[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const message = `The table cannot be read: ${(error as Error).message}.`;
    throw new FailureError(
      failure('input.unreadable', message, { where: file, mend: 'Check the path of the source.' }),
    );
  }
  const table = readCsv(text, file);
  if (!table.ok) throw new FailureError(table.failure);
  return table.value.flatMap((row) => tableRow(row, file, entry, campaign));
}

const bare = (column: string): string => column.replace(/^(parameter|objective)\./, '');

function tableRow({ line, cells }: CsvRow, file: string, entry: SourceEntry, campaign: Campaign): SourceRow[] {
  const { status } = cells;
  if (status !== undefined && status !== 'completed' && status !== 'failed') return [];
  const point: Record<string, number | string> = {};
  const values: Record<string, number> = {};
  for (const [column, cell] of Object.entries(cells)) {
    const name = bare(column);
    const present = presentName(entry, name);
    const parameter = campaign.space[present];
    const isObjective = campaign.objectives.some((objective) => objective.name === present);
    if (cell === '' || (parameter === undefined && !isObjective && entry.held?.[name] === undefined)) continue;
    if (parameter?.type === 'categorical') point[name] = cell;
    else if (Number.isNaN(Number(cell)))
      throw new FailureError(
        failure('input.invalid', `"${cell}" in the column "${column}" is no number.`, {
          where: `${file}:${line}`,
          mend: 'Write a number in the unit of this campaign, or leave the cell empty.',
        }),
      );
    else if (isObjective) values[name] = Number(cell);
    else point[name] = Number(cell);
  }
  if (status === 'failed') return [{ point, failed: true }];
  return Object.keys(values).length === 0 ? [] : [{ point, values }];
}
