import { describe, expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import {
  accepted,
  completed,
  ended,
  event,
  failureFrom,
  inMemory,
  intended,
  lost,
  lot,
  opened,
  planned,
  resolved,
  start,
  suggested,
  tell,
} from './support.ts';

const mL = (amount: number): number => Number((amount * 1e-6).toPrecision(12));
const pours = (red: number) => ({ consumes: [{ material: 'red', amount: mL(red), uncertainty: mL(red / 100) }] });
const refused = (key: string) => event('command.refused', { key, code: 'E_EXPIRED', message: 'too late' });

/** Account to amount of red, in mL. */
const balances = (ledger: Ledger): Record<string, number> =>
  Object.fromEntries(
    ledger
      .balances()
      .filter(({ material }) => material === 'red')
      .map(({ account, amount }) => [account, Number((amount * 1e6).toPrecision(12))]),
  );

const stockOf = (ledger: Ledger, id = 'r1') => ledger.stock().find((row) => row.lot === id)!;

/** 100 mL of red, 10 mL of it promised to e1, which has one command k1 that is to pour 8 mL. */
const begun = () =>
  inMemory(
    ...[opened, lot('red', 'r1', mL(100), { cost: 5, co2e: 0.2 }), suggested('e1')],
    ...[planned('e1', { material: 'red', lot: 'r1', amount: mL(10) }), intended('k1', 'e1', pours(8)), accepted('k1')],
  );

const sumsToZero = (ledger: Ledger) => {
  const sums = new Map<string, number>();
  for (const { material, amount } of ledger.balances()) sums.set(material, (sums.get(material) ?? 0) + amount);
  for (const sum of sums.values()) expect(Math.abs(sum)).toBeLessThan(1e-18);
};

test('a reservation moves a part of the lot, and the intention of a command moves nothing', () => {
  const ledger = begun();
  expect(balances(ledger)).toEqual({ supplier: -100, 'lot:r1': 90, 'reserved:e1:r1': 10 });
  expect(stockOf(ledger)).toMatchObject({ unit: 'm3', onHand: mL(100), reserved: mL(10), available: mL(90), used: 0 });
  expect(ledger.commands()[0]!.consumes).toEqual([{ material: 'red', amount: mL(8), uncertainty: mL(0.08) }]);
  sumsToZero(ledger);
});

describe('the end of a command moves', () => {
  test('what the device measured', () => {
    const ledger = begun();
    tell(ledger, ended('k1', { consumed: [{ material: 'red', amount: mL(7.5), uncertainty: mL(0.1) }] }));
    expect(balances(ledger)).toEqual({ supplier: -100, 'lot:r1': 90, 'reserved:e1:r1': 2.5, 'sample:e1': 7.5 });
    expect(ledger.postings({ experiment: 'e1' }).at(-1)).toMatchObject({
      ...{ debit: 'sample:e1', credit: 'reserved:e1:r1', kind: 'measured', uncertainty: mL(0.1), key: 'k1' },
    });
  });

  test('what was ordered when the device does not know', () => {
    const ledger = begun();
    tell(ledger, ended('k1'));
    expect(balances(ledger)).toMatchObject({ 'reserved:e1:r1': 2, 'sample:e1': 8 });
    expect(ledger.postings({ experiment: 'e1' }).at(-1)).toMatchObject({ kind: 'commanded', uncertainty: mL(0.08) });
  });

  test('what exceeds the reservation out of the lot', () => {
    const ledger = begun();
    tell(ledger, ended('k1', { consumed: [{ material: 'red', amount: mL(12) }] }));
    expect(balances(ledger)).toEqual({ supplier: -100, 'lot:r1': 88, 'sample:e1': 12 });
    expect(stockOf(ledger)).toMatchObject({ onHand: mL(88), reserved: 0, available: mL(88), used: mL(12) });
  });

  test.each(['failed', 'cancelled'] as const)('nothing when it %s, unless the device measured something', (outcome) => {
    const silent = begun();
    tell(silent, ended('k1', { outcome }));
    expect(balances(silent)).toMatchObject({ 'reserved:e1:r1': 10 });
    const measured = begun();
    tell(measured, ended('k1', { outcome, consumed: [{ material: 'red', amount: mL(1) }] }));
    expect(balances(measured)).toMatchObject({ 'reserved:e1:r1': 9, 'sample:e1': 1 });
  });

  test('nothing twice', () => {
    const ledger = begun();
    tell(ledger, ended('k1'), ended('k1'), ended('k1', { outcome: 'indeterminate' }), resolved('k1', 'happened'));
    expect(balances(ledger)).toMatchObject({ 'sample:e1': 8 });
    expect(ledger.commands()[0]).toMatchObject({ state: 'ended', outcome: 'ok' });
  });

  test('material that nobody had reserved or registered', () => {
    const ledger = inMemory(opened, suggested('e1'), planned('e1'), lot('salt', 's1', 0.01), lot('salt', 's2', 1));
    const consumed = [
      { material: 'salt', amount: 0.5 },
      { material: 'ghost', amount: 1e-6 },
      { material: 'red', amount: -1 },
    ];
    tell(ledger, intended('k1', 'e1'), ended('k1', { consumed }), completed('e1'));
    expect(ledger.balances().filter(({ account }) => account === 'product')).toEqual([
      { account: 'product', material: 'ghost', amount: 1e-6 },
      { account: 'product', material: 'salt', amount: 0.5 },
    ]);
    expect(ledger.stock().map((row) => [row.lot, row.unit, row.available])).toEqual([
      ['s1', 'kg', 0.01],
      ['s2', 'kg', 0.5],
    ]);
    sumsToZero(ledger);
  });
});

describe('a command in doubt', () => {
  const doubtful = () => {
    const ledger = begun();
    tell(ledger, ended('k1', { outcome: 'indeterminate', source: 'controller' }));
    return ledger;
  };

  test('moves nothing until a person has decided', () => {
    expect(balances(doubtful())).toEqual({ supplier: -100, 'lot:r1': 90, 'reserved:e1:r1': 10 });
  });

  test('happened: what was ordered moves', () => {
    const ledger = doubtful();
    tell(ledger, resolved('k1', 'happened'));
    expect(balances(ledger)).toMatchObject({ 'reserved:e1:r1': 2, 'sample:e1': 8 });
    expect(ledger.commands()[0]).toMatchObject({ state: 'resolved', resolution: 'happened', resolvedBy: 'person/eva' });
  });

  test('did not happen: nothing moves', () => {
    const ledger = doubtful();
    tell(ledger, resolved('k1', 'not_happened'));
    expect(balances(ledger)).toMatchObject({ 'reserved:e1:r1': 10 });
  });

  test('discard: it moves and the sample goes to waste, however the experiment ends', () => {
    const ledger = doubtful();
    tell(ledger, resolved('k1', 'discard'));
    expect(balances(ledger)).toEqual({ supplier: -100, 'lot:r1': 90, 'reserved:e1:r1': 2, waste: 8 });
    tell(ledger, completed('e1'));
    expect(balances(ledger)).toEqual({ supplier: -100, 'lot:r1': 92, waste: 8 });
  });

  const truth = ended('k1', { consumed: [{ material: 'red', amount: mL(7) }] });

  test.each(['happened', 'not_happened'] as const)('the device comes back after "%s" and is believed', (as) => {
    const ledger = doubtful();
    tell(ledger, resolved('k1', as), truth);
    expect(balances(ledger)).toEqual({ supplier: -100, 'lot:r1': 90, 'reserved:e1:r1': 3, 'sample:e1': 7 });
    expect(ledger.commands()[0]).toMatchObject({ state: 'ended', outcome: 'ok', resolution: as });
    tell(ledger, completed('e1'));
    expect(balances(ledger)).toEqual({ supplier: -100, 'lot:r1': 93, product: 7 });
    sumsToZero(ledger);
  });

  test('the device comes back before anybody has decided', () => {
    const ledger = doubtful();
    tell(ledger, truth, resolved('k1', 'happened'));
    expect(balances(ledger)).toMatchObject({ 'reserved:e1:r1': 3, 'sample:e1': 7 });
  });

  test('the device comes back after the sample was discarded and the experiment has ended', () => {
    const ledger = doubtful();
    tell(ledger, resolved('k1', 'discard'), lost('e1'), truth);
    expect(balances(ledger)).toEqual({ supplier: -100, 'lot:r1': 93, waste: 7 });
    expect(stockOf(ledger)).toMatchObject({ available: mL(93), used: mL(7), waste: mL(7) });
    sumsToZero(ledger);
  });

  test('the device says that it did nothing after all', () => {
    const ledger = doubtful();
    tell(ledger, resolved('k1', 'happened'), refused('k1'));
    expect(balances(ledger)).toEqual({ supplier: -100, 'lot:r1': 90, 'reserved:e1:r1': 10 });
    expect(ledger.commands()[0]).toMatchObject({ state: 'refused', code: 'E_EXPIRED', outcome: undefined });
  });

  test('what a person or the controller says later does not undo a decision', () => {
    const ledger = doubtful();
    tell(ledger, resolved('k1', 'happened'), ended('k1', { outcome: 'failed', source: 'person' }));
    expect(balances(ledger)).toMatchObject({ 'sample:e1': 8 });
  });
});

describe('the end of an experiment', () => {
  test('gives back the rest, and makes the sample a product', () => {
    const ledger = begun();
    tell(ledger, ended('k1'), completed('e1'));
    expect(balances(ledger)).toEqual({ supplier: -100, 'lot:r1': 92, product: 8 });
    expect(stockOf(ledger)).toMatchObject({ used: mL(8), waste: 0, reserved: 0 });
    expect(ledger.postings({ experiment: 'e1' }).at(-2)).toMatchObject({ debit: 'product', uncertainty: mL(0.08) });
  });

  test.each(['lost', 'failed', 'cancelled', 'dropped'] as const)('or waste when it is %s', (how) => {
    const ledger = begun();
    const retryable = how === 'failed' ? { retryable: true } : {};
    tell(ledger, ended('k1'), event(`experiment.${how}`, { experiment: 'e1', reason: 'r', ...retryable } as never));
    expect(balances(ledger)).toEqual({ supplier: -100, 'lot:r1': 92, waste: 8 });
    expect(stockOf(ledger)).toMatchObject({ used: mL(8), waste: mL(8) });
  });

  test('a command that ends later draws on the lot that was reserved', () => {
    const ledger = begun();
    tell(ledger, lot('red', 'a0', mL(50)), lost('e1'), ended('k1'));
    expect(balances(ledger)).toEqual({ supplier: -150, 'lot:a0': 50, 'lot:r1': 92, waste: 8 });
    sumsToZero(ledger);
  });
});

test('several lots are used up in the order of the reservations', () => {
  const ledger = inMemory(opened, lot('red', 'z', mL(5)), lot('red', 'a', mL(5)), suggested('e1'));
  tell(ledger, planned('e1', { material: 'red', lot: 'z', amount: mL(5) }));
  tell(
    ledger,
    planned('e1', { material: 'red', lot: 'a', amount: mL(1) }),
    intended('k1', 'e1', pours(6)),
    ended('k1'),
  );
  expect(balances(ledger)).toEqual({ supplier: -10, 'lot:a': 4, 'sample:e1': 6 });
  const uncertainties = ledger.postings({ experiment: 'e1' }).flatMap(({ uncertainty }) => uncertainty ?? []);
  expect(uncertainties).toEqual([expect.closeTo(mL(0.05), 12), expect.closeTo(mL(0.01), 12)]);
});

test('more than a lot has left cannot be promised', () => {
  const ledger = inMemory(opened, lot('red', 'r1', mL(10)), suggested('e1'));
  const failure = failureFrom(() => tell(ledger, planned('e1', { material: 'red', lot: 'r1', amount: mL(10.001) })));
  expect(failure).toMatchObject({ code: 'stock.short', mend: 'Register another lot.' });
  expect(balances(ledger)).toEqual({ supplier: -10, 'lot:r1': 10 });
  tell(ledger, planned('e1', { material: 'red', lot: 'r1', amount: ledger.available('red', start)[0]!.amount }));
  expect(ledger.available('red', start)).toEqual([]);
});

test('lots are offered by expiry, then id, through the day on which they expire', () => {
  const ledger = inMemory(
    ...[opened, lot('red', 'none', mL(1)), lot('red', 'b', mL(2), { expires: '2026-01-07' })],
    ...[lot('red', 'a', mL(3), { expires: '2026-01-07' }), lot('red', 'old', mL(4), { expires: '2026-01-04' })],
  );
  const offered = (at: number) => ledger.available('red', at).map((row) => row.lot);
  expect(ledger.available('red', start)[0]).toEqual({ lot: 'a', amount: mL(3) });
  expect(offered(start)).toEqual(['a', 'b', 'none']);
  expect(offered(Date.UTC(2026, 0, 7, 23, 59, 59, 999))).toEqual(['a', 'b', 'none']);
  expect(offered(Date.UTC(2026, 0, 8))).toEqual(['none']);
  expect(failureFrom(() => tell(ledger, lot('red', 'x', 1, { expires: 'soon' }))).code).toBe('input.invalid');
});

test('a lot that is registered again is topped up', () => {
  const ledger = inMemory(opened, lot('red', 'r1', mL(10), { cost: 1 }), lot('red', 'r1', mL(5), { cost: 2, co2e: 1 }));
  expect(stockOf(ledger)).toMatchObject({ registered: mL(15), onHand: mL(15), cost: 3, co2e: 1, expires: undefined });
});

test('lots may be registered before the campaign is opened', () => {
  const ledger = inMemory(lot('salt', 's1', 0.25), lot('plate', 'p', 96), opened);
  expect(ledger.stock().map(({ unit, onHand }) => [unit, onHand])).toEqual([
    ['1', 96],
    ['kg', 0.25],
  ]);
});

test('decimal amounts come out as they went in', () => {
  const ledger = inMemory(opened, lot('red', 'r1', 0.3), suggested('e1'));
  for (const amount of [0.1, 0.1, 0.1]) tell(ledger, planned('e1', { material: 'red', lot: 'r1', amount }));
  expect(stockOf(ledger)).toMatchObject({ reserved: 0.3, available: 0, onHand: 0.3 });
  expect(failureFrom(() => tell(ledger, lot('red', 'r2', 1e6))).code).toBe('input.invalid');
});

test('cost and emissions follow the material and the energy', () => {
  const ledger = begun();
  tell(ledger, ended('k1'), completed('e1'));
  const totals = ledger.totals();
  expect(totals.materialCost).toBeCloseTo(5 * 0.08, 12);
  expect(totals.materialCo2e).toBeCloseTo(0.2 * 0.08, 12);
  expect(ledger.costs()).toMatchObject([{ experiment: 'e1', materialCost: totals.materialCost, cost: totals.cost }]);
});
