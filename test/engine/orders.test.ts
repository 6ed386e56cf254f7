import { describe, expect, test } from 'vitest';
import type { Definition } from '../../src/domain/campaign.ts';
import type { Fault } from '../../src/domain/lab.ts';
import { definitionOf, WholeLab } from './whole-lab.ts';

const small = (change: (definition: Definition) => void = () => undefined): Definition =>
  definitionOf('colour-match', (definition) => {
    Object.assign(definition.campaign.budget, { experiments: 4 });
    Object.assign(definition.campaign.batch, { size: 2, initial: 4 });
    change(definition);
  });

const statuses = (lab: WholeLab): string[] => lab.ledger.experiments().map(({ status }) => status);
const types = (lab: WholeLab): string[] => lab.events.map(({ type }) => type);
const minutes = (n: number): number => n * 60_000;

function begun(change?: (definition: Definition) => void): WholeLab {
  const lab = new WholeLab(small(change));
  lab.startController();
  return lab;
}

describe('orders', () => {
  test('pause lets running steps end and starts no other; resume goes on', () => {
    const lab = begun();
    lab.until('command.accepted');
    expect(lab.engine.order({ op: 'pause' }, 'ann').ok).toBe(true);
    lab.wait(30);
    const paused = types(lab).indexOf('campaign.paused');
    expect(types(lab).slice(paused)).not.toContain('command.intended');
    expect(types(lab).slice(paused)).toContain('command.ended');
    expect(lab.engine.order({ op: 'pause' }, 'ann')).toMatchObject({ ok: false });
    expect(lab.engine.order({ op: 'resume' }, 'ann').ok).toBe(true);
    lab.run();
    expect(statuses(lab)).toEqual(Array(4).fill('completed'));
  });

  test('stop carries what has begun to its end and begins nothing else', () => {
    const lab = begun();
    lab.until('command.ended', 1);
    lab.engine.order({ op: 'stop' }, 'ann');
    lab.run();
    expect(lab.ledger.campaign()).toMatchObject({ outcome: 'stopped' });
    expect(statuses(lab)).toContain('completed');
    expect(statuses(lab).every((status) => status === 'completed' || status === 'cancelled')).toBe(true);
    expect(statuses(lab).length).toBe(2);
  });

  test('abort ends at once and discards the samples', () => {
    const lab = begun();
    lab.until('command.accepted', 2);
    const at = lab.clock.now();
    lab.engine.order({ op: 'abort' }, 'ann');
    lab.run();
    expect(lab.ledger.campaign()).toMatchObject({ outcome: 'aborted' });
    expect(lab.clock.now() - at).toBeLessThan(minutes(5));
    expect(statuses(lab).every((status) => status === 'cancelled')).toBe(true);
    expect(lab.ledger.balances().filter(({ account }) => account.startsWith('reserved'))).toEqual([]);
  });

  test('halt brings every device to its safe state', () => {
    const lab = begun();
    lab.until('command.accepted', 2);
    lab.engine.order({ op: 'halt' }, 'ann');
    lab.run();
    expect(lab.ledger.campaign()).toMatchObject({ outcome: 'halted' });
    const before = lab.world.pours().length;
    lab.wait(60);
    expect(lab.world.pours().length).toBe(before);
  });
});

const faulty = (device: string, fault: Omit<Fault, 'probability'> & { probability?: number }) =>
  small(({ lab }) => {
    const target = lab.devices[device as keyof typeof lab.devices]!;
    Object.assign(target, { faults: [{ probability: 1, ...fault }] });
  });

