import type { Definition } from '../domain/campaign.ts';
import type { NewEvent } from '../domain/event.ts';

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
