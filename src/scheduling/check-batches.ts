import type { Reading } from './check-sample.ts';
import type { Assignment, SchedulingProblem } from './model.ts';

/** What runs together on one batch resource; all that runs now is one run. */
interface Group {
  readonly name: string;
  readonly resource: string;
  readonly members: Assignment[];
  readonly fixed: boolean;
  readonly start: number;
  readonly end: number;
}

/** Batches: same times, recipe and room; one run at a time; the door; nobody inside who does not belong to the run. */
export function checkBatches(problem: SchedulingProblem, readings: readonly Reading[], faults: string[]): void {
  const batches = problem.resources.filter(({ kind }) => kind === 'batch');
  if (batches.length === 0) return;
  const recipes = new Map<string, string | undefined>();
  for (const { id, remaining } of problem.samples)
    for (const step of remaining) recipes.set(`${id}\n${step.id}`, step.recipe);
  const works = readings.flatMap((reading) => reading.works);
  for (const { id, capacity } of batches) {
    const groups = groupsOf(
      id,
      works.filter(({ resource }) => resource === id),
      faults,
    );
    for (const group of groups) checkGroup(group, capacity, recipes, faults);
    checkSequence(groups, faults);
    for (const group of groups) checkDoor(group, readings, faults);
  }
}

function groupsOf(resource: string, works: readonly Assignment[], faults: string[]): Group[] {
  const named = new Map<string, Assignment[]>();
  for (const work of works) {
    if (work.batch === undefined) faults.push(`${work.step} of ${work.sample} on ${resource} belongs to no batch.`);
    const name = work.fixed === true ? '(running)' : (work.batch ?? `${work.sample} alone`);
    named.set(name, [...(named.get(name) ?? []), work]);
  }
  return [...named].map(([name, members]) => ({
    name,
    resource,
    members,
    fixed: name === '(running)',
    start: Math.min(...members.map(({ start }) => start)),
    end: Math.max(...members.map(({ end }) => end)),
  }));
}

function checkGroup(
  group: Group,
  capacity: number,
  recipes: ReadonlyMap<string, string | undefined>,
  faults: string[],
): void {
  const { name, resource, members, fixed, start, end } = group;
  if (fixed) return;
  if (members.length > capacity)
    faults.push(`Batch ${name} has ${members.length} samples, but ${resource} takes ${capacity}.`);
  const recipeOf = ({ sample, step }: Assignment) => recipes.get(`${sample}\n${step}`);
  const recipe = recipeOf(members[0]!);
  for (const member of members) {
    if (member.start !== start || member.end !== end)
      faults.push(
        `${member.sample} is in batch ${name} from ${member.start} to ${member.end}, but the batch runs from ${start} to ${end}.`,
      );
    if (recipeOf(member) !== recipe)
      faults.push(
        `${member.sample} is in batch ${name} with recipe ${recipeOf(member)}, but the batch has recipe ${recipe}.`,
      );
  }
}

function checkSequence(groups: readonly Group[], faults: string[]): void {
  const inOrder = groups.toSorted((a, b) => a.start - b.start);
  inOrder.forEach((group, i) => {
    const before = inOrder[i - 1];
    if (before !== undefined && group.start < before.end)
      faults.push(
        `${group.resource} starts batch ${group.name} at ${group.start}, but batch ${before.name} runs until ${before.end}.`,
      );
  });
}

function checkDoor(group: Group, readings: readonly Reading[], faults: string[]): void {
  const { resource, start, end, fixed, name } = group;
  const members = new Set(group.members.map(({ sample }) => sample));
  for (const { sample, held, passages } of readings) {
    for (const passage of passages) {
      if (passage.resource !== resource || (passage.given && fixed)) continue;
      if (passage.from < end && start < passage.until)
        faults.push(
          `${sample.id} passes the door of ${resource} from ${passage.from} to ${passage.until}, but batch ${name} runs from ${start} to ${end}.`,
        );
    }
    if (fixed || members.has(sample.id)) continue;
    for (const stay of held)
      if (stay.resource === resource && stay.from < end && start < stay.until)
        faults.push(
          `${sample.id} is in ${resource} from ${stay.from} to ${stay.until}, but batch ${name} runs without it from ${start} to ${end}.`,
        );
  }
}
