import { type Row, sortedRows } from '../data.ts';
import type { Datum, Parameter, Point, Problem } from '../problem.ts';
import { type Space, compileSpace, encode } from '../space.ts';
import type { Source } from './source.ts';

/** A source in the coordinates of the present space. */
export interface Aligned {
  /** Space of what the source varied and is known today; its columns have the scale of the present ones. */
  readonly space: Space;
  /** Present column of every column of the source; -1 for a parameter held today. */
  readonly columns: Int32Array;
  /** Model coordinate of a parameter held today; NaN for the others. */
  readonly fixed: Float64Array;
  readonly rows: readonly Row[];
  /** Observations that could not be placed. */
  readonly ignored: number;
}

type Placed = Extract<Datum, { values: unknown }>;

/**
 * Places a source in the present space. Parameters and outcomes are matched by name (`renames`), levels by `levels`.
 * A present parameter that the source's points lack gets the value it was held at, or else is no column of the source,
 * whose model then does not depend on it. A parameter known only to the source is a column if it is stated what it is
 * held at today, and else is left out. Numbers outside today's bounds and levels unknown today (where the category has no
 * descriptors) still teach the source's model. Failed experiments are not used.
 */
export function align({ parameters, objectives, outcomes = [] }: Problem, source: Source): Aligned {
  const data = source.data.filter((datum): datum is Placed => 'values' in datum);
  const shared = parameters.filter(({ name }) => source.held?.[name] !== undefined || data.some(has(source, name)));
  const foreign = foreignParameters(parameters, source, data);
  const placed = data.flatMap(
    (datum) => placeDatum(datum, source, shared, foreign, [...objectives, ...outcomes]) ?? [],
  );
  const known = shared.map((parameter) => withLevels(parameter, placed));
  const all = [...known, ...foreign];
  const fitting = placed.filter(({ point }) => all.every((parameter) => accepts(parameter, point[parameter.name]!)));
  const space = compileSpace({ parameters: all, constraints: [], objectives: [] });
  const held = encode(space, { ...anyPoint(known), ...source.held });
  return {
    space,
    columns: Int32Array.from([
      ...known.map((p) => parameters.findIndex(({ name }) => name === p.name)),
      ...foreign.map(() => -1),
    ]),
    fixed: held.map((value, j) => (j < known.length ? NaN : value)),
    rows: sortedRows(space, fitting),
    ignored: source.data.length - fitting.length,
  };
}

const has =
  ({ renames }: Source, name: string) =>
  ({ point }: Datum): boolean =>
    point[renames?.[name] ?? name] !== undefined;

/** Parameters that only the source varied and that are held today, as wide as the source's data. */
function foreignParameters(present: readonly Parameter[], source: Source, data: readonly Datum[]): Parameter[] {
  const taken = new Set(present.flatMap(({ name }) => [name, source.renames?.[name] ?? name]));
  return Object.entries(source.held ?? {}).flatMap(([name, value]): Parameter[] => {
    if (taken.has(name)) return [];
    const values = [value, ...data.flatMap(({ point }) => point[name] ?? [])];
    if (typeof value === 'string')
      return [{ name, type: 'categorical', levels: [...new Set(values.map(String))].sort() }];
    const numbers = values.map(Number);
    return [{ name, type: 'continuous', min: Math.min(...numbers), max: Math.max(...numbers) }];
  });
}

/** A datum under the present names; undefined where a parameter has no value. */
function placeDatum(
  { point, values, noise }: Placed,
  source: Source,
  shared: readonly Parameter[],
  foreign: readonly Parameter[],
  outcomes: readonly { readonly name: string }[],
): Placed | undefined {
  const nameOf = (name: string) => source.renames?.[name] ?? name;
  const entries = [
    ...shared.map(({ name }) => [name, levelOf(source, name, point[nameOf(name)] ?? source.held?.[name])] as const),
    ...foreign.map(({ name }) => [name, point[name]] as const),
  ];
  if (entries.some(([, value]) => value === undefined)) return undefined;
  const pick = (from: Readonly<Record<string, number>>) =>
    Object.fromEntries(
      outcomes.flatMap(({ name }) => (Number.isFinite(from[nameOf(name)]) ? [[name, from[nameOf(name)]!]] : [])),
    );
  const placed = { point: Object.fromEntries(entries) as Point, values: pick(values) };
  return noise === undefined ? placed : { ...placed, noise: pick(noise) };
}

const levelOf = ({ levels }: Source, name: string, value: number | string | undefined) =>
  typeof value === 'string' ? (levels?.[name]?.[value] ?? value) : value;

/** A category with the source's unknown levels as retired ones, which are different from all others. */
function withLevels(parameter: Parameter, placed: readonly Placed[]): Parameter {
  if (parameter.type !== 'categorical' || parameter.descriptors !== undefined) return parameter;
  const { levels, retired = [] } = parameter;
  const unknown = new Set(placed.map(({ point }) => String(point[parameter.name])));
  for (const level of [...levels, ...retired]) unknown.delete(level);
  return { ...parameter, retired: [...retired, ...[...unknown].sort()] };
}

function accepts(parameter: Parameter, value: number | string): boolean {
  if (parameter.type === 'categorical')
    return [...parameter.levels, ...(parameter.retired ?? [])].includes(String(value));
  const logarithmic = parameter.type === 'continuous' && parameter.scale === 'log';
  return typeof value === 'number' && Number.isFinite(value) && !(logarithmic && value <= 0);
}

const anyPoint = (parameters: readonly Parameter[]): Point =>
  Object.fromEntries(
    parameters.map((p) => [p.name, p.type === 'categorical' || p.type === 'ordinal' ? p.levels[0]! : p.min]),
  );
