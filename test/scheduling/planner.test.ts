import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/scheduling/checker.ts';
import type { Plan, SampleTask, SchedulingProblem, UnplannedCause } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { lab, resource, sample, smallLab, step } from './small-lab.ts';

const causes = ({ unplanned }: Plan): [string, UnplannedCause][] =>
  unplanned.map(({ sample: id, cause }) => [id, cause]);
const at = (made: Plan, id: string, what: string) => made.assignments.filter((a) => a.sample === id && a.step === what);

/** The plan, which the checker must accept. */
function planned(problem: SchedulingProblem, previous?: Plan): Plan {
  const made = plan(problem, previous);
  expect(check(problem, made)).toEqual([]);
  return made;
}

describe('plan', () => {
  it('gives the same plan for the same problem, and keeps it when asked again', () => {
    const problem = smallLab();
    const made = planned(problem);
    expect(plan(problem)).toEqual(made);
    const again = planned(problem, made);
    const order = (p: Plan) =>
      p.assignments.map(({ sample: id, step: what, kind, resource: r }) => `${id} ${what} ${kind} ${r}`);
    expect(new Set(order(again))).toEqual(new Set(order(made)));
    expect(again.makespan).toBeLessThanOrEqual(made.makespan);
  });

  it('lets a batch wait for a second sample rather than running twice', () => {
    const runs = planned(smallLab()).assignments.filter(
      ({ kind, step: what }) => kind === 'process' && what === 'heat',
    );
    expect(new Set(runs.map(({ batch }) => batch)).size).toBe(2);
  });

  it('starts a step late so that the next can follow within its maximum wait', () => {
    const steps = [
      step('react', 'reactor', 100_000),
      step('quench', 'quench', 900_000, { lag: { min: 0, max: 60_000 } }),
    ];
    const two = [resource('reactor', 'station', 2), resource('quench', 'station'), resource('store', 'rack', 9)];
    const made = planned(
      lab(
        two,
        ['a', 'b'].map((id) => sample(id, steps, { at: 'store', out: 'store' })),
      ),
    );
    expect(made.unplanned).toEqual([]);
    const reactions = made.assignments.filter(({ kind, step: what }) => kind === 'process' && what === 'react');
    expect(reactions[1]!.start - reactions[0]!.start).toBeGreaterThan(800_000);
  });

  it('says why a sample cannot be planned, and plans the others', () => {
    const resources = [resource('mixer', 'station'), { ...resource('oven', 'batch', 2), available: false }];
    const made = planned(
      lab(resources, [
        sample('fine', [step('mix', 'mixer', 1000)]),
        sample('lost', [step('heat', 'oven', 1000)]),
        sample('odd', [step('fly', 'wings', 1000)]),
        sample('never', [step('mix', 'mixer', 1000, { lag: { min: 5000, max: 10 } })]),
        sample('late', [step('mix', 'mixer', 1000, { lag: { min: 0, max: 10 } })], { lastStepEnd: -5000 }),
        sample('astray', [step('mix', 'mixer', 1000)], { at: 'nowhere' }),
      ]),
    );
    expect(at(made, 'fine', 'mix')).toHaveLength(1);
    expect(new Map(causes(made))).toEqual(
      new Map<string, UnplannedCause>([
        ['lost', 'unavailable'],
        ['odd', 'incapable'],
        ['never', 'incapable'],
        ['late', 'missed'],
        ['astray', 'incapable'],
      ]),
    );
    for (const { reason } of made.unplanned) expect(reason).toMatch(/^[A-Za-z].*\.$/);
  });

  it('brings two samples that stand in each other’s way past each other, over a rack', () => {
    const resources = [resource('left', 'station'), resource('right', 'station'), resource('rack', 'rack', 1)];
    const crossing = [
      sample('a', [step('go', 'right', 1000)], { at: 'left' }),
      sample('b', [step('go', 'left', 1000)], { at: 'right' }),
    ];
    const made = planned(lab(resources, crossing));
    expect(made.unplanned).toEqual([]);
    expect(made.assignments.some(({ to }) => to === 'rack')).toBe(true);
    const stuck = planned(lab(resources.slice(0, 2), crossing));
    expect(new Set(causes(stuck).map(([, cause]) => cause))).toEqual(new Set(['blocked']));
  });

  it('clears a station of a sample whose next device is lost', () => {
    const resources = [
      resource('mixer', 'station'),
      { ...resource('oven', 'station'), available: false },
      resource('rack', 'rack', 1),
    ];
    const waits = sample('waits', [step('heat', 'oven', 1000)], { at: 'mixer', lastStepEnd: 0 });
    const made = planned(lab(resources, [waits, sample('next', [step('mix', 'mixer', 1000)])]));
    expect(at(made, 'waits', 'heat').map(({ to }) => to)).toEqual(['rack']);
    expect(causes(made)).toEqual([['waits', 'unavailable']]);
  });

  it('leaves frozen samples and their places alone', () => {
    const frozen = sample('frozen', [step('mix', 'mixer', 1000)], { at: 'mixer', frozen: true });
    const other = sample('other', [step('mix', 'mixer', 1000)]);
    const made = planned(lab([resource('mixer', 'station'), resource('rack', 'rack', 5)], [frozen, other]));
    expect(made.assignments).toEqual([]);
    expect(causes(made)).toEqual([['other', 'blocked']]);
  });

  it('holds places only while it works in a lab without transport', () => {
    const resources = [resource('bench', 'station', 2, 1), resource('oven', 'batch', 3)];
    const steps = [step('mix', 'bench', 1000), step('heat', 'oven', 5000), step('look', 'bench', 10)];
    const problem = { now: 50, resources, samples: ['a', 'b', 'c', 'd'].map((id) => sample(id, steps)) };
    const made = planned(problem);
    expect(made.unplanned).toEqual([]);
    expect(made.assignments).toHaveLength(12);
  });

  it('counts the place of a sample that is worked on beside one that is frozen, without transport, too', () => {
    const print = step('print', 'printer', 1000);
    const running = {
      ...({ kind: 'process', step: 'print', resource: 'printer', to: 'printer' } as const),
      ...{ start: -500, expectedEnd: 500 },
    };
    const samples = [
      sample('frozen', [], { at: 'printer', frozen: true }),
      sample('working', [step('look', 'reader', 10)], { running }),
      sample('next', [print, step('look', 'reader', 10)]),
    ];
    const resources = [resource('printer', 'station', 2, 2), resource('reader', 'station')];
    const made = planned({ now: 0, resources, samples });
    expect(at(made, 'next', 'print').map(({ start }) => start)).toEqual([500]);
  });

  it('takes steps of no time and of a year, and 300 samples at once', () => {
    const steps = [step('blink', 'mixer', 0), step('grow', 'oven', 365 * 86_400_000), step('look', 'mixer', 0)];
    const resources = [resource('mixer', 'station'), resource('oven', 'station', 20), resource('store', 'rack', 999)];
    const samples = Array.from({ length: 300 }, (_, i) => sample(`s${i}`, steps, { at: 'store', out: 'store' }));
    expect(planned(lab(resources, samples)).unplanned).toEqual([]);
  });

  it('keeps to the order of the plan whatever has become late', () => {
    const problem = smallLab();
    const made = plan(problem);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000_000 }), (now) => {
        const later = planned({ ...problem, now }, made);
        expect(later.unplanned).toEqual([]);
        expect(later.makespan).toBeLessThanOrEqual(made.makespan + now);
      }),
      { numRuns: 50, seed: 1 },
    );
  });
});

