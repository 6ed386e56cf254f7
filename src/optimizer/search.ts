import type { Stream } from '../base/random.ts';
import { heldColumns, isAllowed, keepLargest, swaps } from './exclusions.ts';
import { project } from './polytope.ts';
import { assignLevels, continuousColumns, samplePoints, without } from './sample.ts';
import { type Space, isFree, samePoint, satisfies } from './space.ts';

/** A function to be maximised over the space, in search coordinates. */
export type Surface = (x: Float64Array, gradient?: Float64Array) => number;

export interface Found {
  readonly x: Float64Array;
  readonly value: number;
}

export interface SearchOptions {
  readonly random: Stream;
  /** Good points so far, the best first: some candidates are drawn around them. */
  readonly near: readonly Float64Array[];
  /** Points that must not be found again. */
  readonly taken: readonly Float64Array[];
}

/** Allowed points that are listed rather than searched, where there are not more than this. */
const listed = 4000;

/**
 * The best point of a surface over the space: by listing where the space is a short table or grid, else from many raw
 * candidates, the best of which climb by projected gradients over the numbers (Birgin, Martinez and Raydan 2000) in turn
 * with moves to neighbouring levels. Undefined where every point is taken.
 */
export function maximize(space: Space, surface: Surface, options: SearchOptions): Found | undefined {
  const list = listPoints(space, options.random);
  if (list !== undefined) return bestOf(list, surface, options.taken);
  const raw = candidates(space, options);
  if (space.forbids.length > 0) return searchFrom(raw, space, avoiding(space, surface), options);
  return searchFrom(raw, space, surface, options);
}

/** A climb that enters a forbidden region falls off a cliff there, and steps back. */
const avoiding =
  (space: Space, surface: Surface): Surface =>
  (x, gradient) =>
    isAllowed(space, x) ? surface(x, gradient) : -Infinity;

function searchFrom(
  raw: readonly Float64Array[],
  space: Space,
  surface: Surface,
  options: SearchOptions,
): Found | undefined {
  const rated = raw.map((x) => ({ x, value: surface(x) })).sort((a, b) => b.value - a.value);
  const climbed = climbAll(space, surface, chooseStarts(rated, options.random));
  let best: Found | undefined;
  for (const found of [...climbed, ...rated]) {
    if ((best === undefined || found.value > best.value) && !isTaken(found.x, options.taken)) best = found;
  }
  return best;
}

export function isTaken(x: Float64Array, taken: readonly Float64Array[]): boolean {
  return taken.some((other) => {
    for (let j = 0; j < x.length; j++) if (Math.abs(x[j]! - other[j]!) > samePoint) return false;
    return true;
  });
}

/** Every allowed point where they can be listed (a long table is thinned at random); undefined where not. */
export function listPoints(space: Space, random: Stream): readonly Float64Array[] | undefined {
  if (space.designs !== undefined) {
    return space.designs.length <= 5 * listed ? space.designs : samplePoints(space, 5 * listed, random);
  }
  let count = 1;
  for (const { levels } of space.dimensions) count *= levels === 0 ? Infinity : levels;
  if (count > listed) return undefined;
  const points: Float64Array[] = [];
  for (let index = 0; index < count; index++) {
    let rest = index;
    const x = Float64Array.from(space.dimensions, ({ levels, coordinate }) => {
      const level = rest % levels;
      rest = Math.floor(rest / levels);
      return coordinate(level);
    });
    if (satisfies(space, x)) points.push(x);
  }
  return points;
}

function bestOf(points: readonly Float64Array[], surface: Surface, taken: readonly Float64Array[]): Found | undefined {
  let best: Found | undefined;
  for (const x of points) {
    if (isTaken(x, taken)) continue;
    const value = surface(x);
    if (best === undefined || value > best.value) best = { x: Float64Array.from(x), value };
  }
  return best;
}

