import { describe, expect, test } from 'vitest';
import { decide, initialState, type CoreState } from '../../src/control/core.ts';
import type { Campaign } from '../../src/domain/campaign.ts';
import type { Effect } from '../../src/domain/effect.ts';
import type { LabEvent, NewEvent } from '../../src/domain/event.ts';
import { definitionOf } from '../engine/whole-lab.ts';

const definition = definitionOf('colour-match', ({ campaign }) => {
  Object.assign(campaign.budget, { experiments: 3 });
  Object.assign(campaign.batch, { size: 2 });
});
const e1 = 'e-0001' as never;
const key = 'k1' as never;
const by = 'ann';

/** Folds events one after the other; effects are those of the last. */
function after(
  events: readonly NewEvent[],
  from: CoreState = initialState(),
): { state: CoreState; effects: readonly Effect[] } {
  let state = from;
  let effects: readonly Effect[] = [];
  events.forEach((event, i) => {
    const stamped = {
      ...event,
      seq: i + 1,
      at: 1000 * (i + 1),
      version: 1,
      actor: 'test',
      hash: 'a'.repeat(64),
    } as LabEvent;
    ({ state, effects } = decide(state, stamped));
  });
  return { state, effects };
}

const point = { red: 10, yellow: 20, blue: 30 };
const opened: NewEvent = {
  type: 'campaign.opened',
  data: { campaign: definition.campaign.campaign, definition, clock: { origin: 0, anchor: 0, speed: 1 } },
};
const suggested: NewEvent = {
  type: 'experiment.suggested',
  data: { experiment: e1, number: 1, ask: 1, suggestion: { point, reason: 'test' } },
};
const planned: NewEvent = { type: 'experiment.planned', data: { experiment: e1, reservations: [] } };
const intended = (more: object = {}): NewEvent => ({
  type: 'command.intended',
  data: {
    command: {
      key,
      hash: 'h',
      experiment: e1,
      stage: 'mix',
      step: 'pour',
      attempt: 1,
      kind: 'process',
      device: 'handler' as never,
      capability: 'dispense',
      parameters: {},
      at: 'handler' as never,
      consumes: [],
      retry: 'unsafe',
      expected: { low: 1000, typical: 2000, high: 3000 },
      ttl: 30_000,
      deadline: 60_000,
      ...more,
    },
  },
});
const accepted: NewEvent = { type: 'command.accepted', data: { key, boot: 'b' } };
const overdue: NewEvent = { type: 'command.overdue', data: { key } };
const refused = (code: 'E_BUSY' | 'E_UNKNOWN_KEY' | 'E_BAD_PARAMETERS'): NewEvent => ({
  type: 'command.refused',
  data: { key, code, message: 'no' },
});
const ended = (outcome: 'ok' | 'failed' | 'cancelled' | 'indeterminate', more: object = {}): NewEvent => ({
  type: 'command.ended',
  data: { key, outcome, meters: [], source: 'device', ...more },
});
const begun = [opened, suggested, planned, intended()];
const kinds = (effects: readonly Effect[]): string[] =>
  effects.map((effect) => (effect.do === 'record' ? effect.event.type : effect.do));
const stateOf = ({ state }: { state: CoreState }) => ({
  experiment: state.experiments.get('e-0001')?.value,
  command: state.commands.get('k1')?.value,
});

describe('the campaign', () => {
  test('asks for a batch when it opens, and not again while it waits', () => {
    const { state, effects } = after([opened]);
    expect(kinds(effects).sort()).toEqual(['set_timer', 'suggestions.requested']);
    const requested: NewEvent = { type: 'suggestions.requested', data: { ask: 1, count: 2 } };
    expect(kinds(after([requested], state).effects)).toEqual(['ask_optimizer']);
  });

  test('drops suggestions that come after a stop', () => {
    const stopping: NewEvent = { type: 'campaign.stopping', data: { by, reason: 'enough' } };
    const received: NewEvent = {
      type: 'suggestions.received',
      data: { ask: 1, suggestions: [{ point, reason: 'late' }] },
    };
    const requested: NewEvent = { type: 'suggestions.requested', data: { ask: 1, count: 2 } };
    const { state, effects } = after([opened, requested, stopping, received]);
    expect(kinds(effects)).toEqual(['clear_timer', 'campaign.finished']);
    expect(state.experiments.size).toBe(0);
  });
});

