import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { check } from '../../src/scheduling/checker.ts';
import { dispatch } from '../../src/scheduling/dispatcher.ts';
import type { Objective, Plan, Rate, SampleTask, SchedulingProblem } from '../../src/scheduling/model.ts';
import { compareCosts, isGain, isNear } from '../../src/scheduling/objective.ts';
import { improve } from '../../src/scheduling/improve.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { Price } from '../../src/scheduling/price.ts';
import { exact, lab, resource, sample, step } from './small-lab.ts';

const hour = 3_600_000;

/** What objectives ask for, by the assignments alone: none of this is the planner's. */
function figuresOf({ samples, rates = [], now }: SchedulingProblem, { assignments }: Plan) {
  const ends = new Map(samples.map(({ id }) => [id, now]));
  for (const { sample, end } of assignments) ends.set(sample, Math.max(ends.get(sample)!, end));
  const least = Math.min(...samples.map(({ priority }) => priority));
  const weightOf = ({ priority }: SampleTask) => 1 + priority - least;
  const late = samples.reduce(
    (sum, task) => sum + weightOf(task) * Math.max(0, ends.get(task.id)! - (task.due ?? Infinity)),
    0,
  );
  const runs = new Set<string>();
  let energy = 0;
  for (const { sample, step, resource, start, end, batch } of assignments) {
    if (batch !== undefined && runs.has(batch)) continue;
    if (batch !== undefined) runs.add(batch);
    const task = samples.find(({ id }) => id === sample)!.remaining.find(({ id }) => id === step);
    const { power = 0 } = task?.alternatives.find((one) => one.resource === resource) ?? {};
    for (const [i, { from, perJoule }] of rates.entries()) {
      const ms = Math.min(end, rates[i + 1]?.from ?? Infinity) - Math.max(start, from);
      if (ms > 0) energy += (power * perJoule * ms) / 1000;
    }
  }
  return {
    lateness: late / samples.reduce((sum, task) => sum + weightOf(task), 0),
    energy,
  };
}

const heat = (power: number, ms = hour, more: object = {}) =>
  step('heat', 'furnace', ms, { alternatives: [{ resource: 'furnace', duration: exact(ms), power }], ...more });

/** Cheap from four to eight of every eight hours. */
const rates: readonly Rate[] = Array.from({ length: 40 }, (_, i) => ({
  from: i * 4 * hour,
  perJoule: i % 2 === 0 ? 3 : 1,
}));

const furnaceLab = (samples: readonly SampleTask[], objective: Objective, now = 0): SchedulingProblem => ({
  ...lab([resource('furnace', 'batch', 2), resource('store', 'rack', 9)], samples, now),
  objective,
  rates,
});

const inStore = { at: 'store', out: 'store' };
const startOf = ({ assignments }: Plan) =>
  Math.min(...assignments.filter(({ kind }) => kind === 'process').map(({ start }) => start));

describe('costs of several sums', () => {
  it('are compared in their order', () => {
    expect(compareCosts([1, 9], [2, 0])).toBeLessThan(0);
    expect(compareCosts([1, 9], [1, 8])).toBeGreaterThan(0);
    expect(compareCosts([1 + 1e-12, 1], [1, 2])).toBeLessThan(0);
    expect(compareCosts([Infinity], [Infinity])).toBe(0);
  });

  it('gain where one is less by so much, and none before it more', () => {
    expect(isGain([0.9, 5], [1, 1], 0.05)).toBe(true);
    expect(isGain([0.99, 5], [1, 1], 0.05)).toBe(false);
    expect(isGain([0.99, 0.5], [1, 1], 0.05)).toBe(true);
    expect(isGain([1.01, 0.5], [1, 1], 0.05)).toBe(false);
    expect(isGain([0, 0.5], [0, 1], 0.05)).toBe(true);
    expect(isGain([0], [0], 0)).toBe(false);
    expect(isGain([1 - 1e-13, 2], [1, 1], 0)).toBe(false);
    expect(isGain([1 + 1e-13, 1], [1, 2], 0)).toBe(true);
  });

  it('are near where one is less, and none before it more than a little', () => {
    expect(isNear([1.005, 1.005], [1, 1], 0.01)).toBe(true);
    expect(isNear([1.02, 0], [1, 1], 0.01)).toBe(false);
    expect(isNear([0, 1], [0, 1], 0.01)).toBe(true);
    expect(isNear([Infinity], [1], 0.01)).toBe(false);
    expect(isNear([1 - 1e-13, 2], [1, 1], 0.01)).toBe(false);
  });
});

