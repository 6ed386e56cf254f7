import type { Rate } from './model.ts';

/** What energy costs, integrated over time: asked for at every change of a search. */
export class Price {
  readonly #rates: readonly Rate[];
  /** What a watt costs from the first time to each. */
  readonly #sums: readonly number[];

  constructor(rates: readonly Rate[]) {
    this.#rates = rates;
    const sums = [0];
    for (let i = 1; i < rates.length; i++) {
      const { from, perJoule } = rates[i - 1]!;
      sums.push(sums[i - 1]! + (perJoule * (rates[i]!.from - from)) / 1000);
    }
    this.#sums = sums;
  }

  /** What one watt costs between two times, ms; before the first rate nothing, after the last one what that says. */
  between(from: number, to: number): number {
    return this.#until(to) - this.#until(from);
  }

  #until(t: number): number {
    let [low, high] = [0, this.#rates.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#rates[middle]!.from <= t) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return 0;
    const { from, perJoule } = this.#rates[low - 1]!;
    return this.#sums[low - 1]! + (perJoule * (t - from)) / 1000;
  }
}
