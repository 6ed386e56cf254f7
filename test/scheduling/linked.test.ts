import { describe, expect, it } from 'vitest';
import { stream, type Stream } from '../../src/base/random.ts';
import { check } from '../../src/scheduling/checker.ts';
import { improve } from '../../src/scheduling/improve.ts';
import type { Plan, SampleTask, SchedulingProblem, StepLink } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { readProtocol } from './protocols.ts';
import { instancesPresent } from './shops.ts';
import { exact, lab, resource, sample, step } from './small-lab.ts';

const points = ['start', 'end'] as const;

/** Two samples of three and two steps on a station and a pair of stations, with some links. */
function tinyProblem(random: Stream): SchedulingProblem {
  const pools = [['a'], ['b', 'c']];
  const samples = [3, 2].map((count, i): SampleTask => {
    const remaining = Array.from({ length: count }, (_, k) => {
      const duration = exact(1 + random.integer(3));
      const alternatives = random.pick(pools).map((id) => ({ resource: id, duration }));
      return { id: `step-${k}`, alternatives, lag: { min: 0 } };
    });
    const links = Array.from({ length: 1 + random.integer(2) }, (): StepLink => {
      const from = random.integer(count);
      const to = (from + 1 + random.integer(count - 1)) % count;
      const min = random.integer(4) - 1;
      const max = random.chance(0.5) ? { max: min + random.integer(5) } : {};
      const ends = {
        from: { step: `step-${from}`, point: random.pick(points) },
        to: { step: `step-${to}`, point: random.pick(points) },
      };
      return { ...ends, min, ...max };
    });
    return sample(`s${i}`, remaining, { links, release: random.integer(3) });
  });
  return { now: 0, resources: ['a', 'b', 'c'].map((id) => resource(id, 'station')), samples };
}

/** The least makespan over all integer starts up to a limit, by the words of the model; Infinity when there is none. */
function leastMakespan({ samples }: SchedulingProblem, limit: number): number {
  const all = samples.flatMap((task) =>
    task.remaining.map(({ id, alternatives }) => ({
      task,
      id,
      pool: alternatives,
      length: alternatives[0]!.duration.typical,
    })),
  );
  const start = new Map<string, number>();
  const nameOf = (task: SampleTask, id: string) => `${task.id} ${id}`;
  const length = new Map(all.map(({ task, id, length: value }) => [nameOf(task, id), value]));
  const timeOf = (task: SampleTask, { step: id, point }: StepLink['from']) =>
    start.get(nameOf(task, id))! + (point === 'end' ? length.get(nameOf(task, id))! : 0);
  const kept = (task: SampleTask) =>
    task.links!.every(({ from, to, min = -Infinity, max = Infinity }) => {
      const gap = timeOf(task, to) - timeOf(task, from);
      return Number.isNaN(gap) || (gap >= min && gap <= max);
    });
  const visit = (k: number, end: number, best: number): number => {
    if (k === all.length) return end;
    const { task, id, pool, length: duration } = all[k]!;
    let least = best;
    for (let t = task.release; t <= limit && t + duration < least; t++) {
      start.set(nameOf(task, id), t);
      const crowded = Array.from({ length: duration }, (_, i) => t + i).some((at) => {
        const there = all.slice(0, k + 1).filter((other) => {
          const begun = start.get(nameOf(other.task, other.id))!;
          return other.pool[0]!.resource === pool[0]!.resource && begun <= at && at < begun + other.length;
        });
        return there.length > pool.length;
      });
      if (!crowded && kept(task)) least = Math.min(least, visit(k + 1, Math.max(end, t + duration), least));
    }
    start.delete(nameOf(task, id));
    return least;
  };
  return visit(0, 0, Infinity);
}

function improved(problem: SchedulingProblem, seed: number, steps: number): Plan {
  const improver = improve(problem, plan(problem), seed);
  for (let i = 0; i < steps; i++) if (improver.step()) expect(check(problem, improver.plan)).toEqual([]);
  expect(improver.makespan).toBe(improver.plan.makespan);
  return improver.plan;
}

