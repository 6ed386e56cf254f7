import type { Definition } from '../domain/campaign.ts';
import { presentName, type StagedSourceRow } from '../domain/source.ts';
import type { Leg } from '../domain/stages.ts';
import type { Problem } from '../optimizer/problem.ts';
import type { StagedRow } from '../optimizer/stages/staged.ts';
import { finishedLegs, outputsOf } from './legs.ts';
import type { Progress } from './observations.ts';

/** Most rows of one source: those that went farthest, the latest first. */
const mostOfSource = 120;

/** What earlier campaigns have to tell of the same stages, in the names and levels of this one. */
export function earlierRows(definition: Definition, { parameters }: Problem, legs: readonly Leg[]): StagedRow[] {
  const { campaign, sources: data = {} } = definition;
  return Object.entries(campaign.sources ?? {}).flatMap(([source, { cap, renames = {}, levels = {}, held = {} }]) => {
    if (cap === 0) return [];
    const here = (row: StagedSourceRow): Progress => {
      const entries = parameters.flatMap(({ name }) => {
        const value = row.point[renames[name] ?? name] ?? held[name];
        const level = typeof value === 'string' ? (levels[name]?.[value] ?? value) : value;
        return level === undefined ? [] : [[name, level] as const];
      });
      const known = Object.entries(row.values ?? {}).map(
        ([name, value]) => [presentName({ renames }, name), value] as const,
      );
      const objectives = row.values === undefined ? {} : { objectives: Object.fromEntries(known) };
      return { point: Object.fromEntries(entries), observations: row.observations, ...objectives };
    };
    const told = (data[source] ?? []).flatMap((row) => ('observations' in row ? [here(row)] : []));
    const fitting = told.flatMap((row, i): StagedRow[] => {
      const stages = finishedLegs(legs, row, definition);
      const known = Object.values(stages).every(({ parameters: point, outputs }, k) => {
        const leg = legs[k]!;
        return (
          leg.parameters.every((name) => isLevel(parameters, name, point[name])) &&
          outputsOf(leg, definition).every((name) => Number.isFinite(outputs[name]))
        );
      });
      if (!known || Object.keys(stages).length === 0) return [];
      return [{ sample: `${source}/${i + 1}`, stages, closed: true, source }];
    });
    const reach = ({ stages }: StagedRow) => Object.keys(stages).length;
    return fitting
      .reverse()
      .sort((a, b) => reach(b) - reach(a))
      .slice(0, mostOfSource);
  });
}

function isLevel(parameters: Problem['parameters'], name: string, value: number | string | undefined): boolean {
  const parameter = parameters.find((other) => other.name === name)!;
  if (parameter.type !== 'categorical') return typeof value === 'number';
  return [...parameter.levels, ...(parameter.retired ?? [])].includes(String(value));
}
