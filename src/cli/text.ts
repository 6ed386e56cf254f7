import { fromSi } from '../domain/quantity.ts';
import { measureUnit } from '../domain/lab.ts';

export { durationText } from '../base/duration-text.ts';

/** Numbers and times as people read them. */

const scales: Readonly<Record<string, readonly (readonly [atLeast: number, unit: string])[]>> = {
  m3: [
    [1e-3, 'L'],
    [1e-6, 'mL'],
    [0, 'uL'],
  ],
  kg: [
    [1, 'kg'],
    [1e-3, 'g'],
    [0, 'mg'],
  ],
};

export const digits = (value: number, significant = 3): string => {
  const text = Number(value.toPrecision(significant));
  return Math.abs(text) >= 1e15 || (text !== 0 && Math.abs(text) < 1e-6) ? text.toExponential() : String(text);
};

/** An SI amount in the unit that gives it one to three digits before the point. */
export function amountText(si: number, unit: string): string {
  const scale = scales[unit];
  if (scale === undefined) return digits(si);
  const [, shown] = scale.find(([atLeast]) => Math.abs(si) >= atLeast) ?? scale.at(-1)!;
  return `${digits(fromSi(si, shown))} ${shown}`;
}

export const unitOfMeasure = (measure: keyof typeof measureUnit): string => measureUnit[measure];

export const energyText = (joules: number): string =>
  joules >= 3.6e5 ? `${digits(joules / 3.6e6)} kWh` : `${digits(joules / 3600)} Wh`;

/** 14:03:05 of a lab time, UTC. */
export const clockText = (ms: number): string => new Date(ms).toISOString().slice(11, 19);

/** Columns of a table, padded; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
