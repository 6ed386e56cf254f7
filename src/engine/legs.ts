import type { Definition } from '../domain/campaign.ts';
import { lastStageOf, type Leg } from '../domain/stages.ts';
import type { StagedRow } from '../optimizer/stages/staged.ts';
import type { Progress } from './observations.ts';

export const pick = <T>(record: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> =>
  Object.fromEntries(names.flatMap((name) => (record[name] === undefined ? [] : [[name, record[name]]])));

/** What an experiment has finished, leg by leg. */
export function finishedLegs(
  legs: readonly Leg[],
  { point, observations, objectives }: Progress,
  definition: Definition,
) {
  const stages: Record<string, StagedRow['stages'][string]> = {};
  for (const leg of legs) {
    const outputs = leg === legs.at(-1) ? objectives : merged(leg, observations);
    if (outputs === undefined) break;
    stages[leg.id] = { parameters: pick(point, leg.parameters), outputs: pick(outputs, outputsOf(leg, definition)) };
  }
  return stages;
}

/** The observations of a leg; undefined until all its stages have been measured. */
function merged({ stages }: Leg, observations: Progress['observations']): Record<string, number> | undefined {
  const known = stages.map(({ id }) => observations[id]);
  return known.every((values) => values !== undefined) ? Object.assign({}, ...known) : undefined;
}

/** Proxies of an early leg, objectives of the last. */
export function outputsOf(leg: Leg, { campaign, protocol }: Definition): string[] {
  const isLast = lastStageOf(leg) === protocol.stages.length - 1;
  return isLast
    ? campaign.objectives.map(({ name }) => name)
    : leg.stages.flatMap(({ observes }) => Object.keys(observes));
}
