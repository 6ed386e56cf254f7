import type { Held, Passage, Reading } from './check-sample.ts';
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
    checkDoors(id, groups, readings, faults);
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
  // One of no length may go before another at the same moment.
  const inOrder = groups.toSorted((a, b) => a.start - b.start || a.end - b.end);
  inOrder.forEach((group, i) => {
    const before = inOrder[i - 1];
    if (before !== undefined && group.start < before.end)
      faults.push(
        `${group.resource} starts batch ${group.name} at ${group.start}, but batch ${before.name} runs until ${before.end}.`,
      );
  });
}

/** Every group beside what passes the door, or is inside, at its time: both in order, so that the rest need not be looked at. */
function checkDoors(resource: string, groups: readonly Group[], readings: readonly Reading[], faults: string[]): void {
  const here = <T extends Held | Passage>(items: readonly T[]) =>
    items.filter((item) => item.resource === resource).sort((a, b) => a.from - b.from);
  const passages = here(readings.flatMap((reading) => reading.passages));
  const held = here(readings.flatMap((reading) => reading.held));
  let [passing, inside]: [Passage[], Held[]] = [[], []];
  let [nextPassage, nextHeld] = [0, 0];
  for (const group of groups.toSorted((a, b) => a.start - b.start)) {
    passing = passing.filter(({ until }) => until > group.start);
    inside = inside.filter(({ until }) => until > group.start);
    while (nextPassage < passages.length && passages[nextPassage]!.from < group.end)
      passing.push(passages[nextPassage++]!);
    while (nextHeld < held.length && held[nextHeld]!.from < group.end) inside.push(held[nextHeld++]!);
    checkDoor(group, passing, inside, faults);
  }
}

function checkDoor(
  { resource, start, end, fixed, name, members }: Group,
  passing: readonly Passage[],
  inside: readonly Held[],
  faults: string[],
): void {
  for (const { sample, from, until, given } of passing)
    if (!(given && fixed) && from < end && start < until)
      faults.push(
        `${sample} passes the door of ${resource} from ${from} to ${until}, but batch ${name} runs from ${start} to ${end}.`,
      );
  if (fixed) return;
  const own = new Set(members.map(({ sample }) => sample));
  for (const { sample, from, until } of inside)
    if (from < end && start < until && !own.has(sample))
      faults.push(
        `${sample} is in ${resource} from ${from} to ${until}, but batch ${name} runs without it from ${start} to ${end}.`,
      );
}
