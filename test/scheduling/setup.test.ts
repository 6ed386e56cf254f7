import { describe, expect, it, test } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { check } from '../../src/scheduling/checker.ts';
import { dispatch } from '../../src/scheduling/dispatcher.ts';
import { improve } from '../../src/scheduling/improve.ts';
import type { Plan, Resource, SampleTask, SchedulingProblem, StepTask } from '../../src/scheduling/model.ts';
import { NeighbourhoodSearch } from '../../src/scheduling/neighbourhood-search.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { judge } from '../bench/execution/judge.ts';
import { setupProblem } from '../bench/execution/labs.ts';
import { Player, type Draw } from '../bench/execution/player.ts';
import { Gated } from '../bench/execution/policies.ts';
import { runLoop } from './loop.ts';
import { randomLab, withSetups } from './random-lab.ts';
import { lab, resource, sample, step } from './small-lab.ts';

const minute = 60_000;

/** The plan, which the checker must accept. */
function planned(problem: SchedulingProblem, previous?: Plan): Plan {
  const made = plan(problem, previous);
  expect(check(problem, made)).toEqual([]);
  expect(made.unplanned).toEqual([]);
  return made;
}

const startsOf = ({ assignments }: Plan): Record<string, number> =>
  Object.fromEntries(assignments.filter(({ kind }) => kind === 'process').map(({ sample, start }) => [sample, start]));

const without = ({ transport: _, ...problem }: SchedulingProblem): SchedulingProblem => problem;

/** Samples named by number, coated for a minute each with these inks by a coater that takes ten minutes to clean. */
const coating = (inks: readonly string[], more: Partial<Resource> = {}): SchedulingProblem =>
  without(
    lab(
      [{ ...resource('coater', 'station'), setup: 10 * minute, ...more }],
      inks.map((recipe, i) => sample(`s${i}`, [step('coat', 'coater', minute, { recipe })])),
    ),
  );

/** Two at a time in an oven that takes an hour to change its gas. */
const baking = (gases: readonly string[], more: Partial<Resource> = {}): SchedulingProblem =>
  lab(
    [{ ...resource('oven', 'batch', 2), setup: 60 * minute, ...more }, resource('store', 'rack', 99)],
    gases.map((recipe, i) =>
      sample(`s${i}`, [step('bake', 'oven', 10 * minute, { recipe })], { at: 'store', out: 'store' }),
    ),
  );

