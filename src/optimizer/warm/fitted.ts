import { fitOutcome } from '../data.ts';
import type { Problem } from '../problem.ts';
import { type Aligned, align } from './align.ts';
import { type Process, processOf } from './process.ts';
import type { Source } from './source.ts';

/** The model of one outcome of a source, with its standardisation: value = offset + scale * process. */
export interface FittedSource {
  readonly source: Source;
  readonly process: Process;
  readonly offset: number;
  readonly scale: number;
  readonly observations: number;
  readonly ignored: number;
}

interface Prepared {
  readonly aligned: Aligned;
  readonly fits: Map<string, FittedSource | undefined>;
}

/** What was worked out for a source before, under the caller's own object: a fit is a pure function of what it is kept under. */
const kept = new WeakMap<Source, Map<string, Prepared>>();

/** The model of an outcome as the source knows it; undefined where it has fewer than two observations that can be used. */
export function fitSource(problem: Problem, source: Source, name: string, turned: boolean): FittedSource | undefined {
  const { aligned, fits } = prepare(problem, source);
  const key = `${turned ? '-' : '+'}${name}`;
  if (!fits.has(key)) fits.set(key, fit(aligned, source, name, turned));
  return fits.get(key);
}

function prepare(problem: Problem, source: Source): Prepared {
  const { parameters, objectives, outcomes = [] } = problem;
  const key = JSON.stringify([parameters, [...objectives, ...outcomes].map(({ name }) => name)]);
  const spaces = kept.get(source) ?? new Map<string, Prepared>();
  kept.set(source, spaces);
  const prepared = spaces.get(key) ?? { aligned: align(problem, source), fits: new Map() };
  spaces.set(key, prepared);
  return prepared;
}

function fit(aligned: Aligned, source: Source, name: string, turned: boolean): FittedSource | undefined {
  const { space, rows, columns, fixed, ignored } = aligned;
  if (!columns.some((column) => column >= 0)) return undefined;
  const outcome = fitOutcome(space, rows, name, turned);
  if (outcome === undefined || outcome.rows.length < 2) return undefined;
  const { gp, offset, scale } = outcome;
  return { source, process: processOf(gp, columns, fixed), offset, scale, observations: outcome.rows.length, ignored };
}
