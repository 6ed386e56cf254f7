import type { Datum } from '../problem.ts';

/**
 * An earlier campaign used as a prior: over the same space, an overlapping one, or of another objective that may be
 * related. A mean function is a source too: a table of the values it expects. The object is the handle under which its
 * model is kept, so pass the same one again instead of a copy.
 */
export interface Source {
  readonly name: string;
  readonly data: readonly Datum[];
  /** Name in the source's data by present name, for parameters, objectives and outcomes that were called otherwise. */
  readonly renames?: Readonly<Record<string, string>>;
  /** Present level by the source's level, by present parameter, for levels that were called otherwise. */
  readonly levels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /**
   * Values of parameters that only one side varied: what the source held a present parameter at (by present name), or
   * what a parameter that only the source varied is held at today (by its name there). A parameter that is not listed
   * is left out of the source's model, which thereby averages over it.
   */
  readonly held?: Readonly<Record<string, number | string>>;
  /** Largest trust, 0 to 1; 0 removes the source. 1 when absent. */
  readonly cap?: number;
}

/** Where a number is expected at the optimum: `near` + `within` is one standard deviation away. */
export interface NumberExpectation {
  readonly near: number;
  readonly within: number;
}

/** How probable each level is at the optimum, relative to the likeliest; levels not listed get 0. */
export interface LevelExpectation {
  readonly weights: Readonly<Record<string, number>>;
}

/** Where an expert expects the optimum: a prior over the space, independent by parameter. It fades with the data. */
export interface Expectation {
  readonly parameters: Readonly<Record<string, NumberExpectation | LevelExpectation>>;
  /** Strength: after so many observations the prior enters with power 1. 5 when absent. */
  readonly strength?: number;
}

/** What one source was worth for one outcome. */
export interface SourceReport {
  readonly name: string;
  readonly outcome: string;
  /** Correlation of the outcome with the source that the data support, 0 (ignored) to 1, never above the cap. */
  readonly trust: number;
  readonly cap: number;
  /** Observations of the source that its model holds, and those that could not be placed in the present space. */
  readonly observations: number;
  readonly ignored: number;
  /**
   * Share of pairs of new observations that the source's model puts in the right order; 0.5 is chance. Absent while
   * there are fewer than two different new observations.
   */
  readonly ranking?: number;
}
