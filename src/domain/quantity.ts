import Qty from 'js-quantities';
import * as z from 'zod';
import { failed, failure, ok, type Result } from '../base/failure.ts';

/**
 * Quantities are written with units ("25 mL", "80 degC") and are plain SI numbers inside: m3, kg, s, J, W, K, mol/m3.
 * Money keeps its currency; its dimension is checked, its exchange rate is not our business.
 */

/** What a field of a file must measure, named by the SI unit that it is kept in. */
export type SiUnit =
  's' | 'm3' | 'kg' | 'K' | 'J' | 'W' | 'm' | 'mol/m3' | 'money' | 'money/J' | 'kg/J' | '1' | (string & {});

const currencies = ['EUR', 'USD', 'GBP', 'CHF', 'JPY', 'CAD', 'AUD', 'CNY', 'KRW', 'SEK', 'DKK', 'NOK'];
const currencyPattern = new RegExp(`\\b(${currencies.join('|')})\\b`);

/** Spellings that people and UCUM use, and what the unit library calls them. */
const aliases: Readonly<Record<string, string>> = {
  '': '1',
  Cel: 'tempC',
  degC: 'tempC',
  '°C': 'tempC',
  K: 'tempK',
  degF: 'tempF',
  equiv: '1',
  AU: '1',
  dimensionless: '1',
  money: 'USD',
  'money/J': 'USD/J',
  µL: 'uL',
  µm: 'um',
  bar: 'bar',
};

/** Linear map from a unit to SI: si = value * factor + offset (the offset is not zero for temperatures only). */
export interface UnitScale {
  readonly factor: number;
  readonly offset: number;
}

function libraryName(unit: string): string {
  const trimmed = unit.trim();
  const alias = aliases[trimmed];
  if (alias !== undefined) return alias;
  const [numerator, ...denominators] = trimmed
    .replaceAll('µ', 'u')
    .replace(currencyPattern, 'USD')
    .replaceAll(/\bK\b/g, 'degK')
    .split('/');
  return denominators.length === 0 ? numerator! : `${numerator || '1'}/${denominators.join('*')}`;
}

const scales = new Map<string, UnitScale | undefined>();

/** The scale of a unit, or undefined when the unit is not known. */
export function unitScale(unit: string): UnitScale | undefined {
  if (scales.has(unit)) return scales.get(unit);
  let scale: UnitScale | undefined;
  try {
    const name = libraryName(unit);
    const offset = name.startsWith('temp') ? Qty(0, name).to('tempK').scalar : 0;
    const one = name.startsWith('temp') ? Qty(1, name).to('tempK').scalar : Qty(1, name).toBase().scalar;
    scale = { factor: one - offset, offset };
  } catch {
    scale = undefined;
  }
  scales.set(unit, scale);
  return scale;
}

/** Whether two units measure the same thing. */
export function compatible(unit: string, other: string): boolean {
  try {
    const left = Qty(1, libraryName(unit));
    const right = Qty(1, libraryName(other));
    return left.isCompatible(right);
  } catch {
    return false;
  }
}

/** A number in `unit` as an SI number. The unit must be known. */
export function toSi(value: number, unit: string): number {
  const { factor, offset } = knownScale(unit);
  return value * factor + offset;
}

/** An SI number in `unit`. The unit must be known. */
export function fromSi(value: number, unit: string): number {
  const { factor, offset } = knownScale(unit);
  return (value - offset) / factor;
}

function knownScale(unit: string): UnitScale {
  const scale = unitScale(unit);
  if (scale === undefined) throw new RangeError(`unknown unit ${unit}`);
  return scale;
}

const form = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$/;

export interface WrittenQuantity {
  readonly value: number;
  readonly unit: string;
  readonly si: number;
}

/** Reads "25 mL". Fails with the mend when the text is no quantity, the unit unknown, or it measures something else. */
export function readQuantity(text: string | number, expected?: SiUnit): Result<WrittenQuantity> {
  const [, number, unit = ''] = form.exec(String(text)) ?? [];
  const mend = expected === undefined ? 'Write a number and a unit, like "25 mL".' : mendFor(expected);
  if (number === undefined) return failed(failure('unit.invalid', `"${text}" is not a quantity.`, { mend }));
  if (unitScale(unit) === undefined)
    return failed(failure('unit.invalid', `"${text}" has an unknown unit "${unit}".`, { mend }));
  if (expected !== undefined && !compatible(unit, expected)) {
    const what = unit === '' ? 'has no unit' : `is measured in ${unit}`;
    return failed(failure('unit.invalid', `"${text}" ${what}, but ${nounOf(expected)} is needed here.`, { mend }));
  }
  const value = Number(number);
  return ok({ value, unit, si: toSi(value, unit) });
}

const nouns: Readonly<Record<string, readonly [noun: string, example: string]>> = {
  s: ['a time', '90 s" or "2 h'],
  m3: ['a volume', '25 mL'],
  kg: ['a mass', '5 g'],
  K: ['a temperature', '80 degC'],
  J: ['an energy', '1.2 kWh'],
  W: ['a power', '1.5 kW'],
  m: ['a length', '3 mm'],
  'mol/m3': ['a concentration', '0.5 mol/L'],
  money: ['an amount of money', '12 EUR'],
  'money/J': ['a price of energy', '0.30 EUR/kWh'],
  'kg/J': ['a carbon intensity', '350 g/kWh'],
  '1': ['a plain number', '0.5'],
};

const nounOf = (unit: SiUnit): string => nouns[unit]?.[0] ?? `a quantity in ${unit}`;
const mendFor = (unit: SiUnit): string => `Write for example "${nouns[unit]?.[1] ?? `1 ${unit}`}".`;

/** A field of a file: text with a unit outside, an SI number inside. */
export function quantity(unit: SiUnit, range: { min?: number; positive?: boolean } = {}) {
  return z.union([z.string(), z.number()]).transform((text, context): number => {
    const read = readQuantity(text, unit);
    if (!read.ok) {
      context.addIssue({ code: 'custom', message: `${read.failure.message} ${read.failure.mend ?? ''}`.trim() });
      return z.NEVER;
    }
    const { si } = read.value;
    if ((range.positive && si <= 0) || (range.min !== undefined && si < range.min)) {
      context.addIssue({
        code: 'custom',
        message: `"${text}" must be ${range.positive ? 'more than zero' : 'at least zero'}.`,
      });
      return z.NEVER;
    }
    return si;
  });
}

/** Like `quantity`, but keeps the unit it was written in. */
export function writtenQuantity() {
  return z.union([z.string(), z.number()]).transform((text, context): WrittenQuantity => {
    const read = readQuantity(text);
    if (read.ok) return read.value;
    context.addIssue({ code: 'custom', message: `${read.failure.message} ${read.failure.mend ?? ''}`.trim() });
    return z.NEVER;
  });
}

/** The currency that a written amount names, if any. */
export const currencyOf = (text: string): string | undefined => currencyPattern.exec(text)?.[1];
