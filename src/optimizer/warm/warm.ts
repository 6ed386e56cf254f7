import type { Stream } from '../../base/random.ts';
import { Belief } from '../belief.ts';
import { type Outcome, type Row, fitOutcome, unitValue } from '../data.ts';
import type { Problem } from '../problem.ts';
import { atObservations } from '../report.ts';
import type { Space } from '../space.ts';
import { backward, identity, slopeAt } from '../transform.ts';
import { type FittedSource, fitSources } from './fitted.ts';
import { type Frame, frameOf } from './frame.ts';
import { type Multitask, correlations, fitMultitask } from './multitask.ts';
import { type Predictions, SourcesPrior } from './process.ts';
import { rankingShare, rankingWeights, worseThanChance } from './ranking.ts';
import type { Source, SourceReport } from './source.ts';

/** An outcome's models with and without sources. */
export interface WarmOutcome {
  /** The model with sources; undefined where none can be used. */
  readonly warm: Outcome | undefined;
  /** The model without; undefined where nothing was measured. */
  readonly cold: Outcome | undefined;
  /** Log of how much more probable the new observations are with the sources than without. */
  readonly evidence: number;
  /** Names of the sources in the model, in its order. */
  readonly used: readonly string[];
  readonly reports: readonly SourceReport[];
}

/** Which outcome of which observations. */
export interface Wanted {
  readonly space: Space;
  readonly rows: readonly Row[];
  readonly name: string;
  /** Whether less is better. */
  readonly turned: boolean;
  /** Whether it may be modelled on another scale than its own. */
  readonly shaped: boolean;
}

/** Fewer observations than this cannot tell sources apart: all count alike, as far as their caps let them. */
const fewest = 3;

/** Models one outcome without sources, and with them in that of several ways of weighting them which the evidence favours. */
export function fitWarm(
  problem: Problem,
  sources: readonly Source[],
  random: (name: string) => Stream,
  { space, rows, name, turned, shaped }: Wanted,
): WarmOutcome {
  const cold = fitOutcome(space, rows, name, turned, shaped);
  // In an order of their own, so that the order in which they came does not matter.
  const sorted = [...sources].sort((a, b) => (a.name < b.name ? -1 : 1));
  const fitted = fitSources(problem, sorted, name, turned, shaped);
  if (fitted.length === 0) return { warm: undefined, cold, evidence: 0, used: [], reports: [] };
  const frame = frameOf(space, rows, name, turned, fitted);
  const { y } = frame.training;
  const all = fitted.map((source, s): Rated => {
    const prediction = frame.predictions[s]!;
    return { ...source, prediction, ranking: rankingShare(prediction.mean, y) };
  });
  const rated = all.filter(({ ranking }) => ranking === undefined || !worseThanChance(ranking, y.length));
  const candidates = rated.length === 0 ? [] : candidatesOf(frame, rated, cold, random);
  if (candidates.length === 0) {
    return { warm: undefined, cold, evidence: 0, used: [], reports: all.map((one) => reportOf(name, one)) };
  }
  const best = candidates.reduce((a, b) => (b.evidence > a.evidence ? b : a));
  const { prior, settings } = best.outcome.gp;
  const trust = correlations((prior as SourcesPrior).weights, settings.variance);
  return {
    ...{ warm: best.outcome, cold, evidence: cold === undefined ? 0 : best.evidence - evidenceOf(cold) },
    used: rated.map(({ source }) => source.name),
    reports: all.map((one) => reportOf(name, one, trust[rated.indexOf(one)])),
  };
}

/** A source with what it expects at the new observations. */
interface Rated extends FittedSource {
  readonly prediction: Predictions;
  /** Share of pairs in the right order. */
  readonly ranking: number | undefined;
}

function reportOf(outcome: string, { source, observations, ignored, ranking }: Rated, trust = 0): SourceReport {
  return {
    ...{ name: source.name, outcome, trust, cap: source.cap ?? 1, observations, ignored },
    ...(ranking === undefined ? {} : { ranking }),
  };
}

interface Candidate {
  readonly outcome: Outcome;
  readonly evidence: number;
}

function candidatesOf(
  frame: Frame,
  fitted: readonly Rated[],
  cold: Outcome | undefined,
  random: (name: string) => Stream,
): Candidate[] {
  const { training } = frame;
  const n = training.points.length;
  const even = new Float64Array(fitted.length).fill(1 / fitted.length);
  const task = {
    ...{ training, predictions: fitted.map(({ prediction }) => prediction) },
    processes: fitted.map(({ process }) => process),
    caps: Float64Array.from(fitted, ({ source }) => source.cap ?? 1),
  };
  const rules = n < fewest || cold === undefined ? [[even]] : rulesOf(task, fitted, cold, random);
  return rules.flatMap((directions): Candidate[] => {
    const gp = fitMultitask({ ...task, directions });
    const outcome = gp && { ...frame.outcome, gp };
    return outcome === undefined ? [] : [{ outcome, evidence: evidenceOf(outcome) }];
  });
}

/** Every source with a weight of its own; and, of several, all in the proportions of their rankings. */
function rulesOf(
  { training, predictions }: Omit<Multitask, 'directions'>,
  fitted: readonly FittedSource[],
  cold: Outcome,
  random: (name: string) => Stream,
): Float64Array[][] {
  const each = fitted.map((_, s) => Float64Array.from(fitted, (_other, k) => (k === s ? 1 : 0)));
  if (fitted.length === 1) return [each];
  const { leftOutMean, leftOutVariance } = atObservations(cold);
  const streams = [...fitted.map(({ source }) => source.name), ''].map((name) =>
    random(`ranking/${cold.name}/${name}`),
  );
  const own = { mean: leftOutMean, variance: leftOutVariance };
  const weights = rankingWeights(training.y, predictions, own, streams);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return total > 0 ? [each, [weights.map((weight) => weight / total)]] : [each];
}

/** Sum of the log densities of the observations, each predicted from all others, in the outcome's own unit. */
function evidenceOf(outcome: Outcome): number {
  const { gp, scale, transform = identity } = outcome;
  const { leftOutMean, leftOutVariance } = atObservations(outcome);
  return gp.training.y.reduce((sum, u, i) => {
    const variance = leftOutVariance[i]!;
    const error = u - leftOutMean[i]!;
    const jacobian = Math.log(slopeAt(transform, backward(transform, u)) / Math.abs(scale));
    return sum - 0.5 * (Math.log(2 * Math.PI * variance) + (error * error) / variance) + jacobian;
  }, 0);
}

/** What every source adds to the predicted median of an outcome at a point, in the outcome's unit, by the source's name. */
export function contributions(outcome: Outcome, names: readonly string[], x: Float64Array): Record<string, number> {
  const { prior } = outcome.gp;
  if (!(prior instanceof SourcesPrior)) return {};
  const belief = new Belief(outcome.gp, 0);
  belief.look(x);
  const view = prior.view([], 0);
  view.look(x);
  const value = unitValue(outcome, belief.mean);
  return Object.fromEntries(view.parts().map((part, s) => [names[s]!, value - unitValue(outcome, belief.mean - part)]));
}