describe('steps that links bind', () => {
  it('get the least makespan that a full search finds, or none when there is none', () => {
    let impossible = 0;
    for (let seed = 0; seed < 50; seed++) {
      const problem = tinyProblem(stream(seed, 'links'));
      const made = improved(problem, seed, 60);
      expect(check(problem, made)).toEqual([]);
      const least = leastMakespan(problem, 12);
      expect([seed, made.unplanned.length > 0 ? Infinity : made.makespan]).toEqual([seed, least]);
      if (least === Infinity) impossible += 1;
    }
    expect(impossible).toBeGreaterThan(3);
    expect(impossible).toBeLessThan(30);
  });

  it('are planned together with chains and what runs', () => {
    const parts = [step('left', 'a', 50), step('right', 'b', 20), step('join', 'a', 10)];
    const together: StepLink[] = [
      { from: { step: 'left', point: 'end' }, to: { step: 'right', point: 'end' }, min: -5, max: 5 },
      ...['left', 'right'].map((id) => ({
        from: { step: id, point: 'end' as const },
        to: { step: 'join', point: 'start' as const },
        min: 0,
        max: 30,
      })),
    ];
    const chain = sample('chain', [step('one', 'b', 30), step('two', 'a', 5, { lag: { min: 10, max: 20 } })]);
    const running = { kind: 'process' as const, step: 'old', resource: 'a', to: 'a', start: 90, expectedEnd: 120 };
    const problem: SchedulingProblem = {
      now: 100,
      resources: [resource('a', 'station'), resource('b', 'station')],
      samples: [
        sample('parts', parts, { links: together }),
        chain,
        sample('old', [step('next', 'b', 5)], { at: 'a', running }),
      ],
    };
    const made = improved(problem, 1, 50);
    expect(made.unplanned).toEqual([]);
    expect(check(problem, made)).toEqual([]);
  });

  it('are left out with a sentence where they cannot be planned', () => {
    const link: StepLink = { from: { step: 'x', point: 'start' }, to: { step: 'y', point: 'start' }, min: 5 };
    const back: StepLink = { from: { step: 'y', point: 'start' }, to: { step: 'x', point: 'start' }, min: 0 };
    const two = [step('x', 'a', 1), step('y', 'b', 1)];
    const stations = [resource('a', 'station'), resource('b', 'station')];
    const alone = (task: SampleTask, resources = stations) => ({ now: 0, resources, samples: [task] });
    const reasons = [
      lab(stations, [sample('s', two, { links: [link] })]),
      alone(sample('s', two, { links: [link, back] })),
      alone(sample('s', two, { links: [{ ...link, to: { step: 'z', point: 'end' } }] })),
      alone(sample('s', two, { links: [link] }), [stations[0]!, resource('b', 'batch', 2)]),
      alone(sample('s', two, { links: [link] }), [stations[0]!, { ...stations[1]!, available: false }]),
      alone(sample('s', two, { links: [link], frozen: true })),
    ].map((problem) => {
      const made = plan(problem);
      expect(improve(problem, made, 1).step()).toBe(false);
      expect(check(problem, made)).toEqual([]);
      return made.unplanned[0]?.reason;
    });
    for (const reason of reasons) expect(reason).toMatch(/^[A-Za-z].*\.$/);
    expect(new Set(reasons).size).toBe(reasons.length);
  });

  it('are checked one by one', () => {
    const link: StepLink = { from: { step: 'x', point: 'end' }, to: { step: 'y', point: 'start' }, min: 5, max: 9 };
    const problem: SchedulingProblem = {
      now: 0,
      resources: [resource('a', 'station'), resource('b', 'station')],
      samples: [sample('s', [step('x', 'a', 10), step('y', 'b', 10)], { links: [link] })],
    };
    const made = plan(problem);
    expect(check(problem, made)).toEqual([]);
    const moved = (start: number, more = {}): Plan => {
      const assignments = made.assignments.map((a) => (a.step === 'y' ? { ...a, start, end: start + 10, ...more } : a));
      return { ...made, assignments, makespan: start + 10 };
    };
    expect(check(problem, moved(19))).toEqual([]);
    expect(check(problem, moved(14)).join()).toContain('at least 5');
    expect(check(problem, moved(20)).join()).toContain('at most 9');
    expect(check(problem, moved(15, { resource: 'a' })).join()).toContain('cannot do it');
    expect(check(problem, { ...made, assignments: made.assignments.slice(0, 1), makespan: 10 }).join()).toContain(
      'missing',
    );
  });
});

describe.skipIf(!instancesPresent)('protocols with mutual time limits (skipped where ../shared is absent)', () => {
  it.each(['Gu2016_N1', 'qPCR_N5'])('%s: the optimum', (name) => {
    const { problem, best } = readProtocol(name);
    const improver = improve(problem, plan(problem), 1);
    for (let i = 0; i < 500 && improver.makespan > best; i++) improver.step();
    expect(check(problem, improver.plan)).toEqual([]);
    expect(improver.plan.makespan).toBe(best);
  });
});
