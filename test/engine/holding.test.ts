import { describe, expect, test } from 'vitest';
import { Campaign, type Definition } from '../../src/domain/campaign.ts';
import type { LabEvent } from '../../src/domain/event.ts';
import { Lab } from '../../src/domain/lab.ts';
import { Protocol } from '../../src/domain/protocol.ts';
import { SourceEntry } from '../../src/domain/source.ts';
import { legsOf } from '../../src/domain/stages.ts';
import { inlineAdvisor, type Advisor } from '../../src/engine/advisor.ts';
import { LabProblem } from '../../src/engine/lab-problem.ts';
import { booked, Killed, killAround, reported } from './killing.ts';
import { definitionOf, WholeLab } from './whole-lab.ts';

interface Wishes {
  readonly experiments?: number;
  readonly size?: number;
  readonly mode?: 'together' | 'rolling';
  readonly places?: number;
  readonly shelfLife?: string;
  readonly gather?: string;
}

const protocol = (shelfLife: string) => ({
  protocol: 'two-step',
  parameters: { red: 'uL', yellow: 'uL', blue: 'uL' },
  constants: { total_volume: '200 uL' },
  stages: [
    {
      id: 'mix',
      steps: [
        {
          id: 'pour',
          capability: 'dispense',
          parameters: { volumes: { red: '=red', yellow: '=yellow', water: '=total_volume - red - yellow' } },
        },
        { id: 'look', capability: 'read_absorbance', wait: { max: '30 min' } },
      ],
      observes: { warm: '=look.green' },
      hold: { in: 'shelf', for: shelfLife },
    },
    {
      id: 'tint',
      steps: [
        { id: 'add', capability: 'dispense', parameters: { volumes: { blue: '=blue' } } },
        { id: 'read', capability: 'read_absorbance', wait: { max: '30 min' } },
      ],
      observes: { distance: '=sqrt((read.red - 0.78)^2 + (read.green - 1.05)^2 + (read.blue - 1.03)^2)' },
    },
  ],
});

/** Two dyes are mixed and looked at; then it is decided how much of the third is added, if any. */
function twoStep({
  experiments = 7,
  size = 2,
  mode = 'together',
  places = 4,
  shelfLife = '8 h',
  gather = '0 min',
}: Wishes = {}): Definition {
  return definitionOf('colour-match', (definition) => {
    const { lab, campaign } = definition;
    Object.assign(definition, { protocol: Protocol.parse(protocol(shelfLife)) });
    Object.assign(lab.racks, { shelf: Lab.shape.racks.parse({ shelf: { places } })['shelf' as never] });
    Object.assign(campaign.budget, { experiments });
    delete campaign.budget.money;
    Object.assign(campaign, {
      batch: Campaign.shape.batch.parse({ size, mode, initial: 3 }),
      stages: Campaign.shape.stages.parse({ gather }),
    });
  });
}

/** What must hold however it went: nothing twice, books equal, everything ended, every sample out of the way. */
function verify(lab: WholeLab): void {
  expect(lab.failures).toEqual([]);
  expect(lab.world.accidents()).toEqual([]);
  expect(lab.finished).toBe(true);
  // Sums of amounts that are counted in steps: the last digit of a picolitre may differ.
  const poured = Object.entries(reported(lab)).map(([material, nanolitres]) => [
    material,
    expect.closeTo(nanolitres, 4),
  ]);
  expect(booked(lab)).toEqual(Object.fromEntries(poured));
  expect(lab.ledger.replay().differences).toEqual([]);
  for (const { status, clearedAt } of lab.ledger.experiments()) {
    expect(['completed', 'dropped', 'cancelled']).toContain(status);
    expect(clearedAt).toBeDefined();
  }
}

/** Everything that was chosen, in order. */
const choices = (lab: WholeLab, until = Infinity) =>
  [...lab.ledger.events()].flatMap(({ seq, type, data }): unknown[] => {
    if (seq > until) return [];
    if (type === 'experiment.suggested') return [[type, data.experiment, data.suggestion.point]];
    if (type === 'experiment.resumed') return [[type, data.experiment, data.suggestion.point]];
    return type === 'experiment.dropped' ? [[type, data.experiment]] : [];
  });

