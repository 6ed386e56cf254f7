import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { leastEnd } from '../../src/scheduling/bound.ts';
import { BoundedSearch } from '../../src/scheduling/bounded-search.ts';
import { check } from '../../src/scheduling/checker.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { formOf, planOf, type Choice } from '../../src/cli/plan/cp-sat/form.ts';
import { missingSolver, solveByCpSat } from '../../src/cli/plan/cp-sat/solve.ts';
import type { SchedulingProblem } from '../../src/scheduling/model.ts';
import { exact, lab, resource, sample, smallLab, step } from '../scheduling/small-lab.ts';

const missing = missingSolver();
if (missing !== undefined) console.warn(missing);

describe('CP-SAT, as it is asked', () => {
  it('is told times in their greatest unit, and which resources nobody tells apart', () => {
    const both = step('mix', 'a', 6000, {
      alternatives: ['a', 'b'].map((id) => ({ resource: id, duration: exact(6000) })),
    });
    const form = formOf({
      now: 0,
      resources: [resource('a', 'station'), resource('b', 'station'), resource('c', 'batch', 3)],
      samples: [sample('s', [both, step('heat', 'c', 9000)])],
    });
    if (typeof form === 'string') expect.fail(form);
    expect(form.unit).toBe(3000);
    expect(form.pools.map(({ ids, capacity }) => [ids.join(), capacity])).toEqual([
      ['a,b', 2],
      ['c', 3],
    ]);
  });

  it('refuses what it is not told', () => {
    const problem = smallLab();
    const begun = problem.samples.map((task) => ({ ...task, lastStepEnd: -5 }));
    expect(formOf({ ...problem, samples: begun })).toMatch(/^Samples that have begun/);
    const lost = problem.resources.map((one) => ({ ...one, available: false }));
    expect(formOf({ ...problem, resources: lost })).toMatch(/^What is closed or lost/);
    const cleaned = problem.resources.map((one) => ({ ...one, setup: 1000 }));
    expect(formOf({ ...problem, resources: cleaned })).toMatch(/^Set-ups/);
    const twice = problem.samples.map((task) => ({ ...task, remaining: task.remaining.flatMap((one) => [one, one]) }));
    expect(formOf({ ...problem, samples: twice })).toMatch(/^Steps that follow each other/);
  });

  it('gives plans that the checker accepts, and gets back what they were made of', () => {
    const problem = lab(smallLab().resources, smallLab().samples.slice(0, 1));
    const form = formOf(problem);
    if (typeof form === 'string') expect.fail(form);
    const made = plan(problem);
    const startOf = (kind: string, id: string) =>
      made.assignments.find((one) => one.kind === kind && one.step === id)!.start / form.unit;
    const choices = form.steps[0]!.map(({ id, choices: [choice] }): Choice => {
      const times = { start: startOf('process', id), arrive: startOf('move', id) };
      return { pool: choice!.pool, ...times, ...(id === 'heat' ? { run: 0 } : {}) };
    });
    const again = planOf(form, [choices], [startOf('move', 'out')]);
    expect(check(problem, again)).toEqual([]);
    expect(again.makespan).toBe(made.makespan);
  });

  // At work, where it is installed; on its way there, where it is not.
  const atWorkMs = missing === undefined ? 3000 : 30;

  it('is gone within 50 ms when it is cancelled', { retry: 3 }, async () => {
    const stop = new AbortController();
    const large = smallLab();
    const samples = Array.from({ length: 20 }, (_, i) => ({ ...large.samples[0]!, id: `s${i}` }));
    const answer = solveByCpSat({ ...large, samples }, 60, 1, stop.signal);
    await new Promise((resolve) => setTimeout(resolve, atWorkMs));
    const asked = performance.now();
    stop.abort();
    expect((await answer).status).toBe('CANCELLED');
    expect(performance.now() - asked).toBeLessThan(50);
  });

  it.skipIf(missing !== undefined).each([
    ['equal ways', smallLab()],
    ['ways of several lengths, two arms, and a mixer of three places', widerLab()],
  ])('proves the optimum of a small laboratory: %s', { timeout: 60_000 }, async (_, problem) => {
    const { status, plan: made, bound } = await solveByCpSat(problem, 30, 1);
    expect(status).toBe('OPTIMAL');
    expect(check(problem, made!)).toEqual([]);
    expect(made!.makespan).toBe(bound);
    expect(plan(problem).makespan).toBeGreaterThanOrEqual(bound!);
    expect(leastEnd(problem).end).toBeLessThanOrEqual(bound!);
  });

  it.skipIf(missing !== undefined)('proves no more than is true of random labs', { timeout: 300_000 }, async () => {
    let proven = 0;
    for (let seed = 1; seed <= 24; seed++) {
      const problem = randomProblem(seed);
      const { bound, plan: made } = await solveByCpSat(problem, 4, 1);
      if (made !== undefined) expect(check(problem, made), `seed ${seed}`).toEqual([]);
      if (bound === undefined) continue;
      proven += 1;
      const search = new BoundedSearch({ problem, plan: plan(problem), seed: 1 });
      while (search.step());
      expect((search.found ?? plan(problem)).makespan, `seed ${seed}`).toBeGreaterThanOrEqual(bound);
    }
    expect(proven).toBeGreaterThan(12);
  });
});

/** Four samples through an oven and two stations, with steps of no length among them; with an arm or without. */
function randomProblem(seed: number): SchedulingProblem {
  const random = stream(seed, 'cp-sat');
  const ms = () => 10_000 * random.integer(12);
  const resources = [resource('oven', 'batch', 2), resource('press', 'station'), resource('desk', 'station', 2, 1)];
  const stepOf = (where: string, i: number) => step(`${where}-${i}`, where, ms(), { recipe: `r${random.integer(2)}` });
  const moved = seed % 2 === 0;
  const samples = Array.from({ length: 4 }, (_, i) =>
    sample(`s${i}`, ['oven', 'press', 'desk'].map(stepOf), moved ? { at: 'store', out: 'store' } : { release: ms() }),
  );
  const problem = lab([...resources, resource('store', 'rack', 9)], samples);
  if (moved) return problem;
  const { transport: _, ...free } = problem;
  return free;
}

/** The small laboratory with a mixer of several places, two readers, and ways that take different times. */
function widerLab(): SchedulingProblem {
  const problem = smallLab();
  const both = ['reader', 'other'].map((id) => ({ resource: id, duration: exact(300_000) }));
  const resources = problem.resources.map((one) => (one.id === 'mixer' ? { ...one, capacity: 3 } : one));
  const ids = [...resources.map(({ id }) => id), 'other'];
  const travel = Object.fromEntries(
    ids.map((from, i) => [from, Object.fromEntries(ids.map((to, j) => [to, exact(10_000 * (1 + Math.abs(i - j)))]))]),
  );
  return {
    ...problem,
    resources: [...resources, resource('other', 'station')],
    samples: problem.samples.map((task) => ({
      ...task,
      remaining: task.remaining.map((one) => (one.id === 'read' ? { ...one, alternatives: both } : one)),
    })),
    transport: { ...problem.transport!, transporters: ['arm', 'cart'], travel },
  };
}
