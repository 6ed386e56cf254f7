import type { Stream } from '../base/random.ts';
import { drawSupport, heldColumns, isAllowed } from './exclusions.ts';
import { project } from './polytope.ts';
import { sobol } from './sobol.ts';
import type { HalfSpace, Space } from './space.ts';

/** Columns that a number in [0, 1] may take freely. */
export const continuousColumns = (space: Space): number[] =>
  space.dimensions.flatMap((dimension, j) => (dimension.kind === 'continuous' ? [j] : []));

/** The allowed search coordinate that a number in [0, 1) stands for. */
export function snap(space: Space, j: number, u: number): number {
  const dimension = space.dimensions[j]!;
  if (dimension.levels === 0) return u;
  return dimension.coordinate(Math.min(dimension.levels - 1, Math.floor(u * dimension.levels)));
}

/**
 * Up to `count` points of the space, spread over it: scrambled Sobol points where nothing is constrained, rows of the
 * allowed table where there is one, else a random walk through the constraints. Empty where no point was found.
 */
export function samplePoints(space: Space, count: number, random: Stream, skip = 0): Float64Array[] {
  if (space.designs !== undefined) return sampleRows(space.designs, count, random);
  if (space.forbids.length === 0) return sampleThrough(space, count, random, skip);
  const points: Float64Array[] = [];
  for (let round = 0; round < 20 && points.length < count; round++) {
    points.push(...sampleThrough(space, count, random, skip).filter((x) => isAllowed(space, x)));
  }
  return points.slice(0, count);
}

/** The same with forbidden combinations left aside. */
function sampleThrough(space: Space, count: number, random: Stream, skip: number): Float64Array[] {
  if (space.constraints.length + space.groups.length > 0) return samplePolytope(space, count, random);
  const d = space.dimensions.length;
  const cube = sobol(count, d, random, skip);
  return Array.from({ length: count }, (_, i) =>
    Float64Array.from({ length: d }, (_, j) => snap(space, j, cube[i * d + j]!)),
  );
}

function sampleRows(rows: readonly Float64Array[], count: number, random: Stream): Float64Array[] {
  if (rows.length <= count) return rows.map((row) => Float64Array.from(row));
  const order = rows.map((_, i) => i);
  for (let i = 0; i < count; i++) {
    const k = i + random.integer(order.length - i);
    [order[i], order[k]] = [order[k]!, order[i]!];
  }
  return order.slice(0, count).map((i) => Float64Array.from(rows[i]!));
}

/** Hit-and-run (Smith 1984) over the numbers, the discrete coordinates drawn anew for every point. */
function samplePolytope(space: Space, count: number, random: Stream): Float64Array[] {
  const free = continuousColumns(space);
  const tied = space.dimensions.some(
    ({ kind }, j) => space.groups.length > 0 || (kind === 'discrete' && space.constraints.some(({ a }) => a[j] !== 0)),
  );
  const points: Float64Array[] = [];
  let last: Float64Array | undefined;
  for (let attempt = 0; attempt < count + 20 && points.length < count; attempt++) {
    const x: Float64Array | undefined =
      last !== undefined && !tied ? Float64Array.from(last) : drawStart(space, random, free);
    if (x === undefined) continue;
    redraw(space, x, random);
    const loose = without(free, heldColumns(space, x));
    if (loose.length > 0)
      walk(space.constraints, x, loose, random, last === undefined || tied ? 4 + 2 * free.length : 4 + free.length);
    points.push(x);
    last = x;
    if (points.length === 0 && attempt > 20) break;
  }
  return points;
}

/** New random levels for the coordinates that no constraint holds. */
function redraw(space: Space, x: Float64Array, random: Stream): void {
  space.dimensions.forEach((dimension, j) => {
    if (dimension.kind === 'continuous' || space.constraints.some(({ a }) => a[j] !== 0)) return;
    if (space.groups.some(({ columns }) => columns.includes(j))) return;
    x[j] = dimension.coordinate(random.integer(dimension.levels));
  });
}

function drawStart(space: Space, random: Stream, free: readonly number[]): Float64Array | undefined {
  for (let attempt = 0; attempt < 10; attempt++) {
    const x = Float64Array.from(space.dimensions, (_, j) => snap(space, j, random.next()));
    drawSupport(space, x, random);
    const held = heldColumns(space, x);
    if (!assignLevels(space, x, random, held)) continue;
    if (project(x, space.constraints, without(free, held)) && isWithin(space, x)) return x;
  }
  return undefined;
}

const isWithin = ({ groups }: Space, x: Float64Array): boolean => isAllowed({ groups, forbids: [] }, x);

export const without = (columns: readonly number[], held: readonly number[]): number[] =>
  columns.filter((column) => !held.includes(column));

/**
 * Draws the constrained discrete coordinates one after another in random order, each among the levels for which the
 * others can still make every constraint hold (bounds propagation), with backtracking over at most 2,000 nodes.
 */
