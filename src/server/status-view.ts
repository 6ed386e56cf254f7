import type { EngineStatus } from '../engine/status.ts';
import type { PlannedBar, StatusView } from './contract.ts';
import type { Model } from './read-model.ts';

/** The engine's status with the numbers that people call experiments by; what has already started is left out. */
export function statusView(model: Model, status: EngineStatus): StatusView {
  const numberOf = (sample: string) => model.sections.experiments.get(sample)?.number ?? 0;
  const plan = status.plan
    .filter((assignment) => !assignment.fixed)
    .map(({ sample, step, kind, resource, from, to, start, end }): PlannedBar => ({
      number: numberOf(sample),
      device: resource,
      kind,
      step,
      start,
      end,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    }));
  return {
    now: status.now,
    plan,
    waiting: status.waiting.map(({ sample, step, reason }) => ({ number: numberOf(sample), step, reason })),
    brokerConnected: status.brokerConnected,
    ...(status.durations === undefined ? {} : { durations: status.durations }),
    ...(status.eta === undefined ? {} : { eta: status.eta }),
    ...(status.planEnd === undefined ? {} : { planEnd: status.planEnd }),
  };
}
