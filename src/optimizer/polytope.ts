import { cholesky, solveLower, solveUpper } from './linalg.ts';
import type { HalfSpace } from './space.ts';

/** How far a constraint is exceeded; 0 or less where it holds. */
export function violation(x: Float64Array, constraint: HalfSpace): number {
  const excess = excessOf(x, constraint);
  return constraint.equality ? Math.abs(excess) : excess;
}

function excessOf(x: Float64Array, { a, b }: HalfSpace): number {
  let excess = -b;
  for (let j = 0; j < x.length; j++) excess += a[j]! * x[j]!;
  return excess;
}

const clip = (value: number): number => (value < 0 ? 0 : value > 1 ? 1 : value);

/**
 * Euclidean projection of `x` onto the unit box cut by half-spaces and hyperplanes, moving only the coordinates in
 * `free`, in place. Solves the dual, which has one multiplier a constraint: x = clip(origin - A' t). Coordinate ascent
 * with exact steps (Hildreth 1957, the box folded in) is globally convergent, and a Newton step on the active
 * constraints after every sweep makes it fast. False where no point satisfies all of them (or none was found in 100
 * sweeps).
 */
export function project(x: Float64Array, constraints: readonly HalfSpace[], free: readonly number[]): boolean {
  const dual = new Dual(x, constraints, free);
  dual.place();
  if (constraints.every((constraint) => violation(x, constraint) <= 0.5 * constraint.tolerance)) return true;
  if (constraints.some((constraint) => !dual.holds(constraint) && !dual.moves(constraint))) return false;
  for (let sweep = 0; sweep < 100; sweep++) {
    if (!dual.ascend()) return false;
    if (dual.settled()) break;
    dual.newton();
    if (dual.settled()) break;
  }
  dual.polish();
  return constraints.every((constraint) => dual.holds(constraint));
}

class Dual {
  readonly #x: Float64Array;
  readonly #origin: Float64Array;
  readonly #constraints: readonly HalfSpace[];
  readonly #free: readonly number[];
  readonly #multipliers: Float64Array;

  constructor(x: Float64Array, constraints: readonly HalfSpace[], free: readonly number[]) {
    this.#x = x;
    this.#origin = Float64Array.from(x);
    this.#constraints = constraints;
    this.#free = free;
    this.#multipliers = new Float64Array(constraints.length);
  }

  holds = (constraint: HalfSpace): boolean => violation(this.#x, constraint) <= constraint.tolerance;

  /** Whether any free coordinate stands in the constraint. */
  moves = ({ a }: HalfSpace): boolean => this.#free.some((j) => a[j] !== 0);

  /** Sets x from the multipliers. */
  place(): void {
    for (const j of this.#free) {
      let value = this.#origin[j]!;
      for (let k = 0; k < this.#constraints.length; k++) value -= this.#multipliers[k]! * this.#constraints[k]!.a[j]!;
      this.#x[j] = clip(value);
    }
  }

  /** One exact step in every multiplier; false where a constraint cannot be met even at the corner of the box. */
  ascend(): boolean {
    for (const [k, constraint] of this.#constraints.entries()) {
      if (!this.moves(constraint)) continue;
      const excessAt = (t: number) => {
        this.#multipliers[k] = t;
        this.place();
        return excessOf(this.#x, constraint);
      };
      const start = this.#multipliers[k]!;
      const excess = excessAt(start);
      if (Math.abs(excess) <= 0.1 * constraint.tolerance) continue;
      if (!constraint.equality && excess < 0 && excessAt(0) <= 0) continue;
      const steepest = this.#free.reduce((size, j) => Math.max(size, Math.abs(constraint.a[j]!)), 0);
      excessAt(crossing(excessAt, start, excess > 0 ? 1 : -1, 0.1 / steepest));
      if (excessOf(this.#x, constraint) > constraint.tolerance) return false;
    }
    return true;
  }

  /** Feasible, and no inequality is pulled on that has room. */
  settled(): boolean {
    return this.#constraints.every((constraint, k) => {
      const excess = excessOf(this.#x, constraint);
      if (Math.abs(excess) <= constraint.tolerance) return true;
      return !constraint.equality && excess < 0 && (this.#multipliers[k] === 0 || !this.moves(constraint));
    });
  }

  /** A Newton step on the active constraints, kept only where it brings x nearer to feasibility. */
  newton(): void {
    const active = this.#constraints.flatMap((constraint, k) =>
      this.moves(constraint) && (constraint.equality || this.#multipliers[k]! > 0) ? [k] : [],
    );
    if (active.length < 2) return;
    const before = Float64Array.from(this.#multipliers);
    const step = this.#solveActive(active);
    if (step === undefined) return;
    const worst = () => Math.max(...active.map((k) => Math.abs(excessOf(this.#x, this.#constraints[k]!))));
    const was = worst();
    active.forEach((k, i) => {
      const next = before[k]! + step[i]!;
      this.#multipliers[k] = this.#constraints[k]!.equality ? next : Math.max(0, next);
    });
    this.place();
    if (worst() < was) return;
    this.#multipliers.set(before);
    this.place();
  }

  /** inverse(A D A') times the excess of the active constraints, D the coordinates inside the box. */
  #solveActive(active: readonly number[]): Float64Array | undefined {
    const inner = this.#free.filter((j) => this.#x[j]! > 0 && this.#x[j]! < 1);
    const m = active.length;
    const matrix = new Float64Array(m * m);
    for (let i = 0; i < m; i++) {
      const { a } = this.#constraints[active[i]!]!;
      for (let k = 0; k <= i; k++) {
        const other = this.#constraints[active[k]!]!.a;
        for (const j of inner) matrix[i * m + k]! += a[j]! * other[j]!;
      }
      matrix[i * m + i]! *= 1 + 1e-12;
    }
    if (!cholesky(matrix, m)) return undefined;
    const step = Float64Array.from(active, (k) => excessOf(this.#x, this.#constraints[k]!));
    solveLower(matrix, m, step);
    solveUpper(matrix, m, step);
    return step;
  }

  /** Takes the last rounding out of equalities, through the coordinates inside the box. */
  polish(): void {
    const active = this.#constraints.flatMap((constraint, k) =>
      constraint.equality && this.moves(constraint) ? [k] : [],
    );
    const step = active.length === 0 ? undefined : this.#solveActive(active);
    if (step === undefined) return;
    for (const j of this.#free) {
      if (!(this.#x[j]! > 0 && this.#x[j]! < 1)) continue;
      active.forEach((k, i) => (this.#x[j] = clip(this.#x[j]! - step[i]! * this.#constraints[k]!.a[j]!)));
    }
  }
}

/** Where a function that never rises with t passes zero, seen from `start` in the direction `side`. */
function crossing(excessAt: (t: number) => number, start: number, side: 1 | -1, unit: number): number {
  let near = start;
  let far = start + side * unit;
  for (let i = 0; i < 50 && side * excessAt(far) > 0; i++) {
    near = far;
    far = start + side * unit * 2 ** (i + 1);
  }
  for (let i = 0; i < 60; i++) {
    const middle = 0.5 * (near + far);
    if (side * excessAt(middle) > 0) near = middle;
    else far = middle;
  }
  return far;
}