describe('a plan', () => {
  it('sets a station up between different recipes, and not between equal ones', () => {
    expect(startsOf(planned(coating(['red', 'red', 'blue'])))).toEqual({ s0: 0, s1: minute, s2: 12 * minute });
  });

  it('counts what the station was last used for, or does now', () => {
    const last = { recipe: 'blue', end: -4 * minute };
    expect(startsOf(planned(coating(['red'], { last })))).toEqual({ s0: 6 * minute });
    expect(startsOf(planned(coating(['blue'], { last })))).toEqual({ s0: 0 });
    const problem = coating(['red', 'blue']);
    const running = { kind: 'process', step: 'coat', resource: 'coater', to: 'coater', recipe: 'red' } as const;
    const busy: SampleTask = sample('r', [], {
      at: 'coater',
      running: { ...running, start: -1000, expectedEnd: minute },
    });
    const made = planned({ ...problem, samples: [busy, ...problem.samples] });
    expect(startsOf(made)).toMatchObject({ s0: minute, s1: 12 * minute });
  });

  it('takes two uses without recipe for equal, and one with recipe for another', () => {
    const problem = coating(['red', 'red', 'red']);
    const plain = problem.samples.map((one, i) => ({
      ...one,
      remaining: i < 2 ? [step('coat', 'coater', minute)] : one.remaining,
    }));
    expect(startsOf(planned({ ...problem, samples: plain }))).toEqual({ s0: 0, s1: minute, s2: 12 * minute });
  });

  it('knows that one change takes another time than the other way round', () => {
    const changes = [{ from: 'red', to: 'blue', time: 2 * minute }];
    const there = coating(['red', 'blue'], { changes, last: { recipe: 'red', end: 0 } });
    expect(startsOf(planned(there))).toEqual({ s0: 0, s1: 3 * minute });
    const back = coating(['blue', 'red'], { changes, last: { recipe: 'blue', end: 0 } });
    expect(startsOf(planned(back))).toEqual({ s0: 0, s1: 11 * minute });
  });

  it('sets an oven up between runs, with samples in it or not, and fills runs of one recipe', () => {
    const made = planned(baking(['argon', 'air', 'argon', 'air']));
    const runs = made.assignments.filter(({ kind }) => kind === 'process');
    const [first, second] = [...new Set(runs.map(({ start }) => start))].sort((a, b) => a - b);
    expect(new Set(runs.map(({ batch }) => batch)).size).toBe(2);
    expect(second! - first!).toBe(70 * minute);
    const into = made.assignments.filter(({ kind, to }) => kind === 'move' && to === 'oven');
    expect(into.filter(({ end }) => end > first! && end < second!)).toHaveLength(2);
  });

  it('does what needs no set-up between one after the other, first what the station is set up for', () => {
    const last = { recipe: 'blue', end: -minute };
    const made = planned(coating(['red', 'blue', 'red', 'blue', 'red'], { last }));
    expect(made.makespan).toBe(15 * minute);
    const baked = planned(baking(Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? 'argon' : 'air'))));
    const runs = baked.assignments.filter(({ kind }) => kind === 'process').map(({ start }) => start);
    const starts = [...new Set(runs)].sort((a, b) => a - b);
    expect(starts).toHaveLength(6);
    expect(starts.filter((start, i) => i > 0 && start - starts[i - 1]! >= 70 * minute)).toHaveLength(1);
  });

  it('does the urgent first all the same', () => {
    const problem = coating(['red', 'blue', 'red']);
    const samples = problem.samples.map((one, i) => (i === 1 ? { ...one, priority: 1 } : one));
    expect(startsOf(planned({ ...problem, samples })).s1).toBe(0);
  });

  it('is kept up with its set-ups', () => {
    const problem = coating(['red', 'blue', 'red']);
    const first = planned(problem);
    const later = {
      ...problem,
      now: 30_000,
      resources: problem.resources.map((one) => ({ ...one, last: { recipe: 'green', end: 20_000 } })),
    };
    const kept = planned(later, first);
    expect(Math.min(...Object.values(startsOf(kept)))).toBe(20_000 + 10 * minute);
  });

  it('is not one with tabu search, and steps that links bind are told so', () => {
    const problem = coating(['red', 'blue']);
    expect(improve(problem, plan(problem), 1)).toBeInstanceOf(NeighbourhoodSearch);
    const linked = { ...problem, samples: problem.samples.map((one) => ({ ...one, links: [] })) };
    expect(plan(linked).unplanned[0]!.reason).toBe(
      'coat needs a resource that is set up between uses, which steps that links bind cannot use.',
    );
  });

  it('leaves out, for good, a sample that must be worked on again sooner than its station can be set up', () => {
    const again = step('again', 'coater', minute, { recipe: 'blue', lag: { min: 0, max: minute } });
    const twice = (more: Partial<StepTask>) => {
      const steps = [step('coat', 'coater', minute, { recipe: 'red' }), { ...again, ...more }];
      return { ...coating([]), samples: [sample('a', steps)] };
    };
    expect(plan(twice({})).unplanned).toEqual([
      {
        sample: 'a',
        cause: 'incapable',
        reason:
          'again of a must begin within 1 min of coat, but the fastest way, from coater to coater, takes 10 min, set-up included.',
      },
    ]);
    planned(twice({ lag: { min: 0, max: 10 * minute } }));
    planned(twice({ recipe: 'red' }));
  });

  it.each<[string, Partial<Resource>, RegExp]>([
    ['a station that works on two', { capacity: 2, concurrency: 2 }, /works on 2 samples at once, so that it cannot/],
    ['a rack', { kind: 'rack' }, /is a rack, which is not set up/],
    ['a time that is none', { setup: -1 }, /takes -1 ms, which is no time/],
    ['a change of nothing', { changes: [{ from: 'red', to: 'red', time: 0 }] }, /one recipe and need no set-up/],
    [
      'a change that takes longer than one over a third recipe',
      { changes: [{ from: 'red', to: 'blue', time: 21 * minute }] },
      /from red to blue takes 1260000 ms, but over any other recipe only 1200000 ms/,
    ],
  ])('is not made for %s', (_, more, found) => {
    const problem = coating(['red'], more);
    expect(plan(problem).unplanned[0]!.reason).toMatch(found);
  });
});

