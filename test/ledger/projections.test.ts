import { describe, expect, test } from 'vitest';
import type { NewEvent } from '../../src/domain/event.ts';
import {
  accepted,
  announced,
  completed,
  ended,
  event,
  inMemory,
  intended,
  lost,
  opened,
  planned,
  resolved,
  start,
  suggested,
  tell,
} from './support.ts';

const observed = (experiment: string, stage: string, observations: Record<string, number>): NewEvent =>
  event('experiment.observed', { experiment, stage, observations });
const by = { by: 'eva' };

describe('campaign', () => {
  test('follows its orders to the end', () => {
    const ledger = inMemory(opened);
    const after = (one: NewEvent) => {
      tell(ledger, one);
      return ledger.campaign();
    };
    expect(ledger.campaign()).toMatchObject({ campaign: 'demo', status: 'running', openedAt: start, openedSeq: 1 });
    expect(after(event('campaign.paused', by))).toMatchObject({ status: 'paused', by: 'eva' });
    expect(after(event('campaign.resumed', by))).toMatchObject({ status: 'running' });
    expect(after(event('campaign.stopping', { ...by, reason: 'budget' }))).toMatchObject({ reason: 'budget' });
    expect(after(event('campaign.aborted', { ...by, reason: 'r' }))).toMatchObject({ status: 'aborted' });
    expect(after(event('campaign.halted', { ...by, reason: 'r' }))).toMatchObject({ status: 'halted' });
    const end = event('campaign.finished', { outcome: 'halted', reason: 'fire' });
    expect(after(end)).toMatchObject({
      status: 'finished',
      outcome: 'halted',
      reason: 'fire',
      finishedAt: start + 6000,
    });
    expect(() => tell(ledger, opened)).toThrow('a ledger holds one campaign');
    expect(() => inMemory(event('campaign.paused', by))).toThrow('before a campaign was opened');
    expect(inMemory().definition()).toBeUndefined();
  });

  test('counts what the optimizer was asked, and the epochs of its controllers', () => {
    const ledger = inMemory(opened);
    expect(ledger.epoch()).toBe(0);
    const controller = (epoch: number) =>
      event('controller.started', { controller: 'main', instance: `i${epoch}`, epoch, software: '1' });
    tell(ledger, controller(3), controller(4), event('suggestions.requested', { ask: 1, count: 2 }));
    expect(ledger.epoch()).toBe(4);
    expect(ledger.campaign()).toMatchObject({ asked: 1, answered: 0 });
    tell(
      ledger,
      event('suggestions.refused', { ask: 1, reason: 'r' }),
      event('suggestions.requested', { ask: 2, count: 1 }),
    );
    const suggestions = [{ point: { x: 1 }, reason: 'r' }];
    tell(ledger, event('suggestions.received', { ask: 2, suggestions, cpuSeconds: 1.5 }));
    expect(ledger.campaign()).toMatchObject({ asked: 2, answered: 2, cpuSeconds: 1.5 });
  });
});

