import type { EventData, EventOf, LabEvent } from '../../domain/event.ts';
import type { DecisionView, ExperimentView, LifeCycle } from '../contract.ts';
import { hasEnded } from '../life-cycle.ts';
import { betterOf } from './best.ts';
import { campaignOf, changeProgress, progressOf } from './campaign.ts';
import { kept, put, remove, update, type Model } from './model.ts';

/** Every experiment's way through its life cycle, and the best objective values so far. */
export function foldExperiments(model: Model, event: LabEvent): void {
  switch (event.type) {
    case 'experiment.suggested':
      return suggest(model, event);
    case 'experiment.planned':
      return turn(model, event, 'planned');
    case 'experiment.prioritized':
      return update(model, 'experiments', event.data.experiment, { priority: event.data.priority });
    case 'command.intended':
      return run(model, event);
    case 'experiment.observed': {
      const { experiment, stage, observations } = event.data;
      const known = model.sections.experiments.get(experiment)?.observations;
      return turn(model, event, 'observed', { stage, observations: { ...known, [stage]: observations } });
    }
    case 'experiment.held':
      return decide(model, event, 'held', holdOf(event));
    case 'experiment.resumed': {
      const { experiment, suggestion } = event.data;
      const point = { ...model.sections.experiments.get(experiment)?.point, ...suggestion.point };
      const { stage } = suggestion;
      const change = { point, step: undefined, ...(stage === undefined ? {} : { stage }) };
      return decide(model, event, 'running', chosen(event.at, 'resume', suggestion), change);
    }
    case 'experiment.dropped': {
      const { reason, predicted, value } = event.data;
      const decision: DecisionView = { at: event.at, kind: 'drop', reason, ...present({ predicted, value }) };
      return decide(model, event, 'dropped', decision, { reason });
    }
    case 'experiment.completed':
      return complete(model, event);
    case 'experiment.failed':
      return turn(model, event, 'failed', { reason: event.data.reason });
    case 'experiment.lost':
      return turn(model, event, 'lost', { reason: event.data.reason });
    case 'experiment.became_indeterminate':
      return turn(model, event, 'indeterminate', { reason: event.data.reason });
    case 'experiment.late': {
      const { then, reason } = event.data;
      return turn(model, event, then === 'ask' ? 'indeterminate' : 'running', { reason });
    }
    case 'experiment.resolved':
      return turn(model, event, 'running');
    case 'experiment.cancelled':
      return turn(model, event, 'cancelled', { reason: event.data.reason });
  }
}

function suggest(model: Model, { at, data }: EventOf<'experiment.suggested'>): void {
  put(model, 'experiments', {
    id: data.experiment,
    number: data.number,
    status: 'suggested',
    point: data.suggestion.point,
    decisions: [chosen(at, 'start', data.suggestion)],
    observations: {},
    suggestedAt: at,
    changedAt: at,
  });
  count(model, undefined, 'suggested');
  forgetOldest(model);
}

/** Ended experiments leave the page, oldest first, when it holds many; their results stay in the convergence. */
function forgetOldest(model: Model): void {
  const { experiments } = model.sections;
  if (experiments.size <= kept.experiments) return;
  for (const { id, status } of experiments.values()) if (hasEnded(status)) return remove(model, 'experiments', id);
}

type OfExperiment = { readonly at: number; readonly data: { readonly experiment: string } };

function turn(model: Model, event: OfExperiment, status: LifeCycle, change: Partial<ExperimentView> = {}): void {
  const known = model.sections.experiments.get(event.data.experiment);
  if (known === undefined) return;
  const { reason: _, ...rest } = known;
  put(model, 'experiments', { ...rest, status, changedAt: event.at, ...change });
  count(model, known.status, status);
}

type Suggestion = EventData<'experiment.suggested'>['suggestion'];

function chosen(at: number, kind: 'start' | 'resume', suggestion: Suggestion): DecisionView {
  const { point, reason, stage, predicted, value, cost } = suggestion;
  // Where nothing is decided later, the experiment's own point is what was chosen.
  return { at, kind, reason, ...(stage === undefined ? {} : { point }), ...present({ stage, predicted, value, cost }) };
}

function holdOf({ at, data: { reason, stage, place, until } }: EventOf<'experiment.held'>): DecisionView {
  return { at, kind: 'hold', reason, ...present({ stage, place, until }) };
}

/** Without the fields that are undefined. */
const present = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/** A sample whose doubt is over is held anew: it has waited since the first time, and is told once. */
function decide(
  model: Model,
  event: OfExperiment,
  status: LifeCycle,
  decision: DecisionView,
  change: Partial<ExperimentView> = {},
): void {
  const before = model.sections.experiments.get(event.data.experiment)?.decisions ?? [];
  const last = before.at(-1);
  const again = last?.kind === 'hold' && decision.kind === 'hold';
  const decisions = again ? [...before.slice(0, -1), { ...decision, at: last.at }] : [...before, decision];
  turn(model, event, status, { ...change, decisions });
}

/** A command runs it, unless it only carries a sample to where it waits, or one away whose experiment has ended. */
function run(model: Model, { at, data: { command } }: EventOf<'command.intended'>): void {
  const known = model.sections.experiments.get(command.experiment);
  if (known === undefined || known.status === 'held' || hasEnded(known.status)) return;
  const { stage, step, experiment } = command;
  turn(model, { at, data: { experiment } }, 'running', { stage, step });
}

function complete(model: Model, event: EventOf<'experiment.completed'>): void {
  const { experiment, objectives } = event.data;
  turn(model, event, 'completed', { objectives, ...present({ reason: event.data.late }) });
  const number = model.sections.experiments.get(experiment)?.number;
  const campaign = campaignOf(model);
  if (number === undefined || campaign === undefined) return;
  const result = { id: experiment, number, at: event.at, values: objectives };
  put(model, 'results', result);
  changeProgress(model, { best: betterOf(campaign.objectives, progressOf(model)?.best ?? {}, result) });
}

function count(model: Model, before: LifeCycle | undefined, after: LifeCycle): void {
  const counts = { ...progressOf(model)?.counts } as Record<LifeCycle, number>;
  if (before !== undefined) counts[before] -= 1;
  counts[after] += 1;
  changeProgress(model, { counts });
}
