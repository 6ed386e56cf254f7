import { describe, expect, it } from 'vitest';
import { check } from '../../src/scheduling/checker.ts';
import { dispatch } from '../../src/scheduling/dispatcher.ts';
import { improve } from '../../src/scheduling/improve.ts';
import type { Plan, Resource, SampleTask, SchedulingProblem, StepLink, StepTask } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { exact, lab, resource, sample, step } from './small-lab.ts';

/** Whatever is asked for, the answer is a plan that holds, or one sentence for every sample; and it comes soon. */

const year = 365 * 86_400_000;
const stored = { at: 'store', out: 'store' };
const places = [
  resource('mixer', 'station'),
  resource('oven', 'batch', 2),
  resource('reader', 'station'),
  resource('store', 'rack', 9999),
];
const mix = step('mix', 'mixer', 60_000);
const heat = step('heat', 'oven', 600_000, { recipe: 'hot' });
const read = step('read', 'reader', 5000, { lag: { min: 0, max: 120_000 } });
const several = (count: number, steps: readonly StepTask[], more: Partial<SampleTask> = stored) =>
  Array.from({ length: count }, (_, i) => sample(`s${i}`, steps, more));
const one = (steps: readonly StepTask[], more: Partial<SampleTask> = stored) => lab(places, several(1, steps, more));
const wait = (min: number, max?: number) =>
  step('read', 'reader', 5000, { lag: { min, ...(max === undefined ? {} : { max }) } });
const lasting = (ms: number) => one([step('mix', 'mixer', ms)]);

/** A lab with ways as given by `change`. */
function transported(change: (transport: NonNullable<SchedulingProblem['transport']>) => object): SchedulingProblem {
  const problem = one([mix, wait(0)]);
  return { ...problem, transport: { ...problem.transport!, ...change(problem.transport!) } };
}

const without = (from: string, to: string): SchedulingProblem =>
  transported(({ travel }) => ({
    travel: {
      ...travel,
      [from]: Object.fromEntries(Object.entries(travel[from]!).filter(([id]) => id !== to)),
    },
  }));

const with1 = (broken: Resource): SchedulingProblem =>
  lab([...places.filter(({ id }) => id !== broken.id), broken], several(1, [mix, heat, read]));

const linked = (links: readonly StepLink[], ...steps: StepTask[]): SchedulingProblem => ({
  now: 0,
  resources: [resource('a', 'station'), resource('b', 'station')],
  samples: [sample('s0', steps.length > 0 ? steps : [step('x', 'a', 10), step('y', 'b', 10)], { links })],
});
const from = (step: string, point: 'start' | 'end' = 'end') => ({ step, point });

/** ms of processor time, because machines do other things as well; each takes a few seconds at most. */
const limit = 30_000;

const spent = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

function soon<T>(work: () => T): T {
  const begun = spent();
  const result = work();
  expect(spent() - begun).toBeLessThan(limit);
  return result;
}

/** The plan, checked; what is made of it by a search; and what a dispatcher says to it. */
function planned(problem: SchedulingProblem, steps = 5): Plan {
  return soon(() => {
    const made = plan(problem);
    expect(check(problem, made)).toEqual([]);
    for (const { reason } of made.unplanned) expect(reason).toMatch(/^[A-Za-z0-9][^\n]*[^.]\.$/);
    const search = improve(problem, made, 1);
    for (let i = 0; i < steps; i++) search.step();
    expect(check(problem, search.plan)).toEqual([]);
    expect(dispatch(problem, made).start.length > 0).toBe(made.assignments.length > 0);
    expect(check(problem, plan(problem, made))).toEqual([]);
    return made;
  });
}

