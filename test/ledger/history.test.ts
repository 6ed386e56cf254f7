import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { History, turns } from './history.ts';

/** Relative to what was registered in all. */
const tolerance = 1e-12;

function checkBooks(ledger: Ledger): void {
  const balances = ledger.balances();
  const sums = new Map<string, { sum: number; size: number }>();
  for (const { material, amount } of balances) {
    const { sum, size } = sums.get(material) ?? { sum: 0, size: 0 };
    sums.set(material, { sum: sum + amount, size: Math.max(size, Math.abs(amount)) });
  }
  for (const { sum, size } of sums.values()) expect(Math.abs(sum)).toBeLessThanOrEqual(size * tolerance);
  for (const row of ledger.stock()) {
    const held = (account: (name: string) => boolean) =>
      balances.filter((b) => b.material === row.material && account(b.account)).reduce((sum, b) => sum + b.amount, 0);
    const close = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThanOrEqual(row.registered * tolerance);
    close(
      row.available,
      held((name) => name === `lot:${row.lot}`),
    );
    close(
      row.reserved,
      held((name) => name.startsWith('reserved:') && name.endsWith(`:${row.lot}`)),
    );
    close(row.onHand, row.reserved + row.available);
    close(row.onHand + row.used, row.registered);
  }
}

test('whatever happens, the books balance, agree with a simpler account, and replay equal', () => {
  fc.assert(
    fc.property(turns, (played) => {
      const ledger = Ledger.open(':memory:');
      const history = new History(ledger);
      for (const turn of played) history.play(turn);
      checkBooks(ledger);
      for (const [key, { drawn }] of history.commands) expect(history.posted(key)).toBeCloseTo(drawn, 15);
      history.finish();
      checkBooks(ledger);
      // Nothing is left in reservations or samples once every experiment has ended.
      const accounts = ledger.balances().map(({ account }) => account.split(':')[0]);
      expect(accounts.filter((account) => account === 'reserved' || account === 'sample')).toEqual([]);
      const { experiments, total, devices } = ledger.energy();
      expect(devices.find(({ device }) => device === 'oven')?.measured).toBeCloseTo(history.counted, 6);
      const charged = experiments.reduce((sum, { measured, modelled }) => sum + measured + modelled, 0);
      expect(charged).toBeCloseTo(total.joules, 6);
      expect(ledger.replay()).toMatchObject({ ok: true, differenceCount: 0, events: ledger.lastSeq() });
      ledger.close();
    }),
    { numRuns: 25, interruptAfterTimeLimit: 10_000 },
  );
}, 60_000);
