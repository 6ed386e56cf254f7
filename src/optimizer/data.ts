import { type Gp, fitGp } from './fit.ts';
import type { Training } from './likelihood.ts';
import type { Datum, Problem } from './problem.ts';
import { type Space, encode, modelPoint } from './space.ts';

/** A datum with its coordinates. */
export interface Row {
  readonly datum: Datum;
  /** Search coordinates. */
  readonly x: Float64Array;
  /** Model coordinates. */
  readonly model: Float64Array;
}

/** The data in an order of its own, so that nothing depends on the order in which it came. */
export function sortedRows(space: Space, data: readonly Datum[]): Row[] {
  const rows = data.map((datum) => {
    const x = encode(space, datum.point);
    return { datum, x, model: modelPoint(space, x) };
  });
  const key = ({ datum }: Row) => ('failed' in datum ? 'failed' : JSON.stringify(Object.entries(datum.values).sort()));
  return rows.sort((a, b) => {
    const j = a.x.findIndex((value, k) => value !== b.x[k]);
    if (j >= 0) return a.x[j]! - b.x[j]!;
    return key(a) < key(b) ? -1 : 1;
  });
}

/** One measured quantity: its standardisation y = (value - offset) / scale and its model. */
export interface Outcome {
  readonly name: string;
  readonly offset: number;
  /** Negative where the quantity is minimised, so that more is better in y. */
  readonly scale: number;
  /** Indices of the rows that hold it. */
  readonly rows: readonly number[];
  readonly gp: Gp;
}

/** Standardises and fits one quantity; undefined where no row holds it or no fit works. */
export function fitOutcome(space: Space, rows: readonly Row[], name: string, turned: boolean): Outcome | undefined {
  const held = rows.flatMap(({ datum }, i) => ('failed' in datum || datum.values[name] === undefined ? [] : [i]));
  if (held.length === 0) return undefined;
  const datumAt = (i: number) => rows[i]!.datum as Extract<Datum, { values: unknown }>;
  const values = held.map((i) => datumAt(i).values[name]!);
  // Sums are taken of shares, so that values near the largest number do not overflow.
  const largest = Math.max(...values.map(Math.abs)) || 1;
  const offset = largest * (values.reduce((sum, value) => sum + value / largest, 0) / values.length);
  const squares = values.reduce((sum, value) => sum + ((value - offset) / largest) ** 2, 0);
  const spread = largest * Math.sqrt(squares / Math.max(1, values.length - 1));
  const size = spread > 1e-12 * largest ? spread : 1;
  const scale = turned ? -size : size;
  const training: Training = {
    space,
    points: held.map((i) => rows[i]!.model),
    y: Float64Array.from(values, (value) => (value - offset) / scale),
    noise: Float64Array.from(held, (i) => (datumAt(i).noise?.[name] ?? NaN) / (scale * scale)),
  };
  const gp = fitGp(training, 'matern52');
  return gp === undefined ? undefined : { name, offset, scale, rows: held, gp };
}

/** Whether every outcome constraint was met in a row; a row that lacks one of the outcomes does not count. */
export function meetsOutcomes({ outcomes = [] }: Problem, { datum }: Row): boolean {
  if ('failed' in datum) return false;
  return outcomes.every(({ name, relation, bound }) => {
    const value = datum.values[name];
    return value !== undefined && (relation === '<=' ? value <= bound : value >= bound);
  });
}
