import type { LabEvent } from '../../domain/event.ts';
import type { Model } from './model.ts';

/** Before the other folds: they look up what an event's key stands for. */
export function openCommands(model: Model, event: LabEvent): void {
  if (event.type !== 'command.intended') return;
  const { command } = event.data;
  const number = model.sections.experiments.get(command.experiment)?.number ?? 0;
  model.commands.set(command.key, { command, number, intendedAt: event.at });
}

/** After the other folds. An indeterminate command is remembered until it is resolved or its experiment has ended. */
export function closeCommands(model: Model, event: LabEvent): void {
  switch (event.type) {
    case 'command.ended':
      if (event.data.outcome !== 'indeterminate') model.commands.delete(event.data.key);
      return;
    case 'command.refused':
    case 'command.resolved':
      model.commands.delete(event.data.key);
      return;
    case 'experiment.completed':
    case 'experiment.failed':
    case 'experiment.lost':
    case 'experiment.cancelled':
      for (const [key, { command }] of model.commands)
        if (command.experiment === event.data.experiment && model.sections.bars.get(key)?.state === 'indeterminate')
          model.commands.delete(key);
  }
}
