import { describe, expect, it } from 'vitest';
import { withoutAmpleWaits } from '../../src/scheduling/ample.ts';
import { dispatch } from '../../src/scheduling/dispatcher.ts';
import type { SchedulingProblem } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { lab, resource, sample, step } from './small-lab.ts';

const hour = 3_600_000;

/**
 * "fresh" stands in the reader and is to go into the oven within `max` of being looked at; "hot" is in the oven for an hour and
 * has to pass the reader afterwards, which has one place more.
 */
function crowd(max: number, closed?: { from: number; to: number }[]): SchedulingProblem {
  const running = {
    ...({ kind: 'process', step: 'heat', resource: 'oven', to: 'oven' } as const),
    ...{ start: -1000, expectedEnd: hour, earliestEnd: 0.9 * hour, latestEnd: 1.2 * hour },
  };
  const look = step('look', 'reader', 60_000);
  const heat = step('heat', 'oven', hour, { lag: { min: 0, max }, recipe: 'a' });
  const after = [step('touch', 'probe', 60_000), step('view', 'reader', 60_000)];
  const resources = [
    resource('reader', 'station', 2, 1),
    { ...resource('oven', 'batch', 1), ...(closed === undefined ? {} : { closed }) },
    resource('probe', 'station'),
    resource('store', 'rack', 9),
  ];
  return lab(resources, [
    sample('hot', after, { at: 'oven', running, out: 'store' }),
    sample('fresh', [look, heat, ...after], { at: 'reader', out: 'store' }),
    sample('other', [look, heat, ...after], { at: 'reader', out: 'store' }),
  ]);
}

const started = (problem: SchedulingProblem) =>
  dispatch(problem, plan(problem)).start.map((one) => `${one.sample} ${one.step}`);
const limits = (problem: SchedulingProblem) =>
  withoutAmpleWaits(problem, plan(problem)).samples.flatMap(({ id, remaining }) =>
    remaining.flatMap(({ id: what, lag }) => (lag.max === undefined ? [] : [`${id} ${what}`])),
  );

describe('a maximum wait', () => {
  it('of a day does not hold back what it would hold back if it were short', () => {
    expect(started(crowd(24 * hour))).toEqual(['fresh look']);
    expect(limits(crowd(24 * hour))).toEqual([]);
  });

  it('is guarded where all that comes before, one after the other, takes more than half of it', () => {
    // 1.2 h of the oven and 80 s on the reader and the way come before one, the hour of that one before the other.
    const first = 2 * (1.2 * hour + 60_000 + 4 * 20_000 + 3 * 60_000);
    expect(limits(crowd(first + hour))).toEqual([expect.stringMatching(/ heat$/)]);
    expect(limits(crowd(2 * hour))).toHaveLength(2);
    expect(started(crowd(1.1 * hour))).toEqual([]);
  });

  it('counts from the end of the step before it, where that is known', () => {
    const [hot, fresh, other] = crowd(10 * hour).samples;
    const waiting = (since: number): SchedulingProblem => ({
      ...crowd(10 * hour),
      samples: [hot!, { ...fresh!, remaining: fresh!.remaining.slice(1), lastStepEnd: since }, other!],
    });
    expect(limits(waiting(-hour))).toEqual([]);
    expect(limits(waiting(-8 * hour))).toEqual(['fresh heat']);
  });

  it('is guarded where another follows the step after it that has to be', () => {
    const followed = (max: number): SchedulingProblem => {
      const problem = crowd(24 * hour);
      const samples = problem.samples.map(({ remaining, ...task }) => ({
        ...task,
        remaining: remaining.map((one) => (one.id === 'touch' ? { ...one, lag: { min: 0, max } } : one)),
      }));
      return { ...problem, samples };
    };
    expect(limits(followed(120_000)).filter((name) => !name.startsWith('hot'))).toHaveLength(4);
    expect(limits(followed(24 * hour))).toEqual([]);
  });

  it('is guarded, however long, while something is to close', () => {
    expect(limits(crowd(240 * hour, [{ from: 20 * hour, to: 30 * hour }]))).toHaveLength(2);
    expect(limits(crowd(240 * hour, [{ from: -2 * hour, to: -hour }]))).toEqual([]);
  });
});
