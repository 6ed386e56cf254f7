import type { Definition } from '../domain/campaign.ts';
import type { EventData, NewEvent } from '../domain/event.ts';
import { ExperimentId } from '../domain/ids.ts';

/** What the engine itself has to tell. */

/** Nobody knows what became of a command that was waited for in vain. */
export const silence = (command: { key: string; device: string; capability: string }): NewEvent => ({
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
export const spoiled = (experiment: string): EventData<'experiment.dropped'> => ({
  experiment: ExperimentId.parse(experiment),
  reason: 'its shelf life ended before it was decided what comes next',
});
