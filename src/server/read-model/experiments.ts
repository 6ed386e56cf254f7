import type { EventOf, LabEvent } from '../../domain/event.ts';
import type { ExperimentView, LifeCycle } from '../contract.ts';
import { hasEnded } from '../life-cycle.ts';
import { betterOf } from './best.ts';
import { campaignOf, changeProgress, progressOf } from './campaign.ts';
import { kept, put, remove, type Model } from './model.ts';

/** Every experiment's way through its life cycle, and the best objective values so far. */
export function foldExperiments(model: Model, event: LabEvent): void {
  switch (event.type) {
    case 'experiment.suggested':
      return suggest(model, event);
    case 'experiment.planned':
      return turn(model, event, 'planned');
    case 'command.intended':
      return run(model, event);
    case 'experiment.observed': {
      const { experiment, stage, observations } = event.data;
      const known = model.sections.experiments.get(experiment)?.observations;
      return turn(model, event, 'observed', { stage, observations: { ...known, ...observations } });
    }
    case 'experiment.held':
      return turn(model, event, 'held', { reason: event.data.reason });
    case 'experiment.dropped':
      return turn(model, event, 'dropped', { reason: event.data.reason });
    case 'experiment.completed':
      return complete(model, event);
    case 'experiment.failed':
      return turn(model, event, 'failed', { reason: event.data.reason });
    case 'experiment.lost':
      return turn(model, event, 'lost', { reason: event.data.reason });
    case 'experiment.became_indeterminate':
      return turn(model, event, 'indeterminate', { reason: event.data.reason });
    case 'experiment.resolved':
      return turn(model, event, 'running');
    case 'experiment.cancelled':
      return turn(model, event, 'cancelled', { reason: event.data.reason });
  }
}

function suggest(model: Model, { at, data }: EventOf<'experiment.suggested'>): void {
  const { point, predicted, reason } = data.suggestion;
  put(model, 'experiments', {
    id: data.experiment,
    number: data.number,
    status: 'suggested',
    point,
    why: reason,
    observations: {},
    suggestedAt: at,
    changedAt: at,
    ...(predicted === undefined ? {} : { predicted }),
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

/** A command runs it, unless it only clears the sample of an ended experiment away. */
function run(model: Model, { at, data: { command } }: EventOf<'command.intended'>): void {
  const known = model.sections.experiments.get(command.experiment);
  if (known === undefined || hasEnded(known.status)) return;
  const { stage, step, experiment } = command;
  turn(model, { at, data: { experiment } }, 'running', { stage, step });
}

function complete(model: Model, event: EventOf<'experiment.completed'>): void {
  const { experiment, objectives } = event.data;
  turn(model, event, 'completed', { objectives });
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
