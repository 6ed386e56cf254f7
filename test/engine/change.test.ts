import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeFailure } from '../../src/base/failure.ts';
import type { CampaignChange } from '../../src/domain/change.ts';
import { begun, expectEnded, expectRebuilt, mixed, narrower, order, quantity, statuses } from './changing.ts';
import { booked, Killed, killAround, reported } from './killing.ts';
import { definitionOf, WholeLab } from './whole-lab.ts';

describe('a campaign that is changed while it runs', () => {
  test('goes on in the new space, with what it has learned in the old one', () => {
    const lab = begun();
    lab.until('experiment.completed', 6);
    expect(order(lab, narrower).ok).toBe(true);
    const [changed] = lab.ledger.events({ type: 'campaign.changed' });
    expect(changed).toMatchObject({ actor: 'person/ann', data: { by: 'ann', version: 2, change: narrower } });
    expect(lab.ledger.definition()!.campaign.space).toMatchObject({
      red: { min: { value: 40, unit: 'uL' }, max: { value: 80 } },
      brand: { levels: ['bolt', 'cask'], retired: ['acme'] },
    });
    lab.run();
    expectEnded(lab);
    expect(statuses(lab)).toEqual(Array(10).fill('completed'));
    const requests = lab.events.flatMap((event) => (event.type === 'suggestions.requested' ? [event] : []));
    const [next] = requests.filter(({ seq }) => seq > changed!.seq);
    expect(next?.data.count).toBe(3);
  });

  test('carries out what was suggested before', () => {
    const lab = begun();
    lab.until('experiment.suggested', 2);
    const before = lab.ledger.experiments().map(({ parameters }) => parameters);
    expect(order(lab, narrower).ok).toBe(true);
    lab.run();
    expectEnded(lab);
    expect(lab.ledger.experiments().slice(0, 2)).toMatchObject(
      before.map((parameters) => ({ parameters, status: 'completed' })),
    );
  });

  test('asks again when the optimizer was thinking about the old problem', () => {
    const lab = begun();
    lab.until('suggestions.requested', 2);
    expect(lab.engine.state.campaign.context).toMatchObject({ ask: 2, asking: 2 });
    expect(order(lab, narrower).ok).toBe(true);
    expect(lab.engine.state.campaign.context).toMatchObject({ ask: 3, asking: 3 });
    lab.run();
    expectEnded(lab);
    expect(lab.events.some(({ type, data }) => type === 'suggestions.received' && data.ask === 2)).toBe(false);
  });

  test('may be changed while it is paused, and goes on so', () => {
    const lab = begun();
    lab.until('suggestions.requested', 2);
    lab.engine.order({ op: 'pause' }, 'ann');
    expect(order(lab, narrower).ok).toBe(true);
    lab.wait(60);
    expect(lab.count('suggestions.requested')).toBe(2);
    lab.engine.order({ op: 'resume' }, 'ann');
    lab.run();
    expectEnded(lab);
  });

  test('rolls more samples at once from then on', () => {
    const lab = begun((campaign) => Object.assign(campaign.batch, { mode: 'rolling', size: 1 }));
    lab.until('experiment.completed', 2);
    expect(order(lab, { batch: { size: 4 } }).ok).toBe(true);
    lab.until('experiment.suggested', 6);
    expect(lab.engine.state.campaign.context.open).toBe(4);
    lab.run();
    expectEnded(lab);
  });

  test('ends sooner or later with another budget of experiments', () => {
    const sooner = begun();
    sooner.until('experiment.completed', 2);
    expect(order(sooner, { budget: { experiments: 4 } }).ok).toBe(true);
    sooner.run();
    expectEnded(sooner);
    expect(statuses(sooner).length).toBe(4);
    const now = begun();
    now.until('suggestions.requested', 2);
    expect(order(now, { budget: { experiments: 2 } }).ok).toBe(true);
    now.run();
    expect(now.ledger.campaign()).toMatchObject({ outcome: 'completed', status: 'finished' });
    expect(statuses(now).length).toBe(2);
    const later = begun((campaign) => Object.assign(campaign.budget, { experiments: 2 }));
    later.until('experiment.completed');
    expect(order(later, { budget: { experiments: 5 } }).ok).toBe(true);
    later.run();
    expectEnded(later);
    expect(statuses(later).length).toBe(5);
  });

  test('ends at another time, across a restart, or at none', () => {
    const lab = begun((campaign) => Object.assign(campaign.budget, { time: 3600, experiments: 1000 }));
    lab.wait(10);
    expect(order(lab, { budget: { time: '20 min' } }).ok).toBe(true);
    lab.killController();
    lab.startController();
    const opened = lab.ledger.campaign()!.openedAt;
    lab.until('campaign.stopping');
    const stopping = lab.events.find(({ type }) => type === 'campaign.stopping')!;
    expect((stopping.at - opened) / 60_000).toBeCloseTo(20, 1);
    lab.run();
    expectEnded(lab);
    const free = begun((campaign) => Object.assign(campaign.budget, { time: 600 }));
    free.wait(5);
    expect(order(free, { budget: { time: null } }).ok).toBe(true);
    expect(free.ledger.timers().map(({ kind }) => kind)).not.toContain('time_budget');
    free.run();
    expectEnded(free);
    expect(statuses(free)).toEqual(Array(10).fill('completed'));
  });

  test('ends at once when the new goal is reached already', () => {
    const lab = begun();
    lab.until('experiment.completed', 3);
    expect(order(lab, { objectives: [{ name: 'distance', stop_at: 100 }] }).ok).toBe(true);
    expect(lab.ledger.campaign()).toMatchObject({ status: 'stopping', reason: 'the goal is reached' });
    lab.run();
    expectEnded(lab);
  });

  test('favours what weighs more, once it does', () => {
    const lab = new WholeLab(
      definitionOf('snar-flow', ({ campaign }) => {
        Object.assign(campaign.budget, { experiments: 9 });
        Object.assign(campaign.batch, { initial: 5 });
      }),
    );
    lab.startController();
    lab.until('experiment.completed', 7);
    expect(order(lab, { objectives: [{ name: 'sty', weight: 4 }] }).ok).toBe(true);
    lab.run(72);
    expectEnded(lab);
    const models = lab.events.flatMap((event) => (event.type === 'suggestions.received' && event.data.model) || []);
    // The gain is one of hypervolume, which is not what is looked for any more.
    expect(models.map(({ expectedGain }) => expectedGain !== undefined)).toEqual([true, true, false, false]);
  });

  test('takes or leaves a stop rule', () => {
    const lab = begun();
    lab.until('experiment.completed', 4);
    expect(order(lab, { stop: { gain_below: 1e6 } }).ok).toBe(true);
    lab.run();
    expect(lab.ledger.campaign()?.reason).toMatch(/^the next batch is expected to gain .*less than 1000000/);
  });
});

