import type { Objective, Parameter, Point } from '../../src/optimizer/problem.ts';
import { readReference, readText } from './reference.ts';

/** A table of real measurements: every allowed design and its value per objective. */
export interface Pool {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly objectives: readonly Objective[];
  readonly designs: readonly Point[];
  readonly values: readonly Readonly<Record<string, number>>[];
  /** Threshold of the best 1 % in the first objective, and the plain GP-EI and random figures to get there. */
  readonly top1: number;
  readonly plainMedian: number | string;
  readonly randomMedian: number | null;
}

interface Meta {
  parameters: {
    name: string;
    type: string;
    min: number;
    max: number;
    levels?: (number | string)[];
    descriptors?: string;
  }[];
  objectives: { name: string; direction: string }[];
  task?: { column: string; levels: string[] };
  reference: { pool?: Reference; per_task?: Record<string, Reference> };
  /** Absent where the set has several objectives. */
  baselines: { gp_ei?: { results: Record<string, { top1pct: { median: number | string; random_median: number } }> } };
}

interface Reference {
  objectives: Record<string, { top1pct: { threshold: number } }>;
}

function readTable(path: string): Record<string, string>[] | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  const [header = '', ...lines] = text.trim().split(/\r?\n/);
  const names = header.split(',');
  // A quoted field may hold a comma: chemical names do.
  const cells = (line: string) =>
    [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map(([, plain, quoted]) => quoted ?? plain!);
  return lines.map((line) => {
    const row = cells(line);
    return Object.fromEntries(names.map((name, k) => [name, row[k] ?? '']));
  });
}

function parameterOf(folder: string, meta: Meta['parameters'][number], rows: Record<string, string>[]): Parameter {
  const { name } = meta;
  if (meta.type === 'continuous') {
    const column = rows.map((row) => Number(row[name]));
    return { name, type: 'continuous', min: Math.min(meta.min, ...column), max: Math.max(meta.max, ...column) };
  }
  if (meta.type === 'ordinal') return { name, type: 'ordinal', levels: meta.levels!.map(Number) };
  const levels = [...new Set(rows.map((row) => row[name]!))];
  const table = meta.descriptors === undefined ? undefined : readTable(`datasets/${folder}/${meta.descriptors}`);
  if (table === undefined) return { name, type: 'categorical', levels };
  const keyed = table.map((row) => [row[name]!, Object.values(row).slice(1).map(Number)] as const);
  return { name, type: 'categorical', levels, descriptors: Object.fromEntries(keyed) };
}

/** A data set, or one of its tasks ("folder/task"); undefined where the folder is absent. Replicates are averaged. */
export function readPool(name: string): Pool | undefined {
  const [folder = '', task] = name.split('/');
  const meta = readReference<Meta>(`datasets/${folder}/meta.json`);
  const table = readTable(`datasets/${folder}/designs.csv`) ?? readTable(`datasets/${folder}/data.csv`);
  if (meta === undefined || table === undefined) return undefined;
  const rows = task === undefined ? table : table.filter((row) => row[meta.task!.column] === task);
  const parameters = meta.parameters.map((parameter) => parameterOf(folder, parameter, rows));
  const objectives = meta.objectives.map(({ name: objective, direction }): Objective => {
    return { name: objective, goal: direction === 'minimize' ? 'minimize' : 'maximize' };
  });
  const point = (row: Record<string, string>): Point =>
    Object.fromEntries(parameters.map((p) => [p.name, p.type === 'categorical' ? row[p.name]! : Number(row[p.name])]));
  const key = task ?? 'pool';
  const reference = task === undefined ? meta.reference.pool! : meta.reference.per_task![task]!;
  const baseline = meta.baselines.gp_ei?.results[key]?.top1pct;
  return {
    ...{ name, parameters, objectives, designs: rows.map(point) },
    values: rows.map((row) => Object.fromEntries(objectives.map((o) => [o.name, Number(row[o.name])]))),
    ...{ top1: reference.objectives[objectives[0]!.name]!.top1pct.threshold },
    ...{ plainMedian: baseline?.median ?? '-', randomMedian: baseline?.random_median ?? null },
  };
}