describe('the price of energy', () => {
  it('is the integral of the rates', () => {
    const random = stream(1, 'price');
    const price = new Price(rates);
    for (let i = 0; i < 200; i++) {
      const from = random.integer(30 * hour);
      const to = from + random.integer(30 * hour);
      let expected = 0;
      for (let at = from; at < to; at += 60_000) {
        const rate = rates.findLast((one) => one.from <= at)!.perJoule;
        expected += (rate * Math.min(60_000, to - at)) / 1000;
      }
      expect(Math.abs(price.between(from, to) - expected)).toBeLessThan(2 * 60 * 8);
    }
    expect(new Price([]).between(0, hour)).toBe(0);
    expect(price.between(-hour, 1000)).toBeCloseTo(3, 9);
  });
});

describe('samples that are due', () => {
  /** One machine: the least weighted lateness of all orders, by trying each. */
  function leastLateness(samples: readonly SampleTask[]): number {
    const weight = ({ priority }: SampleTask) => 1 + priority;
    const best = (rest: readonly SampleTask[], now: number): number =>
      rest.length === 0
        ? 0
        : Math.min(
            ...rest.map((next) => {
              const end = now + next.remaining[0]!.alternatives[0]!.duration.typical;
              return (
                weight(next) * Math.max(0, end - next.due!) +
                best(
                  rest.filter((one) => one !== next),
                  end,
                )
              );
            }),
          );
    return best(samples, 0) / samples.reduce((sum, one) => sum + weight(one), 0);
  }

  it('come nearly in the order in which least is late, as all orders of seven say', () => {
    const random = stream(7, 'due');
    let [planned, improved, byDefault, least] = [0, 0, 0, 0];
    for (let i = 0; i < 30; i++) {
      const samples = Array.from({ length: 7 }, (_, k) =>
        sample(`s${k}`, [step('mix', 'mixer', 60_000 * (1 + random.integer(20)))], {
          due: 60_000 * (10 + random.integer(70)),
          priority: k === 0 ? 0 : random.integer(3),
        }),
      );
      const problem: SchedulingProblem = { now: 0, resources: [resource('mixer', 'station')], samples };
      const aimed = { ...problem, objective: [{ lateness: 1 }, { makespan: 1, completion: 1 }] };
      const made = plan(aimed);
      expect(check(aimed, made)).toEqual([]);
      const late = figuresOf(problem, made).lateness;
      const best = leastLateness(samples);
      expect(late).toBeGreaterThanOrEqual(best - 1e-6);
      planned += late;
      const improver = improve(aimed, made, 1);
      for (let n = 0; n < 1000; n++) improver.step();
      improved += figuresOf(problem, improver.plan).lateness;
      least += best;
      byDefault += figuresOf(problem, plan({ ...problem, samples: samples.map(({ due: _, ...one }) => one) })).lateness;
    }
    expect(byDefault).toBeGreaterThan(2 * least);
    expect(planned).toBeLessThan(1.15 * least);
    expect(improved).toBeLessThan(1.03 * least);
  });

  it('come first where they are planned among others already', () => {
    const one = (id: string, due?: number) =>
      sample(id, [step('mix', 'mixer', hour)], due === undefined ? {} : { due });
    const problem = (samples: readonly SampleTask[]): SchedulingProblem => ({
      ...{ now: 0, resources: [resource('mixer', 'station')], samples },
      objective: [{ lateness: 1 }, { makespan: 1, completion: 1 }],
    });
    const before = [one('a', 9 * hour), one('b', 9 * hour), one('c', 9 * hour)];
    const made = plan(problem(before));
    const after = problem([...before, one('z', hour)]);
    const next = plan(after, made);
    expect(check(after, next)).toEqual([]);
    expect(next.assignments[0]).toMatchObject({ sample: 'z', start: 0 });
    expect(figuresOf(after, next).lateness).toBe(0);
  });
});