const begin = (wishes?: Wishes): WholeLab => {
  const lab = new WholeLab(twoStep(wishes));
  lab.startController();
  return lab;
};

/** Begins samples, and never decides on one. */
function silentOnHeld({ clock }: WholeLab): Advisor {
  const advisor = inlineAdvisor(clock);
  return {
    ...advisor,
    ask: (question, answer) =>
      'rows' in question && question.rows.length > 0 ? undefined : advisor.ask(question, answer),
  };
}

test('a parameter belongs to the first stage that needs it', () => {
  expect(legsOf(twoStep()).map(({ id, parameters }) => [id, parameters])).toEqual([
    ['mix', ['red', 'yellow']],
    ['tint', ['blue']],
  ]);
});

describe.each(['together', 'rolling'] as const)('samples that are held, decided %s', (mode) => {
  test('go on with parameters that were chosen by their proxies, or are dropped', () => {
    const lab = begin({ mode, experiments: 9 });
    lab.run();
    verify(lab);
    const rows = lab.ledger.experiments();
    expect(rows.filter(({ status }) => status === 'completed').length).toBeGreaterThanOrEqual(3);
    for (const { experiment, status, parameters, observations } of rows) {
      expect(Object.keys(observations)).toEqual(status === 'completed' ? ['mix', 'tint'] : ['mix']);
      expect(Object.keys(parameters).sort()).toEqual(
        status === 'completed' ? ['blue', 'red', 'yellow'] : ['red', 'yellow'],
      );
      const events = [...lab.ledger.events()].filter(
        ({ data }) => 'experiment' in data && data.experiment === experiment,
      );
      const told = events
        .map(({ type }) => type)
        .filter((type) => /observed|held|resumed|dropped|completed/.test(type));
      const way = ['experiment.observed', 'experiment.held'];
      if (status === 'completed')
        expect(told).toEqual([...way, 'experiment.resumed', 'experiment.observed', 'experiment.completed']);
      else expect(told).toEqual([...way, 'experiment.dropped']);
    }
    expect(
      lab.ledger
        .stageCosts()
        .map(({ stage }) => stage)
        .sort(),
    ).toEqual(['mix', 'tint']);
  });
});

/** For each decision: how long the first that was held since the last one has waited, how many are held, and how many come. */
function gatherings(lab: WholeLab): { waited: number; held: number; coming: number }[] {
  const held = new Set<string>();
  const coming = new Set<string>();
  let since: number | undefined;
  return [...lab.ledger.events()].flatMap(({ type, at, data }) => {
    if (type === 'experiment.suggested') coming.add(data.experiment);
    if (type === 'experiment.held') {
      held.add(data.experiment);
      coming.delete(data.experiment);
      since ??= at;
    }
    if (type === 'experiment.resumed' || type === 'experiment.dropped') held.delete(data.experiment);
    if (type !== 'suggestions.requested' || since === undefined) return [];
    const waited = at - since;
    since = undefined;
    return [{ waited, held: held.size, coming: coming.size }];
  });
}

