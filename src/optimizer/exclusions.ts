import type { Stream } from '../base/random.ts';
import type { Cardinality, Forbidden, Problem } from './problem.ts';
import type { Dimension } from './space.ts';

/** At most so many of some columns may differ from zero. */
export interface Group {
  readonly columns: readonly number[];
  /** Search coordinate of zero, per column. */
  readonly zeros: readonly number[];
  readonly atMost: number;
}

/** What no linear constraint can say about a point in search coordinates. */
export interface Exclusions {
  readonly groups: readonly Group[];
  readonly forbids: readonly ((x: Float64Array) => boolean)[];
}

/** Coordinates this near to zero are zero. */
const nought = 1e-9;

export function compileExclusions(problem: Problem, dimensions: readonly Dimension[]): Exclusions {
  return {
    groups: (problem.cardinality ?? []).map((limit) => groupOf(limit, dimensions)),
    forbids: (problem.forbidden ?? []).map((combination) => forbids(combination, dimensions)),
  };
}

function groupOf({ parameters, atMost }: Cardinality, dimensions: readonly Dimension[]): Group {
  const columns = parameters.map((name) => dimensions.findIndex((dimension) => dimension.name === name));
  return { columns, zeros: columns.map((column) => dimensions[column]!.encode(0)), atMost };
}

/** Whether a point has every property of a forbidden combination; values are compared in the parameters' units. */
function forbids(combination: Forbidden, dimensions: readonly Dimension[]): (x: Float64Array) => boolean {
  const parts = Object.entries(combination).map(([name, part]) => {
    const column = dimensions.findIndex((dimension) => dimension.name === name);
    const { decode } = dimensions[column]!;
    if ('in' in part) return (x: Float64Array) => part.in.includes(decode(x[column]!));
    const { min = -Infinity, max = Infinity } = part;
    return (x: Float64Array) => Number(decode(x[column]!)) >= min && Number(decode(x[column]!)) <= max;
  });
  return (x) => parts.every((part) => part(x));
}

const isNought = (group: Group, i: number, x: Float64Array): boolean =>
  Math.abs(x[group.columns[i]!]! - group.zeros[i]!) <= nought;

/** Whether a point keeps every limit of cardinality and has no forbidden combination. */
export function isAllowed({ groups, forbids: all }: Exclusions, x: Float64Array): boolean {
  const within = groups.every((group) => group.columns.filter((_, i) => !isNought(group, i, x)).length <= group.atMost);
  return within && !all.some((forbid) => forbid(x));
}

/** Columns that stand at zero for the sake of a limit of cardinality: a climb must leave them there. */
export function heldColumns({ groups }: Exclusions, x: Float64Array): number[] {
  return groups.flatMap((group) => group.columns.filter((_, i) => isNought(group, i, x)));
}

/** Sets all but `atMost` columns of every group to zero: those kept are drawn at random. */
export function drawSupport({ groups }: Exclusions, x: Float64Array, random: Stream): void {
  for (const { columns, zeros, atMost } of groups) {
    const left = columns.map((_, i) => i);
    while (left.length > atMost) {
      const [i] = left.splice(random.integer(left.length), 1);
      x[columns[i!]!] = zeros[i!]!;
    }
  }
}

/** Sets all but the `atMost` columns farthest from zero to zero. */
export function keepLargest({ groups }: Exclusions, x: Float64Array): void {
  for (const { columns, zeros, atMost } of groups) {
    const size = (i: number) => Math.abs(x[columns[i]!]! - zeros[i]!);
    const order = columns.map((_, i) => i).sort((a, b) => size(b) - size(a));
    for (const i of order.slice(atMost)) x[columns[i]!] = zeros[i]!;
  }
}

/** Every point in which one column of a group has given its distance from zero to another that had none. */
export function* swaps({ groups }: Exclusions, from: Float64Array): Generator<Float64Array> {
  for (const group of groups) {
    const { columns, zeros } = group;
    for (const [i, column] of columns.entries()) {
      if (isNought(group, i, from)) continue;
      for (const [k, other] of columns.entries()) {
        if (!isNought(group, k, from)) continue;
        const x = Float64Array.from(from);
        x[column] = zeros[i]!;
        x[other] = Math.min(1, Math.max(0, zeros[k]! + from[column]! - zeros[i]!));
        yield x;
      }
    }
  }
}
