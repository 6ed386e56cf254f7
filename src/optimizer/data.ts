import { type Gp, fitGp } from './fit.ts';
import type { Training } from './likelihood.ts';
import type { Datum, Prediction, Problem } from './problem.ts';
import { type Space, encode, modelPoint } from './space.ts';
import { type Transform, backward, forward, identity, momentsOf } from './transform.ts';
import { fitTransformed } from './transformed.ts';

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

/** One measured quantity: its standardisation y = (value - offset) / scale, the transform of y and the model of that. */
export interface Outcome {
  readonly name: string;
  readonly offset: number;
  /** Negative where the quantity is minimised, so that more is better in y. */
  readonly scale: number;
  /** From y to u, the scale of the model; absent for u = y. */
  readonly transform?: Transform;
  /** Indices of the rows that hold it. */
  readonly rows: readonly number[];
  readonly gp: Gp;
}

/**
 * Standardises and fits one quantity, where `shaped` on the scale that suits it best; undefined where no row holds it or
 * no fit works.
 */
export function fitOutcome(
  space: Space,
  rows: readonly Row[],
  name: string,
  turned: boolean,
  shaped = false,
): Outcome | undefined {
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
  if (gp === undefined) return undefined;
  return { name, offset, scale, rows: held, ...(shaped ? fitTransformed(gp) : { gp }) };
}

/** The scale of the model: u of a value. */
export const modelValue = ({ offset, scale, transform = identity }: Omit<Outcome, 'gp'>, value: number): number =>
  forward(transform, (value - offset) / scale);

/** The value, in the outcome's unit, that u stands for. */
export const unitValue = ({ offset, scale, transform = identity }: Omit<Outcome, 'gp'>, u: number): number =>
  offset + scale * backward(transform, u);

/** Mean and standard deviation in the outcome's unit, where u is normal: by quadrature where it is transformed. */
export function predictionOf(outcome: Outcome, mean: number, sd: number): Prediction {
  const { offset, scale, transform = identity } = outcome;
  const moments = momentsOf(transform, mean, sd);
  return { mean: offset + scale * moments.mean, sd: Math.abs(scale) * moments.sd };
}

/** Whether every outcome constraint was met in a row; a row that lacks one of the outcomes does not count. */
export function meetsOutcomes({ outcomes = [] }: Problem, { datum }: Row): boolean {
  if ('failed' in datum) return false;
  return outcomes.every(({ name, relation, bound }) => {
    const value = datum.values[name];
    return value !== undefined && (relation === '<=' ? value <= bound : value >= bound);
  });
}
