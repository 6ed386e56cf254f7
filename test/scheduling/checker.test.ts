import { describe, expect, it } from 'vitest';
import { check } from '../../src/scheduling/checker.ts';
import type { Assignment, Plan, SchedulingProblem } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { smallLab } from './small-lab.ts';

const problem = smallLab();
const valid = plan(problem);

type Change = Partial<Record<keyof Assignment, unknown>>;

/** The valid plan with some assignments changed; sorted and measured anew, so that only the change itself is at fault. */
function change(which: (assignment: Assignment) => boolean, how: (assignment: Assignment) => Change | undefined): Plan {
  const assignments = valid.assignments.flatMap((assignment) => {
    if (!which(assignment)) return [assignment];
    const changed = how(assignment);
    return changed === undefined ? [] : [{ ...assignment, ...changed } as Assignment];
  });
  return { ...valid, assignments, makespan: Math.max(...assignments.map(({ end }) => end)) };
}

const shift = (by: number) => (a: Assignment) => ({ start: a.start + by, end: a.end + by });
const is = (sample: string, step: string, kind: Assignment['kind']) => (a: Assignment) =>
  a.sample === sample && a.step === step && a.kind === kind;

const broken: readonly { readonly name: string; readonly plan: () => Plan; readonly found: RegExp }[] = [
  {
    name: 'a step before its sample has arrived',
    plan: () => change(is('a', 'mix', 'process'), shift(-1)),
    found: /before it can/,
  },
  { name: 'a step before now', plan: () => change(is('a', 'mix', 'process'), shift(-1e6)), found: /before now/ },
  {
    name: 'a step that is too short',
    plan: () => change(is('a', 'mix', 'process'), (a) => ({ end: a.end - 5 })),
    found: /takes \d+ on .* instead of/,
  },
  {
    name: 'a device that cannot do it',
    plan: () => change(is('a', 'mix', 'process'), () => ({ resource: 'reader' })),
    found: /cannot do it/,
  },
  {
    name: 'a missing step',
    plan: () => change(is('a', 'mix', 'process'), () => undefined),
    found: /is expected|is missing/,
  },
  {
    name: 'a missing move',
    plan: () => change(is('a', 'heat', 'move'), () => undefined),
    found: /but the sample is at/,
  },
  { name: 'a missing way out', plan: () => change(is('a', 'out', 'move'), () => undefined), found: /instead of store/ },
  {
    name: 'a move from elsewhere',
    plan: () => change(is('a', 'heat', 'move'), () => ({ from: 'reader' })),
    found: /but the sample is at/,
  },
  {
    name: 'a move that is too fast',
    plan: () => change(is('a', 'heat', 'move'), (a) => ({ end: a.end - 1 })),
    found: /takes \d+ instead of/,
  },
  {
    name: 'a move by something else',
    plan: () => change(is('a', 'heat', 'move'), () => ({ resource: 'reader' })),
    found: /no transporter/,
  },
  {
    name: 'a maximum wait missed',
    plan: () =>
      change((a) => a.sample === 'a' && (a.step === 'out' || (a.step === 'read' && a.kind === 'process')), shift(1e6)),
    found: /at most 120000/,
  },
  {
    name: 'a sample left out without a word',
    plan: () =>
      change(
        (a) => a.sample === 'a',
        () => undefined,
      ),
    found: /is missing/,
  },
  {
    name: 'a batch that falls apart',
    plan: () => change(is('a', 'heat', 'process'), (a) => ({ start: a.start + 1, end: a.end + 1 })),
    found: /but the batch runs/,
  },
  {
    name: 'a step of no batch',
    plan: () => change(is('a', 'heat', 'process'), () => ({ batch: undefined })),
    found: /belongs to no batch/,
  },
  {
    name: 'a fixed step that does not run',
    plan: () => change(is('a', 'mix', 'process'), () => ({ fixed: true })),
    found: /nothing runs/,
  },
  {
    name: 'a step too many',
    plan: () => ({
      ...valid,
      assignments: [
        ...valid.assignments,
        { ...valid.assignments.at(-1)!, sample: 'a', step: 'heat', kind: 'process' as const },
      ],
    }),
    found: /more than was asked for/,
  },
  {
    name: 'an unknown sample',
    plan: () => change(is('a', 'mix', 'process'), () => ({ sample: 'nobody' })),
    found: /nobody, which the problem does not have/,
  },
  { name: 'a wrong makespan', plan: () => ({ ...valid, makespan: 1 }), found: /makespan/ },
  {
    name: 'a planned sample that is left out',
    plan: () => ({ ...valid, unplanned: [{ sample: 'a', reason: 'No.', cause: 'blocked' as const }] }),
    found: /left out of the plan/,
  },
  {
    name: 'no reason',
    plan: () => ({ ...valid, unplanned: [{ sample: 'x', reason: '', cause: 'blocked' as const }] }),
    found: /without a reason/,
  },
];

