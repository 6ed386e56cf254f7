import { describe, expect, it } from 'vitest';
import { check } from '../../src/scheduling/checker.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { instancesPresent, judge, problemOf, readInstance } from './instances.ts';

/** Proven lower bounds of the makespan in s (4 and 8: the optimum), and what insertion alone must keep below. */
const bounds = [
  { n: 4, bound: 4790, reached: 5100 },
  { n: 8, bound: 6360, reached: 6900 },
  { n: 16, bound: 7910, reached: 9000 },
  { n: 32, bound: 12_810, reached: 14_600 },
  { n: 64, bound: 22_740, reached: 25_700 },
];

describe.skipIf(!instancesPresent)('laboratory instances (skipped where ../shared is absent)', () => {
  it.each(bounds)('$n samples: valid by both checkers, makespan >= $bound s', ({ n, bound, reached }) => {
    const instance = readInstance(n);
    const problem = problemOf(instance);
    const made = plan(problem);
    expect(check(problem, made)).toEqual([]);
    expect(made.unplanned).toEqual([]);
    const { makespan, broken } = judge(instance, made);
    expect(broken).toEqual([]);
    expect(makespan).toBe(made.makespan / 1000);
    expect(makespan).toBeGreaterThanOrEqual(bound);
    expect(makespan).toBeLessThanOrEqual(reached);
  });

  it('plans 256 samples, and keeps the order when asked again', () => {
    const problem = problemOf(readInstance(256));
    const made = plan(problem);
    expect(check(problem, made)).toEqual([]);
    const again = plan(problem, made);
    expect(check(problem, again)).toEqual([]);
    expect(again.makespan).toBeLessThanOrEqual(made.makespan);
  });
});