const impossible: Readonly<Record<string, readonly [SchedulingProblem, RegExp]>> = {
  'lags that contradict each other': [
    one([mix, wait(100_000, 5000)]),
    /minimum wait of 1 min 40 s and a maximum wait of 5 s/,
  ],
  'a maximum wait below zero': [one([mix, wait(0, -5000)]), /a wait from 0 to -5000 ms, which is no span/],
  'a maximum wait that no way is short enough for': [
    one([mix, wait(0, 5000)]),
    /read of s0 must begin within 5 s of mix, but the fastest way, from mixer to reader, takes 20 s/,
  ],
  'an arm that cannot reach': [without('store', 'mixer'), /Nothing brings s0 from store to mixer for mix\./],
  'an arm that cannot bring it away': [without('reader', 'store'), /from reader to store at the end\./],
  'no transporter': [transported(() => ({ transporters: [] })), /no transporter/],
  'one transporter twice': [transported(() => ({ transporters: ['arm', 'arm'] })), /two transporters named arm/],
  'a way that is no time': [
    transported(({ travel }) => ({ travel: { ...travel, store: { mixer: exact(-1) } } })),
    /The way from store to mixer takes -1/,
  ],
  'a pick that never ends': [transported(() => ({ pickMs: Infinity })), /Picking a sample up takes Infinity/],
  'a batch device without places': [with1(resource('oven', 'batch', 0)), /oven has 0 places/],
  'a station that works on nobody': [with1(resource('mixer', 'station', 1, 0)), /mixer works on 0 samples/],
  'a station that is closed backwards': [
    with1({ ...resource('mixer', 'station'), closed: [{ from: 20, to: 10 }] }),
    /mixer is closed from 20 to 10, which is no span/,
  ],
  'hours that are not in order': [
    with1({ ...resource('mixer', 'station'), closed: [20, 10].map((at) => ({ from: at, to: at + 15 })) }),
    /mixer closes at 10, but is closed already until 35/,
  ],
  'an arm closed at no time': [
    transported(() => ({ closed: { arm: [{ from: NaN, to: 10 }] } })),
    /arm is closed from NaN to 10/,
  ],
  'a station that never opens': [
    with1({ ...resource('mixer', 'station'), closed: [{ from: -5, to: Infinity }] }),
    /mix of s0 takes 1 min, but mixer is never open for longer than 0 s/,
  ],
  'two resources of one name': [lab([...places, places[0]!], several(1, [mix])), /two resources named mixer/],
  'two samples of one name': [lab(places, [...several(1, [mix]), ...several(1, [mix])]), /two samples named s0/],
  'two steps of one name': [one([mix, mix]), /two steps named mix/],
  'a step on a rack': [one([step('rest', 'store', 10)]), /No resource of this lab can do rest/],
  'a negative duration': [lasting(-10), /On mixer mix of s0 takes -10/],
  'a duration that is no number': [lasting(NaN), /takes NaN/],
  'a step without end': [lasting(Infinity), /takes Infinity/],
  'a wait that is no number': [one([mix, wait(NaN)]), /a wait from NaN/],
  'a release that never comes': [one([mix], { ...stored, release: Infinity }), /released at Infinity/],
  'a priority that is no number': [one([mix], { ...stored, priority: NaN }), /priority NaN/],
  'a time that is none': [{ ...one([mix]), now: NaN }, /The time now is NaN/],
  'links that contradict each other': [
    linked([{ from: from('x', 'start'), to: from('y', 'start'), min: 10, max: 5 }]),
    /The link of s0 from x to y contradicts others/,
  ],
  'steps that wait for each other': [
    linked([
      { from: from('x'), to: from('y', 'start'), min: 0 },
      { from: from('y'), to: from('x', 'start'), min: 0 },
    ]),
    /from y to x contradicts others/,
  ],
  'a step that waits for itself': [linked([{ from: from('x'), to: from('x', 'start'), min: 0 }]), /from x to x/],
  'a link that is no number': [linked([{ from: from('x'), to: from('y'), min: NaN }]), /from NaN/],
  'linked steps that one station cannot do': [
    linked([{ from: from('x'), to: from('y'), min: -3, max: 3 }], step('x', 'a', 10), step('y', 'a', 10)),
    /No plan was found/,
  ],
};

const waitingForEachOther = lab(
  [resource('left', 'station'), resource('right', 'station')],
  [sample('s0', [step('go', 'right', 10)], { at: 'left' }), sample('s1', [step('go', 'left', 10)], { at: 'right' })],
);

