/**
 * The optimizer's own words: plain data in, plain data out, so that it can live in a worker, in another program or in a
 * notebook. Values are in the units of the search space.
 */

import type { Expectation, Source, SourceReport } from './warm/source.ts';

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
      /** Levels no longer allowed: never suggested, but the data that has them still teaches the model. */
      readonly retired?: readonly string[];
    };

/** sum of coefficient times parameter, compared with a bound. A mixture is `=`, coefficients 1, bound 1. */
export interface LinearConstraint {
  readonly terms: Readonly<Record<string, number>>;
  readonly relation: '<=' | '>=' | '=';
  readonly bound: number;
}

/** At most so many of these parameters, which can all be zero, differ from zero. */
export interface Cardinality {
  readonly parameters: readonly string[];
  readonly atMost: number;
}

/** A combination that must not be tried: every named parameter has one of the values, or lies in the range (ends included). */
export type Forbidden = Readonly<
  Record<string, { readonly in: readonly (number | string)[] } | { readonly min?: number; readonly max?: number }>
>;

export interface Objective {
  readonly name: string;
  readonly goal: 'maximize' | 'minimize' | 'target';
  /** Wanted value; present exactly when the goal is `target`. */
  readonly target?: number;
  /** Worst value worth having, used as the reference point of the hypervolume; inferred when absent. */
  readonly reference?: number;
  /**
   * How much it counts beside the other objectives, per standard deviation of its values: positive, 1 when absent. Acts
   * wherever objectives are joined by Chebyshev scalarisation. The hypervolume does not see it: scaling an objective
   * scales the volume of every set of points alike, so the order of all sets stays.
   */
  readonly weight?: number;
}

/** A measured value that must stay on one side of a bound for an experiment to count. */
export interface OutcomeConstraint {
  readonly name: string;
  readonly relation: '<=' | '>=';
  readonly bound: number;
}

/**
 * What one experiment costs, in any one unit (money, hours, kWh, grams): base + sum of term times parameter value + sum of
 * what the chosen levels add. Positive everywhere in the space.
 */
export interface Cost {
  readonly base: number;
  readonly terms?: Readonly<Record<string, number>>;
  readonly levels?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface Problem {
  readonly parameters: readonly Parameter[];
  readonly constraints: readonly LinearConstraint[];
  readonly cardinality?: readonly Cardinality[];
  readonly forbidden?: readonly Forbidden[];
  readonly objectives: readonly Objective[];
  /** Measured beside the objectives, or objectives themselves, with a bound each. */
  readonly outcomes?: readonly OutcomeConstraint[];
  /** The only points allowed, where the space is a table (up to 100,000 rows). */
  readonly designs?: readonly Point[];
  /** Where given, experiments are chosen by expected gain per cost. */
  readonly cost?: Cost;
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
  /**
   * Logarithm of the expected gain; with other rules the confidence bound or the drawn value; in standardised units.
   * Absent while the initial design is drawn.
   */
  readonly acquisition?: number;
  /** Distance to the nearest observed or pending point, in parameter ranges (a changed category counts 1). */
  readonly distance?: number;
  /** By the problem's cost, where it has one. */
  readonly cost?: number;
  /** Why here, one sentence. */
  readonly reason: string;
  /** What every trusted source adds to the predicted mean, by objective and source, in the objective's unit. */
  readonly sources?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** How well the surrogate of one outcome predicts what it has not seen, by closed-form leave-one-out. */
export interface OutcomeReport {
  readonly name: string;
  readonly observations: number;
  /** Share of the influence of every parameter, from the inverse lengthscales; adds up to 1. */
  readonly sensitivity: Readonly<Record<string, number>>;
  /** Learned (or mean known) standard deviation of the noise, in the outcome's unit. */
  readonly noiseSd: number;
  /** Root mean square leave-one-out error, in the outcome's unit. */
  readonly leaveOneOutError: number;
  /** 1 - squared leave-one-out error / variance: 1 is perfect, 0 as good as the mean, negative worse. */
  readonly explained: number;
  /** Share of observations inside their 90 % leave-one-out interval; 0.9 is calibrated. */
  readonly coverage: number;
}

export interface ModelReport {
  /** Which rule chose the points: the initial design, the model, or both in one batch. */
  readonly stage: 'initial' | 'model' | 'mixed';
  readonly outcomes: readonly OutcomeReport[];
  /** What the sources were worth, where there are any. */
  readonly sources?: readonly SourceReport[];
  /**
   * What the model's part of the batch is expected to gain on the best so far, in the objective's unit (several
   * objectives: hypervolume, in the product of their units). A campaign may stop where it falls below its cost.
   */
  readonly expectedGain?: number;
  /** Of one objective alone, once something allowed was measured. */
  readonly regret?: RegretReport;
}

/** How far the best observed point may be from the best there is, in the objective's unit. */
export interface RegretReport {
  /** The regret is below this with probability 0.9. */
  readonly ninety: number;
  /** What was asked for, and the probability that the regret is no more. */
  readonly tolerance?: number;
  readonly probability?: number;
}

/** Rules by which the model chooses. */
export type AcquisitionRule = 'gain' | 'ucb' | 'thompson';

/** Initial designs of spaces without constraints; all others are filled by maximin. */
export type InitialDesign = 'sobol' | 'latin' | 'maximin';

export interface SuggestOptions {
  readonly count: number;
  readonly seed: number | string;
  /** Experiments drawn from the initial design before the model decides; a default by dimension when absent. */
  readonly initial?: number;
  /** Lets an observed point be suggested again, to average out noise; by default only when nothing else is left. */
  readonly repeats?: boolean;
  /**
   * gain (default): log expected (hypervolume) improvement. ucb: mean plus `confidence` standard deviations. thompson:
   * the best of one draw of the function. ucb and thompson join several objectives by Chebyshev scalarisation with new
   * weights for every suggestion.
   */
  readonly acquisition?: AcquisitionRule;
  /** Of ucb; 2 when absent. */
  readonly confidence?: number;
  /** Several objectives by expected improvement of a Chebyshev scalarisation, in the place of the hypervolume. */
  readonly scalarize?: boolean;
  /** sobol when absent. */
  readonly design?: InitialDesign;
  /** The report then says how probable it is that the best so far is within this of the best there is. */
  readonly regretTolerance?: number;
  /** Earlier campaigns that may help. */
  readonly sources?: readonly Source[];
  /** Where an expert expects the optimum. */
  readonly expectation?: Expectation;
}

export interface SuggestAnswer {
  readonly suggestions: readonly Suggestion[];
  readonly model: ModelReport;
}