export function assignLevels(space: Space, x: Float64Array, random: Stream, fixed: readonly number[] = []): boolean {
  const { dimensions, constraints } = space;
  const held = dimensions.flatMap(({ kind }, j) =>
    kind === 'discrete' && !fixed.includes(j) && constraints.some(({ a }) => a[j] !== 0) ? [j] : [],
  );
  const order = shuffled(held, random);
  const open = new Set<number>([...order, ...without(continuousColumns(space), fixed)]);
  let nodes = 0;
  const assign = (depth: number): boolean => {
    if (!constraints.every((constraint) => reachable(constraint, x, open))) return false;
    if (depth === order.length) return true;
    const j = order[depth]!;
    const { levels, coordinate } = dimensions[j]!;
    open.delete(j);
    for (const level of candidateLevels(levels, random)) {
      if (++nodes > 2000) break;
      x[j] = coordinate(level);
      if (assign(depth + 1)) return true;
    }
    open.add(j);
    return false;
  };
  return assign(0);
}

/** All levels in random order, or 64 of them around a random one where there are more. */
function candidateLevels(levels: number, random: Stream): number[] {
  if (levels <= 64)
    return shuffled(
      Array.from({ length: levels }, (_, i) => i),
      random,
    );
  return [0, levels - 1, ...Array.from({ length: 62 }, () => random.integer(levels))];
}

function shuffled<T>(items: readonly T[], random: Stream): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const k = random.integer(i + 1);
    [order[i], order[k]] = [order[k]!, order[i]!];
  }
  return order;
}

/** Whether some value in [0, 1] of the open coordinates makes the constraint hold. */
function reachable({ a, b, equality, tolerance }: HalfSpace, x: Float64Array, open: ReadonlySet<number>): boolean {
  let low = -b;
  let high = -b;
  for (let j = 0; j < x.length; j++) {
    if (a[j] === 0) continue;
    low += open.has(j) ? Math.min(0, a[j]!) : a[j]! * x[j]!;
    high += open.has(j) ? Math.max(0, a[j]!) : a[j]! * x[j]!;
  }
  return low <= tolerance && (!equality || high >= -tolerance);
}

/** Steps of hit-and-run inside the affine space of the equalities, in place; ends with a projection against drift. */
function walk(
  constraints: readonly HalfSpace[],
  x: Float64Array,
  free: readonly number[],
  random: Stream,
  steps: number,
): void {
  const normals = orthonormal(
    constraints.filter(({ equality }) => equality),
    free,
  );
  for (let step = 0; step < steps; step++) {
    const direction = Float64Array.from(free, () => random.normal());
    for (const normal of normals) {
      const along = normal.reduce((sum, value, i) => sum + value * direction[i]!, 0);
      normal.forEach((value, i) => (direction[i]! -= along * value));
    }
    const [low, high] = chord(constraints, x, free, direction);
    if (!(high > low)) continue;
    const t = low + random.next() * (high - low);
    free.forEach((j, i) => (x[j] = Math.min(1, Math.max(0, x[j]! + t * direction[i]!))));
  }
  project(x, constraints, free);
}

/** Orthonormal basis of the equalities' normals restricted to the free coordinates (modified Gram-Schmidt). */
function orthonormal(equalities: readonly HalfSpace[], free: readonly number[]): Float64Array[] {
  const basis: Float64Array[] = [];
  for (const { a } of equalities) {
    const normal = Float64Array.from(free, (j) => a[j]!);
    const size = Math.hypot(...normal);
    for (const other of basis) {
      const along = other.reduce((sum, value, i) => sum + value * normal[i]!, 0);
      other.forEach((value, i) => (normal[i]! -= along * value));
    }
    const length = Math.hypot(...normal);
    if (length > 1e-9 * size && length > 0) basis.push(normal.map((value) => value / length));
  }
  return basis;
}

/** The interval of t for which x + t direction stays in the box and under every inequality. */
function chord(
  constraints: readonly HalfSpace[],
  x: Float64Array,
  free: readonly number[],
  direction: Float64Array,
): [number, number] {
  let low = -Infinity;
  let high = Infinity;
  const limit = (slope: number, room: number) => {
    if (slope > 1e-12) high = Math.min(high, room / slope);
    else if (slope < -1e-12) low = Math.max(low, room / slope);
  };
  free.forEach((j, i) => {
    limit(direction[i]!, 1 - x[j]!);
    limit(-direction[i]!, x[j]!);
  });
  for (const { a, b, equality } of constraints) {
    if (equality) continue;
    let room = b;
    for (let j = 0; j < x.length; j++) room -= a[j]! * x[j]!;
    limit(
      free.reduce((sum, j, i) => sum + a[j]! * direction[i]!, 0),
      Math.max(0, room),
    );
  }
  return Number.isFinite(low) && Number.isFinite(high) ? [low, high] : [0, 0];
}