describe('a changed campaign', () => {
  const requested: NewEvent = { type: 'suggestions.requested', data: { ask: 1, count: 2 } };
  const changed = (change: (campaign: Campaign) => void, elapsed = 60_000): NewEvent => {
    const campaign = structuredClone(definition.campaign);
    change(campaign);
    return { type: 'campaign.changed', data: { by, version: 2, change: {}, campaign, elapsed } };
  };
  const bigger = changed(({ batch }) => Object.assign(batch, { size: 3 }));

  test('is the definition from then on, and asks for as many as it wants now', () => {
    const { state, effects } = after([opened, bigger]);
    expect(state.definition!.campaign.batch.size).toBe(3);
    expect(state.campaign.context).toMatchObject({ version: 2, limits: { batch: 3, failuresInRow: 6 } });
    expect(effects).toContainEqual({
      do: 'record',
      event: { type: 'suggestions.requested', data: { ask: 1, count: 3 } },
    });
  });

  test('asks again for what is under way', () => {
    const { effects } = after([opened, requested, bigger]);
    expect(effects).toContainEqual({
      do: 'record',
      event: { type: 'suggestions.requested', data: { ask: 2, count: 3 } },
    });
  });

  test('waits while it is paused', () => {
    const paused: NewEvent = { type: 'campaign.paused', data: { by } };
    const { state, effects } = after([opened, requested, paused, bigger]);
    expect(kinds(effects)).toEqual(['set_timer']);
    expect(state.campaign.context.asking).toBe(0);
    expect(kinds(after([{ type: 'campaign.resumed', data: { by } }], state).effects)).toEqual([
      'suggestions.requested',
    ]);
  });

  test('ends by the time that is left, or not by time', () => {
    const twoMinutes = changed(({ budget }) => Object.assign(budget, { time: 120 }));
    const ring = { do: 'set_timer', id: 'time_budget:colour-match', afterMs: 60_000 };
    expect(after([opened, twoMinutes]).effects).toContainEqual(expect.objectContaining(ring));
    const endless = changed(({ budget }) => void delete budget.time);
    expect(after([opened, endless]).effects).toContainEqual({ do: 'clear_timer', id: 'time_budget:colour-match' });
  });

  test('is over when it has had all experiments that it may still have', () => {
    const completed: NewEvent = { type: 'experiment.completed', data: { experiment: e1, objectives: { distance: 1 } } };
    const cleared: NewEvent = { type: 'experiment.cleared', data: { experiment: e1, reason: 'out' } };
    const one = changed(({ budget }) => Object.assign(budget, { experiments: 1 }));
    const { effects } = after([opened, suggested, planned, completed, cleared, one]);
    expect(kinds(effects)).toContain('campaign.finished');
    expect(kinds(effects)).not.toContain('suggestions.requested');
  });

  test('may forget a stop rule and a goal', () => {
    const ruled = changed((campaign) => Object.assign(campaign, { stop: { gain_below: 1 } }));
    const { state } = after([opened, ruled]);
    expect(state.campaign.context.stop).toEqual({ gain_below: 1 });
    expect(after([changed(() => undefined)], state).state.campaign.context.stop).toBeUndefined();
  });
});