describe('a decision that waits for samples on their way to it', () => {
  const wishes = { mode: 'rolling', size: 4, places: 8, experiments: 12 } as const;
  const mean = (lab: WholeLab) => {
    const decisions = gatherings(lab);
    return decisions.reduce((sum, { held }) => sum + held, 0) / decisions.length;
  };
  const minute = 60_000;

  test('is about more of them', () => {
    const hasty = begin(wishes);
    hasty.run();
    const patient = begin({ ...wishes, gather: '10 min' });
    patient.run();
    verify(patient);
    expect(mean(patient)).toBeGreaterThan(1.2 * mean(hasty));
  });

  test('waits as long as it may, or until nobody comes any more', () => {
    const lab = begin({ ...wishes, gather: '3 min' });
    lab.run();
    verify(lab);
    const waits = gatherings(lab).map(({ waited }) => waited);
    expect(Math.max(...waits)).toBe(3 * minute);
    expect(gatherings(lab).filter(({ waited, coming }) => coming > 0 && waited < 3 * minute)).toEqual([]);
    expect(gatherings(lab).some(({ waited, coming }) => coming === 0 && waited < 3 * minute)).toBe(true);
  });

  test('is made when the lab is resumed after a pause that was longer', () => {
    const lab = begin({ ...wishes, gather: '10 min' });
    lab.until('experiment.held');
    expect(lab.engine.order({ op: 'pause' }, 'eva').ok).toBe(true);
    const asked = () => [...lab.ledger.events({ type: 'suggestions.requested' })].length;
    const before = asked();
    lab.wait(30);
    expect(asked()).toBe(before);
    expect(lab.engine.order({ op: 'resume' }, 'eva').ok).toBe(true);
    lab.wait(0.1);
    expect(asked()).toBe(before + 1);
    lab.run();
    verify(lab);
  });

  test('outlives a controller that is killed while it waits', () => {
    const lab = begin({ ...wishes, gather: '10 min' });
    lab.until('experiment.held');
    lab.wait(1);
    lab.killController();
    lab.wait(1);
    lab.startController();
    lab.run();
    verify(lab);
    expect(mean(lab)).toBeGreaterThan(1.5);
    const waits = gatherings(lab).map(({ waited }) => waited);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10 * minute);
  });
});

test('what a dropped sample has used up is waste', () => {
  const lab = begin();
  lab.until('experiment.held');
  const order = lab.engine.order({ op: 'stop' }, 'eva');
  expect(order.ok).toBe(true);
  lab.run();
  verify(lab);
  const rows = lab.ledger.experiments();
  expect(rows.map(({ status }) => status)).toEqual(['dropped', 'dropped']);
  expect(rows[0]!.reason).toBe('not gone on with: ordered by eva');
  const waste = lab.ledger.stock().reduce((sum, row) => sum + row.waste, 0);
  const used = lab.ledger.stock().reduce((sum, row) => sum + row.used, 0);
  expect(waste).toBeCloseTo(used, 12);
  expect(used).toBeGreaterThan(3e-7);
});

test('what the next stage uses is reserved before it begins, and what is short ends the campaign', () => {
  const wishes = twoStep({ experiments: 12, size: 4 });
  const [blue] = wishes.lab.materials['blue' as keyof typeof wishes.lab.materials]!.lots as { amount: number }[];
  blue!.amount = 1e-7;
  const lab = new WholeLab(wishes);
  lab.startController();
  lab.until('experiment.provided');
  const reserved = lab.ledger.stock().find(({ material }) => material === 'blue')!.reserved;
  expect(reserved).toBeGreaterThan(0);
  lab.run();
  verify(lab);
  expect(lab.ledger.campaign()!.reason).toMatch(/the stock of blue is short/);
  expect(
    lab.ledger
      .experiments()
      .some(({ status, reason }) => status === 'dropped' && /stock of blue is short/.test(reason!)),
  ).toBe(true);
});

test('a sample that nobody decides on in time is dropped when its shelf life ends', () => {
  const lab = new WholeLab(twoStep({ shelfLife: '20 min' }));
  lab.startController(silentOnHeld(lab));
  lab.until('experiment.held', 2);
  lab.wait(60);
  expect(lab.ledger.experiments().map(({ status, reason }) => [status, reason])).toEqual(
    Array(2).fill(['dropped', 'its shelf life ended before it was decided what comes next']),
  );
  const held = lab.events.flatMap((event) => (event.type === 'experiment.held' ? [event] : []));
  const dropped = lab.events.flatMap((event) => (event.type === 'experiment.dropped' ? [event] : []));
  expect(dropped.map(({ at }) => at)).toEqual(held.map(({ data }) => data.until));
});

test.each([1, 2, 3])('a shelf of %i places never stops a campaign that has four samples under way', (places) => {
  const lab = begin({ places, size: 4, mode: 'rolling', experiments: 8 });
  lab.run();
  verify(lab);
});

test('a sample at rest on its shelf takes a place there, though nothing is planned for it', () => {
  const definition = twoStep({ size: 2, places: 3 });
  const lab = new WholeLab(definition);
  lab.startController(silentOnHeld(lab));
  lab.until('experiment.held', 2);
  lab.wait(5);
  const { resources, samples } = new LabProblem(definition).build(lab.engine.state, lab.clock.now());
  expect(resources.find(({ id }) => id === 'shelf')).toMatchObject({ capacity: 1 });
  expect(samples).toEqual([]);
});

