import { type Result, failed, failure, ok } from '../base/failure.ts';
import { stream } from '../base/random.ts';
import { Belief } from './belief.ts';
import { checkInput } from './check.ts';
import { predictionOf, sortedRows } from './data.ts';
import { nearest } from './explain.ts';
import { buildModels } from './models.ts';
import type { Datum, OutcomeReport, Point, Prediction, Problem } from './problem.ts';
import { type SobolIndex, sobolIndices } from './sobol-indices.ts';
import { compileSpace, encode, modelPoint } from './space.ts';

/** The model of one outcome: how well it predicts, and what it says about every parameter. */
export interface OutcomeExplanation extends OutcomeReport {
  /** Shares of the variance of the posterior mean over the space, by parameter. */
  readonly sobol: Readonly<Record<string, SobolIndex>>;
}

/** What the model expects at one point, in the units of the outcomes. */
export interface PointExplanation {
  readonly point: Point;
  readonly predicted: Readonly<Record<string, Prediction>>;
  /** To the nearest observation, in parameter ranges. */
  readonly distance: number;
}

export interface ModelExplanation {
  readonly outcomes: readonly OutcomeExplanation[];
  readonly points: readonly PointExplanation[];
}

/**
 * Explains the model that the data support: leave-one-out error, calibration and Sobol indices of every outcome, and
 * predictions (mean and standard deviation of the true value, without measurement noise) at the given points. Pure.
 *
 * Failures: `input.invalid` for input that makes no sense, `optimizer.failed` where some outcome was never measured or
 * the model cannot be built.
 */
export function explainModel(
  problem: Problem,
  data: readonly Datum[],
  points: readonly Point[],
  seed: number | string,
): Result<ModelExplanation> {
  const checked = checkInput(problem, data, points, { count: 1, seed });
  if (!checked.ok) return checked;
  const space = compileSpace(problem);
  const rows = sortedRows(space, data);
  const models = rows.length === 0 ? undefined : buildModels(problem, space, rows);
  if (models === undefined) {
    const mend = 'Tell at least one value of every objective and outcome first.';
    return failed(failure('optimizer.failed', 'There is no model to explain yet.', { mend }));
  }
  const { outcomes } = models;
  const explained = models.report.map((report) => ({
    ...report,
    sobol: sobolIndices(space, outcomes.get(report.name)!, stream(seed, `optimizer/sobol/${report.name}`)),
  }));
  const known = rows.map(({ x }) => x);
  const views = points.map((point): PointExplanation => {
    const x = encode(space, point);
    const predicted = [...outcomes].map(([name, outcome]): [string, Prediction] => {
      const belief = new Belief(outcome.gp, 0);
      belief.look(modelPoint(space, x));
      return [name, predictionOf(outcome, belief.mean, belief.sd)];
    });
    return { point, predicted: Object.fromEntries(predicted), distance: nearest(space, x, known) };
  });
  return ok({ outcomes: explained, points: views });
}