describe('a change that makes no sense is refused', () => {
  const lab = begun((campaign) => {
    Object.assign(campaign, { constraints: [{ sum: ['red', 'blue'], at_least: quantity(60) }] });
    Object.assign(campaign.budget, { time: 8 * 3600, materials: { red: quantity(1000) } });
  });
  lab.until('experiment.completed', 4);
  test.each<readonly [string, CampaignChange, RegExp]>([
    ['an unknown parameter', { space: { rad: { max: '1 uL' } } }, /varies no "rad"\. Did you mean "red"\?/],
    ['swapped bounds', { space: { red: { min: '90 uL', max: '10 uL' } } }, /lower bound of "red" is not below/],
    ['one bound beyond the other', { space: { red: { min: '100 uL' } } }, /lower bound of "red" is not below/],
    ['a bound of another dimension', { space: { red: { max: '10 s' } } }, /space\.red\.max: "10 s" is measured in s/],
    ['a bound without its unit', { space: { red: { max: 10 } } }, /"10" has no unit/],
    ['another kind', { space: { red: { type: 'integer', min: 1, max: 3 } } }, /"red" is continuous: .* keeps its kind/],
    ['levels of a range', { space: { red: { levels: ['1 uL'] } } }, /"red" is continuous and has no "levels"/],
    ['bounds of a category', { space: { brand: { min: 1 } } }, /"brand" is categorical and has no "min"/],
    ['a level twice', { space: { brand: { levels: ['acme', 'acme'] } } }, /has the level "acme" twice/],
    ['a dose twice', { space: { yellow: { levels: ['1 uL', '0.001 mL'] } } }, /has the level .* twice/],
    [
      'descriptors of some levels',
      { space: { brand: { descriptors: { acme: [1] } } } },
      /no complete descriptor for level "bolt"/,
    ],
    [
      'nothing left by the constraints',
      { space: { red: { max: '20 uL' }, blue: { max: '20 uL' } } },
      /No point satisfies/,
    ],
    ['bounds beyond the device', { space: { red: { max: '100 mL' } } }, /device does not take: volumes\.red: Too big/],
    ['an unknown objective', { objectives: [{ name: 'distanse', stop_at: 1 }] }, /has no objective "distanse"/],
    ['a target of what has none', { objectives: [{ name: 'distance', target: 1 }] }, /it has no target/],
    ['the weight of the only objective', { objectives: [{ name: 'distance', weight: 3 }] }, /would change nothing/],
    ['nothing', { batch: { size: 2 } }, /This changes nothing/],
    ['fewer experiments than there are', { budget: { experiments: 3 } }, /experiments are on their way or done/],
    ['less time than has passed', { budget: { time: '1 s' } }, /The campaign has had \d+ min( \d+ s)? already/],
    ['less of a material', { budget: { materials: { red: '1 nL' } as never } }, /More of the red is used already/],
    ['less money', { budget: { money: '0.0001 EUR' } }, /More of the money is used already/],
    ['money of another country', { budget: { money: '90 USD' } }, /"90 USD" is not in the currency of the lab, EUR/],
    ['an unknown material', { budget: { materials: { tin: '1 g' } as never } }, /limits "tin"/],
  ])('%s', (_, change, sentence) => {
    const before = lab.ledger.lastSeq();
    const answer = order(lab, change);
    expect(answer.ok ? 'taken' : describeFailure(answer.failure)).toMatch(sentence);
    expect(answer.ok ? '' : (answer.failure.mend ?? '')).toMatch(/\.$|\?$/);
    expect(lab.ledger.lastSeq()).toBe(before);
  });

  test('when the campaign is ending or has ended', () => {
    const over = begun();
    over.until('experiment.completed', 1);
    over.engine.order({ op: 'stop' }, 'ann');
    const ending = order(over, narrower);
    expect(ending.ok ? '' : ending.failure.message).toMatch(/cannot be changed: it is being stopped/);
    over.run();
    const ended = order(over, narrower);
    expect(ended.ok ? '' : ended.failure.message).toMatch(/cannot be changed: it has ended/);
    expect(over.count('campaign.changed')).toBe(0);
  });
});

