import type { Reading } from './check-sample.ts';
import type { Assignment, Resource, SchedulingProblem } from './model.ts';

/** One use of a resource; `fixed` when it has begun, so that the plan has no choice. */
interface Turn {
  readonly what: string;
  readonly recipe: string | undefined;
  readonly start: number;
  readonly end: number;
  readonly fixed: boolean;
}

/** Between two uses with different recipes a resource is set up for long enough; what it was last used for counts. */
export function checkSetups(problem: SchedulingProblem, readings: readonly Reading[], faults: string[]): void {
  const setUp = problem.resources.filter(({ setup }) => setup !== undefined);
  if (setUp.length === 0) return;
  const recipes = new Map<string, string | undefined>();
  for (const { id, remaining } of problem.samples)
    for (const { id: step, recipe } of remaining) recipes.set(`${id}\n${step}`, recipe);
  for (const { id, running } of problem.samples)
    if (running?.kind === 'process') recipes.set(`${id}\n${running.step}`, running.recipe);
  const works = readings.flatMap((reading) => reading.works);
  for (const resource of setUp) {
    const own = works.filter(({ resource: id }) => id === resource.id);
    const turns = own.map((work) => turnOf(work, recipes));
    checkTurns(resource, [...lastTurn(resource), ...turns], faults);
  }
}

const turnOf = ({ sample, step, start, end, fixed }: Assignment, recipes: ReadonlyMap<string, string | undefined>) => ({
  what: `${step} of ${sample}`,
  recipe: recipes.get(`${sample}\n${step}`),
  ...{ start, end, fixed: fixed === true },
});

const lastTurn = ({ last }: Resource): Turn[] =>
  last === undefined
    ? []
    : [{ what: 'its last use', recipe: last.recipe, start: -Infinity, end: last.end, fixed: true }];

function checkTurns({ id, setup, changes = [] }: Resource, turns: readonly Turn[], faults: string[]): void {
  const inOrder = turns.toSorted((a, b) => a.start - b.start || a.end - b.end);
  for (const [i, turn] of inOrder.entries()) {
    const before = inOrder[i - 1];
    if (before === undefined || turn.fixed || before.recipe === turn.recipe) continue;
    const named = changes.find(({ from, to }) => from === before.recipe && to === turn.recipe);
    const needed = named === undefined ? setup! : named.time;
    const gap = turn.start - before.end;
    if (gap < needed)
      faults.push(
        `${id} begins ${turn.what} with recipe ${turn.recipe} at ${turn.start}, ${gap} after ${before.what} with recipe ${before.recipe}, but ${needed} are needed to set it up.`,
      );
  }
}
