import type { Stream } from '../../base/random.ts';
import { type Outcome, type Row, fitOutcome } from '../data.ts';
import type { Training } from '../likelihood.ts';
import type { Datum, Problem } from '../problem.ts';
import { atObservations } from '../report.ts';
import type { Space } from '../space.ts';
import { type FittedSource, fitSource } from './fitted.ts';
import { type Multitask, correlations, fitMultitask } from './multitask.ts';
import { type Predictions, SourcesPrior, predictAt } from './process.ts';
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

/** Fewer observations than this cannot tell sources apart: all count alike, as far as their caps let them. */
const fewest = 3;

/** Models one outcome without sources, and with them in that of several ways of weighting them which the evidence favours. */
export function fitWarm(
  problem: Problem,
  sources: readonly Source[],
  random: (name: string) => Stream,
  { space, rows, name, turned }: { space: Space; rows: readonly Row[]; name: string; turned: boolean },
): WarmOutcome {
  const cold = fitOutcome(space, rows, name, turned);
  // In an order of their own, so that the order in which they came does not matter.
  const sorted = [...sources].sort((a, b) => (a.name < b.name ? -1 : 1));
  const fitted = sorted.flatMap((source) => fitSource(problem, source, name, turned) ?? []);
  if (fitted.length === 0) return { warm: undefined, cold, evidence: 0, used: [], reports: [] };
  const frame = frameOf(space, rows, name, turned, fitted);
  const { points, y } = frame.training;
  const all = fitted.map((source): Rated => {
    const prediction = predictAt(source.process, points);
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
  const rules = n < fewest ? [[even]] : rulesOf(task, fitted, cold!, random);
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
  const { leftOutMean, leftOutVariance } = atObservations(outcome);
  return outcome.gp.training.y.reduce((sum, y, i) => {
    const variance = leftOutVariance[i]!;
    const error = y - leftOutMean[i]!;
    const unit = Math.log(2 * Math.PI * variance * outcome.scale ** 2);
    return sum - 0.5 * (unit + (error * error) / variance);
  }, 0);
}

interface Frame {
  readonly training: Training;
  readonly outcome: Omit<Outcome, 'gp'>;
}

/**
 * The new observations, standardised so that sources fit in with weights near 1: offset their mean, scale their standard
 * deviation over that of what the sources expect at the same points (few points near one optimum vary little). With fewer
 * than two, offset and scale of the sources.
 */
function frameOf(
  space: Space,
  rows: readonly Row[],
  name: string,
  turned: boolean,
  fitted: readonly FittedSource[],
): Frame {
  const held = rows.flatMap(({ datum }, i) => ('failed' in datum || datum.values[name] === undefined ? [] : [i]));
  const datumAt = (i: number) => rows[i]!.datum as Extract<Datum, { values: unknown }>;
  const values = held.map((i) => datumAt(i).values[name]!);
  const points = held.map((i) => rows[i]!.model);
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value / numbers.length, 0);
  const offset = values.length > 0 ? mean(values) : mean(fitted.map((source) => source.offset));
  const given = mean(fitted.map((source) => Math.abs(source.scale)));
  const size = scaleOf(values, offset, given, () => {
    const expected = fitted.map(({ process }) => [...predictAt(process, points).mean]);
    return Math.sqrt(mean(expected.map(variance)));
  });
  const scale = turned ? -size : size;
  const training = {
    ...{ space, points, y: Float64Array.from(values, (value) => (value - offset) / scale) },
    noise: Float64Array.from(held, (i) => (datumAt(i).noise?.[name] ?? NaN) / (scale * scale)),
  };
  return { training, outcome: { name, offset, scale, rows: held } };
}

function variance(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
}

/** Observations that the sources' own scale counts for, where it is of the same order. */
const pseudo = 2;

function scaleOf(values: readonly number[], offset: number, given: number, expectedSd: () => number): number {
  if (values.length < 2) return given;
  const squares = values.reduce((sum, value) => sum + (value - offset) ** 2, 0);
  const share = Math.min(1, Math.max(0.3, expectedSd()));
  const found = squares / (values.length - 1) / (share * share);
  const comparable = found > 1e-3 * given * given && found < 1e3 * given * given;
  const pooled = comparable
    ? (pseudo * given * given + (values.length - 1) * found) / (pseudo + values.length - 1)
    : found;
  return pooled > 0 ? Math.sqrt(pooled) : given;
}

/** What every source adds to the prediction of an outcome at a point, in the outcome's unit, by the source's name. */
export function contributions(
  { gp, scale }: Outcome,
  names: readonly string[],
  x: Float64Array,
): Record<string, number> {
  if (!(gp.prior instanceof SourcesPrior)) return {};
  const view = gp.prior.view([], 0);
  view.look(x);
  return Object.fromEntries(view.parts().map((part, s) => [names[s]!, scale * part]));
}
