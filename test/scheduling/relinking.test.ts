import { describe, expect, it } from 'vitest';
import { stream, type Stream } from '../../src/base/random.ts';
import { check } from '../../src/scheduling/checker.ts';
import { disjunctiveOf } from '../../src/scheduling/disjunctive.ts';
import { improve } from '../../src/scheduling/improve.ts';
import type { SampleTask, SchedulingProblem } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { instancesPresent, readShop } from './shops.ts';
import { exact, lab, resource, sample, step } from './small-lab.ts';

/** Three chains of two steps on three machines, with releases, lags and a machine that is busy. */
function smallShop(random: Stream): SchedulingProblem {
  const machines = ['a', 'b', 'c'];
  const now = random.integer(50);
  const samples: SampleTask[] = machines.map((_, i) => {
    const steps = [0, 1].map((k) => {
      const first = random.integer(3);
      const both = [first, (first + 1 + random.integer(2)) % 3].slice(0, 1 + random.integer(2));
      const alternatives = both.map((m) => ({ resource: machines[m]!, duration: exact(random.integer(20)) }));
      return { id: `step-${k}`, alternatives, lag: { min: random.integer(2) * random.integer(9) } };
    });
    return sample(`s${i}`, steps, { release: now + random.integer(10) - 5 });
  });
  const running = {
    kind: 'process' as const,
    step: 'old',
    resource: 'a',
    to: 'a',
    start: now - 1,
    expectedEnd: now + 7,
  };
  const busy = sample('busy', random.chance(0.5) ? [step('more', 'b', 5, { lag: { min: 3 } })] : [], {
    running,
    at: 'a',
  });
  const resources = machines.map((id) => resource(id, 'station'));
  return { now, resources, samples: random.chance(0.5) ? [...samples, busy] : samples };
}

/** The least makespan over all orders in which steps can be appended, on all machines. */
function leastMakespan({ now, resources, samples }: SchedulingProblem): number {
  const free = new Map(resources.map(({ id }) => [id, now]));
  const ready = samples.map(({ release, running }) => Math.max(now, release, running?.expectedEnd ?? now));
  const next = samples.map(() => 0);
  samples.forEach(({ running }) => running && free.set(running.resource, running.expectedEnd));
  const visit = (end: number): number => {
    let least = Infinity;
    samples.forEach(({ remaining, running }, i) => {
      const task = remaining[next[i]!];
      if (task === undefined) return;
      const before = ready[i]!;
      const lag = next[i] === 0 && running === undefined ? 0 : task.lag.min;
      for (const { resource: machine, duration } of task.alternatives) {
        const busy = free.get(machine)!;
        const finish = Math.max(before + lag, busy) + duration.typical;
        ready[i] = finish;
        free.set(machine, finish);
        next[i]! += 1;
        least = Math.min(least, visit(Math.max(end, finish)));
        next[i]! -= 1;
        free.set(machine, busy);
      }
      ready[i] = before;
    });
    return least === Infinity ? end : least;
  };
  return visit(Math.max(now, ...samples.map(({ running }) => running?.expectedEnd ?? now)));
}

describe('improve, where nothing blocks', () => {
  it('finds the optimum of small shops that a full search finds, and the checker agrees', () => {
    for (let seed = 0; seed < 60; seed++) {
      const problem = smallShop(stream(seed, 'shop'));
      expect(disjunctiveOf(problem)).toBeDefined();
      const improver = improve(problem, plan(problem), seed);
      for (let i = 0; i < 20; i++) improver.step();
      expect(check(problem, improver.plan)).toEqual([]);
      expect(improver.plan.makespan).toBe(improver.makespan);
      expect([seed, improver.makespan]).toEqual([seed, leastMakespan(problem)]);
    }
  });

  it('gives the same plan for the same seed and steps', () => {
    const problem = smallShop(stream(3, 'shop'));
    const run = () => {
      const improver = improve(problem, plan(problem), 5);
      for (let i = 0; i < 10; i++) improver.step();
      return improver.plan;
    };
    expect(run()).toEqual(run());
  });

  it('is for problems without transport, batches, sharing and maximum waits only', () => {
    const mix = step('mix', 'mixer', 10);
    const plain = { now: 0, resources: [resource('mixer', 'station')], samples: [sample('a', [mix])] };
    expect(disjunctiveOf(plain)).toBeDefined();
    expect(disjunctiveOf(lab(plain.resources, plain.samples))).toBeUndefined();
    expect(disjunctiveOf({ ...plain, resources: [resource('mixer', 'batch', 2)] })).toBeUndefined();
    expect(disjunctiveOf({ ...plain, resources: [resource('mixer', 'station', 2)] })).toBeUndefined();
    const waits = sample('a', [{ ...mix, lag: { min: 0, max: 5 } }]);
    expect(disjunctiveOf({ ...plain, samples: [waits] })).toBeUndefined();
    expect(disjunctiveOf({ ...plain, samples: [sample('a', [mix], { frozen: true })] })).toBeUndefined();
  });
});

describe.skipIf(!instancesPresent)('shop instances (skipped where ../shared is absent)', () => {
  it.each(['ft06', 'ft20', 'la01', 'la16', 'mk01', 'mk03', 'mk05'])('%s: best known makespan', (name) => {
    const { problem, best } = readShop(name);
    const improver = improve(problem, plan(problem), 1);
    for (let i = 0; i < 2000 && improver.makespan > best; i++) improver.step();
    expect(check(problem, improver.plan)).toEqual([]);
    expect(improver.plan.makespan).toBe(best);
  });
});
