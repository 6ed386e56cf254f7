import { invariant } from '../base/invariant.ts';
import { type Exclusions, compileExclusions, heldColumns, isAllowed } from './exclusions.ts';
import type { Parameter, Point, Problem } from './problem.ts';

/**
 * One coordinate of the search. Numbers lie in [0, 1]; a category is the index of its level. `levels` is 0 where every
 * number in [0, 1] is allowed, else the count of allowed values.
 */
export interface Dimension {
  readonly name: string;
  readonly kind: 'continuous' | 'discrete' | 'categorical';
  readonly levels: number;
  /** Coordinate of a level. */
  readonly coordinate: (level: number) => number;
  /** Nearest level of a coordinate. */
  readonly level: (coordinate: number) => number;
  readonly encode: (value: number | string) => number;
  readonly decode: (coordinate: number) => number | string;
  /**
   * Natural logarithm of max / min where the model sees the logarithm but the search must stay linear, because a linear
   * constraint holds this parameter; 0 where model and search agree.
   */
  readonly warp: number;
}

/** sum of a[j] x[j] compared with b, in search coordinates. */
export interface HalfSpace {
  readonly a: Float64Array;
  readonly b: number;
  readonly equality: boolean;
  /** Largest excess that still counts as satisfied. */
  readonly tolerance: number;
}

/** Distances between the levels of one category, and which column they belong to. */
export interface Table {
  readonly column: number;
  readonly levels: number;
  /** Squared distances, row-major `levels` x `levels`, the largest about 1. */
  readonly distances: Float64Array;
}

export interface Space extends Exclusions {
  readonly dimensions: readonly Dimension[];
  readonly constraints: readonly HalfSpace[];
  /** Columns of numbers, in the order of the lengthscales. */
  readonly numeric: readonly number[];
  /** Tables of categories; their lengthscales follow those of the numbers. */
  readonly tables: readonly Table[];
  /** Rows of the allowed table that keep the constraints, encoded; absent where the space is not a table. */
  readonly designs?: readonly Float64Array[];
  /** The same rows as they were given. */
  readonly rows?: readonly Point[];
}

const clamp = (u: number): number => Math.min(1, Math.max(0, u));

export function compileSpace(problem: Problem): Space {
  const constrained = new Set(problem.constraints.flatMap(({ terms }) => Object.keys(terms)));
  const dimensions = problem.parameters.map((parameter) => dimensionOf(parameter, constrained.has(parameter.name)));
  const numeric = dimensions.flatMap((dimension, j) => (dimension.kind === 'categorical' ? [] : [j]));
  const tables = problem.parameters.flatMap((parameter, j) => tablesOf(parameter, j));
  const constraints = problem.constraints.map(halfSpaceOf(problem.parameters));
  const space = { dimensions, constraints, numeric, tables, ...compileExclusions(problem, dimensions) };
  if (problem.designs === undefined) return space;
  const rows = problem.designs.filter((point) => satisfies(space, encode(space, point)));
  return { ...space, rows, designs: rows.map((point) => encode(space, point)) };
}

function dimensionOf(parameter: Parameter, constrained: boolean): Dimension {
  if (parameter.type === 'continuous') return continuousDimension(parameter, constrained);
  if (parameter.type === 'categorical') {
    const { name, levels, retired = [] } = parameter;
    return {
      ...{ name, kind: 'categorical', levels: levels.length, warp: 0 },
      coordinate: (level) => level,
      level: (coordinate) => coordinate,
      encode: (value) => [...levels, ...retired].indexOf(String(value)),
      decode: (coordinate) => levels[coordinate]!,
    };
  }
  const sorted = parameter.type === 'ordinal' ? [...parameter.levels].sort((a, b) => a - b) : undefined;
  const min = parameter.type === 'ordinal' ? sorted![0]! : parameter.min;
  const max = parameter.type === 'ordinal' ? sorted!.at(-1)! : parameter.max;
  const range = max - min || 1;
  return sorted === undefined
    ? integerDimension(parameter.name, min, range, max - min + 1)
    : ordinalDimension(parameter.name, sorted, min, range);
}

function continuousDimension(parameter: Parameter & { type: 'continuous' }, constrained: boolean): Dimension {
  const { name, min, max } = parameter;
  if (min === max) return integerDimension(name, min, 1, 1);
  const ratio = parameter.scale === 'log' ? Math.log(max / min) : 0;
  const common = {
    name,
    kind: 'continuous',
    levels: 0,
    coordinate: (u: number) => u,
    level: (u: number) => u,
  } as const;
  if (ratio > 0 && !constrained) {
    return {
      ...{ ...common, warp: 0 },
      encode: (value) => Math.log(Number(value) / min) / ratio,
      decode: (u) => Math.min(max, Math.max(min, min * Math.exp(clamp(u) * ratio))),
    };
  }
  return {
    ...{ ...common, warp: ratio },
    encode: (value) => (Number(value) - min) / (max - min),
    decode: (u) => Math.min(max, Math.max(min, min + clamp(u) * (max - min))),
  };
}

function integerDimension(name: string, min: number, range: number, levels: number): Dimension {
  const level = (u: number) => Math.min(levels - 1, Math.max(0, Math.round(u * range)));
  return {
    ...{ name, kind: 'discrete', levels, level, warp: 0 },
    coordinate: (index) => index / range,
    encode: (value) => (Number(value) - min) / range,
    decode: (u) => min + level(u),
  };
}

