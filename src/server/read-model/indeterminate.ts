import type { Command, EventOf, LabEvent } from '../../domain/event.ts';
import type { ExperimentView, IndeterminateView, Reading, ReadingView } from '../contract.ts';
import { hasEnded } from '../life-cycle.ts';
import { put, remove, type Model } from './model.ts';
import { bookedAmount } from './stock.ts';

/** Commands that wait for the word of a person, each with what the books will say in either reading. */
export function foldIndeterminate(model: Model, event: LabEvent): void {
  switch (event.type) {
    case 'experiment.became_indeterminate':
      return ask(model, event.data.key, event.at, event.data.reason);
    case 'experiment.late':
      return event.data.then === 'ask' ? askWhetherToGoOn(model, event) : undefined;
    case 'command.ended':
      return askAboutClearing(model, event);
    case 'command.intended':
      return forget(model, event.data.command.experiment);
    case 'command.resolved':
    case 'command.refused':
      return remove(model, 'indeterminate', event.data.key);
    case 'experiment.resolved':
    case 'experiment.lost':
    case 'experiment.failed':
    case 'experiment.cancelled':
    case 'experiment.cleared':
      return forget(model, event.data.experiment);
  }
}

function forget(model: Model, experiment: string): void {
  if (model.sections.late.has(experiment)) remove(model, 'late', experiment);
  const number = model.sections.experiments.get(experiment)?.number;
  for (const question of model.sections.indeterminate.values())
    if (question.number === number) remove(model, 'indeterminate', question.id);
}

/** Of an experiment that has ended, only the place that its sample holds is in doubt: no other event tells. */
function askAboutClearing(model: Model, { at, data }: EventOf<'command.ended'>): void {
  remove(model, 'indeterminate', data.key);
  const command = model.commands.get(data.key)?.command;
  if (command === undefined || !isOver(model, command)) return;
  const doubtful = data.outcome === 'indeterminate' || data.outcome === 'failed';
  const again = command.retry !== 'unsafe' && command.attempt < 3;
  if (!doubtful || again || data.error?.code === 'not_started') return;
  ask(model, data.key, at, data.error?.message ?? `${command.device} does not know where the sample is.`);
}

const isOver = (model: Model, { experiment }: Command): boolean => {
  const status = model.sections.experiments.get(experiment)?.status;
  return status !== undefined && hasEnded(status);
};

function ask(model: Model, key: string, at: number, reason: string): void {
  const open = model.commands.get(key);
  if (open === undefined) return;
  const { command, number } = open;
  const question: IndeterminateView = {
    id: key,
    number,
    device: command.device,
    capability: command.capability,
    step: command.step,
    attempt: command.attempt,
    since: at,
    reason,
    readings: readingsOf(model, command, number),
  };
  put(model, 'indeterminate', question);
}

function askWhetherToGoOn(model: Model, { at, data: { experiment, step, reason } }: EventOf<'experiment.late'>): void {
  const number = model.sections.experiments.get(experiment)?.number ?? 0;
  put(model, 'late', { id: experiment, number, step, since: at, reason });
}

function readingsOf(model: Model, command: Command, number: number): Record<Reading, ReadingView> {
  const books = command.consumes.map((amount) => bookedAmount(model, amount));
  const experiment = model.sections.experiments.get(command.experiment);
  if (experiment !== undefined && hasEnded(experiment.status)) return clearingReadings(command, experiment);
  const { kind, from, to } = command;
  const waits = experiment?.decisions.at(-1)?.kind === 'hold';
  const happened =
    kind === 'move'
      ? `Its sample counts as being at ${to}, and experiment ${number} ${waits ? 'waits there for its decision' : 'goes on'}.`
      : `Experiment ${number} goes on after this step; what the device would have reported is missing.`;
  const again =
    kind === 'move'
      ? `Its sample counts as still being at ${from}, and the move is done again.`
      : `Experiment ${number} does this step again.`;
  return {
    happened: { books, follows: happened },
    not_happened: { books: [], follows: again },
    discard: { books, follows: `Its sample is discarded, and experiment ${number} is lost.` },
  };
}

function clearingReadings({ from }: Command, { number, status }: ExperimentView): Record<Reading, ReadingView> {
  const over = `Experiment ${number} ${status === 'completed' ? 'keeps its result' : `stays ${status}`}.`;
  const free = { books: [], follows: `${over} The place at ${from} counts as free.` };
  return {
    happened: free,
    not_happened: { books: [], follows: `${over} The move away from ${from} is done again.` },
    discard: free,
  };
}