describe('experiment', () => {
  test('goes through its stages', () => {
    const ledger = inMemory(opened, suggested('e1', 1, { x: 0.5, solvent: 'DMF' }));
    const statusAfter = (...events: NewEvent[]) => {
      tell(ledger, ...events);
      const { status, stage } = ledger.experiment('e1')!;
      return [status, stage];
    };
    expect(ledger.experiment('e1')).toMatchObject({ parameters: { x: 0.5, solvent: 'DMF' }, why: 'initial design' });
    expect(statusAfter(planned('e1'))).toEqual(['planned', undefined]);
    expect(statusAfter(intended('k1', 'e1', { stage: 'one' }), ended('k1'))).toEqual(['running', 'one']);
    expect(statusAfter(observed('e1', 'one', { colour: 1 }))).toEqual(['observed', 'one']);
    expect(statusAfter(event('experiment.held', { experiment: 'e1', reason: 'wait' }))).toEqual(['held', 'one']);
    expect(statusAfter(intended('m1', 'e1', { stage: 'two', kind: 'move' }), ended('m1'))).toEqual(['held', 'one']);
    const suggestion = { point: { heat: 80 }, reason: 'promising' };
    expect(statusAfter(event('experiment.resumed', { experiment: 'e1', suggestion }))).toEqual(['running', 'one']);
    expect(ledger.experiment('e1')!.parameters).toEqual({ x: 0.5, solvent: 'DMF', heat: 80 });
    expect(statusAfter(intended('k2', 'e1', { stage: 'two' }), ended('k2'))).toEqual(['running', 'two']);
    expect(statusAfter(observed('e1', 'two', { yield: 2 }))).toEqual(['observed', 'two']);
    expect(statusAfter(intended('k3', 'e1', { stage: 'two', step: 'out', kind: 'move' }))).toEqual(['observed', 'two']);
    expect(statusAfter(completed('e1', { yield: 2 }))).toEqual(['completed', 'two']);
    expect(ledger.experiment('e1')).toMatchObject({
      observations: { one: { colour: 1 }, two: { yield: 2 } },
      ...{ objectives: { yield: 2 }, startedAt: start + 3000, endedAt: start + 14_000, clearedAt: undefined },
    });
    tell(ledger, event('experiment.cleared', { experiment: 'e1', reason: 'out' }));
    expect(ledger.experiment('e1')).toMatchObject({ status: 'completed', clearedAt: start + 15_000 });
  });

  test('stays as it ended', () => {
    const ledger = inMemory(opened, suggested('e1'), lost('e1'));
    for (const late of [completed('e1'), planned('e1'), observed('e1', 's', {})])
      expect(() => tell(ledger, late)).toThrow('e1, which is unknown or has ended');
    tell(ledger, intended('k1', 'e1'));
    expect(ledger.experiment('e1')).toMatchObject({ status: 'lost', reason: 'dropped it', startedAt: undefined });
    expect(() => tell(ledger, observed('e9', 's', {}))).toThrow('unknown experiment e9');
  });

  test('waits for a person while it is in doubt', () => {
    const ledger = inMemory(opened, suggested('e1'), intended('k1', 'e1'), ended('k1', { outcome: 'indeterminate' }));
    tell(ledger, event('experiment.became_indeterminate', { experiment: 'e1', key: 'k1', reason: 'no answer' }));
    const doubt = { status: 'indeterminate', indeterminateKey: 'k1', reason: 'no answer' };
    expect(ledger.experiment('e1')).toMatchObject(doubt);
    tell(ledger, resolved('k1', 'happened'));
    expect(ledger.experiment('e1')).toMatchObject(doubt);
    tell(ledger, event('experiment.resolved', { experiment: 'e1', reason: 'eva: happened' }));
    expect(ledger.experiment('e1')).toMatchObject({ status: 'running', indeterminateKey: undefined });
  });

  test('teaches the optimizer by its objectives or by having failed', () => {
    const ledger = inMemory(opened, ...['e1', 'e2', 'e3', 'e4'].map((id, i) => suggested(id, 4 - i, { x: i })));
    const failed = event('experiment.failed', { experiment: 'e2', reason: 'r', retryable: true });
    tell(ledger, completed('e1', { a: 1, b: 2 }), failed, completed('e3', { a: 3 }), lost('e4'));
    expect(ledger.observationsFor()).toEqual([
      { experiment: 'e3', number: 2, parameters: { x: 2 }, status: 'completed', objectives: { a: 3 } },
      { experiment: 'e2', number: 3, parameters: { x: 1 }, status: 'failed', objectives: {} },
      { experiment: 'e1', number: 4, parameters: { x: 0 }, status: 'completed', objectives: { a: 1, b: 2 } },
    ]);
    expect(ledger.observationsFor(['b']).map((row) => [row.number, row.objectives])).toEqual([
      [3, {}],
      [4, { b: 2 }],
    ]);
    expect(ledger.experiment('e2')).toMatchObject({ retryable: true, status: 'failed' });
  });
});

