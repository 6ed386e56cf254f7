import type { Stream } from '../../base/random.ts';
import type { Outcome, Row } from '../data.ts';
import { type Models, buildModels } from '../models.ts';
import type { Problem, Suggestion } from '../problem.ts';
import type { Space } from '../space.ts';
import { SourcesPrior } from './process.ts';
import type { Source, SourceReport } from './source.ts';
import { contributions, fitWarm } from './warm.ts';

/** The models of a campaign that has sources. */
export interface WarmStart {
  readonly models: Models;
  readonly reports: readonly SourceReport[];
  /** Whether any source is trusted by any model; if not, the models are those of a cold start. */
  readonly trusted: boolean;
  /** What every source adds to the predictions at a point (model coordinates), by objective. */
  contributions(x: Float64Array): Record<string, Record<string, number>>;
}

/** Undefined without a usable source, or where some outcome has neither observations nor a source. */
export function warmStart(
  problem: Problem,
  space: Space,
  rows: readonly Row[],
  sources: readonly Source[],
  random: (name: string) => Stream,
): WarmStart | undefined {
  const usable = sources.filter(({ cap, data }) => cap !== 0 && data.length > 0);
  if (usable.length === 0) return undefined;
  const reports: SourceReport[] = [];
  const fit = (_space: Space, _rows: readonly Row[], name: string, turned: boolean): Outcome | undefined => {
    const warm = fitWarm(problem, usable, random, { space, rows, name, turned });
    reports.push(...warm.reports);
    return warm.outcome;
  };
  const models = buildModels(problem, space, rows, fit);
  if (models === undefined) return undefined;
  return {
    models,
    reports,
    trusted: [...models.outcomes.values()].some(({ gp }) => gp.prior instanceof SourcesPrior),
    contributions: (x) =>
      Object.fromEntries(
        models.aims.map(({ objective: { name }, outcome }) => {
          const names = reports.filter((report) => report.outcome === name).map((report) => report.name);
          return [name, contributions(outcome, names, x)];
        }),
      ),
  };
}

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