describe('a command', () => {
  test('is sent and given a deadline with its intention', () => {
    const { effects, ...rest } = after(begun);
    expect(kinds(effects)).toEqual(['send_command', 'set_timer']);
    expect(stateOf(rest)).toEqual({ experiment: 'running', command: 'intended' });
  });

  test('is cancelled and asked for when it is overdue', () => {
    expect(kinds(after([...begun, accepted, overdue]).effects)).toEqual([
      'cancel_command',
      'query_command',
      'set_timer',
    ]);
  });

  test('that was refused is tried again later, under a new attempt', () => {
    const result = after([...begun, refused('E_BUSY')]);
    expect(kinds(result.effects)).toEqual(['clear_timer', 'clear_timer', 'settle_command', 'set_timer']);
    expect(stateOf(result)).toEqual({ experiment: 'running', command: undefined });
    expect(result.state.experiments.get('e-0001')?.context).toMatchObject({ attempt: 2, command: undefined });
  });

  test('that its device will never take fails the experiment', () => {
    expect(kinds(after([...begun, refused('E_BAD_PARAMETERS')]).effects)).toContain('experiment.failed');
  });

  test('once accepted, "unknown" is no proof that nothing happened', () => {
    expect(stateOf(after([...begun, accepted, overdue, refused('E_UNKNOWN_KEY')]))).toMatchObject({
      command: 'overdue',
    });
    expect(stateOf(after([...begun, overdue, refused('E_UNKNOWN_KEY')]))).toMatchObject({ command: undefined });
  });

  test('in doubt waits for a person, and the device may still bring the truth if it was only silent', () => {
    const silent = ended('indeterminate', { source: 'controller' });
    const doubt = [...begun, accepted, overdue, silent];
    expect(kinds(after(doubt).effects)).toContain('experiment.became_indeterminate');
    // Told to forget, it could bring nothing: it is told so once it has spoken itself.
    expect(kinds(after(doubt).effects)).not.toContain('settle_command');
    expect(kinds(after([...doubt, ended('ok')]).effects)).toContain('settle_command');
    const became: NewEvent = {
      type: 'experiment.became_indeterminate',
      data: { experiment: e1, key, reason: 'silent' },
    };
    expect(stateOf(after([...doubt, became]))).toEqual({ experiment: 'indeterminate', command: 'doubtful' });
    expect(stateOf(after([...doubt, became, ended('ok')]))).toEqual({ experiment: 'running', command: undefined });
    const byDevice = [...begun, accepted, ended('indeterminate'), became, ended('ok')];
    expect(stateOf(after(byDevice))).toEqual({ experiment: 'indeterminate', command: 'doubtful' });
  });

  test.each([
    ['happened', 'running'],
    ['not_happened', 'running'],
    ['discard', 'indeterminate'],
  ] as const)('resolved as %s', (as, experiment) => {
    const became: NewEvent = { type: 'experiment.became_indeterminate', data: { experiment: e1, key, reason: '?' } };
    const resolved: NewEvent = { type: 'command.resolved', data: { key, as, by } };
    const result = after([...begun, accepted, ended('indeterminate'), became, resolved]);
    expect(stateOf(result)).toEqual({ experiment, command: undefined });
    expect(kinds(result.effects)).toContain('experiment.resolved');
    expect(kinds(result.effects).includes('experiment.lost')).toBe(as === 'discard');
    const { step } = result.state.experiments.get('e-0001')!.context;
    expect(step).toBe(as === 'happened' ? 1 : 0);
  });

  test('that may be repeated is repeated, but never where materials are in doubt', () => {
    const safe = (more: object) =>
      after([opened, suggested, planned, intended({ retry: 'safe', ...more }), ended('indeterminate')]);
    expect(stateOf(safe({}))).toEqual({ experiment: 'running', command: undefined });
    const consumes = [{ material: 'red', amount: 1e-6 }];
    expect(kinds(safe({ consumes }).effects)).toContain('experiment.became_indeterminate');
  });

  test('of a move that failed leaves the sample nobody knows where', () => {
    const move = intended({
      kind: 'move',
      from: 'rack',
      to: 'handler',
      at: undefined,
      device: 'arm',
      capability: 'move',
    });
    const failed = (error: object) => after([opened, suggested, planned, move, ended('failed', { error })]);
    expect(kinds(failed({ code: 'E_DROPPED', message: 'dropped' }).effects)).toContain(
      'experiment.became_indeterminate',
    );
    expect(stateOf(failed({ code: 'not_started', message: 'rebooted' }))).toEqual({
      experiment: 'running',
      command: undefined,
    });
  });
});

describe('what ends', () => {
  test('a failed experiment first leaves the machine', () => {
    const failed: NewEvent = { type: 'experiment.failed', data: { experiment: e1, reason: 'broken', retryable: true } };
    const inPlace = after([...begun, accepted, ended('failed'), failed]);
    expect(stateOf(inPlace)).toMatchObject({ experiment: 'clearing' });
  });

  test('a campaign with nothing in the lab ends at once when it is aborted', () => {
    const aborted: NewEvent = { type: 'campaign.aborted', data: { by, reason: 'fire drill' } };
    expect(kinds(after([opened, aborted]).effects)).toContain('campaign.finished');
  });

  test('aborting cancels what runs and never sends it again', () => {
    const aborted: NewEvent = { type: 'campaign.aborted', data: { by, reason: 'fire drill' } };
    const result = after([...begun, accepted, aborted]);
    expect(kinds(result.effects)).toEqual(['cancel_command']);
    expect(result.state.commands.get('k1')?.context.cancelled).toBe(true);
  });
});
