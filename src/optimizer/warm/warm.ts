import type { Stream } from '../../base/random.ts';
import { type Outcome, type Row, fitOutcome } from '../data.ts';
import type { Gp } from '../fit.ts';
import type { Training } from '../likelihood.ts';
import type { Datum, Problem } from '../problem.ts';
import { atObservations } from '../report.ts';
import type { Space } from '../space.ts';
import { type FittedSource, fitSource } from './fitted.ts';
import { type Multitask, correlations, fitMultitask } from './multitask.ts';
import { type Predictions, SourcesPrior, predictAt } from './process.ts';
import { rankingShare, rankingWeights } from './ranking.ts';
import type { Source, SourceReport } from './source.ts';

/** An outcome's model with what each source was worth for it. */
export interface WarmOutcome {
  readonly outcome: Outcome | undefined;
  readonly reports: readonly SourceReport[];
}

/** Fewer observations than this cannot tell sources apart: all count alike, as far as their caps let them. */
const fewest = 3;

/** Evidence (log predictive density of all new observations) that must speak against the sources before they are dropped. */
const benefit = 0.5;

/**
 * Models one outcome with the help of sources: several ways of weighting them compete, and the new data's own model
 * without any, by the leave-one-out log predictive density of the new observations.
 */
export function fitWarm(
  problem: Problem,
  sources: readonly Source[],
  random: (name: string) => Stream,
  { space, rows, name, turned }: { space: Space; rows: readonly Row[]; name: string; turned: boolean },
): WarmOutcome {
  const cold = fitOutcome(space, rows, name, turned);
  // In an order of their own, so that the order in which they came does not matter.
  const sorted = [...sources].sort((a, b) => (a.name < b.name ? -1 : 1));
  const fitted = sorted.flatMap((source) => (source.cap === 0 ? [] : (fitSource(problem, source, name, turned) ?? [])));
  if (fitted.length === 0) return { outcome: cold, reports: [] };
  const frame = frameOf(space, rows, name, turned, fitted);
  const predictions = fitted.map(({ process }) => predictAt(process, frame.training.points));
  const candidates = candidatesOf(frame, fitted, predictions, cold, random);
  const best = candidates.reduce((a, b) => (b.evidence > a.evidence ? b : a), candidates[0]!);
  return { outcome: best.outcome, reports: reportsOf(name, best.outcome, fitted, predictions, frame.training.y) };
}

interface Candidate {
  readonly outcome: Outcome;
  readonly evidence: number;
}

function candidatesOf(
  frame: Frame,
  fitted: readonly FittedSource[],
  predictions: readonly Predictions[],
  cold: Outcome | undefined,
  random: (name: string) => Stream,
): Candidate[] {
  const { training } = frame;
  const n = training.points.length;
  const even = new Float64Array(fitted.length).fill(1 / fitted.length);
  const task = {
    ...{ training, predictions, processes: fitted.map(({ process }) => process) },
    caps: Float64Array.from(fitted, ({ source }) => source.cap ?? 1),
  };
  const rules = n < fewest ? [[even]] : rulesOf(task, fitted, cold!, random);
  const warm = rules.flatMap((directions): Candidate[] => {
    const gp = fitMultitask({ ...task, directions });
    if (gp === undefined) return [];
    const outcome = { ...frame.outcome, gp };
    return [{ outcome, evidence: n < fewest ? 0 : benefit + logPredictive(outcome) }];
  });
  return cold === undefined || (n < fewest && warm.length > 0)
    ? warm
    : [...warm, { outcome: cold, evidence: logPredictive(cold) }];
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

/** Sum of the log densities of the observations, each predicted from the others, in the outcome's own unit. */
function logPredictive(outcome: Outcome): number {
  const { leftOutMean, leftOutVariance } = atObservations(outcome);
  return outcome.gp.training.y.reduce((sum, y, i) => {
    const variance = leftOutVariance[i]!;
    const error = y - leftOutMean[i]!;
    return (
      sum - 0.5 * (Math.log(2 * Math.PI * variance) + (error * error) / variance) - Math.log(Math.abs(outcome.scale))
    );
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

function reportsOf(
  outcome: string,
  { gp }: { readonly gp: Gp },
  fitted: readonly FittedSource[],
  predictions: readonly Predictions[],
  y: Float64Array,
): SourceReport[] {
  const trust =
    gp.prior instanceof SourcesPrior
      ? correlations(gp.prior.weights, gp.settings.variance)
      : new Float64Array(fitted.length);
  return fitted.map(({ source, observations, ignored }, s) => {
    const ranking = rankingShare(predictions[s]!.mean, y);
    return {
      ...{ name: source.name, outcome, trust: trust[s]!, cap: source.cap ?? 1, observations, ignored },
      ...(ranking === undefined ? {} : { ranking }),
    };
  });
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