export function candidates(space: Space, { random, near }: SearchOptions): Float64Array[] {
  const d = space.dimensions.length;
  const spread = samplePoints(space, Math.min(1024, 192 + 48 * d), random);
  const free = continuousColumns(space);
  for (let i = 0; i < 160 && near.length > 0; i++) {
    const x = intoBounds(space, near[i % near.length]!, random);
    const reach = [0.2, 0.05, 0.01][i % 3]!;
    const share = Math.max(1 / d, Math.min(1, 20 / d) * (i % 2 === 0 ? 1 : 0.4));
    space.dimensions.forEach((dimension, j) => {
      if (!random.chance(share)) return;
      if (dimension.kind === 'continuous') x[j] = Math.min(1, Math.max(0, x[j]! + reach * random.normal()));
      else if (random.chance(0.5)) x[j] = dimension.coordinate(nearLevel(dimension, x[j]!, random));
    });
    if (repair(space, x, free, random)) spread.push(x);
  }
  return spread;
}

/** The nearest point within today's bounds and levels; a level no longer allowed gives way to any other. */
function intoBounds({ dimensions }: Space, x: Float64Array, random: Stream): Float64Array {
  return x.map((u, j) => {
    const { kind, levels, level, coordinate } = dimensions[j]!;
    if (kind === 'continuous') return Math.min(1, Math.max(0, u));
    if (kind === 'categorical') return u < levels ? u : random.integer(levels);
    return coordinate(level(u));
  });
}

function nearLevel({ levels, kind, level }: Space['dimensions'][number], u: number, random: Stream): number {
  if (kind === 'categorical') return random.integer(levels);
  const step = (random.chance(0.5) ? 1 : -1) * (1 + random.integer(Math.max(1, Math.round(0.1 * levels))));
  return Math.min(levels - 1, Math.max(0, level(u) + step));
}

/** Moves x back into the constraints: the numbers by projection, levels anew where that is not enough. */
function repair(space: Space, x: Float64Array, free: readonly number[], random: Stream): boolean {
  if (isFree(space)) return true;
  keepLargest(space, x);
  const held = heldColumns(space, x);
  const loose = without(free, held);
  if (project(x, space.constraints, loose)) return isAllowed(space, x);
  return assignLevels(space, x, random, held) && project(x, space.constraints, loose) && isAllowed(space, x);
}

/** The three best raw candidates and three drawn among the next hundred, better ones more often. */
function chooseStarts(rated: readonly Found[], random: Stream): Found[] {
  const starts = rated.slice(0, 3);
  const rest = rated.slice(3, 100);
  for (let k = 0; k < 3 && rest.length > 0; k++) {
    const index = Math.min(random.integer(rest.length), random.integer(rest.length));
    starts.push(...rest.splice(index, 1));
  }
  return starts;
}

/** All starts climb a little; only the two that got highest go on, since most of the rest end at the same tops. */
function climbAll(space: Space, surface: Surface, starts: readonly Found[]): Found[] {
  const free = continuousColumns(space);
  const warm = free.length === 0 ? starts : starts.map((start) => ascend(space, surface, start, free, 8));
  const order = [...warm].sort((a, b) => b.value - a.value);
  return [...order.slice(0, 2).map((start) => climb(space, surface, start, free)), ...order.slice(2)];
}

function climb(space: Space, surface: Surface, start: Found, free: readonly number[]): Found {
  const discrete = space.dimensions.flatMap(({ kind, levels }, j) => (kind !== 'continuous' && levels > 1 ? [j] : []));
  let best = free.length > 0 ? ascend(space, surface, start, free, 40) : start;
  for (let round = 0; round < 6 && discrete.length + space.groups.length > 0; round++) {
    const moved = bestNeighbour(space, surface, best, discrete, free);
    if (moved === undefined) break;
    best = free.length > 0 ? ascend(space, surface, moved, free, 15) : moved;
  }
  return best;
}

