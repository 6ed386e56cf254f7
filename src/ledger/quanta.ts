import { failure, FailureError } from '../base/failure.ts';

/**
 * The books are kept in whole quanta, so that they balance to zero exactly whatever the order of the postings. Each
 * material has its own quantum, a power of ten of its SI unit, chosen when it is first seen so that the first lot is some
 * 1e14 quanta: an amount is rounded once, when it is booked, by less than 1e-14 of a lot (a litre is counted in units of
 * 0.01 pL). SQLite adds 64-bit integers, so some ten thousand such lots fit. A whole number divided by a power of ten is
 * the double nearest to the decimal amount: 25 mL comes out as 2.5e-5 and not as a sum of errors.
 */
const digits = 14;
/** Powers of ten up to 1e22 are exact in a double; 1e18 leaves room. */
const finest = 18;
const most = 2 ** 62;

/** Quanta per SI unit for a material of which this much was seen first. */
export function scaleFor(amount: number): number {
  const magnitude = amount === 0 ? 0 : Math.floor(Math.log10(Math.abs(amount)));
  return 10 ** Math.min(finest, Math.max(0, digits - magnitude));
}

/** For a material that is used before any lot of it was registered. */
export const unseenScale = 1e12;

/** Whole quanta in an SI amount. Throws `input.invalid` beyond what the books can carry. */
export function toQuanta(amount: number, scale: number): number {
  const quanta = Math.round(amount * scale);
  if (Math.abs(quanta) < most) return quanta;
  throw new FailureError(
    failure('input.invalid', `An amount of ${amount} is more than the books can carry beside what they hold.`, {
      mend: 'Register the largest lot of a material first.',
    }),
  );
}

export const fromQuanta = (quanta: number, scale: number): number => quanta / scale;
