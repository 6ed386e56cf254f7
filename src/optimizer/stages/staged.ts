/**
 * The words of staged campaigns: plain data in, plain data out. A sample goes through the stages of a protocol; each stage
 * has parameters of its own, a cost, and outputs; parameters of later stages are chosen once the outputs before are seen.
 */

import type { Cost, Objective, Point, Prediction, Problem } from '../problem.ts';

export type StageSpace = Pick<Problem, 'parameters' | 'constraints' | 'cardinality' | 'forbidden' | 'designs'>;

export interface StageOutput {
  readonly name: string;
  /** Known noise variance, in the square of the output's unit; learned when absent. */
  readonly noise?: number;
}

export interface Stage {
  readonly id: string;
  /** May have no parameters where stages come before it. Names are unique over all stages, outputs included. */
  readonly space: StageSpace;
  readonly outputs: readonly StageOutput[];
  /** Stages that must be finished first; their outputs are the proxies this one may read. */
  readonly after: readonly string[];
  /** Of one run, in the same unit for every stage; positive. */
  readonly cost: Cost;
  /**
   * Where one run takes several samples, at most `capacity`, if these parameters of the stage are equal: the cost is that
   * of the whole run. Counts where held samples go on; new samples are started one by one.
   */
  readonly shared?: { readonly capacity: number; readonly parameters: readonly string[] };
  /**
   * Where the stage can also be run alone, on material set to given proxy values: the range of every output of the stages
   * in `after`. Such a run informs the model and is no candidate itself.
   */
  readonly alone?: Readonly<Record<string, { readonly min: number; readonly max: number }>>;
}

export interface StagedProblem {
  /** In any order; `after` makes a directed graph without cycles. */
  readonly stages: readonly Stage[];
  /**
   * Outputs of one and the same stage, which ends a sample. Several are joined: by how far they are from their aims where
   * all have one, else by Chebyshev scalarisation with newly drawn weights.
   */
  readonly objectives: readonly AimedObjective[];
}

export interface AimedObjective extends Objective {
  /** What is good enough: the value to be reached together with the aims of the other objectives. */
  readonly aim?: number;
}

export interface FinishedStage {
  readonly parameters: Point;
  readonly outputs: Readonly<Record<string, number>>;
  /** The proxy values that were set, where the stage ran alone. */
  readonly inputs?: Readonly<Record<string, number>>;
}

/** One sample with the stages it has finished. */
export interface StagedRow {
  readonly sample: string;
  readonly stages: Readonly<Record<string, FinishedStage>>;
  /** The sample is gone or given up: it teaches, and is never resumed. */
  readonly closed?: boolean;
  /** The earlier campaign that it is from: it teaches as far as the data of this one agree, and is never resumed. */
  readonly source?: string;
}

/** A stage in flight; its sample may have no row yet. */
export interface PendingStage {
  readonly sample: string;
  readonly stage: string;
  readonly parameters: Point;
  readonly inputs?: Readonly<Record<string, number>>;
  /** The run has not begun, so that other samples can join it where the stage is shared. */
  readonly open?: boolean;
}

/** Which values a link predicts from, beside the stage's own parameters. */
export type LinkInputs = 'proxies' | 'proxies and parameters' | 'parameters';

/** The model of one output of one stage. */
export interface LinkReport {
  readonly stage: string;
  readonly output: string;
  readonly inputs: LinkInputs;
  readonly observations: number;
  /** Log posterior of every choice's fit (standardised output, natural logarithm); more is better. */
  readonly evidence: Readonly<Partial<Record<LinkInputs, number>>>;
  /** 1 - squared leave-one-out error / variance of the chosen one. */
  readonly explained: number;
  /** Logarithms of lengthscales, noise and variance, to start the next fit from. */
  readonly hyperparameters: readonly number[];
  /** The sources that it learns from; absent where there are none. */
  readonly sources?: readonly string[];
  /** Observations when choice and hyperparameters were last fitted. */
  readonly fittedAt: number;
}

export interface StagedModel {
  readonly links: readonly LinkReport[];
}

export interface DecideOptions {
  readonly seed: number | string;
  /** Starts and resumptions wanted; drops come on top. */
  readonly count: number;
  /**
   * The most new samples that may be started, runs of a stage alone included; no limit when absent. Once it is reached only
   * held samples go on, and where none is held there are fewer decisions than `count`.
   */
  readonly starts?: number;
  /** Samples to be carried through to the end before the model decides; by default 2 d + 1, from 4 to 24. */
  readonly initial?: number;
  /** Places for samples held between stages; unlimited when absent. */
  readonly places?: number;
  /**
   * The model of an earlier answer: spares fits while nothing is new, or (above 40 observations of an output) while its
   * data have grown by less than a seventh.
   */
  readonly model?: StagedModel;
}

export interface Decision {
  readonly kind: 'start' | 'resume' | 'drop';
  /** Of a start: a new name, `new-1` and so on, which the caller may replace. */
  readonly sample: string;
  /** The stage to run now; of a drop the one that would have been next. */
  readonly stage: string;
  readonly parameters: Point;
  /** Proxy values to set, where a stage runs alone. */
  readonly inputs?: Readonly<Record<string, number>>;
  /**
   * The final objective if the sample is carried through as planned, of a drop as would have been best; absent while the
   * initial design is drawn.
   */
  readonly predicted?: Prediction;
  /**
   * Expected gain in the objective's unit per unit of cost, over the best policy found; of a run that is shared over all its
   * members, of a sample that joins one on its share of the cost. Absent as above.
   */
  readonly value?: number;
  /** What the decision adds: the cost of the stage's run, 0 where the sample joins an open one and of a drop. */
  readonly cost: number;
  readonly reason: string;
}

export interface StagedAnswer {
  readonly decisions: readonly Decision[];
  readonly model: StagedModel;
}
