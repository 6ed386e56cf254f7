import type { EventOf, LabEvent } from '../../domain/event.ts';
import type { BarState, BarView, FirstPlan } from '../contract.ts';
import { kept, put, remove, update, type Model } from './model.ts';

/** The Gantt chart of what has happened: one bar for every command, on the lane of its device. */
export function foldBars(model: Model, event: LabEvent): void {
  switch (event.type) {
    case 'command.intended':
      return intend(model, event);
    case 'experiment.scheduled':
      return schedule(model, event);
    case 'experiment.cleared':
      return void model.firstPlans.delete(event.data.experiment);
    case 'command.accepted':
      return accept(model, event);
    case 'command.refused':
      return remove(model, 'bars', event.data.key);
    case 'command.ended':
      return end(model, event);
    case 'command.resolved': {
      const states: Record<typeof event.data.as, BarState> = {
        happened: 'ok',
        not_happened: 'cancelled',
        discard: 'failed',
      };
      return update(model, 'bars', event.data.key, { state: states[event.data.as] });
    }
  }
}

function intend(model: Model, { at, data: { command } }: EventOf<'command.intended'>): void {
  const planned = command.kind === 'move' ? undefined : firstPlanOf(model, command.experiment, command.step);
  put(model, 'bars', {
    id: command.key,
    device: command.device,
    kind: command.kind,
    number: model.sections.experiments.get(command.experiment)?.number ?? 0,
    step: command.step,
    capability: command.capability,
    state: 'intended',
    start: at,
    end: at + command.expected.typical,
    typical: command.expected.typical,
    ...(planned === undefined ? {} : { planned }),
    ...(command.from === undefined ? {} : { from: command.from }),
    ...(command.to === undefined ? {} : { to: command.to }),
  });
  forgetOldest(model);
}

export const firstPlanOf = ({ firstPlans }: Model, experiment: string, step: string): FirstPlan | undefined =>
  firstPlans.get(experiment)?.get(step);

/** What follows a hold comes to what was before it. */
function schedule({ firstPlans }: Model, { data: { experiment, steps } }: EventOf<'experiment.scheduled'>): void {
  const more = steps.map(({ step, start, end }) => [step, { start, end }] as const);
  firstPlans.set(experiment, new Map([...(firstPlans.get(experiment) ?? []), ...more]));
}

function accept(model: Model, { at, data }: EventOf<'command.accepted'>): void {
  const bar = model.sections.bars.get(data.key);
  if (bar?.state !== 'intended') return;
  put(model, 'bars', { ...bar, state: 'running', start: at, end: at + bar.end - bar.start });
}

function end(model: Model, { at, data }: EventOf<'command.ended'>): void {
  const bar = model.sections.bars.get(data.key);
  if (bar === undefined) return;
  const { start, end } = actualTimes(bar, model.commands.get(data.key)?.intendedAt ?? bar.start, at, data);
  put(model, 'bars', { ...bar, state: data.outcome, start, end });
}

/** The device's own times, as far as they lie between what the controller saw: its clock may be wrong. */
function actualTimes(
  bar: BarView,
  intendedAt: number,
  endedAt: number,
  device: { readonly startedAt?: number | undefined; readonly endedAt?: number | undefined },
): { start: number; end: number } {
  const seen = (time: number | undefined, otherwise: number) =>
    time !== undefined && time >= intendedAt && time <= endedAt ? time : otherwise;
  const start = seen(device.startedAt, Math.min(bar.start, endedAt));
  return { start, end: Math.max(start, seen(device.endedAt, endedAt)) };
}

function forgetOldest(model: Model): void {
  const { bars } = model.sections;
  if (bars.size <= kept.bars) return;
  for (const { id, state } of bars.values())
    if (state !== 'intended' && state !== 'running') return remove(model, 'bars', id);
}
