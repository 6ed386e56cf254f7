import { describe, expect, test } from 'vitest';
import { decide, initialState, type CoreState } from '../../src/control/core.ts';
import type { EventData, LabEvent, PlannedAct } from '../../src/domain/event.ts';
import type { ExperimentId } from '../../src/domain/ids.ts';
import { changeOfPinned } from '../../src/engine/pinning.ts';
import { lab as problemOf, resource } from '../scheduling/small-lab.ts';
import { definitionOf, WholeLab } from './whole-lab.ts';

/** Colour-match with eight vials at a time, after its first twelve commands. */
function begun(mode: 'together' | 'rolling' = 'together'): WholeLab {
  const definition = definitionOf('colour-match', ({ campaign }) => {
    Object.assign(campaign.budget, { experiments: mode === 'rolling' ? 14 : 8 });
    Object.assign(campaign.batch, { size: 8, initial: 14, mode });
  });
  const lab = new WholeLab(definition);
  lab.startController();
  lab.until('command.intended', 12);
  return lab;
}

const last = 'e-0008' as ExperimentId;
const of = <T extends LabEvent['type']>(lab: WholeLab, type: T): Extract<LabEvent, { type: T }>[] =>
  lab.events.filter((event): event is Extract<LabEvent, { type: T }> => event.type === type);
const minutes = (lab: WholeLab, experiment: string): number =>
  (of(lab, 'experiment.completed').find(({ data }) => data.experiment === experiment)!.at - lab.events[0]!.at) / 60_000;
const prioritize = (lab: WholeLab, priority: number) =>
  lab.engine.order({ op: 'prioritize', experiment: last, priority }, 'ann');

/** Ends the campaign, in which nothing may go wrong, and gives the ends of its samples. */
function ended(lab: WholeLab): WholeLab {
  lab.run();
  expect(lab.finished).toBe(true);
  expect([lab.failures, of(lab, 'experiment.failed'), lab.world.accidents()]).toEqual([[], [], []]);
  expect(lab.ledger.replay().ok).toBe(true);
  return lab;
}

describe('a sample that an operator gives priority', () => {
  test('is pulled forward; what runs goes on, and no other sample is lost', () => {
    const usual = ended(begun());
    const lab = begun();
    const running = [...lab.engine.state.commands.keys()];
    expect(prioritize(lab, 5).ok).toBe(true);
    ended(lab);
    expect(minutes(lab, last)).toBeLessThan(0.7 * minutes(usual, last));
    expect(of(lab, 'campaign.finished')[0]!.at).toBeLessThan(1.05 * of(usual, 'campaign.finished')[0]!.at);
    for (const key of running)
      expect(of(lab, 'command.ended').find(({ data }) => data.key === key)?.data.outcome).toBe('ok');
    expect(of(lab, 'experiment.prioritized').map(({ actor, data }) => [actor, data])).toEqual([
      ['person/ann', { experiment: last, priority: 5, by: 'ann' }],
    ]);
  });

  test('goes last with a negative priority', () => {
    const lab = begun();
    const fifth = 'e-0005' as ExperimentId;
    lab.engine.order({ op: 'prioritize', experiment: fifth, priority: -3 }, 'ann');
    ended(lab);
    expect(of(lab, 'experiment.completed').at(-1)?.data.experiment).toBe(fifth);
  });

  test('keeps it over a restart, and while the campaign is paused', () => {
    const lab = begun();
    lab.engine.order({ op: 'pause' }, 'ann');
    expect(prioritize(lab, 5).ok).toBe(true);
    lab.wait(5);
    lab.killController();
    lab.startController();
    expect(lab.engine.state.experiments.get(last)?.context.priority).toBe(5);
    lab.wait(1);
    lab.engine.order({ op: 'resume' }, 'ann');
    ended(lab);
    const order = of(lab, 'experiment.completed').map(({ data }) => data.experiment);
    expect(order.indexOf(last)).toBeLessThan(5);
  });

  test('is one that there is', () => {
    const lab = begun();
    const order = { op: 'prioritize', experiment: 'e-0099' as ExperimentId, priority: 1 } as const;
    expect(lab.engine.order(order, 'ann')).toMatchObject({ ok: false });
    ended(lab);
    const late = prioritize(lab, 1);
    expect(!late.ok && late.failure.message).toBe('Priorities cannot be changed: the campaign has ended.');
  });
});