describe('command', () => {
  test('has all that a Gantt chart needs', () => {
    const ledger = inMemory(opened, suggested('e1'), intended('k1', 'e1', { kind: 'move', from: 'rack', to: 'oven' }));
    expect(ledger.commands()[0]).toMatchObject({
      ...{ key: 'k1', state: 'intended', experiment: 'e1', device: 'robot', from: 'rack', to: 'oven', kind: 'move' },
      ...{ low: 1000, typical: 2000, high: 3000, intendedAt: start + 2000, acceptedAt: undefined, overdue: false },
    });
    tell(ledger, accepted('k1'), event('command.overdue', { key: 'k1' }));
    expect(ledger.commands()[0]).toMatchObject({
      state: 'accepted',
      boot: 'b1',
      acceptedAt: start + 3000,
      overdue: true,
    });
    const error = { code: 'jam', message: 'stuck' };
    tell(ledger, ended('k1', { outcome: 'failed', error, startedAt: 5, endedAt: 9, result: { n: 1 } }));
    expect(ledger.commands()[0]).toMatchObject({
      ...{ state: 'ended', outcome: 'failed', source: 'device', code: 'jam', message: 'stuck', result: { n: 1 } },
      ...{ deviceStartedAt: 5, deviceEndedAt: 9, endedAt: start + 5000 },
    });
    // Where a failed move left the sample is for a person to say.
    tell(ledger, resolved('k1', 'not_happened'));
    expect(ledger.commands()[0]).toMatchObject({ state: 'resolved', resolution: 'not_happened' });
  });

  test('is found by what it belongs to', () => {
    const ledger = inMemory(opened, suggested('e1', 1), suggested('e2', 2), intended('k1', 'e1'));
    tell(ledger, intended('k2', 'e2', { device: 'oven' }), intended('k3', 'e1', { device: 'oven' }), ended('k1'));
    tell(ledger, event('command.refused', { key: 'k2', code: 'E_BUSY', message: 'm' }));
    const keys = (filter: Parameters<typeof ledger.commands>[0]) => ledger.commands(filter).map(({ key }) => key);
    expect(keys({})).toEqual(['k1', 'k2', 'k3']);
    expect(keys({ experiment: 'e1' })).toEqual(['k1', 'k3']);
    expect(keys({ device: 'oven' })).toEqual(['k2', 'k3']);
    expect(keys({ open: true })).toEqual(['k3']);
    expect(keys({ open: false, device: 'oven' })).toEqual(['k2']);
    expect(keys({ since: start + 5000 })).toEqual(['k3']);
    expect(keys({ key: 'k2' })).toEqual(['k2']);
    expect(ledger.commands({ key: 'k2' })[0]).toMatchObject({ state: 'refused', code: 'E_BUSY' });
  });

  test('that was never intended is a defect of the program', () => {
    for (const strange of [
      accepted('k1'),
      ended('k1'),
      resolved('k1', 'happened'),
      event('command.overdue', { key: 'k1' }),
    ])
      expect(() => inMemory(opened, strange)).toThrow('the command k1 was never intended');
  });
});

test('device: state, boot, descriptor and what it works on', () => {
  const ledger = inMemory(
    opened,
    suggested('e1'),
    event('device.changed', { device: 'robot', state: 'init', boot: 'b1' }),
  );
  expect(ledger.devices()).toMatchObject([
    { device: 'robot', state: 'init', boot: 'b1', descriptor: undefined, commands: [] },
  ]);
  tell(ledger, announced('robot'), event('device.changed', { device: 'robot', state: 'ready', boot: 'b2' }));
  tell(ledger, intended('k1', 'e1'), intended('k2', 'e1'));
  expect(ledger.devices()).toMatchObject([{ state: 'ready', boot: 'b2', commands: ['k1', 'k2'] }]);
  tell(ledger, ended('k1'));
  const [robot] = ledger.devices();
  expect(robot).toMatchObject({ commands: ['k2'], descriptor: { model: 'm', hash: robot!.hash } });
});

test('telemetry is kept as one point per second and value, apart from the events', () => {
  const ledger = inMemory(opened);
  const record = (ms: number, value: number, name = 'main') =>
    ledger.recordTelemetry({
      device: 'oven',
      channel: 'temperature',
      at: start + ms,
      values: { [name]: value },
      unit: 'K',
    });
  for (const [ms, value] of [
    [0, 300],
    [400, 310],
    [999, 302],
    [1000, 400],
  ] as const)
    record(ms, value);
  record(1200, Number.NaN);
  tell(ledger, suggested('e1'));
  record(500, 308);
  record(2500, 1, 'other');
  expect(ledger.telemetry({ device: 'oven', to: start + 1999 })).toEqual([
    {
      device: 'oven',
      channel: 'temperature',
      name: 'main',
      unit: 'K',
      at: start,
      min: 300,
      mean: 305,
      max: 310,
      count: 4,
    },
    {
      device: 'oven',
      channel: 'temperature',
      name: 'main',
      unit: 'K',
      at: start + 1000,
      min: 400,
      mean: 400,
      max: 400,
      count: 1,
    },
  ]);
  expect(ledger.telemetry({ channel: 'temperature', from: start + 2000 })).toHaveLength(1);
  for (let second = 0; second < 1100; second++) record(1e6 + second * 1000, second);
  expect(() =>
    ledger.transaction(() => {
      record(0, 290);
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(ledger.telemetry({ to: start })[0]).toMatchObject({ min: 290, count: 5 });
  expect(ledger.lastSeq()).toBe(2);
});
