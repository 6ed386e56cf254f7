import { failure, FailureError } from '../base/failure.ts';
import type { Material } from '../domain/lab.ts';

/**
 * The books are kept in whole quanta, so that they balance to zero exactly whatever the order of the postings: picolitres
 * for volumes, nanograms for masses, 1e-9 of a piece. An amount is rounded once, when it is booked, by at most half a
 * quantum. SQLite adds 64-bit integers: up to 9,223 m3, 9.2e6 kg or 9.2e9 pieces fit. A whole number of quanta divided by
 * the scale is the double nearest to the decimal amount, so 25 mL comes out as 2.5e-5 and not as a sum of errors.
 */
export const quantaPerUnit: Readonly<Record<Material['measure'], number>> = { volume: 1e15, mass: 1e12, pieces: 1e9 };

const most = 2 ** 62;

/** Whole quanta in an SI amount. Throws `input.invalid` beyond what the books can carry. */
export function toQuanta(amount: number, scale: number): number {
  const quanta = Math.round(amount * scale);
  if (Math.abs(quanta) < most) return quanta;
  throw new FailureError(
    failure('input.invalid', `An amount of ${amount} is more than the books can carry.`, {
      mend: 'Split it into several lots, or leave a supply that never ends out of the lab file.',
    }),
  );
}

export const fromQuanta = (quanta: number, scale: number): number => quanta / scale;