test('a run that waits for one more sample leaves a member its set-up where it was before', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = stream(seed, 'join');
    const station = resource('x', 'station', 1 + random.integer(3), 1);
    const bake = step('bake', 'oven', 5 * minute, { recipe: 'hot' });
    const ink = () => ({ recipe: random.pick(['red', 'blue']) });
    const samples = Array.from({ length: 3 + random.integer(6) }, (_, i) => {
      const [before, after] = [step('first', 'x', minute, ink()), step('last', 'x', minute, ink())];
      const release = i === 0 ? 0 : random.integer(3) * random.integer(500_000);
      return sample(`s${i}`, i === 0 ? [before, bake, after] : [bake], { at: 'store', out: 'store', release });
    });
    const problem = lab(
      [
        { ...station, setup: minute * (1 + random.integer(60)) },
        resource('oven', 'batch', 3),
        resource('store', 'rack', 99),
      ],
      samples,
    );
    for (const one of [problem, without(problem)])
      expect({ seed, faults: check(one, plan(one)) }).toEqual({ seed, faults: [] });
  }
});

describe('check', () => {
  const early = (problem: SchedulingProblem, id: string, by: number): string => {
    const made = planned(problem);
    const batch = made.assignments.find(({ kind, sample: one }) => kind === 'process' && one === id)!.batch;
    const assignments = made.assignments.map((one) =>
      one.kind === 'process' && (one.sample === id || (batch !== undefined && one.batch === batch))
        ? { ...one, start: one.start - by, end: one.end - by }
        : one,
    );
    const makespan = Math.max(...assignments.map(({ end }) => end));
    return check(problem, { ...made, assignments, makespan }).join('\n');
  };

  it('finds a step, a run and a first use that come a millisecond too early', () => {
    expect(early(coating(['red', 'blue']), 's1', 1)).toBe(
      'coater begins coat of s1 with recipe blue at 659999, 599999 after coat of s0 with recipe red, but 600000 are needed to set it up.',
    );
    expect(early(baking(['argon', 'air']), 's1', 1)).toMatch(/^oven begins bake of s1 .*but 3600000 are needed/);
    const last = { recipe: 'blue', end: -1000 };
    expect(early(coating(['red'], { last }), 's0', 1)).toMatch(/599999 after its last use with recipe blue/);
    const changes = [{ from: 'red', to: 'blue', time: 2 * minute }];
    const there = coating(['red', 'blue'], { changes, last: { recipe: 'red', end: 0 } });
    expect(early(there, 's1', 1)).toMatch(/119999 after .* but 120000 are needed/);
  });

  it('finds one that comes too early after what runs', () => {
    const problem = coating(['blue']);
    const running = { kind: 'process', step: 'coat', resource: 'coater', to: 'coater', recipe: 'red' } as const;
    const busy = sample('r', [], { at: 'coater', running: { ...running, start: -1000, expectedEnd: minute } });
    expect(early({ ...problem, samples: [...problem.samples, busy] }, 's0', 1)).toMatch(
      /after coat of r with recipe red/,
    );
  });
});

