/**
 * Bounds on differences of times, closed under addition (Dechter, Meiri and Pearl 1991): the greatest known lower bound of
 * t[j] - t[i] for every pair, -Infinity where there is none. Time 0 is the origin that the earliest times are counted from.
 */
export class TemporalNetwork {
  readonly size: number;
  readonly #least: Float64Array;

  constructor(size: number) {
    this.size = size;
    this.#least = new Float64Array(size * size).fill(-Infinity);
    for (let i = 0; i < size; i++) this.#least[i * size + i] = 0;
  }

  /** The least t[j] - t[i]. */
  least(i: number, j: number): number {
    return this.#least[i * this.size + j]!;
  }

  /** Becomes equal to a network of the same size. */
  load(other: TemporalNetwork): void {
    this.#least.set(other.#least);
  }

  /** Asks for t[j] - t[i] >= bound; false, and nothing has changed, when that contradicts what is known. */
  post(i: number, j: number, bound: number): boolean {
    const { size } = this;
    const least = this.#least;
    if (least[i * size + j]! >= bound) return true;
    if (least[j * size + i]! + bound > 0) return false;
    for (let a = 0; a < size; a++) {
      const through = least[a * size + i]! + bound;
      // Where this way to j is no longer, none through j is.
      if (through <= least[a * size + j]!) continue;
      for (let b = 0; b < size; b++) {
        const bounded = through + least[j * size + b]!;
        if (bounded > least[a * size + b]!) least[a * size + b] = bounded;
      }
    }
    return true;
  }
}