describe('check', () => {
  it('finds nothing in a valid plan', () => {
    expect(check(problem, valid)).toEqual([]);
    expect(valid.unplanned).toEqual([]);
  });

  it.each(broken)('finds $name', ({ plan: made, found }) => {
    expect(check(problem, made()).join('\n')).toMatch(found);
  });

  it('finds every step that starts any earlier than the sample, the lab or the transporter allows', () => {
    for (const one of valid.assignments.filter(({ start }) => start > problem.now)) {
      const early = change(
        (other) => other === one,
        (a) => ({ start: a.start - 1e9, end: a.end - 1e9 }),
      );
      expect(check(problem, early), `${one.sample} ${one.step}`).not.toEqual([]);
    }
  });

  it('finds two samples in one place, a transporter used twice and a worker used twice', () => {
    const [first, second] = valid.assignments.filter(({ kind, step }) => kind === 'move' && step === 'mix');
    const same = change(
      (a) => a === second,
      () => ({ start: first!.start, end: first!.end }),
    );
    expect(check(problem, same).join('\n')).toMatch(/arm moves .* but moves/);
    expect(check(problem, same).join('\n')).toMatch(/mixer holds 2 samples/);
    const works = valid.assignments.filter(({ kind, step }) => kind === 'process' && step === 'mix');
    const twice = change(
      (a) => a === works[1],
      (a) => ({ start: works[0]!.start, end: works[0]!.start + a.end - a.start }),
    );
    expect(check(problem, twice).join('\n')).toMatch(/mixer works on 2 samples/);
  });

  it('finds a door that is passed and a stranger in a run', () => {
    const runs = valid.assignments.filter(({ kind, step }) => kind === 'process' && step === 'heat');
    const names = [...new Set(runs.map(({ batch }) => batch))];
    expect(names.length).toBe(2);
    const [first, late] = names.map((name) => runs.find(({ batch }) => batch === name)!);
    const sooner = first!.start - late!.start + 1;
    const early = change((a) => a.sample === late!.sample && a.start < late!.start, shift(sooner));
    expect(check(problem, early).join('\n')).toMatch(/passes the door of oven/);
    expect(check(problem, early).join('\n')).toMatch(/runs without it/);
    const overlapping = change(
      (a) => a.batch === first!.batch && a.kind === 'process',
      shift(late!.start - first!.end + 1),
    );
    expect(check(problem, overlapping).join('\n')).toMatch(/starts batch .* but batch .* runs until/);
  });

  it('finds a batch with mixed recipes or too many samples', () => {
    const mixed = {
      ...problem,
      samples: problem.samples.map((s) =>
        s.id === 'a' ? { ...s, remaining: s.remaining.map((r) => ({ ...r, recipe: 'other' })) } : s,
      ),
    };
    expect(check(mixed, valid).join('\n')).toMatch(/with recipe/);
    const small = {
      ...problem,
      resources: problem.resources.map((r) => (r.id === 'oven' ? { ...r, capacity: 1 } : r)),
    };
    expect(check(small, valid).join('\n')).toMatch(/takes 1/);
  });

  it('finds what is not available, not released, frozen or running differently', () => {
    const with1 = (more: Partial<SchedulingProblem['samples'][number]>): SchedulingProblem => ({
      ...problem,
      samples: problem.samples.map((s) => (s.id === 'a' ? { ...s, ...more } : s)),
    });
    const lost = {
      ...problem,
      resources: problem.resources.map((r) => (r.id === 'mixer' ? { ...r, available: false } : r)),
    };
    expect(check(lost, valid).join('\n')).toMatch(/not available/);
    expect(check(with1({ release: 1e9 }), valid).join('\n')).toMatch(/before the release/);
    expect(check(with1({ frozen: true }), valid).join('\n')).toMatch(/is frozen/);
    const running = {
      kind: 'process',
      step: 'mix',
      resource: 'mixer',
      to: 'mixer',
      start: 0,
      expectedEnd: 10,
    } as const;
    expect(check(with1({ running }), valid).join('\n')).toMatch(/shows it 0 times/);
  });
});