describe('newcomers', () => {
  const band = (typical: number) => ({ low: 0.9 * typical, typical, high: 1.1 * typical });
  const stove = (id: string, recipe: string): SampleTask => ({
    ...{ id, priority: 0, release: 0, at: 'shelf', out: 'shelf' },
    remaining: [
      { id: 'bake', alternatives: [{ resource: 'oven', duration: band(100_000) }], lag: { min: 0 }, recipe },
      { id: 'look', alternatives: [{ resource: 'eye', duration: band(10_000) }], lag: { min: 0 } },
    ],
  });
  const kitchen = (now: number, samples: readonly SampleTask[]): SchedulingProblem => ({
    now,
    samples,
    resources: [
      { id: 'oven', kind: 'batch', capacity: 4, concurrency: 4, available: true },
      { id: 'eye', kind: 'station', capacity: 1, concurrency: 1, available: true },
      { id: 'shelf', kind: 'rack', capacity: 12, concurrency: 12, available: true },
    ],
    transport: {
      transporters: ['arm'],
      pickMs: 1000,
      travel: Object.fromEntries(
        ['oven', 'eye', 'shelf'].map((from) => [
          from,
          Object.fromEntries(['oven', 'eye', 'shelf'].map((to) => [to, band(3000)])),
        ]),
      ),
    },
  });
  const inside: SampleTask = {
    ...stove('first', 'hot'),
    at: 'oven',
    remaining: stove('first', 'hot').remaining.slice(1),
    running: { kind: 'process', step: 'bake', resource: 'oven', to: 'oven', start: 0, expectedEnd: 100_000 },
  };

  it('that come one by one while others wait share their runs', () => {
    const samples = [inside];
    let made: Plan | undefined;
    ['a', 'b', 'c', 'd', 'e'].forEach((id, i) => {
      samples.push(stove(id, i === 2 ? 'cold' : 'hot'));
      const problem = kitchen(1000 + 100 * i, samples);
      made = plan(problem, made);
      expect(check(problem, made)).toEqual([]);
    });
    const baked = made!.assignments.filter(
      ({ kind, step: what, fixed }) => kind === 'process' && what === 'bake' && !fixed,
    );
    expect(baked).toHaveLength(5);
    const runs = new Set(baked.map(({ batch }) => batch));
    expect(runs.size).toBe(2);
  });

  it('that are still carried to where the others wait share their run', () => {
    const day = 86_400_000;
    const waiting = (id: string, recipe: string, lastStepEnd: number): SampleTask => {
      const [bake, look] = stove(id, recipe).remaining;
      return { ...stove(id, recipe), lastStepEnd, remaining: [{ ...bake!, lag: { min: 0, max: day } }, look!] };
    };
    const carried: SampleTask = {
      ...waiting('carried', 'hot', 900),
      at: 'eye',
      running: { kind: 'move', step: 'bake', resource: 'arm', to: 'shelf', start: 900, expectedEnd: 3900 },
    };
    const others = [waiting('a', 'hot', 0), waiting('x', 'cold', 100), waiting('b', 'hot', 200)];
    const made = planned(kitchen(1000, [inside, { ...inside, id: 'second' }, ...others, carried]));
    const runs = new Set(made.assignments.flatMap(({ batch, fixed }) => (fixed || batch === undefined ? [] : batch)));
    expect(runs.size).toBe(2);
  });
});

