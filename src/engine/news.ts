import { gathersFor, questionOf } from '../control/campaign-effects.ts';
import type { CoreState } from '../control/core.ts';
import type { Definition } from '../domain/campaign.ts';
import type { EventData, NewEvent } from '../domain/event.ts';
import { ExperimentId } from '../domain/ids.ts';
import type { TimerRow } from './timers.ts';

/** What the engine itself has to tell. */

/** What a timer that has rung means; undefined where it has been overtaken. */
export function newsOf({ kind, subject }: TimerRow, state: CoreState, now: number): NewEvent | undefined {
  const command = state.commands.get(subject)?.context.command;
  if (kind === 'deadline') return command && { type: 'command.overdue', data: { key: command.key } };
  if (kind === 'grace') return command && silence(command);
  if (kind === 'gather') return togetherOf(state, now);
  if (kind === 'shelf_life') return { type: 'experiment.dropped', data: spoiled(subject) };
  if (kind !== 'time_budget') return undefined;
  const data = { by: 'controller', reason: 'the time of the budget is used up' };
  const stopping = { type: 'campaign.stopping', data } as const;
  return state.campaign.can(stopping as never) ? stopping : undefined;
}

/** Those on their way have been waited for. */
function togetherOf({ campaign: { value, context } }: CoreState, now: number): NewEvent | undefined {
  const question = questionOf(context);
  return value === 'running' && gathersFor(context, now) === 0 ? question : undefined;
}

/** Nobody knows what became of a command that was waited for in vain. */
const silence = (command: { key: string; device: string; capability: string }): NewEvent => ({
  type: 'command.ended',
  data: {
    key: command.key as never,
    outcome: 'indeterminate',
    error: { code: 'silent', message: `${command.device} has not said what became of ${command.capability}.` },
    meters: [],
    source: 'controller',
  },
});

/** What stands in the lab when the campaign is opened. */
export const lotsOf = (lab: Definition['lab']): NewEvent[] =>
  Object.entries(lab.materials).flatMap(([material, { lots }]) =>
    lots.map(({ id, amount, cost, co2e, expires }): NewEvent => {
      const more = {
        ...(cost === undefined ? {} : { cost }),
        ...(co2e === undefined ? {} : { co2e }),
        ...(expires === undefined ? {} : { expires }),
      };
      return { type: 'lot.registered', data: { material: material as never, lot: id, amount, ...more } };
    }),
  );

/** What becomes of a sample that nobody decided on in time. */
const spoiled = (experiment: string): EventData<'experiment.dropped'> => ({
  experiment: ExperimentId.parse(experiment),
  reason: 'its shelf life ended before it was decided what comes next',
});
