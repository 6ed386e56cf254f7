import type { LabEvent } from '../../domain/event.ts';
import type { Model } from './model.ts';

/**
 * Before the other folds, which look up what an event's key stands for. A command that has ended in doubt is remembered
 * until its experiment goes on: a person, or the device itself, may still tell what has become of it.
 */
export function openCommands(model: Model, event: LabEvent): void {
  if (event.type !== 'command.intended') return;
  const { command } = event.data;
  forget(model, command.experiment);
  const number = model.sections.experiments.get(command.experiment)?.number ?? 0;
  model.commands.set(command.key, { command, number, intendedAt: event.at });
}

/** After the other folds. */
export function closeCommands(model: Model, event: LabEvent): void {
  switch (event.type) {
    case 'command.ended':
      if (event.data.outcome === 'ok' || event.data.outcome === 'cancelled') model.commands.delete(event.data.key);
      return;
    case 'command.refused':
    case 'command.resolved':
      model.commands.delete(event.data.key);
      return;
    case 'experiment.failed':
    case 'experiment.lost':
    case 'experiment.cancelled':
    case 'experiment.cleared':
      return forget(model, event.data.experiment);
  }
}

/** Forgets the commands of an experiment that have ended. */
function forget(model: Model, experiment: string): void {
  for (const [key, { command }] of model.commands) {
    if (command.experiment !== experiment) continue;
    const state = model.sections.bars.get(key)?.state;
    if (state !== 'intended' && state !== 'running') model.commands.delete(key);
  }
}
