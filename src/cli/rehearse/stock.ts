import type { Ledger } from '../../ledger/ledger.ts';

/** What is left of a material over time. */
export interface StockCurve {
  readonly material: string;
  readonly unit: string;
  /** Time, ms from the start, and what was left from then on, SI; begins with what there was. */
  readonly points: readonly (readonly [at: number, left: number])[];
  /** When less than 1 % of a lot was left, ms from the start. */
  readonly emptied: readonly { readonly lot: string; readonly at: number }[];
}

/** A lot counts as empty below this share of what it held. */
const empty = 0.01;

/** From the postings of the books, `begun` being the start of the campaign, lab ms. */
export function stockCurves(ledger: Ledger, begun: number): StockCurve[] {
  const lots = ledger.stock();
  return [...new Set(lots.map(({ material }) => material))].map((material) => {
    const own = lots.filter((lot) => lot.material === material);
    const left = new Map(own.map(({ lot, registered }) => [`lot:${lot}`, registered]));
    const full = new Map(left);
    const points: [number, number][] = [[0, sum(left)]];
    const emptied: { lot: string; at: number }[] = [];
    for (const { at, credit, debit, amount } of ledger.postings({ material })) {
      if (credit.startsWith('supplier') || debit.startsWith('supplier')) continue;
      for (const [account, change] of [
        [credit, -amount],
        [debit, amount],
      ] as const) {
        const before = left.get(account);
        if (before === undefined) continue;
        left.set(account, before + change);
        const lot = account.slice('lot:'.length);
        if (before + change < empty * full.get(account)! && !emptied.some((other) => other.lot === lot))
          emptied.push({ lot, at: at - begun });
      }
      points.push([at - begun, sum(left)]);
    }
    return { material, unit: own[0]!.unit, points, emptied };
  });
}

const sum = (amounts: ReadonlyMap<string, number>): number => [...amounts.values()].reduce((a, b) => a + b, 0);
