import type { Command } from '../../src/domain/event.ts';
import { recipeOf, scopeOf, type Point } from '../../src/domain/resolve.ts';
import type { Evidence, SeenAct, Violation } from './oracle.ts';

/** What a device truly did, and with which recipe. */
interface Turn extends SeenAct {
  readonly recipe: string | undefined;
  readonly batch: string | undefined;
}

/** Between two uses with different recipes a device has had its time, by what was seen at the instruments. */
export function checkSetups(evidence: Evidence): Violation[] {
  const { definition } = evidence;
  const turns = turnsOf(evidence);
  return Object.entries(definition.lab.devices).flatMap(([id, { setup, setup_between: between = [] }]) => {
    if (setup === undefined) return [];
    const own = turns.filter(({ device }) => device === id).sort((a, b) => a.startedAt - b.startedAt);
    return own.flatMap((turn, i) => {
      const before = own
        .slice(0, i)
        .filter((other) => turn.batch === undefined || other.batch !== turn.batch)
        .at(-1);
      if (before?.endedAt === undefined || before.recipe === turn.recipe) return [];
      const named = between.find(({ from, to }) => from === before.recipe && to === turn.recipe);
      const gap = (turn.startedAt - before.endedAt) / 1000;
      const needed = named?.takes ?? setup;
      if (gap >= needed) return [];
      const sentence = `${id} began ${turn.key} with recipe ${turn.recipe} ${gap} s after recipe ${before.recipe}, but needs ${needed} s.`;
      return [{ rule: 'devices are set up between recipes', sentence }];
    });
  });
}

function turnsOf({ definition, events, acts }: Evidence): Turn[] {
  const points = new Map<string, Point>();
  const commands = new Map<string, { readonly command: Command; readonly point: Point }>();
  for (const event of events) {
    if (event.type === 'experiment.suggested' || event.type === 'experiment.resumed') {
      const { experiment, suggestion } = event.data;
      points.set(experiment, { ...points.get(experiment), ...suggestion.point });
    }
    if (event.type === 'command.intended' && event.data.command.kind === 'process') {
      const { command } = event.data;
      commands.set(command.key, { command, point: points.get(command.experiment)! });
    }
  }
  return acts.flatMap((act) => {
    const known = commands.get(act.key);
    const steps = definition.protocol.stages.flatMap((stage) => stage.steps);
    const step = known && steps.find(({ id }) => id === known.command.step);
    if (step === undefined) return [];
    return [{ ...act, recipe: recipeOf(step, scopeOf(definition, known!.point)), batch: known!.command.batch }];
  });
}