describe('priorities', () => {
  const starts = (made: Plan) => made.assignments.filter(({ kind }) => kind === 'process').map((a) => a.sample);
  const day = 86_400_000;
  /** Each has waited on the shelf for its step; the first for longest. */
  const shelved = (limit: number, priority: number) =>
    ['a', 'b', 'c'].map((id, i) =>
      sample(id, [step('heat', 'oven', 600_000, { lag: { min: 0, max: limit } })], {
        ...{ at: 'store', out: 'store' },
        ...(i === 2 && limit < day ? {} : { lastStepEnd: 10_000 * i }),
        priority: i === 2 ? priority : 0,
      }),
    );
  const ovens = [resource('oven', 'station'), resource('store', 'rack', 9)];

  it('go before waits that are in no danger', () => {
    expect(starts(planned(lab(ovens, shelved(day, 0), 100_000)))).toEqual(['a', 'b', 'c']);
    expect(starts(planned(lab(ovens, shelved(day, 5), 100_000)))).toEqual(['c', 'a', 'b']);
  });

  it('go back behind waits that could not be kept otherwise', () => {
    const made = planned(lab(ovens, shelved(1_300_000, 5), 100_000));
    expect(made.unplanned).toEqual([]);
    expect(starts(made)).toEqual(['a', 'b', 'c']);
  });

  it('let the less urgent share a run, and wait little for them', () => {
    const baking = ['a', 'b', 'c'].map((id, i) =>
      sample(id, [step('bake', 'oven', 1_000_000, { recipe: 'hot' })], { at: 'store', out: 'store', priority: 3 * i }),
    );
    const made = planned(lab([resource('oven', 'batch', 3), resource('store', 'rack', 9)], baking));
    expect(new Set(made.assignments.flatMap(({ batch }) => batch ?? [])).size).toBe(1);
  });
});

describe('a pinned plan', () => {
  const one = [resource('mill', 'station'), resource('store', 'rack', 9)];
  const milled = (id: string, ms: number) => sample(id, [step('mill', 'mill', ms)], { at: 'store', out: 'store' });

  it('keeps its order where another would gain, and only then', () => {
    const long = milled('z', 5_000_000);
    const pinned = planned(lab(one, [long]));
    const more = lab(one, [long, milled('x', 1000), milled('y', 1000)]);
    expect(at(plan(more, pinned), 'z', 'mill').at(-1)!.start).toBeGreaterThan(40_000);
    expect(plan(more, pinned, true).assignments.filter(({ kind }) => kind === 'process')[0]!.sample).toBe('z');
  });
});
