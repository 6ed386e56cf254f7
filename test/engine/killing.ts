import type { WholeLab } from './whole-lab.ts';

export class Killed extends Error {}

/** The controller dies around its nth transaction: before the commit, or after it and before any effect. */
export function killAround(lab: WholeLab, n: number, when: 'before' | 'after'): void {
  const original = lab.ledger.transaction.bind(lab.ledger);
  let count = 0;
  lab.ledger.transaction = <T>(work: () => T): T => {
    const seq = lab.ledger.lastSeq();
    const result = original(() => {
      const value = work();
      if (lab.ledger.lastSeq() !== seq && ++count === n && when === 'before') throw new Killed();
      return value;
    });
    if (lab.ledger.lastSeq() !== seq && count === n && when === 'after') {
      count += 1;
      throw new Killed();
    }
    return result;
  };
}

const round = (amount: number): number => Number((amount * 1e9).toFixed(6));

/** Material that has left the lots by the books, by material. */
export function booked(lab: WholeLab): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { material, used } of lab.ledger.stock()) sums[material] = (sums[material] ?? 0) + used;
  return Object.fromEntries(Object.entries(sums).map(([material, sum]) => [material, round(sum)]));
}

/** Material that the instruments say they have dispensed. */
export function reported(lab: WholeLab): Record<string, number> {
  const sums = Object.fromEntries(Object.keys(lab.definition.lab.materials).map((material) => [material, 0]));
  for (const { material, reported } of lab.world.pours()) sums[material] = (sums[material] ?? 0) + reported;
  return Object.fromEntries(Object.entries(sums).map(([material, sum]) => [material, round(sum)]));
}
