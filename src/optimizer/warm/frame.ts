import type { Outcome, Row } from '../data.ts';
import type { Training } from '../likelihood.ts';
import type { Datum } from '../problem.ts';
import type { Space } from '../space.ts';
import { type Transform, backward, forward } from '../transform.ts';
import { transformed } from '../transformed.ts';
import type { FittedSource } from './fitted.ts';
import { type Predictions, predictAt } from './process.ts';

/** The new observations on the scale on which the sources are modelled, and what each source expects there. */
export interface Frame {
  readonly training: Training;
  readonly outcome: Omit<Outcome, 'gp'>;
  readonly predictions: readonly Predictions[];
}

/**
 * Standardises the new observations so that sources fit in with weights near 1, without asking for the same unit or level:
 * the scale is their standard deviation over that of what the sources expect at the same points (few points near one
 * optimum vary little), the offset such that the sources are right on average. With fewer than two observations the scale,
 * without any also the offset, is that of the sources. Then the sources' transform is applied, its center moved to the mean
 * of the new observations (which is the offset where nothing is transformed).
 */
export function frameOf(
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
  const predictions = fitted.map(({ process }) => predictAt(process, points));
  // What a source expects, standardised by the source but not transformed.
  const expected = fitted.map(({ transform }, s) => [...predictions[s]!.mean].map((u) => backward(transform, u)));
  const given = mean(fitted.map((source) => Math.abs(source.scale)));
  const size = scaleOf(values, given, () => Math.sqrt(mean(expected.map(variance))));
  const scale = turned ? -size : size;
  const straight = fitted[0]!.transform.power === 1;
  const level = straight ? 0 : mean(expected.map(mean));
  const offset = values.length > 0 ? mean(values) - scale * level : mean(fitted.map((source) => source.offset));
  const plain = {
    ...{ space, points, y: Float64Array.from(values, (value) => (value - offset) / scale) },
    noise: Float64Array.from(held, (i) => (datumAt(i).noise?.[name] ?? NaN) / (scale * scale)),
  };
  const outcome = { name, offset, scale, rows: held };
  if (straight) return { training: plain, outcome, predictions };
  const transform = centred(fitted[0]!.transform, plain.y);
  return { training: transformed(plain, transform), outcome: { ...outcome, transform }, predictions };
}

/** The transform with the mean of the given outcomes at 0. */
function centred(transform: Transform, y: Float64Array): Transform {
  if (y.length === 0) return transform;
  const middle = mean([...y].map((value) => forward(transform, value)));
  return { ...transform, center: transform.center + transform.spread * middle };
}

const mean = (numbers: readonly number[]): number =>
  numbers.length === 0 ? 0 : numbers.reduce((sum, value) => sum + value, 0) / numbers.length;

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, values.length - 1);
}

/** Observations that the sources' own scale counts for, where it is of the same order (within a factor of 30). */
const pseudo = 2;

function scaleOf(values: readonly number[], given: number, expectedSd: () => number): number {
  if (values.length < 2) return given;
  // Squares are taken of shares, so that values near the largest number do not overflow.
  const largest = Math.max(...values.map(Math.abs)) || 1;
  const share = Math.min(1, Math.max(0.3, expectedSd()));
  const found = (largest * Math.sqrt(variance(values.map((value) => value / largest)))) / share;
  const ratio = found / given;
  const known = values.length - 1;
  if (ratio > 0.03 && ratio < 30) return given * Math.sqrt((pseudo + known * ratio * ratio) / (pseudo + known));
  return found > 0 ? found : given;
}
