import type { EngineStatus } from '../engine/status.ts';
import type { PlannedBar, StatusView } from './contract.ts';
import { firstPlanOf } from './read-model/bars.ts';
import type { Model } from './read-model.ts';

/** The engine's status with the numbers that people call experiments by; what has already started is left out. */
export function statusView(model: Model, status: EngineStatus): StatusView {
  const numberOf = (sample: string) => model.sections.experiments.get(sample)?.number ?? 0;
  const plan = status.plan
    .filter((assignment) => !assignment.fixed)
    .map(({ sample, step, kind, resource, from, to, start, end }): PlannedBar => {
      const planned = kind === 'move' ? undefined : firstPlanOf(model, sample, step);
      return {
        number: numberOf(sample),
        device: resource,
        kind,
        step,
        start,
        end,
        ...(planned === undefined ? {} : { planned }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      };
    });
  const behind = behindOf(model, status);
  return {
    now: status.now,
    plan,
    waiting: status.waiting.map(({ sample, ...more }) => ({ number: numberOf(sample), ...more })),
    brokerConnected: status.brokerConnected,
    ...(status.durations === undefined ? {} : { durations: status.durations }),
    ...(status.eta === undefined ? {} : { eta: status.eta }),
    ...(status.planEnd === undefined ? {} : { planEnd: status.planEnd }),
    ...(behind === undefined ? {} : { behind }),
  };
}

/** Mean over the samples with a plan: the end of the last step of each, as expected now, after what was planned first. */
function behindOf(model: Model, { plan }: EngineStatus): number | undefined {
  const last = new Map<string, number>();
  for (const { sample, step, kind, end } of plan) {
    const planned = kind === 'move' ? undefined : firstPlanOf(model, sample, step);
    if (planned !== undefined) last.set(sample, end - planned.end);
  }
  if (last.size === 0) return undefined;
  return Math.round([...last.values()].reduce((sum, ms) => sum + ms, 0) / last.size);
}