const range = fc
  .tuple(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 1, max: 60 }))
  .map(([min, width]) => ({ min: `${min} uL`, max: `${Math.min(100, min + width)} uL` }));
const doses = fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 5 });
const change: fc.Arbitrary<CampaignChange> = fc.oneof(
  fc.record({ space: fc.record({ red: range, blue: range }, { requiredKeys: [] }) }),
  fc.record({ space: fc.record({ yellow: doses.map((all) => ({ levels: all.map((dose) => `${dose} uL`) })) }) }),
  fc.record({
    space: fc.record({ brand: fc.record({ levels: fc.shuffledSubarray(['acme', 'bolt', 'cask'], { minLength: 1 }) }) }),
  }),
  fc.record({
    batch: fc.record({ size: fc.integer({ min: 1, max: 4 }), mode: fc.constantFrom('together', 'rolling') }),
  }),
  fc.record({ budget: fc.record({ experiments: fc.integer({ min: 1, max: 14 }) }) }),
);
const step = fc.record({
  change,
  minutes: fc.integer({ min: 0, max: 12 }),
  restart: fc.boolean(),
  pause: fc.boolean(),
});

test('any sequence of changes leaves a campaign that goes on in the space of the moment', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 6 }), (steps) => {
      const lab = begun((campaign) => Object.assign(campaign.batch, { initial: 6 }));
      for (const { change, minutes, restart, pause } of steps) {
        lab.wait(minutes);
        if (pause) lab.engine.order({ op: 'pause' }, 'ann');
        const known = lab.ledger.experiments();
        if (order(lab, change).ok) taken += 1;
        expectRebuilt(lab);
        if (restart) {
          lab.killController();
          lab.startController();
        }
        expect(lab.ledger.experiments().slice(0, known.length)).toMatchObject(
          known.map(({ experiment, parameters }) => ({ experiment, parameters })),
        );
        if (pause) lab.engine.order({ op: 'resume' }, 'ann');
      }
      lab.run();
      expectEnded(lab);
      expect(lab.engine.state.campaign.context.limits.experiments).toBeGreaterThanOrEqual(
        lab.ledger.experiments().length,
      );
    }),
    { numRuns: 12, seed: 1 },
  );
  expect(taken).toBeGreaterThan(12);
}, 120_000);

/** A person orders the change once two experiments are done, and again if it is not in the ledger. */
function play(lab: WholeLab): void {
  const completed = () => statuses(lab).filter((status) => status === 'completed').length;
  lab.clock.run(() => completed() >= 2, lab.clock.now() + 24 * 3_600_000);
  if ([...lab.ledger.events({ type: 'campaign.changed' })].length === 0) order(lab, narrower);
  lab.clock.run(() => lab.finished || lab.failures.length > 0, lab.clock.now() + 24 * 3_600_000);
}

const short = () => mixed((campaign) => Object.assign(campaign.budget, { experiments: 5 }));

describe('the controller is killed around a change', () => {
  const lab = new WholeLab(short());
  lab.startController();
  const firstSeqs: number[] = [];
  let changedAt = 0;
  lab.engine.subscribe((events) => {
    firstSeqs.push(events[0]!.seq);
    if (events.some(({ type }) => type === 'campaign.changed')) changedAt = firstSeqs.length;
  });
  play(lab);
  const around = Array.from({ length: 16 }, (_, i) => changedAt - 5 + i);

  test.each(['before', 'after'] as const)('%s the commit, and goes on with what is in the ledger', (when) => {
    expect(changedAt).toBeGreaterThan(5);
    for (const n of around) {
      const lab = new WholeLab(short());
      killAround(lab, n, when);
      lab.startController();
      expect(() => play(lab), `kill ${n}`).toThrow(Killed);
      lab.killController();
      lab.wait(1 / 3);
      lab.startController();
      play(lab);
      expectEnded(lab);
      expect(statuses(lab)).toEqual(Array(5).fill('completed'));
      expect(booked(lab)).toEqual(reported(lab));
      expect([...lab.ledger.events({ type: 'campaign.changed' })].length).toBe(1);
    }
  });
});