describe('a pinned plan', () => {
  const inOrder = (acts: readonly PlannedAct[], device: string): string[] =>
    acts
      .filter(({ kind, resource }) => kind === 'process' && resource === device)
      .toSorted((a, b) => a.start - b.start)
      .map(({ sample }) => sample);
  const carriedOut = (lab: WholeLab, device: string): string[] =>
    of(lab, 'command.intended').flatMap(({ data: { command } }) =>
      command.kind === 'process' && command.device === device ? [command.experiment] : [],
    );
  const pinned = (lab: WholeLab): EventData<'plan.pinned'> => of(lab, 'plan.pinned')[0]!.data;

  test.each(['nothing happens', 'the controller is killed', 'a device is lost for a while'])(
    'keeps its order when %s, and takes new samples in around it',
    (what) => {
      const lab = begun('rolling');
      expect(lab.engine.order({ op: 'pin' }, 'ann').ok).toBe(true);
      const { order } = pinned(lab);
      // It would go first, were the plan free.
      expect(prioritize(lab, 9).ok).toBe(true);
      if (what === 'the controller is killed') lab.killController();
      if (what === 'a device is lost for a while') lab.simulation.crash('reader');
      lab.wait(3);
      if (what === 'the controller is killed') lab.startController();
      if (what === 'a device is lost for a while') void lab.simulation.restart('reader');
      lab.wait(0.2);
      expect(lab.engine.state.plan.context).toMatchObject({ by: 'ann', since: of(lab, 'plan.pinned')[0]!.at });
      ended(lab);
      for (const device of ['handler', 'reader']) {
        const planned = inOrder(order, device);
        expect(planned.length).toBeGreaterThan(3);
        expect(
          carriedOut(lab, device)
            .filter((sample) => planned.includes(sample))
            .slice(-planned.length),
        ).toEqual(planned);
      }
      const changes = of(lab, 'plan.changed').map(({ data }) => data);
      expect(changes.flatMap(({ displaced }) => displaced)).toEqual([]);
      expect(new Set(changes.flatMap(({ came }) => came)).size).toBeGreaterThan(3);
    },
  );

  test('is left when it is unpinned', () => {
    const lab = begun('rolling');
    lab.engine.order({ op: 'pin' }, 'ann');
    expect(lab.engine.order({ op: 'pin' }, 'bob')).toMatchObject({
      failure: { message: 'The plan is pinned already, by ann.' },
    });
    prioritize(lab, 9);
    const before = inOrder(pinned(lab).order, 'handler');
    expect(lab.engine.order({ op: 'unpin' }, 'bob').ok).toBe(true);
    expect(lab.engine.order({ op: 'unpin' }, 'bob').ok).toBe(false);
    ended(lab);
    const after = carriedOut(lab, 'handler').filter((sample) => before.includes(sample));
    expect(after.indexOf(last)).toBeLessThan(before.indexOf(last));
  });
});

describe('what is told of a plan that is not the pinned one', () => {
  const act = (sample: string, device: string, start: number): PlannedAct =>
    ({ sample, step: 'heat', kind: 'process', resource: device, start, end: start + 10 }) as PlannedAct;
  const pinnedTo = (...order: PlannedAct[]): CoreState => {
    const event = { type: 'plan.pinned', data: { by: 'ann', order }, seq: 1, at: 5, version: 3, actor: '', hash: '' };
    return decide(initialState(), event as unknown as LabEvent).state;
  };
  const resources = [resource('oven', 'batch', 2), resource('one', 'station'), resource('two', 'station', 2)];
  const told = (before: PlannedAct[], after: PlannedAct[]): object | undefined => {
    const plan = { assignments: after as never, makespan: 0, unplanned: [] };
    const event = changeOfPinned(pinnedTo(...before), problemOf(resources, []), plan);
    if (event?.type !== 'plan.changed') return undefined;
    return { came: event.data.came, displaced: event.data.displaced };
  };

  test.each([
    [
      'nothing when only times have changed',
      ['one', 'one'],
      [
        [5, 'one'],
        [90, 'one'],
      ],
      [],
    ],
    [
      'who was overtaken',
      ['one', 'one'],
      [
        [50, 'one'],
        [9, 'one'],
      ],
      ['a'],
    ],
    [
      'who is sent elsewhere',
      ['one', 'one'],
      [
        [5, 'one'],
        [90, 'two'],
      ],
      ['b'],
    ],
    [
      'not who begins first where both have room',
      ['two', 'two'],
      [
        [50, 'two'],
        [9, 'two'],
      ],
      [],
    ],
    [
      'not who shares a run',
      ['oven', 'oven'],
      [
        [50, 'oven'],
        [50, 'oven'],
      ],
      [],
    ],
    [
      'whose run was overtaken',
      ['oven', 'oven'],
      [
        [50, 'oven'],
        [9, 'oven'],
      ],
      ['a'],
    ],
  ] as const)('%s', (_, [a, b], [[atA, onA], [atB, onB]], displaced) => {
    expect(told([act('a', a, 0), act('b', b, 20)], [act('a', onA, atA), act('b', onB, atB)])).toEqual(
      displaced.length === 0 ? undefined : { came: [], displaced },
    );
  });

  test('who was let past by those that run', () => {
    const running = { ...act('b', 'one', 5), fixed: true };
    expect(told([act('a', 'one', 0), act('b', 'one', 20)], [running, act('a', 'one', 30)])).toEqual({
      came: [],
      displaced: ['a'],
    });
  });

  test('who is new, and who cannot be planned at present keeps its place', () => {
    expect(told([act('a', 'one', 0)], [act('a', 'one', 0), act('c', 'one', 30)])).toEqual({
      came: ['c'],
      displaced: [],
    });
    expect(told([act('a', 'one', 0), act('b', 'one', 20)], [act('b', 'one', 0)])).toBeUndefined();
  });
});
