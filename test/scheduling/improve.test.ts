import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { check } from '../../src/scheduling/checker.ts';
import { improve } from '../../src/scheduling/improve.ts';
import type { Plan, SchedulingProblem } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { instancesPresent, judge, problemOf, readInstance } from './instances.ts';
import { randomLab } from './random-lab.ts';
import { lab, resource, sample, smallLab, step } from './small-lab.ts';

/** All samples of a random lab at once. */
function randomProblem(seed: number): SchedulingProblem {
  const { resources, transport, arrivals } = randomLab(stream(seed, 'lab'));
  const samples = arrivals.map(({ steps, time, ...more }) => ({ ...more, release: time, remaining: steps }));
  return { now: 0, resources, samples, ...(transport === undefined ? {} : { transport }) };
}

/** Takes steps, and lets the checker see every plan that is said to be better. */
function improved(problem: SchedulingProblem, seed: number, steps: number, made = plan(problem)): Plan {
  const improver = improve(problem, made, seed);
  for (let i = 0; i < steps; i++) if (improver.step()) expect(check(problem, improver.plan)).toEqual([]);
  expect(improver.makespan).toBe(improver.plan.makespan);
  return improver.plan;
}

describe('improve', () => {
  it('gives plans that the checker accepts, for the same samples, in random labs', () => {
    let shorter = 0;
    for (let seed = 0; seed < 60; seed++) {
      const problem = randomProblem(seed);
      const made = plan(problem);
      const better = improved(problem, seed, 60, made);
      expect(check(problem, better)).toEqual([]);
      expect(better.unplanned).toEqual(made.unplanned);
      if (better.makespan < made.makespan) shorter += 1;
    }
    expect(shorter).toBeGreaterThan(20);
  });

  it('gives the same plan for the same seed and steps', () => {
    const problem = randomProblem(3);
    expect(improved(problem, 7, 100)).toEqual(improved(problem, 7, 100));
  });

  it('leaves a plan alone that it cannot change', () => {
    const alone = lab([resource('mixer', 'station')], [sample('a', [step('mix', 'mixer', 1000)])]);
    const made = plan(alone);
    const improver = improve(alone, made, 1);
    expect(improver.step()).toBe(false);
    expect(improver.plan).toBe(made);
    const waits = sample('waits', [step('heat', 'oven', 1000)], { at: 'mixer', lastStepEnd: 0 });
    const resources = [resource('mixer', 'station'), { ...resource('oven', 'station'), available: false }];
    const problem = lab(
      [...resources, resource('rack', 'rack', 1)],
      [waits, sample('b', [step('mix', 'mixer', 1000)])],
    );
    const cleared = plan(problem);
    expect(improved(problem, 1, 20, cleared)).toEqual(cleared);
  });

  it('puts samples of high priority first when their ends count', () => {
    const samples = Array.from({ length: 8 }, (_, i) =>
      sample(`s${i}`, [step('mix', 'mixer', 100_000), step('read', 'reader', 50_000 * (1 + (i % 3)))], {
        priority: i === 7 ? 20 : 0,
        release: i === 7 ? 100_000 : 0,
      }),
    );
    const problem = lab([resource('mixer', 'station'), resource('reader', 'station')], samples);
    const late = { ...problem, samples: samples.map((task) => ({ ...task, priority: -task.priority })) };
    const made = plan(late);
    const improver = improve(problem, made, 1, [{ makespan: 0, completion: 1, waiting: 0 }]);
    for (let i = 0; i < 200; i++) improver.step();
    const endOf = ({ assignments }: Plan) =>
      Math.max(...assignments.filter((a) => a.sample === 's7').map((a) => a.end));
    expect(check(problem, improver.plan)).toEqual([]);
    expect(endOf(improver.plan)).toBeLessThan(endOf(made) / 2);
  });

  it('shortens waits before steps with a maximum wait when those count', () => {
    const steps = (ms: number) => [
      step('react', 'reactor', 100_000),
      step('quench', 'quench', ms, { lag: { min: 0, max: 1_000_000 } }),
    ];
    const two = [resource('reactor', 'station', 2), resource('quench', 'station')];
    const samples = [sample('a', steps(900_000)), sample('b', steps(50_000))];
    const problem = lab(two, samples);
    const waitOf = ({ assignments }: Plan) => {
      const works = (id: string) => assignments.filter((a) => a.sample === id && a.kind === 'process');
      return samples.reduce((sum, { id }) => sum + works(id)[1]!.start - works(id)[0]!.end, 0);
    };
    const made = plan(problem);
    const improver = improve(problem, made, 1, [{ makespan: 0.01, completion: 0, waiting: 1 }]);
    for (let i = 0; i < 300; i++) improver.step();
    expect(waitOf(improver.plan)).toBeLessThan(waitOf(made));
    expect(check(problem, improver.plan)).toEqual([]);
  });

  it('improves plans in the middle of their execution', () => {
    const problem = smallLab();
    const made = plan(problem);
    for (let now = 0; now < 1_500_000; now += 100_000)
      improved({ ...problem, now }, 1, 20, plan({ ...problem, now }, made));
  });
});

describe.skipIf(!instancesPresent)('laboratory instances (skipped where ../shared is absent)', () => {
  it.each([
    { n: 8, bound: 6360, reached: 6400 },
    { n: 16, bound: 7910, reached: 8800 },
    { n: 32, bound: 12_810, reached: 14_200 },
  ])('$n samples: valid by both checkers, makespan <= $reached s', ({ n, bound, reached }) => {
    const instance = readInstance(n);
    const problem = problemOf(instance);
    const better = improved(problem, 1, 3000);
    const { makespan, broken } = judge(instance, better);
    expect(broken).toEqual([]);
    expect(makespan).toBe(better.makespan / 1000);
    expect(makespan).toBeGreaterThanOrEqual(bound);
    expect(makespan).toBeLessThanOrEqual(reached);
  });
});
