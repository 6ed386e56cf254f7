import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { judge } from '../bench/execution/judge.ts';
import { instanceLab, randomProblem, withBands } from '../bench/execution/labs.ts';
import { Player, type Deed, type Draw, type Run } from '../bench/execution/player.ts';
import { Gated, OrderFollowing } from '../bench/execution/policies.ts';
import { instancesPresent } from './instances.ts';
import { smallLab } from './small-lab.ts';

const draw =
  (seed: number): Draw =>
  (name, { low, high }) =>
    Math.round(low + (high - low) * stream(seed, name).next());

describe('carrying plans out with durations anywhere in their bands', () => {
  it('breaks no rule and misses no maximum wait in random labs', () => {
    for (let seed = 1000; seed < 1060; seed++) {
      const problem = randomProblem(seed, 0.2);
      const first = plan(problem);
      if (first.unplanned.length > 0) continue;
      const run = new Player(problem, draw(seed)).play(new Gated(first), 1e9);
      expect({ seed, stuck: run.stuck, ...judge(problem, run) }).toMatchObject({ stuck: false, missed: 0, broken: [] });
    }
  });

  it.skipIf(!instancesPresent)('misses none in the laboratory of 8, where the order of the plan alone does', () => {
    const problem = instanceLab(8, 0.2);
    const first = plan(problem);
    let ordered = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const run = new Player(problem, draw(seed)).play(new Gated(first), 1e9);
      expect({ seed, stuck: run.stuck, ...judge(problem, run) }).toMatchObject({ stuck: false, missed: 0, broken: [] });
      const other = new Player(problem, draw(seed)).play(new OrderFollowing(first), 1e9);
      const { missed, broken } = judge(problem, other);
      expect(broken).toEqual([]);
      ordered += missed;
    }
    expect(ordered).toBeGreaterThan(0);
  });
});

describe('the judge of a record', () => {
  const problem = withBands(smallLab(), 0.1);
  const run = new Player(problem, draw(1)).play(new Gated(plan(problem)), 1e9);

  const changed = (which: (deed: Deed) => boolean, change: (deed: Deed) => Partial<Deed>): Run => {
    const position = run.deeds.findIndex(which);
    expect(position).toBeGreaterThanOrEqual(0);
    return { ...run, deeds: run.deeds.map((deed, i) => (i === position ? { ...deed, ...change(deed) } : deed)) };
  };

  it('finds nothing in a good one', () => {
    expect(judge(problem, run)).toEqual({ missed: 0, waits: 3, broken: [] });
  });

  it.each<[string, (deed: Deed) => boolean, (deed: Deed) => Partial<Deed>]>([
    ['a step that begins too early', ({ step }) => step === 'heat', ({ start }) => ({ start: start - 100_000 })],
    [
      'a step on another device',
      ({ step, kind }) => step === 'mix' && kind === 'process',
      () => ({ resource: 'reader' }),
    ],
    [
      'an arm in two places',
      ({ kind, sample }) => kind === 'move' && sample === 'b',
      ({ end }) => ({ end: end + 1e6 }),
    ],
    [
      'a run that is left early',
      ({ step, kind }) => step === 'heat' && kind === 'process',
      ({ end }) => ({ end: end - 1 }),
    ],
    ['a move that nobody makes', ({ kind }) => kind === 'move', () => ({ resource: 'nobody' })],
    ['a sample that is elsewhere', ({ kind }) => kind === 'move', () => ({ from: 'reader' })],
  ])('finds %s', (_, which, change) => {
    expect(judge(problem, changed(which, change)).broken).not.toEqual([]);
  });

  it('finds a missing step, and a wait that is too long', () => {
    const deeds = run.deeds.filter(
      ({ step, kind, sample }) => !(step === 'read' && kind === 'process' && sample === 'a'),
    );
    expect(judge(problem, { ...run, deeds }).broken).not.toEqual([]);
    const late = changed(
      ({ step, kind }) => step === 'read' && kind === 'process',
      ({ start, end }) => ({ start: start + 121_000, end: end + 121_000 }),
    );
    expect(judge(problem, late).missed).toBe(1);
    expect(judge(problem, { ...run, discarded: ['a'] }).missed).toBe(1);
  });
});