test('a sample in doubt on its way to the shelf is held again once a person has decided', () => {
  const lab = new WholeLab(twoStep());
  lab.startController();
  lab.until('experiment.held');
  lab.clock.run(() => [...lab.engine.state.commands.values()].some(({ context }) => context.command.to === 'shelf'));
  const moving = [...lab.engine.state.commands.values()].find(({ context }) => context.command.to === 'shelf')!;
  const { key, experiment } = moving.context.command;
  lab.engine.submit(
    {
      type: 'command.ended',
      data: { key, outcome: 'indeterminate', meters: [], source: 'device', error: { code: 'x', message: 'unsure' } },
    },
    'device/arm',
  );
  lab.until('experiment.became_indeterminate');
  expect(lab.ledger.experiment(experiment)!.status).toBe('indeterminate');
  expect(lab.engine.state.campaign.context.held).not.toContain(experiment);
  expect(lab.engine.order({ op: 'resolve', key, as: 'happened' }, 'eva').ok).toBe(true);
  expect(lab.ledger.experiment(experiment)!.status).toBe('held');
  lab.run();
  verify(lab);
});

test('an earlier campaign is learned from: no initial design, trust on record, and its samples stay where they are', () => {
  const first = begin({ experiments: 10 });
  first.run();
  const rows = first.ledger.experiments().map(({ parameters: point, objectives: values, observations }) => ({
    ...{ point, observations, ...(values === undefined ? {} : { values }) },
  }));
  const definition = twoStep({ experiments: 4 });
  Object.assign(definition.campaign, { sources: { before: SourceEntry.parse({ ledger: 'earlier' }) } });
  const lab = new WholeLab({ ...definition, sources: { before: rows } });
  lab.startController();
  lab.run();
  verify(lab);
  const [received] = lab.ledger.events({ type: 'suggestions.received' });
  if (received?.type !== 'suggestions.received') expect.fail();
  const { suggestions, model } = received.data;
  expect(suggestions.every(({ predicted }) => predicted !== undefined)).toBe(true);
  expect(model!.sources).toContainEqual(expect.objectContaining({ name: 'before', outcome: 'distance', trust: 1 }));
  expect(lab.ledger.experiments()).toHaveLength(4);

  const capped = structuredClone(definition);
  capped.campaign.sources!['before' as never] = SourceEntry.parse({ ledger: 'earlier', cap: 0 }) as never;
  const without = new WholeLab({ ...capped, sources: { before: rows } });
  without.startController();
  without.until('experiment.suggested');
  expect(without.ledger.experiments()[0]!.predicted).toBeUndefined();
});

describe('a controller that is killed at every append between the last proxy and what the model decides on it', () => {
  const calm = begin();
  const seen: (readonly LabEvent[])[] = [];
  calm.engine.subscribe((events) => seen.push(events));
  calm.run();
  const isModelled = (event: LabEvent) =>
    event.type === 'experiment.resumed' && event.data.suggestion.value !== undefined;
  const last = seen.findIndex((events) => events.some(isModelled));
  const first = seen.slice(0, last).findLastIndex((events) => events.some(({ type }) => type === 'experiment.held'));
  const until = seen[last]!.findLast(({ type }) => /resumed|suggested|dropped/.test(type))!.seq;

  test.each(['before', 'after'] as const)('%s the commit, decides the same', (when) => {
    verify(calm);
    const expected = choices(calm, until);
    for (let n = first + 1; n <= last + 1; n++) {
      const lab = new WholeLab(twoStep());
      killAround(lab, n, when);
      lab.startController();
      try {
        lab.run();
        expect.fail('it was not killed');
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        lab.killController();
        lab.wait(1);
        lab.startController();
        lab.run();
      }
      verify(lab);
      expect(choices(lab).slice(0, expected.length)).toEqual(expected);
    }
    expect(last - first).toBeGreaterThan(0);
  });
});