/** Spectral projected gradient ascent with an Armijo rule; stops when a step gains under 1e-6. */
function ascend(space: Space, surface: Surface, start: Found, columns: readonly number[], rounds: number): Found {
  const free = space.groups.length === 0 ? columns : without(columns, heldColumns(space, start.x));
  if (free.length === 0) return start;
  const d = start.x.length;
  let x = start.x;
  let gradient = new Float64Array(d);
  let value = surface(x, gradient);
  let step = 0.1 / Math.max(1e-12, ...free.map((j) => Math.abs(gradient[j]!)));
  for (let round = 0; round < rounds; round++) {
    const aim = Float64Array.from(x);
    for (const j of free) aim[j]! += step * gradient[j]!;
    if (!project(aim, space.constraints, free)) break;
    let slope = 0;
    for (const j of free) slope += gradient[j]! * (aim[j]! - x[j]!);
    if (!(slope > 1e-10)) break;
    const next = backtrack(surface, x, value, aim, slope, free);
    if (next === undefined) break;
    let ss = 0;
    let sy = 0;
    for (const j of free) {
      const s = next.x[j]! - x[j]!;
      ss += s * s;
      sy += s * (gradient[j]! - next.gradient[j]!);
    }
    step = sy > 0 ? Math.min(1e3, Math.max(1e-6, ss / sy)) : Math.min(1e3, 4 * step);
    const gain = next.value - value;
    ({ x, value, gradient } = next);
    if (gain < 1e-6) break;
  }
  return { x, value };
}

function backtrack(
  surface: Surface,
  x: Float64Array,
  value: number,
  aim: Float64Array,
  slope: number,
  free: readonly number[],
) {
  for (let t = 1; t > 1e-4; t *= 0.35) {
    const next = Float64Array.from(x);
    for (const j of free) next[j]! += t * (aim[j]! - x[j]!);
    const gradient = new Float64Array(x.length);
    const reached = surface(next, gradient);
    if (reached >= value + 1e-4 * t * slope) return { x: next, value: reached, gradient };
  }
  return undefined;
}

/** The best point one level away in one coordinate (or two coordinates that a constraint ties), if it is better. */
function bestNeighbour(
  space: Space,
  surface: Surface,
  from: Found,
  discrete: readonly number[],
  free: readonly number[],
): Found | undefined {
  let best: Found | undefined;
  const consider = (x: Float64Array) => {
    if (space.constraints.length > 0 && !project(x, space.constraints, without(free, heldColumns(space, x))))
      return false;
    if (!isAllowed(space, x)) return true;
    const value = surface(x);
    if (value > (best?.value ?? from.value) + 1e-9) best = { x, value };
    return true;
  };
  for (const j of discrete) {
    for (const coordinate of neighbours(space.dimensions[j]!, from.x[j]!)) {
      const x = Float64Array.from(from.x);
      x[j] = coordinate;
      if (!consider(x)) for (const pair of tiedMoves(space, from.x, j, coordinate, discrete)) consider(pair);
    }
  }
  for (const x of swaps(space, from.x)) consider(snapped(space, x));
  return best;
}

/** Each discrete coordinate at its nearest level. */
function snapped({ dimensions }: Space, x: Float64Array): Float64Array {
  return x.map((u, j) => (dimensions[j]!.kind === 'discrete' ? dimensions[j]!.coordinate(dimensions[j]!.level(u)) : u));
}

function neighbours({ kind, levels, level, coordinate }: Space['dimensions'][number], u: number): number[] {
  const own = level(u);
  const all = kind === 'categorical' || levels <= 8;
  const steps = all
    ? Array.from({ length: levels }, (_, i) => i - own)
    : [-1, 1, -Math.ceil(levels / 8), Math.ceil(levels / 8)];
  return steps.flatMap((step) =>
    step !== 0 && own + step >= 0 && own + step < levels ? [coordinate(own + step)] : [],
  );
}

/** The same move with one other discrete coordinate of a shared constraint moved a level the other way or along. */
function* tiedMoves(space: Space, from: Float64Array, j: number, coordinate: number, discrete: readonly number[]) {
  for (const k of discrete) {
    if (k === j || !space.constraints.some(({ a }) => a[j] !== 0 && a[k] !== 0)) continue;
    const { levels, level, coordinate: at } = space.dimensions[k]!;
    for (const step of [-1, 1]) {
      const next = level(from[k]!) + step;
      if (next < 0 || next >= levels) continue;
      const x = Float64Array.from(from);
      x[j] = coordinate;
      x[k] = at(next);
      yield x;
    }
  }
}
