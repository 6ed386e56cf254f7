import type { DurationBand, Resource, SampleTask, SchedulingProblem, StepTask } from '../../src/scheduling/model.ts';

export const exact = (ms: number): DurationBand => ({ low: ms, typical: ms, high: ms });

export const resource = (id: string, kind: Resource['kind'], capacity = 1, concurrency = capacity): Resource => ({
  id,
  kind,
  capacity,
  concurrency,
  available: true,
});

export const step = (id: string, where: string, ms: number, more: Partial<StepTask> = {}): StepTask => ({
  id,
  alternatives: [{ resource: where, duration: exact(ms) }],
  lag: { min: 0 },
  ...more,
});

export const sample = (id: string, remaining: readonly StepTask[], more: Partial<SampleTask> = {}): SampleTask => ({
  id,
  priority: 0,
  release: 0,
  remaining,
  ...more,
});

/** Every way takes 20 s, and a place is free 10 s after a move from it has started. */
export function lab(resources: readonly Resource[], samples: readonly SampleTask[], now = 0): SchedulingProblem {
  const travel = Object.fromEntries(
    resources.map(({ id }) => [id, Object.fromEntries(resources.map(({ id: to }) => [to, exact(20_000)]))]),
  );
  return { now, resources, samples, transport: { transporters: ['arm'], travel, pickMs: 10_000 } };
}

/** Three samples through a mixer, an oven that takes two, and a reader that must follow within two minutes. */
export function smallLab(): SchedulingProblem {
  const steps = [
    step('mix', 'mixer', 100_000),
    step('heat', 'oven', 600_000, { recipe: 'hot' }),
    step('read', 'reader', 5000, { lag: { min: 0, max: 120_000 } }),
  ];
  const resources = [
    resource('mixer', 'station'),
    resource('oven', 'batch', 2),
    resource('reader', 'station'),
    resource('store', 'rack', 9),
  ];
  return lab(
    resources,
    ['a', 'b', 'c'].map((id) => sample(id, steps, { at: 'store', out: 'store' })),
  );
}