function ordinalDimension(name: string, sorted: readonly number[], min: number, range: number): Dimension {
  const coordinates = sorted.map((value) => (value - min) / range);
  const level = (u: number) => {
    let best = 0;
    coordinates.forEach((c, i) => {
      if (Math.abs(c - u) < Math.abs(coordinates[best]! - u)) best = i;
    });
    return best;
  };
  return {
    ...{ name, kind: 'discrete', levels: sorted.length, level, warp: 0 },
    coordinate: (index) => coordinates[index]!,
    encode: (value) => (Number(value) - min) / range,
    decode: (u) => sorted[level(u)]!,
  };
}

/** Every category has the distance "differs"; where descriptors are given it has a second one, between those. */
function tablesOf(parameter: Parameter, column: number): Table[] {
  if (parameter.type !== 'categorical') return [];
  const levels = [...parameter.levels, ...(parameter.retired ?? [])];
  const count = levels.length;
  const differs = Float64Array.from({ length: count * count }, (_, k) => (k % count === Math.floor(k / count) ? 0 : 1));
  const own = { column, levels: count, distances: differs };
  const { descriptors } = parameter;
  if (descriptors === undefined || count < 2) return [own];
  return [{ ...own, distances: descriptorDistances(levels.map((level) => descriptors[level]!)) }, own];
}

/** Squared distances of standardised descriptors, scaled so that the mean over pairs is 1/2; 0 where all are alike. */
function descriptorDistances(rows: readonly (readonly number[])[]): Float64Array {
  const count = rows.length;
  const distances = new Float64Array(count * count);
  for (let c = 0; c < rows[0]!.length; c++) {
    const column = rows.map((row) => row[c]!);
    const mean = column.reduce((sum, value) => sum + value, 0) / count;
    const variance = column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    if (!(variance > 1e-24 * (mean * mean + 1))) continue;
    for (let k = 0; k < distances.length; k++) {
      distances[k]! += (column[k % count]! - column[Math.floor(k / count)]!) ** 2 / variance;
    }
  }
  const total = distances.reduce((sum, value) => sum + value, 0);
  const scale = total > 0 ? (0.5 * count * (count - 1)) / total : 0;
  return distances.map((value) => value * scale);
}

const halfSpaceOf =
  (parameters: readonly Parameter[]) =>
  (constraint: Problem['constraints'][number]): HalfSpace => {
    const sign = constraint.relation === '>=' ? -1 : 1;
    const a = new Float64Array(parameters.length);
    let b = constraint.bound;
    let scale = Math.abs(b);
    parameters.forEach((parameter, j) => {
      const coefficient = constraint.terms[parameter.name] ?? 0;
      if (parameter.type === 'categorical' || coefficient === 0) return;
      const [min, max] = boundsOf(parameter);
      a[j] = sign * coefficient * (max - min || 1);
      b -= coefficient * min;
      scale += Math.abs(coefficient) * Math.max(Math.abs(min), Math.abs(max));
    });
    return { a, b: sign * b, equality: constraint.relation === '=', tolerance: 1e-9 * Math.max(scale, 1e-300) };
  };

export function boundsOf(parameter: Exclude<Parameter, { type: 'categorical' }>): readonly [number, number] {
  if (parameter.type !== 'ordinal') return [parameter.min, parameter.max];
  return [Math.min(...parameter.levels), Math.max(...parameter.levels)];
}

/** Search coordinates of a point; values outside their bounds give coordinates outside [0, 1]. */
export function encode(space: Pick<Space, 'dimensions'>, point: Point): Float64Array {
  return Float64Array.from(space.dimensions, (dimension) => {
    const value = point[dimension.name];
    invariant(value !== undefined, `the value of ${dimension.name} is missing`);
    return dimension.encode(value);
  });
}

/** The point at search coordinates; a row of a table comes back as it was given, to the last digit, and so does zero. */
export function decode(space: Space, x: Float64Array): Point {
  const row = space.designs?.findIndex((design) => design.every((value, j) => value === x[j])) ?? -1;
  if (row >= 0) return space.rows![row]!;
  const zeros = new Set(heldColumns(space, x));
  return Object.fromEntries(
    space.dimensions.map(({ name, decode: valueOf }, j) => [name, zeros.has(j) ? 0 : valueOf(x[j]!)]),
  );
}

/** Model coordinate of a search coordinate: log((1 + u (e^w - 1))) / w under a warp w, else u itself. */
export function warped(u: number, warp: number): number {
  return warp === 0 ? u : Math.log1p(u * Math.expm1(warp)) / warp;
}

/** Derivative of `warped` by u. */
export function warpSlope(u: number, warp: number): number {
  if (warp === 0) return 1;
  const gain = Math.expm1(warp);
  return gain / (warp * (1 + u * gain));
}

/** Model coordinates of a search point. */
export function modelPoint(space: Space, x: Float64Array): Float64Array {
  return x.map((u, j) => warped(u, space.dimensions[j]!.warp));
}

/** Distance in parameter ranges: Euclidean over numbers, a changed category counts 1. */
export function distance(space: Space, x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < x.length; j++) {
    const gap = space.dimensions[j]!.kind === 'categorical' ? Number(x[j] !== y[j]) : x[j]! - y[j]!;
    sum += gap * gap;
  }
  return Math.sqrt(sum);
}

/** Points this near are the same experiment. */
export const samePoint = 1e-7;

/** Whether nothing but the bounds and levels of its parameters limits a space. */
export const isFree = ({ constraints, groups, forbids }: Space): boolean =>
  constraints.length + groups.length + forbids.length === 0;

export function satisfies(space: Pick<Space, 'constraints'> & Exclusions, x: Float64Array): boolean {
  if (!isAllowed(space, x)) return false;
  return space.constraints.every(({ a, b, equality, tolerance }) => {
    let excess = -b;
    for (let j = 0; j < x.length; j++) excess += a[j]! * x[j]!;
    return excess <= tolerance && (!equality || excess >= -tolerance);
  });
}
