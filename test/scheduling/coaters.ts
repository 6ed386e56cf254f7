import { stream } from '../../src/base/random.ts';
import type { SchedulingProblem } from '../../src/scheduling/model.ts';
import { exact, resource, sample, step } from './small-lab.ts';

const minute = 60_000;

/** Samples to be coated for 5 min with one of four inks, by either of two coaters that are cleaned for 20 min between inks. */
export function coaters(count: number): SchedulingProblem {
  const random = stream(1, 'inks');
  const both = ['left', 'right'].map((id) => ({ resource: id, duration: exact(5 * minute) }));
  return {
    now: 0,
    resources: both.map(({ resource: id }) => ({ ...resource(id, 'station'), setup: 20 * minute })),
    samples: Array.from({ length: count }, (_, i) => {
      const recipe = `ink-${random.integer(4)}`;
      return sample(`s${i}`, [step('coat', 'left', 5 * minute, { recipe, alternatives: both })]);
    }),
  };
}