describe('energy that does not cost the same at all times', () => {
  const first: Objective = [{ energy: 1 }, { makespan: 1, completion: 1 }];
  const twoHeats = [sample('a', [heat(1000)], inStore), sample('b', [heat(1000)], inStore)];

  it('is drawn when it is cheap, where it counts most', () => {
    const problem = furnaceLab(twoHeats, first);
    const made = plan(problem);
    expect(check(problem, made)).toEqual([]);
    expect(made.ceiling).toBe(1);
    expect(startOf(made)).toBe(4 * hour);
    expect(figuresOf(problem, made).energy).toBeCloseTo((1000 * hour) / 1000, 6);
  });

  it('is drawn at once, where time counts most', () => {
    const problem = furnaceLab(twoHeats, [{ makespan: 1 }, { energy: 1 }]);
    const made = plan(problem);
    expect(made.ceiling).toBeUndefined();
    expect(startOf(made)).toBeLessThan(hour);
  });

  it('waits for as long as weights say that it is worth', () => {
    // Waiting saves two of a kWh's three units; it takes close to four hours.
    const saved = 2 * 3_600_000;
    const per = (weight: number) => plan(furnaceLab(twoHeats, [{ energy: 1, makespan: weight / hour }]));
    expect(startOf(per((0.9 * saved) / 4))).toBe(4 * hour);
    expect(startOf(per((1.1 * saved) / 4))).toBeLessThan(hour);
  });

  it('is shared by those in one run', () => {
    const later = { ...inStore, release: 2 * hour };
    const samples = [sample('a', [heat(1000)], inStore), sample('b', [heat(1000)], later)];
    const runs = ({ assignments }: Plan) => new Set(assignments.flatMap(({ batch }) => batch ?? [])).size;
    const flat = [{ from: 0, perJoule: 1 }];
    expect(runs(plan({ ...furnaceLab(samples, first), rates: flat }))).toBe(1);
    expect(runs(plan({ ...furnaceLab(samples, [{ completion: 1 }]), rates: flat }))).toBe(2);
  });

  it('is waited for by the dispatcher, too', () => {
    const problem = furnaceLab([sample('a', [heat(1000)], { at: 'furnace', out: 'store' })], first);
    const made = plan(problem);
    expect(made.ceiling).toBe(1);
    const { start, waiting, wakeAt } = dispatch(problem, made);
    expect(start).toEqual([]);
    expect(waiting[0]?.opening).toMatchObject({ resource: 'furnace', opens: 4 * hour });
    expect(wakeAt).toBe(4 * hour);
    const then = { ...problem, now: 4 * hour };
    expect(dispatch(then, plan(then, made)).start).toMatchObject([{ sample: 'a', step: 'heat' }]);
  });

  it('is not waited for by what cannot wait, or lasts longer than it is cheap', () => {
    const limited = [step('mix', 'mixer', 60_000), heat(1000, hour, { lag: { min: 0, max: 600_000 } })];
    const mixer = resource('mixer', 'station');
    // It can be mixed later.
    const soon = furnaceLab([sample('a', limited, inStore)], first);
    const mixed = plan({
      ...soon,
      resources: [mixer, ...soon.resources],
      transport: lab([mixer, ...soon.resources], []).transport!,
    });
    expect(startOf(mixed)).toBeGreaterThan(3.5 * hour);
    const standing = { ...inStore, at: 'mixer', lastStepEnd: 0 };
    const whole = lab([mixer, ...soon.resources], [sample('a', limited.slice(1), standing)]);
    const now = plan({ ...whole, objective: first, rates });
    expect(now.unplanned).toEqual([]);
    expect(startOf(now)).toBeLessThan(hour);
    const long = plan(furnaceLab([sample('a', [heat(1000, 5 * hour)], inStore)], first));
    expect(long.unplanned).toEqual([]);
    expect(long.ceiling).toBeUndefined();
  });

  it('is drawn all the same when a sample comes that needs it', () => {
    const problem = furnaceLab(twoHeats, first);
    const made = plan(problem);
    expect(made.ceiling).toBe(1);
    const long = sample('z', [heat(1000, 5 * hour)], inStore);
    const after = furnaceLab([...twoHeats, long], first);
    const next = plan(after, made);
    expect(next.unplanned).toEqual([]);
    expect(check(after, next)).toEqual([]);
  });

  it('is asked for by the checker as the plan says', () => {
    const problem = furnaceLab(twoHeats, first);
    const early = plan(furnaceLab(twoHeats, [{ makespan: 1 }]));
    expect(check(problem, early)).toEqual([]);
    expect(check(problem, { ...early, ceiling: 1 }).join(' ')).toMatch(/draws power from .* while a joule costs 3\./);
  });
});
