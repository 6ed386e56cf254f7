import { complement, cut, hoursWithin, union, type Span } from './hours.ts';
import type { Lab } from './lab.ts';

/** What energy costs and emits, hour by hour. All times are lab ms. */

type Priced = Pick<Lab, 'timezone' | 'tariff'>;

export interface Rate {
  /** Money per J. */
  readonly price: number;
  /** kg of CO2 equivalent per J. */
  readonly carbon: number;
}

const free: Rate = { price: 0, carbon: 0 };

/** The rates of a stretch of time in their order, without a gap; of entries that overlap the first counts. */
export function ratesWithin({ timezone = 'UTC', tariff }: Priced, within: Span): (Rate & Span)[] {
  const { price, carbon } = tariff ?? free;
  let rest: readonly Span[] = [within];
  const found: (Rate & Span)[] = [];
  for (const { price: dearer = price, carbon: dirtier = carbon, ...entry } of tariff?.hours ?? []) {
    const spans = hoursWithin([entry], timezone, within);
    for (const left of rest)
      found.push(...cut(spans, left).map((span) => ({ ...span, price: dearer, carbon: dirtier })));
    rest = rest.flatMap((left) => complement(spans, left));
  }
  return [...found, ...rest.map((span) => ({ ...span, price, carbon }))].sort((a, b) => a.from - b.from);
}

/** When energy is dearer, or emits more, than a device should draw it: sorted and disjoint. */
export const avoidedSpans = (lab: Priced, { price_above, carbon_above }: Avoid, within: Span): Span[] =>
  union(
    ratesWithin(lab, within).filter(
      ({ price, carbon }) => price > (price_above ?? Infinity) || carbon > (carbon_above ?? Infinity),
    ),
  );

type Avoid = NonNullable<Lab['devices'][keyof Lab['devices']]['avoid']>;

/** Why such a stretch is avoided; ends a sentence in brackets. */
export function avoidReason({ price_above, carbon_above }: Avoid, currency: string): string {
  const limits = [
    ...(price_above === undefined ? [] : [`costs more than ${perKWh(price_above)} ${currency}/kWh`]),
    ...(carbon_above === undefined ? [] : [`emits more than ${perKWh(carbon_above * 1000)} g/kWh`]),
  ];
  return `energy ${limits.join(' or ')}`;
}

const perKWh = (perJoule: number): number => Number((perJoule * 3.6e6).toPrecision(6));

const weekMs = 7 * 86_400_000;

/** The tariff of a lab, looked up over and over again at times that are near each other. */
export class Rates {
  readonly #lab: Priced;
  readonly #base: Rate;
  #known: Span = { from: 0, to: 0 };
  #rates: readonly (Rate & Span)[] = [];

  constructor(lab: Priced) {
    this.#lab = lab;
    const { price, carbon } = lab.tariff ?? free;
    this.#base = { price, carbon };
  }

  /** Whether it is not the same at all times. */
  get vary(): boolean {
    return this.#lab.tariff?.hours !== undefined;
  }

  /** The mean over a stretch of time; at `to` where `from` is not before it. */
  mean(from: number, to: number): Rate {
    if (!this.vary) return this.#base;
    const span = { from: Math.min(from, to - 1), to };
    this.#look(span);
    let [price, carbon, ms] = [0, 0, 0];
    for (const rate of this.#rates) {
      const part = Math.min(rate.to, span.to) - Math.max(rate.from, span.from);
      if (part <= 0) continue;
      price += rate.price * part;
      carbon += rate.carbon * part;
      ms += part;
    }
    return { price: price / ms, carbon: carbon / ms };
  }

  #look({ from, to }: Span): void {
    if (from >= this.#known.from && to <= this.#known.to) return;
    const first = Math.floor(from / weekMs) * weekMs;
    this.#known = { from: first, to: Math.max(to, first + 2 * weekMs) };
    this.#rates = ratesWithin(this.#lab, this.#known);
  }
}
