/**
 * The optimizer's own words: plain data in, plain data out, so that it can live in a worker, in another program or in a
 * notebook. Values are in the units of the search space.
 */

export type Parameter =
  | {
      readonly name: string;
      readonly type: 'continuous';
      readonly min: number;
      readonly max: number;
      readonly scale?: 'linear' | 'log';
    }
  | { readonly name: string; readonly type: 'integer'; readonly min: number; readonly max: number }
  | { readonly name: string; readonly type: 'ordinal'; readonly levels: readonly number[] }
  | {
      readonly name: string;
      readonly type: 'categorical';
      readonly levels: readonly string[];
      /** One vector of the same length for every level; similar vectors mean similar behaviour. */
      readonly descriptors?: Readonly<Record<string, readonly number[]>>;
    };

/** sum of coefficient times parameter, compared with a bound. A mixture is `=`, coefficients 1, bound 1. */
export interface LinearConstraint {
  readonly terms: Readonly<Record<string, number>>;
  readonly relation: '<=' | '>=' | '=';
  readonly bound: number;
}

export interface Objective {
  readonly name: string;
  readonly goal: 'maximize' | 'minimize' | 'target';
  /** Wanted value; present exactly when the goal is `target`. */
  readonly target?: number;
  /** Worst value worth having, used as the reference point of the hypervolume; inferred when absent. */
  readonly reference?: number;
}

export interface Problem {
  readonly parameters: readonly Parameter[];
  readonly constraints: readonly LinearConstraint[];
  readonly objectives: readonly Objective[];
}

export type Point = Readonly<Record<string, number | string>>;

/** One finished experiment: its values, or the fact that it failed where others did not. */
export type Datum =
  | {
      readonly point: Point;
      readonly values: Readonly<Record<string, number>>;
      /** Known noise variance per objective; learned when absent. */
      readonly noise?: Readonly<Record<string, number>>;
    }
  | { readonly point: Point; readonly failed: true };

export interface Prediction {
  readonly mean: number;
  readonly sd: number;
}

export interface Suggestion {
  readonly point: Point;
  /** Per objective, in its own units; absent while the initial design is drawn. */
  readonly predicted?: Readonly<Record<string, Prediction>>;
  /** Logarithm of the acquisition value; absent while the initial design is drawn. */
  readonly acquisition?: number;
  /** Why here, one sentence. */
  readonly reason: string;
}

export interface SuggestOptions {
  readonly count: number;
  readonly seed: number | string;
  /** Experiments drawn from the initial design before the model decides; a default by dimension when absent. */
  readonly initial?: number;
}
