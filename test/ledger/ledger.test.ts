import { expect, test } from 'vitest';
import { canonical, sha256 } from '../../src/base/canonical.ts';
import { genesis } from '../../src/ledger/chain.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import {
  definition,
  event,
  failureFrom,
  freshPath,
  inMemory,
  lot,
  opened,
  planned,
  start,
  suggested,
  tell,
} from './support.ts';

test('events are numbered, chained over their canonical form and read back as they were', () => {
  const ledger = inMemory(opened, lot('red', 'r1', 1e-3), suggested('e1'));
  const events = [...ledger.events()];
  expect(events.map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'campaign.opened'],
    [2, 'lot.registered'],
    [3, 'experiment.suggested'],
  ]);
  let before = genesis;
  for (const { hash, ...body } of events) {
    expect(hash).toBe(sha256(before + canonical(body)));
    before = hash;
  }
  expect(ledger.head()).toBe(before);
  expect(ledger.lastSeq()).toBe(3);
  expect(ledger.lastAt()).toBe(start + 2000);
});

test('what throws inside a transaction leaves nothing, neither in the tables nor in the chain', () => {
  const ledger = inMemory(opened);
  const head = ledger.head();
  expect(() =>
    ledger.transaction(() => {
      ledger.append(lot('red', 'r1', 1), start, 'controller');
      ledger.putOutbox({ key: 'k', device: 'd', payload: '{}' });
      ledger.putTimer({ id: 't', at: 1, kind: 'deadline', subject: 'k' });
      ledger.putSnapshot({ entity: 'campaign', id: 'demo', state: '{}', terminal: false });
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(ledger.head()).toBe(head);
  expect([ledger.stock(), ledger.outbox(), ledger.timers(), ledger.snapshots()]).toEqual([[], [], [], []]);
  tell(ledger, suggested('e1'));
  expect([...ledger.events()].map(({ seq }) => seq)).toEqual([1, 2]);
});

test('misuse is refused by name', () => {
  const ledger = inMemory(opened);
  expect(() => ledger.append(suggested('e1'), start, 'controller')).toThrow(
    'an event is appended inside a transaction',
  );
  expect(() => ledger.transaction(() => ledger.transaction(() => 1))).toThrow('do not nest');
  expect(() => ledger.transaction(() => Promise.resolve())).toThrow('does not wait for a promise');
  expect(() => ledger.transaction(() => ledger.append(suggested('E 1'), start, 'c'))).toThrow('is malformed');
  expect(() => ledger.transaction(() => ledger.append(suggested('e1'), 0.5, 'c'))).toThrow('whole number');
  expect(() => tell(ledger, planned('nobody'))).toThrow('which is unknown or has ended');
  expect(ledger.lastSeq()).toBe(1);
});

test('a transaction whose append has failed cannot be kept, even when the failure was caught', () => {
  const ledger = inMemory(opened, lot('red', 'r1', 1), suggested('e1'));
  const catching = () =>
    ledger.transaction(() => {
      expect(() => ledger.append(planned('e1', { material: 'red', lot: 'r1', amount: 2 }), start, 'c')).toThrow();
    });
  expect(catching).toThrow('experiment.planned was not appended, so its transaction cannot be kept');
  expect(ledger.lastSeq()).toBe(3);
  tell(ledger, planned('e1', { material: 'red', lot: 'r1', amount: 1 }));
  expect(ledger.replay().ok).toBe(true);
});

test('a campaign that was opened without its files is told as a damaged ledger', () => {
  const clock = { origin: 0, anchor: 0, speed: 1 };
  const ledger = inMemory(event('campaign.opened', { campaign: 'demo', definition: { lab: {} } as never, clock }));
  expect(failureFrom(() => ledger.definition()).code).toBe('ledger.corrupt');
});

test('the work queue is ordered, replaced by key and forgets terminal machines', () => {
  const ledger = inMemory();
  for (const key of ['b', 'a']) ledger.putOutbox({ key, device: 'd', payload: key });
  ledger.putOutbox({ key: 'b', device: 'd', payload: 'again' });
  expect(ledger.outbox()).toEqual([
    { key: 'b', device: 'd', payload: 'again' },
    { key: 'a', device: 'd', payload: 'a' },
  ]);
  ledger.deleteOutbox('b');
  expect(ledger.outbox()).toHaveLength(1);
  for (const [id, at] of Object.entries({ z: 5, b: 7.5, a: 7.5 })) ledger.putTimer({ id, at, kind: 'k', subject: 's' });
  ledger.putTimer({ id: 'z', at: 9, kind: 'k', subject: 's' });
  expect(ledger.timers().map(({ id }) => id)).toEqual(['a', 'b', 'z']);
  ledger.deleteTimer('a');
  expect(ledger.timers()).toHaveLength(2);
  ledger.putSnapshot({ entity: 'experiment', id: 'e1', state: '1', terminal: false });
  ledger.putSnapshot({ entity: 'experiment', id: 'e2', state: '2', terminal: false });
  ledger.putSnapshot({ entity: 'experiment', id: 'e1', state: '3', terminal: true });
  expect(ledger.snapshots()).toEqual([{ entity: 'experiment', id: 'e2', state: '2', terminal: false }]);
});

test('a closed ledger opens with all that it held', () => {
  const path = freshPath();
  const first = Ledger.open(path, { create: true });
  tell(first, opened, lot('red', 'r1', 1e-3));
  const head = first.head();
  first.close();
  const second = Ledger.open(path);
  expect(second.head()).toBe(head);
  expect(second.definition()).toEqual(definition);
  tell(second, suggested('e1'));
  expect(second.lastSeq()).toBe(3);
  second.close();
});

test('events are read by range, number and type', () => {
  const ledger = inMemory(
    opened,
    ...Array.from({ length: 1100 }, (_, i) => suggested(`e${i}`, i + 1)),
    lot('red', 'a', 1),
  );
  expect([...ledger.events()]).toHaveLength(1102);
  expect([...ledger.events({ from: 3, to: 5 })].map(({ seq }) => seq)).toEqual([3, 4, 5]);
  expect([...ledger.events({ type: 'experiment.suggested', from: 10, limit: 600 })].at(-1)?.seq).toBe(609);
  expect([...ledger.events({ type: 'lot.registered' })]).toHaveLength(1);
  for (const one of ledger.events({ limit: 2 }))
    tell(ledger, event('message.rejected', { topic: 't', reason: one.type }));
  expect(ledger.lastSeq()).toBe(1104);
});
