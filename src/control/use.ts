import type { Definition } from '../domain/campaign.ts';
import type { EventOf } from '../domain/event.ts';
import { recipeOf, scopeOf } from '../domain/resolve.ts';
import type { Use } from '../domain/uses.ts';
import { spanTold } from './advance.ts';
import { leavesDoubt, neverBegan, type CommandContext } from './command.ts';
import type { ExperimentContext } from './experiment.ts';

/**
 * What its device has been used for when a command has ended, or a person has said what has become of it; undefined when it
 * was not used, or is not set up between recipes. Of an experiment that is over nobody knows the recipe any more.
 */
export function useOf(
  event: EventOf<'command.ended' | 'command.resolved'>,
  { command, intendedAt }: CommandContext,
  experiment: ExperimentContext | undefined,
  definition: Definition | undefined,
): Use | undefined {
  const setup = definition?.lab.devices[command.device]?.setup;
  if (command.kind !== 'process' || setup === undefined) return undefined;
  if (event.type === 'command.ended' ? neverBegan(event.data) : event.data.as !== 'happened') return undefined;
  const ended = event.type === 'command.ended' ? event : undefined;
  const recipe = experiment === undefined ? undefined : recipeDone(definition!, command.step, experiment);
  const doubtful = experiment === undefined || (ended !== undefined && leavesDoubt(command, ended.data));
  const end = ended === undefined || doubtful ? event.at : spanTold({ commandAt: intendedAt }, ended).ended;
  return { end, ...(recipe === undefined ? {} : { recipe }), ...(doubtful ? { doubtful } : {}) };
}

function recipeDone(definition: Definition, id: string, { stage, point, results }: ExperimentContext) {
  const step = definition.protocol.stages[stage]?.steps.find((one) => one.id === id);
  return step && recipeOf(step, scopeOf(definition, point, results));
}
