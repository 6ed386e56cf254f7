import { afterAll, describe, expect, test } from 'vitest';
import type { Definition } from '../../src/domain/campaign.ts';
import { booked, Killed, killAround, reported } from './killing.ts';
import { definitionOf, WholeLab } from './whole-lab.ts';

/** Two batches: one of two, one of one. */
const short = (): Definition =>
  definitionOf('colour-match', ({ campaign }) => {
    Object.assign(campaign.budget, { experiments: 3 });
    delete campaign.budget.money;
    Object.assign(campaign.batch, { size: 2, initial: 3 });
  });

/** What must hold however often anybody has died: the books are the truth, nothing has happened twice. */
function verify(lab: WholeLab, experiments: number): void {
  expect(lab.failures).toEqual([]);
  expect(lab.world.accidents()).toEqual([]);
  expect(lab.finished).toBe(true);
  expect(lab.ledger.experiments().map(({ status }) => status)).toEqual(Array(experiments).fill('completed'));
  expect(booked(lab)).toEqual(reported(lab));
  expect(lab.ledger.replay().differences).toEqual([]);
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
