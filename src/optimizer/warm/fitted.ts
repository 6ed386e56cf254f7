import { type Outcome, fitOutcome } from '../data.ts';
import { fitGp, thetaOf } from '../fit.ts';
import type { Problem } from '../problem.ts';
import { type Transform, identity, transformOf } from '../transform.ts';
import { fitTransformed, transformed } from '../transformed.ts';
import { type Aligned, align } from './align.ts';
import { type Process, processOf } from './process.ts';
import type { Source } from './source.ts';

/** The model of one outcome of a source: value = offset + scale * y, and the process is of y transformed. */
export interface FittedSource {
  readonly source: Source;
  readonly process: Process;
  readonly transform: Transform;
  readonly offset: number;
  readonly scale: number;
  readonly observations: number;
  readonly ignored: number;
}

interface Prepared {
  readonly aligned: Aligned;
  readonly shapes: Map<string, Shaped | undefined>;
  readonly fits: Map<string, FittedSource>;
}

/** What was worked out for a source before, under the caller's own object: a fit is a pure function of what it is kept under. */
const kept = new WeakMap<Source, Map<string, Prepared>>();

/** An outcome of a source on the plain scale, and the power of the scale that its data support. */
interface Shaped {
  readonly plain: Outcome;
  readonly power: number;
}

/**
 * The models of an outcome as the usable sources know it, all on the scale of one power so that they add up: that which
 * the longest source supports, 1 where outcomes may not be `shaped`. A source with fewer than two observations that can
 * be used is left out.
 */
export function fitSources(
  problem: Problem,
  sources: readonly Source[],
  name: string,
  turned: boolean,
  shaped: boolean,
): FittedSource[] {
  const known = sources.flatMap((source) => {
    const found = shapedOf(problem, source, name, turned);
    return found === undefined ? [] : [{ source, ...found }];
  });
  const longest = known.reduce((most, { plain }) => Math.max(most, plain.rows.length), 0);
  const leader = known.find(({ plain }) => plain.rows.length === longest);
  const power = shaped ? (leader?.power ?? 1) : 1;
  return known.map(({ source, plain }) => {
    const { aligned, fits } = prepare(problem, source);
    const key = `${turned ? '-' : '+'}${name}/${power}`;
    const found = fits.get(key) ?? atPower(aligned, source, plain, power);
    fits.set(key, found);
    return found;
  });
}

function shapedOf(problem: Problem, source: Source, name: string, turned: boolean): Shaped | undefined {
  const { aligned, shapes } = prepare(problem, source);
  const key = `${turned ? '-' : '+'}${name}`;
  if (!shapes.has(key)) {
    const usable = aligned.columns.some((column) => column >= 0);
    const plain = usable ? fitOutcome(aligned.space, aligned.rows, name, turned) : undefined;
    const enough = plain !== undefined && plain.rows.length >= 2;
    shapes.set(key, enough ? { plain, power: fitTransformed(plain.gp).transform?.power ?? 1 } : undefined);
  }
  return shapes.get(key);
}

function atPower({ columns, fixed, ignored }: Aligned, source: Source, plain: Outcome, power: number): FittedSource {
  const { training, settings } = plain.gp;
  const wanted = transformOf(training.y, power);
  const shaped = power === 1 ? undefined : fitGp(transformed(training, wanted), 'matern52', thetaOf(settings));
  const transform = shaped === undefined ? identity : wanted;
  const process = processOf(shaped ?? plain.gp, columns, fixed);
  return {
    source,
    process,
    transform,
    offset: plain.offset,
    scale: plain.scale,
    observations: plain.rows.length,
    ignored,
  };
}

function prepare(problem: Problem, source: Source): Prepared {
  const { parameters, objectives, outcomes = [] } = problem;
  const key = JSON.stringify([parameters, [...objectives, ...outcomes].map(({ name }) => name)]);
  const spaces = kept.get(source) ?? new Map<string, Prepared>();
  kept.set(source, spaces);
  const prepared = spaces.get(key) ?? { aligned: align(problem, source), shapes: new Map(), fits: new Map() };
  spaces.set(key, prepared);
  return prepared;
}
