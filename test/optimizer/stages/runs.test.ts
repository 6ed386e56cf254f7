import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unwrap } from '../../../src/base/failure.ts';
import type { Parameter } from '../../../src/optimizer/problem.ts';
import { decide } from '../../../src/optimizer/stages/decide.ts';
import { rateOfRun } from '../../../src/optimizer/stages/runs.ts';
import type { Decision, PendingStage, StagedProblem, StagedRow } from '../../../src/optimizer/stages/staged.ts';
import { twoStageRows, twoStages } from './problems.ts';

const profiles = ['slow', 'fast', 'steps'];
const category: Parameter = { name: 'profile', type: 'categorical', levels: profiles };
const number: Parameter = { name: 'profile', type: 'continuous', min: 0, max: 1 };

/** Two stages, the second in a furnace that takes so many samples of equal profile; it has a parameter of the sample too. */
function furnace(capacity: number | undefined, profile = category): StagedProblem {
  const [make, measure] = twoStages().stages;
  const space = { ...measure!.space, parameters: [profile, ...measure!.space.parameters] };
  const shared = capacity === undefined ? {} : { shared: { capacity, parameters: ['profile'] } };
  return { ...twoStages(), stages: [make!, { ...measure!, space, ...shared }] };
}

/** Complete samples at all profiles, then held ones whose colours are given. */
function furnaceRows(full: number, held: readonly number[], seed: number, profile = category): StagedRow[] {
  const complete = twoStageRows(full, 0, seed).map(({ sample, stages }, i): StagedRow => {
    const { parameters, outputs } = stages['measure']!;
    const k = i % 3;
    const setting = profile === category ? profiles[k]! : k / 2;
    const measure = {
      parameters: { ...parameters, profile: setting },
      outputs: { yield: outputs['yield']! - 0.1 * k },
    };
    return { sample, stages: { ...stages, measure } };
  });
  const waiting = held.map((colour, i): StagedRow => {
    return { sample: `held-${i}`, stages: { make: { parameters: { a: 0.1 * i }, outputs: { colour } } } };
  });
  return [...complete, ...waiting];
}

const ask = (problem: StagedProblem, rows: readonly StagedRow[], count: number, more: object = {}): Decision[] =>
  unwrap(decide(problem, rows, [], { seed: 1, count, initial: 0, ...more })).decisions.filter(
    ({ kind }) => kind !== 'drop',
  );

/** Free places of every run that decisions have opened, in order; fails where one costs what it should not. */
function placesAfter(decisions: readonly Decision[], capacity: number): Map<string, number>[] {
  const free = new Map<string, number>();
  return decisions.map(({ stage, parameters, cost }) => {
    if (stage !== 'measure') return new Map(free);
    const key = String(parameters['profile']);
    const left = free.get(key) ?? 0;
    expect(cost).toBe(left > 0 ? 0 : 1);
    free.set(key, left > 0 ? left - 1 : capacity - 1);
    return new Map(free);
  });
}

describe('runs that samples share', () => {
  test('are filled before a second one is opened', () => {
    const cases = fc.record({
      seed: fc.integer({ min: 0, max: 1000 }),
      apart: fc.constantFrom(0.1, 0.2),
      profile: fc.constantFrom(category, number),
    });
    fc.assert(
      fc.property(cases, ({ seed, apart, profile }) => {
        const rows = furnaceRows(
          5,
          Array.from({ length: 6 }, (_, i) => 1 + apart * i),
          seed,
          profile,
        );
        const decisions = ask(furnace(4, profile), rows, 6, { seed, starts: 0 });
        expect(decisions.length).toBeGreaterThan(4);
        placesAfter(decisions, 4).forEach((free, i) => {
          // What promises next to nothing may stay out of a run.
          if (decisions[i]!.value! < 0.01 * decisions[0]!.value!) return;
          expect([...free.values()].filter((places) => places > 0).length).toBeLessThanOrEqual(1);
        });
      }),
      { numRuns: 12 },
    );
  });

  test('of one place change nothing', () => {
    const rows = furnaceRows(8, [0.2, 0.5, 0.52, 0.9], 3);
    for (const count of [1, 4]) expect(ask(furnace(1), rows, count)).toEqual(ask(furnace(undefined), rows, count));
  });

  test('are joined while they are open, at their very values', () => {
    const rows = furnaceRows(8, [0.5, 0.51], 4, number);
    const flight: PendingStage = { sample: 'held-0', stage: 'measure', parameters: { profile: 0.123, b: 0.8 } };
    const next = (pending: PendingStage) =>
      unwrap(decide(furnace(4, number), rows, [pending], { seed: 1, count: 1, initial: 0, starts: 0 })).decisions[0]!;
    const joined = next({ ...flight, open: true });
    expect(joined).toMatchObject({ kind: 'resume', sample: 'held-1', cost: 0 });
    expect(joined.parameters['profile']).toBe(0.123);
    expect(joined.reason).toContain('Joins a run');
    const opened = next(flight);
    expect(opened).toMatchObject({ kind: 'resume', sample: 'held-1', cost: 1 });
    expect(opened.parameters['profile']).not.toBe(0.123);
  });

  test('take the samples of the initial design as well', () => {
    const rows = furnaceRows(0, [0.1, 0.3, 0.5, 0.7, 0.9], 5);
    const decisions = unwrap(decide(furnace(4), rows, [], { seed: 1, count: 5, initial: 8 })).decisions;
    expect(decisions.map(({ cost }) => cost)).toEqual([1, 0, 0, 0, 1]);
    expect(new Set(decisions.slice(0, 4).map(({ parameters }) => parameters['profile'])).size).toBe(1);
    expect(new Set(decisions.map(({ parameters }) => parameters['b'])).size).toBe(5);
  });

  test('are worth the gain of all who join, for the cost of one run', () => {
    const of = (gain: number, later = 0) => ({ gain, cost: 0.25 + later });
    expect(rateOfRun(of(0.2), [], 0.25, 4)).toBeCloseTo(0.2, 12);
    expect(rateOfRun(of(0.2), [of(0.1), of(0.3)], 0.25, 4)).toBeCloseTo(0.6, 12);
    expect(rateOfRun(of(0.2), [of(0.1), of(0.3), of(0.4), of(0.5)], 0.25, 4)).toBeCloseTo(1.4, 12);
    // One that has dear stages still to come lowers the rate, and stays out.
    expect(rateOfRun(of(0.2), [of(0.1, 5)], 0.25, 4)).toBeCloseTo(0.2, 12);
    expect(rateOfRun(of(0.2, 1), [of(0.2, 1)], 0.25, 4)).toBeCloseTo(0.4 / 3, 12);
  });
});