describe('misfortune', () => {
  test('a device that dies in the middle leaves the sample to a person, and the others go on', () => {
    const lab = begun();
    lab.until('command.accepted', 3);
    lab.wait(0.3);
    lab.simulation.crash('handler');
    lab.wait(1);
    void lab.simulation.restart('handler');
    lab.run(2);
    expect(lab.finished).toBe(false);
    const [indeterminate] = lab.ledger.experiments().filter(({ status }) => status === 'indeterminate');
    expect(indeterminate?.indeterminateKey).toBeDefined();
    expect(statuses(lab).filter((status) => status === 'completed').length).toBe(3);
    const key = indeterminate!.indeterminateKey!;
    expect(lab.engine.order({ op: 'resolve', key, as: 'discard' }, 'ann').ok).toBe(true);
    lab.run();
    expect(lab.finished).toBe(true);
    expect(statuses(lab).sort()).toEqual(['completed', 'completed', 'completed', 'lost']);
    expect(lab.ledger.replay().differences).toEqual([]);
  });

  test.each(['happened', 'not_happened'] as const)('a person says that it has %s', (as) => {
    const lab = begun();
    lab.until('command.accepted', 3);
    lab.wait(0.3);
    lab.simulation.crash('handler');
    void lab.simulation.restart('handler');
    lab.until('experiment.became_indeterminate');
    const [doubt] = lab.ledger.experiments().filter(({ status }) => status === 'indeterminate');
    lab.engine.order({ op: 'resolve', key: doubt!.indeterminateKey!, as }, 'ann');
    lab.run();
    expect(lab.finished).toBe(true);
    expect(statuses(lab)).toEqual(Array(4).fill('completed'));
    expect(lab.ledger.replay().differences).toEqual([]);
  });

  test('a reader that hangs is cancelled, tried again, and at last given up', () => {
    const lab = new WholeLab(faulty('reader', { kind: 'hang' }));
    lab.startController();
    lab.run(48);
    expect(types(lab)).toContain('command.overdue');
    expect(lab.failures).toEqual([]);
    expect(lab.finished || statuses(lab).includes('indeterminate')).toBe(true);
  });

  test.each([
    ['slow', { kind: 'slow', amount: 2 }],
    ['loses replies', { kind: 'lost_reply', probability: 0.5 }],
    ['refuses', { kind: 'refusal', probability: 0.3 }],
    ['drifts', { kind: 'drift', amount: 0.01 }],
  ] as const)('a handler that %s does not stop the campaign', (_, fault) => {
    const lab = new WholeLab(faulty('handler', fault));
    lab.startController();
    lab.run(48);
    expect(lab.failures).toEqual([]);
    expect(lab.finished).toBe(true);
    expect(lab.world.accidents()).toEqual([]);
    expect(lab.ledger.replay().differences).toEqual([]);
  });

  test('an arm that dies again and again never moves anything twice', () => {
    const lab = new WholeLab(faulty('arm', { kind: 'crash', probability: 0.2 }));
    lab.startController();
    for (let i = 0; i < 60 && !lab.finished; i++) {
      lab.run(1);
      for (const { indeterminateKey: key } of lab.ledger.experiments())
        if (key !== undefined) lab.engine.order({ op: 'resolve', key, as: 'discard' }, 'ann');
      for (const { context, value } of lab.engine.state.commands.values())
        if (value === 'doubtful') lab.engine.order({ op: 'resolve', key: context.command.key, as: 'discard' }, 'ann');
    }
    expect(lab.finished).toBe(true);
    expect(lab.world.accidents().filter(({ message }) => message.includes('twice'))).toEqual([]);
  });

  test('the broker may die and forget everything', () => {
    const lab = begun();
    for (let i = 0; i < 20; i++) {
      lab.wait(0.75);
      lab.broker.restart(5_000);
    }
    lab.run();
    expect(lab.failures).toEqual([]);
    expect(statuses(lab)).toEqual(Array(4).fill('completed'));
    expect(lab.world.accidents()).toEqual([]);
  });
});

describe('determinism', () => {
  test('the same seed and files give the same log, byte for byte', () => {
    const logs = [1, 2].map(() => {
      const lab = begun();
      lab.run();
      return { head: lab.ledger.head(), text: JSON.stringify(lab.events) };
    });
    expect(logs[0]).toEqual(logs[1]);
  });

  test('another seed gives another log', () => {
    const one = begun();
    const two = begun(({ campaign }) => Object.assign(campaign, { seed: 2 }));
    one.run();
    two.run();
    expect(one.ledger.head()).not.toBe(two.ledger.head());
  });
});