describe('dispatch', () => {
  it('waits until the set-up after the last use is over, says so, and is woken then', () => {
    const problem = coating(['red'], { last: { recipe: 'blue', end: -4 * minute } });
    const { start, waiting, wakeAt } = dispatch(problem, plan(problem));
    expect(start).toEqual([]);
    expect(waiting).toMatchObject([
      { reason: 'coat of s0 waits until coater is set up for it after blue.', due: 6 * minute },
    ]);
    expect(wakeAt).toBe(6 * minute);
    const then = { ...problem, now: wakeAt! };
    expect(dispatch(then, plan(then)).start).toHaveLength(1);
    const alike = coating(['blue'], { last: { recipe: 'blue', end: -4 * minute } });
    expect(dispatch(alike, plan(alike)).start).toHaveLength(1);
  });

  it('does not begin what must be followed soon on a device that will still be set up', () => {
    const steps = [
      step('mix', 'mixer', 5 * minute),
      step('coat', 'coater', minute, { recipe: 'red', lag: { min: 0, max: minute } }),
    ];
    const station: Resource = {
      ...resource('coater', 'station'),
      setup: 10 * minute,
      last: { recipe: 'blue', end: 0 },
    };
    const problem = without(lab([resource('mixer', 'station'), station], [sample('a', steps)]));
    const hasty: Plan = {
      assignments: [
        { sample: 'a', step: 'mix', kind: 'process', resource: 'mixer', start: 0, end: 5 * minute },
        { sample: 'a', step: 'coat', kind: 'process', resource: 'coater', start: 5 * minute, end: 6 * minute },
      ],
      makespan: 6 * minute,
      unplanned: [],
    };
    const { start, wakeAt } = dispatch(problem, hasty);
    expect(start).toEqual([]);
    expect(wakeAt).toBe(4 * minute);
    expect(dispatch({ ...problem, now: wakeAt! }, hasty).start).toHaveLength(1);
  });
});

describe('random labs with set-ups', () => {
  const draw =
    (seed: number): Draw =>
    (name, { low, high }) =>
      Math.round(low + (high - low) * stream(seed, name).next());

  it('are planned, and plans stay right when they are kept or improved', () => {
    for (let seed = 2000; seed < 2100; seed++) {
      const problem = setupProblem(seed, 0.2);
      const made = plan(problem);
      expect({ seed, faults: check(problem, made) }).toEqual({ seed, faults: [] });
      const improver = improve(problem, made, seed);
      for (let i = 0; i < 30; i++) improver.step();
      expect({ seed, faults: check(problem, improver.plan) }).toEqual({ seed, faults: [] });
      const plain = { ...problem, resources: problem.resources.map(({ setup: _, changes: __, ...rest }) => rest) };
      const kept = plan(problem, plan(plain));
      expect({ seed, faults: check(problem, kept) }).toEqual({ seed, faults: [] });
      if (plan(plain).unplanned.length === 0)
        expect({ seed, unplanned: made.unplanned }).toEqual({ seed, unplanned: [] });
    }
  });

  it('are carried out without a broken rule, and no maximum wait is missed', () => {
    for (let seed = 1000; seed < 1060; seed++) {
      const problem = setupProblem(seed, 0.2);
      const first = plan(problem);
      if (first.unplanned.length > 0) continue;
      const run = new Player(problem, draw(seed)).play(new Gated(first), 1e9);
      expect({ seed, stuck: run.stuck, ...judge(problem, run) }).toMatchObject({ stuck: false, missed: 0, broken: [] });
    }
  });

  it('finish whatever else happens', () => {
    const wild = { outages: 0.05, wild: 0.1, amnesia: 0.1, freezes: 0.03, improvements: 0.2 };
    for (let seed = 90_000; seed < 90_060; seed++)
      runLoop(seed, wild, withSetups(randomLab(stream(seed, 'lab')), stream(seed, 'setups')));
  });
});
