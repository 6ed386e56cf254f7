import type { Definition } from '../domain/campaign.ts';
import type { EventOf } from '../domain/event.ts';
import { recipeOf, scopeOf } from '../domain/resolve.ts';
import type { Use } from '../domain/uses.ts';
import { spanTold } from './advance.ts';
import { leavesDoubt, neverBegan, type CommandContext } from './command.ts';
import type { ExperimentContext } from './experiment.ts';

/**
 * What its device has been used for when a command has ended; undefined when it was not used, or is not set up between recipes.
 * Of an experiment that is over nobody knows the recipe any more. What a person says of a command in doubt changes nothing: it is
 * said later than the next use may have been.
 */
export function useOf(
  event: EventOf<'command.ended'>,
  { command, intendedAt }: CommandContext,
  experiment: ExperimentContext | undefined,
  definition: Definition | undefined,
): Use | undefined {
  const setup = definition?.lab.devices[command.device]?.setup;
  if (command.kind !== 'process' || setup === undefined) return undefined;
  if (neverBegan(event.data)) return undefined;
  const recipe = experiment === undefined ? undefined : recipeDone(definition!, command.step, experiment);
  const doubtful = experiment === undefined || leavesDoubt(command, event.data);
  const end = doubtful ? event.at : spanTold({ commandAt: intendedAt }, event).ended;
  return { end, ...(recipe === undefined ? {} : { recipe }), ...(doubtful ? { doubtful } : {}) };
}

function recipeDone(definition: Definition, id: string, { stage, point, results }: ExperimentContext) {
  const step = definition.protocol.stages[stage]?.steps.find((one) => one.id === id);
  return step && recipeOf(step, scopeOf(definition, point, results));
}
