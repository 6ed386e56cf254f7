import { afterAll, describe, expect, test } from 'vitest';
import type { Definition } from '../../src/domain/campaign.ts';
import { definitionOf, WholeLab } from './whole-lab.ts';

/** Two batches: one of two, one of one. */
const short = (): Definition =>
  definitionOf('colour-match', ({ campaign }) => {
    Object.assign(campaign.budget, { experiments: 3 });
    delete campaign.budget.money;
    Object.assign(campaign.batch, { size: 2, initial: 3 });
  });

class Killed extends Error {}

/** The controller dies around its nth transaction: before the commit, or after it and before any effect. */
function killAround(lab: WholeLab, n: number, when: 'before' | 'after'): void {
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

/** What must hold however often anybody has died: the books are the truth, nothing has happened twice. */
function verify(lab: WholeLab, experiments: number): void {
  expect(lab.failures).toEqual([]);
  expect(lab.world.accidents()).toEqual([]);
  expect(lab.finished).toBe(true);
  expect(lab.ledger.experiments().map(({ status }) => status)).toEqual(Array(experiments).fill('completed'));
  expect(booked(lab)).toEqual(reported(lab));
  expect(lab.ledger.replay().differences).toEqual([]);
}

const round = (amount: number): number => Number((amount * 1e9).toFixed(6));

/** Material that has left the lots by the books, by material. */
function booked(lab: WholeLab): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { material, used } of lab.ledger.stock()) sums[material] = (sums[material] ?? 0) + used;
  return Object.fromEntries(Object.entries(sums).map(([material, sum]) => [material, round(sum)]));
}

/** Material that the instruments say they have dispensed. */
function reported(lab: WholeLab): Record<string, number> {
  const sums = Object.fromEntries(Object.keys(lab.definition.lab.materials).map((material) => [material, 0]));
  for (const { material, reported } of lab.world.pours()) sums[material] = (sums[material] ?? 0) + reported;
  return Object.fromEntries(Object.entries(sums).map(([material, sum]) => [material, round(sum)]));
}

const transactions = ((): number => {
  const lab = new WholeLab(short());
  const seen = new Set<number>();
  lab.startController();
  lab.engine.subscribe((events) => seen.add(events[0]!.seq));
  lab.run();
  verify(lab, 3);
  return seen.size;
})();

describe('the controller is killed at every append', () => {
  let runs = 0;
  for (const when of ['before', 'after'] as const)
    test(`${when} the commit, and the campaign continues`, () => {
      for (let n = 1; n <= transactions; n++) {
        const lab = new WholeLab(short());
        killAround(lab, n, when);
        lab.startController();
        let killed = false;
        try {
          lab.run();
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
          killed = true;
          lab.killController();
          lab.clock.run(() => false, lab.clock.now() + 20_000);
          lab.startController();
          lab.run();
        }
        expect(killed, `kill ${n}`).toBe(true);
        verify(lab, 3);
        runs += 1;
      }
    });
  afterAll(() => expect(runs).toBe(2 * transactions));
});
