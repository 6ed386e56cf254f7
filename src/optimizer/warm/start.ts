import type { Stream } from '../../base/random.ts';
import type { Row, fitOutcome } from '../data.ts';
import { type Models, buildModels } from '../models.ts';
import type { Problem, Suggestion } from '../problem.ts';
import type { Space } from '../space.ts';
import type { Source, SourceReport } from './source.ts';
import { type WarmOutcome, contributions, fitWarm } from './warm.ts';

/** What a campaign that has sources believes. */
export interface WarmStart {
  /** The likelier models: those with sources, or those without. */
  readonly models: Models;
  /** The others and their probability; before every outcome was measured there are none. */
  readonly other?: { readonly models: Models; readonly weight: number };
  /** Probability that the sources help. */
  readonly probability: number;
  readonly reports: readonly SourceReport[];
  /** What every source adds to the predictions of `models` at a point (model coordinates), by objective. */
  contributions(x: Float64Array): Record<string, Record<string, number>>;
}

/** Prior log odds that sources help: three to one. */
const priorOdds = Math.log(3);

/** Undefined without a usable source, or where some outcome has no model. */
export function warmStart(
  problem: Problem,
  space: Space,
  rows: readonly Row[],
  sources: readonly Source[],
  random: (name: string) => Stream,
): WarmStart | undefined {
  const usable = sources.filter(({ cap, data }) => cap !== 0 && data.length > 0);
  if (usable.length === 0) return undefined;
  const fits = new Map<string, WarmOutcome>();
  const fit: typeof fitOutcome = (_space, _rows, name, turned, shaped = false) => {
    const found = fitWarm(problem, usable, random, { space, rows, name, turned, shaped });
    // Among several outcomes one that its sources do not help goes without, so that the others may keep theirs.
    const alone = problem.objectives.length + (problem.outcomes ?? []).length === 1;
    fits.set(name, alone || found.evidence + priorOdds > 0 ? found : without(found));
    return fits.get(name)!.warm ?? found.cold;
  };
  const models = buildModels(problem, space, rows, fit);
  if (models === undefined) return undefined;
  const found = [...fits.values()];
  const odds = found.reduce((sum, { evidence }) => sum + evidence, priorOdds);
  const helpful = found.some(({ warm }) => warm !== undefined) && !Number.isNaN(odds);
  const probability = helpful ? 1 / (1 + Math.exp(-odds)) : 0;
  const cold = buildModels(problem, space, rows, (_space, _rows, name) => fits.get(name)!.cold);
  const likelier = cold === undefined || probability >= 0.5 ? models : cold;
  const besides = likelier === models ? cold : models;
  return {
    ...{ models: likelier, probability },
    ...(besides === undefined ? {} : { other: { models: besides, weight: Math.min(probability, 1 - probability) } }),
    reports: found.flatMap(({ reports }) => reports.map((one) => ({ ...one, trust: probability * one.trust }))),
    contributions: (x) =>
      Object.fromEntries(
        likelier.aims.map(({ objective: { name }, outcome }) => [
          name,
          contributions(outcome, fits.get(name)!.used, x),
        ]),
      ),
  };
}

const without = (found: WarmOutcome): WarmOutcome => ({
  ...{ warm: undefined, cold: found.cold, evidence: 0, used: [] },
  reports: found.reports.map((report) => ({ ...report, trust: 0 })),
});

/** What every source was worth for every outcome; nothing for those that took no part. */
export function reportSources(
  { objectives, outcomes = [] }: Problem,
  sources: readonly Source[],
  warm: WarmStart | undefined,
): SourceReport[] {
  const names = new Set([...objectives, ...outcomes].map(({ name }) => name));
  return [...names].flatMap((outcome) =>
    sources.map(({ name, cap = 1, data }) => {
      const report = warm?.reports.find((other) => other.name === name && other.outcome === outcome);
      const nothing = { trust: 0, cap, observations: 0, ignored: cap === 0 ? 0 : data.length };
      return report ?? { name, outcome, ...nothing };
    }),
  );
}

/** A suggestion with what the sources add to it; without observations the sources are the reason for it. */
export function withSources(suggestion: Suggestion, warm: WarmStart, x: Float64Array): Suggestion {
  const sources = warm.contributions(x);
  const blind = warm.models.aims.filter(({ outcome }) => outcome.rows.length === 0);
  if (blind.length === 0) return { ...suggestion, sources };
  const expected = blind.map(({ objective: { name } }) => {
    const { mean, sd } = suggestion.predicted![name]!;
    return `${name} ${round(mean)} with standard deviation ${round(sd)}`;
  });
  return { ...suggestion, sources, reason: `From the sources alone: expects ${expected.join(', ')}.` };
}

const round = (value: number): string => String(Number(value.toPrecision(4)));
