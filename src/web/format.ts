/** Numbers as people in a lab read them. Amounts come in SI. */

export function figure(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return value.toExponential(digits - 1).replace('e+', 'e');
  const rounded = size >= 10 ** digits ? Math.round(value) : Number(value.toPrecision(digits));
  return String(rounded).replace('-', '−');
}

/** Like `figure`, but with all its digits, for columns of figures. */
export function precise(value: number, digits = 4): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || value === 0 || size >= 10 ** digits || size < 1e-3) return figure(value, digits);
  return value.toPrecision(digits).replace('-', '−');
}

const scales: Readonly<Record<string, readonly (readonly [unit: string, size: number])[]>> = {
  m3: [
    ['L', 1e-3],
    ['mL', 1e-6],
    ['uL', 1e-9],
  ],
  kg: [
    ['kg', 1],
    ['g', 1e-3],
    ['mg', 1e-6],
  ],
  J: [
    ['kWh', 3.6e6],
    ['Wh', 3600],
  ],
};

/** 2.5e-5 m3 is "25 mL". `like` chooses the unit by another amount, so that amounts side by side have the same. */
export function amount(value: number, unit: string, like = value): string {
  const scale = scales[unit];
  if (scale === undefined) return unit === '' || unit === '1' ? figure(value, 3) : `${figure(value, 3)} ${unit}`;
  const size = Math.abs(like);
  const [name, one] = scale.find(([, one]) => size >= one * 0.9995) ?? scale.at(-1)!;
  return `${figure(value / one, 3)} ${name}`;
}

export const unitName = (unit: string): string => (unit === 'degC' ? '°C' : unit);

/** A value in a unit as it was written. */
export function withUnit(value: number | string, unit: string): string {
  if (typeof value === 'string') return value;
  return unit === '' ? figure(value) : `${figure(value)} ${unitName(unit)}`;
}

export function duration(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${pad(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${pad(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Of something that is expected to end in so many ms. */
export const leftText = (ms: number): string => `${duration(ms)} ${ms > 0 ? 'left' : 'over'}`;

const pad = (n: number): string => String(n).padStart(2, '0');
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function clock(ms: number, seconds = true): string {
  const date = new Date(ms);
  const short = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  return seconds ? `${short}:${pad(date.getSeconds())}` : short;
}

export function day(ms: number): string {
  const date = new Date(ms);
  return `${date.getDate()} ${months[date.getMonth()]}`;
}

/** The time, and the day where it is not that of `now`. */
export const moment = (ms: number, now: number, seconds = false): string =>
  day(ms) === day(now) ? clock(ms, seconds) : `${day(ms)}, ${clock(ms, seconds)}`;

export const money = (value: number, currency: string): string => `${value.toFixed(value < 100 ? 2 : 0)} ${currency}`;

export const co2e = (kg: number): string => (kg < 1 ? `${figure(kg * 1000, 3)} g` : `${figure(kg, 3)} kg`);

export const watts = (value: number): string =>
  value >= 1000 ? `${figure(value / 1000, 3)} kW` : `${figure(value, 3)} W`;

/** measure_colour -> measure colour */
export const words = (name: string): string => name.replaceAll(/[_-]/g, ' ');

export const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
