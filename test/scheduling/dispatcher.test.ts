import { describe, expect, it } from 'vitest';
import { dispatch } from '../../src/scheduling/dispatcher.ts';
import type { RunningActivity, SampleTask, SchedulingProblem } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { lab, resource, sample, step } from './small-lab.ts';

const devices = [
  resource('mixer', 'station'),
  resource('oven', 'batch', 2),
  resource('reader', 'station'),
  resource('store', 'rack', 9),
];
const mix = step('mix', 'mixer', 100_000);
const heat = step('heat', 'oven', 600_000, { recipe: 'hot' });
const read = step('read', 'reader', 5000);

/** What is started, and all reasons, for these samples at `now`. */
function ask(samples: readonly SampleTask[], now = 1000, resources = devices) {
  const problem: SchedulingProblem = lab(resources, samples, now);
  const { start, waiting, wakeAt } = dispatch(problem, plan(problem));
  return {
    start: start.map((a) => `${a.sample} ${a.kind} ${a.step}`),
    reasons: waiting.map(({ reason }) => reason).join(' '),
    due: waiting[0]?.due,
    wakeAt,
  };
}

const working = (what: string, where: string, expectedEnd: number): RunningActivity => ({
  kind: 'process',
  step: what,
  resource: where,
  to: where,
  start: 0,
  expectedEnd,
});

describe('dispatch', () => {
  it('starts what is ready, and says who goes first', () => {
    const { start, reasons, wakeAt } = ask(['a', 'b'].map((id) => sample(id, [mix], { at: 'store', out: 'store' })));
    expect(start).toEqual(['a move mix']);
    expect(reasons).toMatch(/b waits for mixer: a comes first|b waits for a place at mixer|b waits for arm/);
    expect(wakeAt).toBeUndefined();
  });

  it('waits for the sample’s own step with the time when it is over', () => {
    const running = working('mix', 'mixer', 31_000);
    const { start, reasons, due } = ask([sample('a', [read], { at: 'mixer', running, out: 'store' })]);
    expect(start).toEqual([]);
    expect(reasons).toBe('mix of a is running on mixer.');
    expect(due).toBe(31_000);
  });

  it('starts all members of a batch together, and only when all are there', () => {
    const inside = (id: string) => sample(id, [heat], { at: 'oven', out: 'store' });
    const apart = ask([inside('a'), inside('b')]);
    expect(apart.start.toSorted()).toEqual(['a process heat', 'b process heat']);
    const coming: RunningActivity = {
      kind: 'move',
      step: 'heat',
      resource: 'arm',
      to: 'oven',
      start: 0,
      expectedEnd: 20_000,
    };
    const early = ask([inside('a'), sample('b', [heat], { at: 'store', running: coming, out: 'store' })]);
    expect(early.start).toEqual([]);
    expect(early.reasons).toMatch(/batch on oven waits for b/);
  });

  it('keeps the door of a running batch closed', () => {
    const running = working('heat', 'oven', 300_000);
    const { start, reasons } = ask([
      sample('a', [read], { at: 'oven', running, out: 'store' }),
      sample('b', [heat], { at: 'store', out: 'store' }),
    ]);
    expect(start).toEqual([]);
    expect(reasons).toMatch(/oven is closed while heat of a runs\./);
  });

  it('waits for a place until the sample that leaves has been picked up, and asks to be woken then', () => {
    const leaving: RunningActivity = {
      kind: 'move',
      step: 'out',
      resource: 'cart',
      to: 'store',
      start: 0,
      expectedEnd: 20_000,
    };
    const problem = lab(
      devices,
      [
        sample('a', [], { at: 'mixer', running: leaving, out: 'store' }),
        sample('b', [mix], { at: 'store', out: 'store' }),
      ],
      1000,
    );
    const two = { ...problem, transport: { ...problem.transport!, transporters: ['arm', 'cart'] } };
    const { start, waiting, wakeAt } = dispatch(two, plan(two));
    expect(start).toEqual([]);
    expect(waiting[0]!.reason).toMatch(/b waits for a place at mixer, which a holds/);
    expect(wakeAt).toBe(10_000);
  });

  it('asks to be woken for releases, minimum waits and maximum waits that run out', () => {
    const released = ask([sample('a', [mix], { at: 'store', release: 9000 })]);
    expect(released.reasons).toMatch(/a waits for its release\./);
    expect(released.wakeAt).toBe(9000);
    const rests = ask([sample('a', [{ ...read, lag: { min: 30_000 } }], { at: 'reader', lastStepEnd: 0 })]);
    expect(rests.reasons).toMatch(/waits for its minimum wait\./);
    expect(rests.wakeAt).toBe(30_000);
    const lost = devices.map((r) => (r.id === 'reader' ? { ...r, available: false } : r));
    const runsOut = ask(
      [sample('a', [{ ...read, lag: { min: 0, max: 60_000 } }], { at: 'mixer', lastStepEnd: 0 })],
      1000,
      lost,
    );
    expect(runsOut.wakeAt).toBe(40_001);
  });

  it('lets a move go before one that should have gone and cannot', () => {
    const resources = [...devices, resource('scale', 'station')];
    const weigh = step('weigh', 'scale', 1000);
    const late = sample('a', [read], { at: 'mixer', running: working('mix', 'mixer', 1000) });
    const ready = sample('b', [weigh], { at: 'store' });
    const problem = lab(resources, [late, ready], 1000);
    const made = plan(problem);
    expect(made.assignments.filter(({ kind, fixed }) => kind === 'move' && fixed !== true)[0]!.sample).toBe('a');
    expect(dispatch(problem, made).start.map(({ sample: id }) => id)).toEqual(['b']);
  });
});