describe('what cannot be planned', () => {
  it.each(Object.entries(impossible))('%s: a sentence', (_, [problem, sentence]) => {
    const { assignments, unplanned } = planned(problem);
    expect(assignments).toEqual([]);
    expect(unplanned.map(({ reason }) => reason).join()).toMatch(sentence);
  });

  it('samples that wait for each other: a sentence for both', () => {
    const { unplanned } = planned(waitingForEachOther);
    expect(unplanned.map(({ reason }) => reason).join()).toMatch(/s0 .* a place on its way stays taken\.,s1 /);
  });

  it.each(Object.entries(impossible))('%s: no plan of it passes the check', (_, [problem]) => {
    const other = plan(one([mix, read]));
    expect(check(problem, { ...other, unplanned: [] })).not.toEqual([]);
  });

  it('one sample that is not sound leaves the others their plan', () => {
    const made = planned(lab(places, [...several(3, [mix, read]), sample('odd', [step('mix', 'mixer', NaN)], stored)]));
    expect(made.unplanned.map((left) => left.sample)).toEqual(['odd']);
    expect(made.assignments.length).toBe(15);
  });
});

describe('what is extreme', () => {
  it('more samples of one recipe than any device takes are done in several runs', () => {
    const { assignments, unplanned } = planned(lab(places, several(9, [heat])));
    expect(unplanned).toEqual([]);
    const runs = new Set(assignments.filter(({ kind }) => kind === 'process').map(({ batch }) => batch));
    expect(runs.size).toBe(5);
  });

  it('a way over a rack where the arm has no direct one', () => {
    const { assignments, unplanned } = planned(without('mixer', 'reader'));
    expect(unplanned).toEqual([]);
    expect(assignments.filter(({ step: to }) => to === 'read').map(({ to }) => to)).toEqual([
      'store',
      'reader',
      undefined,
    ]);
  });

  it.each([0, 1, year, 1000 * year])('steps that take %d ms', (ms) => {
    const steps = [step('mix', 'mixer', ms), step('heat', 'oven', ms, { recipe: 'q' }), step('read', 'reader', ms)];
    expect(planned(lab(places, several(20, steps))).unplanned).toEqual([]);
    expect(planned({ now: 5, resources: places, samples: several(20, steps, {}) }).unplanned).toEqual([]);
  });

  it.each([0, 1000])('ways that take no time, and steps that take %d ms', (ms) => {
    const instant = transported(({ travel }) => ({
      pickMs: 0,
      travel: Object.fromEntries(
        Object.keys(travel).map((id) => [id, Object.fromEntries(Object.keys(travel).map((to) => [to, exact(0)]))]),
      ),
    }));
    const steps = [step('mix', 'mixer', ms), step('heat', 'oven', ms, { recipe: 'q' }), step('read', 'reader', ms)];
    expect(planned({ ...instant, samples: several(20, steps) }).unplanned).toEqual([]);
  });

  const crowds: Readonly<Record<string, SchedulingProblem>> = {
    'through a furnace': lab(places, several(2000, [mix, heat, read])),
    'of no length': lab(places, several(2000, [step('mix', 'mixer', 0), step('heat', 'oven', 0), read])),
    'that take a year each step': lab(
      places,
      several(2000, [step('mix', 'mixer', year), step('heat', 'oven', year), step('read', 'reader', year)]),
    ),
    'that are all done by one station': { now: 0, resources: [places[0]!], samples: several(2000, [mix], {}) },
    'without transport': { now: 0, resources: places, samples: several(2000, [mix, heat, read], {}) },
    'without transport, of no length, before one that must follow soon': {
      now: 0,
      resources: places,
      samples: several(2000, [mix, step('heat', 'oven', 0, { recipe: 'q' }), read], {}),
    },
    'bound by links': {
      ...linked([]),
      samples: several(2000, [step('x', 'a', 10), step('y', 'b', 10)], {
        links: [{ from: from('x'), to: from('y', 'start'), min: 0, max: 5 }],
      }),
    },
  };

  it.each(Object.entries(crowds))('2,000 samples %s', { timeout: 10 * limit }, (_, problem) => {
    expect(planned(problem).unplanned).toEqual([]);
  });

  it('2,000 samples with too few places: a sentence for each', { timeout: 10 * limit }, () => {
    const crowded = lab([...places.slice(0, 3), resource('store', 'rack', 10)], several(2000, [mix, heat, read]));
    expect(planned(crowded, 0).unplanned).toHaveLength(2000);
  });
});
