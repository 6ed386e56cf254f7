import type { EventOf, LabEvent } from '../../domain/event.ts';
import { put, remove, type Model, type OpenCommand } from './model.ts';
import { bookedAmount } from './stock.ts';

/** Commands that wait for the word of a person, each with what the books will say in either reading. */
export function foldIndeterminate(model: Model, event: LabEvent): void {
  switch (event.type) {
    case 'experiment.became_indeterminate':
      return ask(model, event);
    case 'command.resolved':
      return remove(model, 'indeterminate', event.data.key);
    case 'experiment.lost':
    case 'experiment.failed':
    case 'experiment.cancelled':
      for (const [key, { command }] of model.commands)
        if (command.experiment === event.data.experiment) remove(model, 'indeterminate', key);
  }
}

function ask(model: Model, { at, data }: EventOf<'experiment.became_indeterminate'>): void {
  const open = model.commands.get(data.key);
  if (open === undefined) return;
  const { command, number } = open;
  const books = command.consumes.map((amount) => bookedAmount(model, amount));
  put(model, 'indeterminate', {
    id: data.key,
    number,
    device: command.device,
    capability: command.capability,
    step: command.step,
    attempt: command.attempt,
    since: at,
    reason: data.reason,
    readings: {
      happened: { books, follows: `Experiment ${number} goes on after this step.` },
      not_happened: { books: [], follows: retrySentence(model, open) },
      discard: { books, follows: `The sample is discarded, and experiment ${number} is lost.` },
    },
  });
}

function retrySentence(model: Model, { command, number }: OpenCommand): string {
  const steps = model.protocol?.stages.flatMap((stage) => stage.steps) ?? [];
  const attempts = steps.find((step) => step.id === command.step)?.attempts;
  if (attempts === undefined || command.attempt < attempts) return `Experiment ${number} does this step again.`;
  return `All ${attempts} attempts at this step are used, and experiment ${number} fails.`;
}
