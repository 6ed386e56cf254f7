import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { leastEnd } from '../../src/scheduling/bound.ts';
import type { Resource, SchedulingProblem } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { coaters } from './coaters.ts';
import { instancesPresent, problemOf, readInstance } from './instances.ts';
import { randomLab, withSetups } from './random-lab.ts';
import { readKnown, readShop } from './shops.ts';
import { exact, lab, resource, sample, smallLab, step } from './small-lab.ts';

const minute = 60_000;

describe('the least end of any plan', () => {
  it('is that of one sample alone where nobody is waited for', () => {
    const problem = { ...smallLab(), samples: smallLab().samples.slice(0, 1) };
    expect(leastEnd(problem)).toEqual({ end: plan(problem).makespan, busy: [] });
  });

  it('is what a resource has to do, from the first arrival to the last way out', () => {
    const steps = [step('mix', 'mixer', 10 * minute)];
    const problem = lab(
      [resource('mixer', 'station'), resource('store', 'rack', 9)],
      [0, 1, 2].map((i) => sample(`s${i}`, steps, { at: 'store', out: 'store' })),
    );
    expect(leastEnd(problem)).toEqual({ end: 30 * minute + 2 * 20_000, busy: ['mixer'] });
  });

  it('counts whole runs of a furnace', () => {
    const oven = (count: number, recipe: (i: number) => string): SchedulingProblem => {
      const { transport: _, ...problem } = lab(
        [resource('oven', 'batch', 4)],
        Array.from({ length: count }, (_, i) => sample(`s${i}`, [step('bake', 'oven', minute, { recipe: recipe(i) })])),
      );
      return problem;
    };
    expect(leastEnd(oven(9, () => 'hot'))).toEqual({ end: 3 * minute, busy: ['oven'] });
    expect(leastEnd(oven(8, (i) => (i === 0 ? 'cold' : 'hot')))).toEqual({ end: 3 * minute, busy: ['oven'] });
  });

  it('counts the set-ups that cannot be avoided', () => {
    const problem = coaters(12);
    const recipes = new Set(problem.samples.map(({ remaining }) => remaining[0]!.recipe)).size;
    expect(leastEnd(problem).end).toBe((12 * 5 * minute + (recipes - 2) * 20 * minute) / 2);
    const one = (more: Partial<Resource>) => {
      const resources = [{ ...problem.resources[0]!, ...more }];
      const alone = problem.samples.map((task) => ({
        ...task,
        remaining: task.remaining.map((one) => ({ ...one, alternatives: one.alternatives.slice(0, 1) })),
      }));
      return leastEnd({ ...problem, resources, samples: alone }).end;
    };
    expect(one({})).toBe(60 * minute + (recipes - 1) * 20 * minute);
    const changes = [{ from: 'ink-0', to: 'ink-1', time: minute }];
    expect(one({ changes })).toBe(60 * minute + (recipes - 1) * minute);
  });

  it('is what the arm has to carry, where that is most', () => {
    const steps = ['a', 'b', 'c'].map((id) => step(id, id, 1000));
    const problem = lab(
      [...['a', 'b', 'c'].map((id) => resource(id, 'station')), resource('store', 'rack', 9)],
      Array.from({ length: 6 }, (_, i) => sample(`s${i}`, steps, { at: 'store', out: 'store' })),
    );
    expect(leastEnd(problem)).toEqual({ end: 6 * 4 * 20_000, busy: ['arm'] });
  });

  it('counts a way over a rack where that is shorter, or the only one', () => {
    const problem = lab(
      [resource('a', 'station'), resource('b', 'station'), resource('store', 'rack', 9)],
      [sample('s', [step('one', 'a', 1000), step('two', 'b', 1000)], { at: 'store' })],
    );
    const far = { a: { b: exact(60_000), store: exact(10_000) }, store: { a: exact(10_000), b: exact(10_000) } };
    const travel = { ...far, b: { a: exact(60_000), store: exact(10_000) } };
    const transport = { ...problem.transport!, travel };
    expect(leastEnd({ ...problem, transport }).end).toBe(32_000);
    const none = { ...travel, a: { store: exact(10_000) } };
    expect(leastEnd({ ...problem, transport: { ...transport, travel: none } }).end).toBe(32_000);
  });

  it('is now where there is nothing to be done, or nobody may do it', () => {
    const problem = { ...smallLab(), now: 7 };
    expect(leastEnd({ ...problem, samples: [] })).toEqual({ end: 7, busy: [] });
    const frozen = problem.samples.map((task) => ({ ...task, frozen: true }));
    expect(leastEnd({ ...problem, samples: frozen })).toEqual({ end: 7, busy: [] });
  });

  it('is never later than a plan, in random labs with set-ups and without', () => {
    let tight = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomLab(stream(seed, 'lab'));
      const { resources, transport, arrivals } = seed % 2 === 0 ? random : withSetups(random, stream(seed, 'setups'));
      const samples = arrivals.map(({ steps, time, ...more }) => ({ ...more, release: time, remaining: steps }));
      const problem = { now: 0, resources, samples, ...(transport === undefined ? {} : { transport }) };
      const made = plan(problem);
      if (made.unplanned.length > 0) continue;
      const { end } = leastEnd(problem);
      expect(end, `seed ${seed}`).toBeLessThanOrEqual(made.makespan);
      expect(end).toBeGreaterThan(0);
      if (end > 0.8 * made.makespan) tight += 1;
    }
    expect(tight).toBeGreaterThan(100);
  });

  it.skipIf(!instancesPresent)('is never later than the best that is known of the instances', () => {
    let proven = 0;
    const shops = Object.entries(readKnown()).filter(([, { problem }]) => problem === 'jsp' || problem === 'fjsp');
    for (const [name] of shops) {
      const { problem, best } = readShop(name);
      const { end } = leastEnd(problem);
      expect(end, name).toBeLessThanOrEqual(best!);
      if (end === best) proven += 1;
    }
    expect(proven).toBeGreaterThan(5);
    for (const [n, best] of [
      [4, 4790],
      [8, 6360],
      [16, 8420],
      [32, 13_610],
      [64, 24_070],
    ] as const) {
      const { end } = leastEnd(problemOf(readInstance(n)));
      expect(end / 1000).toBeLessThanOrEqual(best);
      expect(end / 1000).toBeGreaterThan(0.6 * best);
    }
  });
});
