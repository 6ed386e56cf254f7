import { describe, expect, it } from 'vitest';
import { dispatch } from '../../src/scheduling/dispatcher.ts';
import type { RunningActivity, SampleTask, SchedulingProblem } from '../../src/scheduling/model.ts';
import { outlook } from '../../src/scheduling/outlook.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { sceneOf } from '../../src/scheduling/scene.ts';
import { lab, resource, sample } from './small-lab.ts';

/** Two reactors before one quench that has to follow within a minute; every way takes 16 to 24 s. */
const resources = [
  resource('reactor-1', 'station'),
  resource('reactor-2', 'station'),
  resource('quench', 'station'),
  resource('store', 'rack', 9),
];

const band = (typical: number) => ({ low: 0.8 * typical, typical, high: 1.2 * typical });

const react = (where: string) => ({
  id: 'react',
  alternatives: [{ resource: where, duration: band(900_000) }],
  lag: { min: 0 },
});

const quench = {
  id: 'quench',
  alternatives: [{ resource: 'quench', duration: band(60_000) }],
  lag: { min: 0, max: 60_000 },
};

function problemOf(samples: readonly SampleTask[], now: number): SchedulingProblem {
  const problem = lab(resources, samples, now);
  const { travel } = problem.transport!;
  const ways = Object.fromEntries(
    Object.entries(travel).map(([from, to]) => [
      from,
      Object.fromEntries(Object.keys(to).map((id) => [id, band(20_000)])),
    ]),
  );
  return { ...problem, transport: { ...problem.transport!, travel: ways } };
}

/** It has begun at 0. */
const reacting = (where: string): RunningActivity => ({
  kind: 'process',
  step: 'react',
  resource: where,
  to: where,
  start: 0,
  expectedEnd: 900_000,
  earliestEnd: 720_000,
  latestEnd: 1_080_000,
});

const first = sample('a', [quench], { at: 'reactor-1', out: 'store', running: reacting('reactor-1') });
const second = sample('b', [react('reactor-2'), quench], { at: 'reactor-2', out: 'store' });

describe('the outlook for maximum waits', () => {
  it('counts the longest way as the least that a wait takes', () => {
    const problem = problemOf([first], 300_000);
    const { shortfalls } = outlook(sceneOf(problem, plan(problem)));
    expect([...shortfalls]).toEqual([['a', { ms: 24_000 - 60_000, passes: true }]]);
  });

  it('lets a step begin only when what follows it is free in time, whenever both end', () => {
    const early = problemOf([first, second], 300_000);
    const asked = dispatch(early, plan(early));
    expect(asked.start).toEqual([]);
    expect(asked.waiting.find(({ assignment }) => assignment.sample === 'b')!.reason).toMatch(
      /^react of b waits until what follows it within its maximum wait is surely free\.$/,
    );
    // a has left the quench at the latest 1,080 s + 24 s + 72 s + 10 s after its beginning; b ends 720 s later at the earliest.
    expect(asked.wakeAt).toBeGreaterThan(300_000);
    const late = problemOf([first, second], 500_000);
    expect(dispatch(late, plan(late)).start.map(({ sample: id, step }) => [id, step])).toEqual([['b', 'react']]);
  });

  it('is worse by an arm that is busy when the wait begins', () => {
    const problem = problemOf(
      [first, sample('c', [react('reactor-2'), quench], { at: 'store', out: 'store' })],
      719_000,
    );
    const made = plan(problem);
    const move = made.assignments.find(({ kind, sample: id }) => kind === 'move' && id === 'c')!;
    expect(outlook(sceneOf(problem, made), [move]).shortfalls.get('a')!.ms).toBe(
      719_000 + 24_000 - 720_000 + 24_000 - 60_000,
    );
  });

  it('has no bound where nobody sees to it that the place is given back', () => {
    const stuck = sample('c', [], { at: 'quench', frozen: true });
    const ended = { ...first, remaining: [quench] };
    const free = problemOf([ended], 300_000);
    const problem = problemOf([ended, stuck], 300_000);
    expect(outlook(sceneOf(problem, plan(free))).shortfalls.get('a')!.ms).toBe(Infinity);
  });

  it('starts in a lab at rest what nothing can make safe, rather than nothing', () => {
    const tight = { ...quench, lag: { min: 0, max: 22_000 } };
    const problem = problemOf([{ ...second, remaining: [react('reactor-2'), tight] }], 0);
    expect(dispatch(problem, plan(problem)).start.map(({ step }) => step)).toEqual(['react']);
  });

  it('lets a wait that runs go before what the plan has first', () => {
    const waits = sample('a', [quench], { at: 'reactor-1', out: 'store', lastStepEnd: 1_000_000 });
    const problem = problemOf([waits, second], 1_000_000);
    const made = plan(problem);
    const later = made.assignments.map((one) => (one.sample === 'a' ? { ...one, start: one.start + 5000 } : one));
    const { start } = dispatch(problem, { ...made, assignments: later });
    expect(start[0]!.sample).toBe('a');
  });
});
