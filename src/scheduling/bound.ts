import type { SampleTask, SchedulingProblem, StepTask, Transport } from './model.ts';

export interface Bound {
  /** No plan of all samples ends earlier, on the axis of the problem, ms. */
  readonly end: number;
  /** Resources or transporters that have too much to do for more; empty where one sample alone takes so long. */
  readonly busy: readonly string[];
}

/** A step with the least time that the sample takes to come to it, and from its end to the end of all, ms. */
interface Placed {
  readonly step: StepTask;
  readonly least: number;
  readonly head: number;
  readonly tail: number;
}

/**
 * When all samples can have ended at the earliest, whatever the plan, if everything takes as long as is typical: the longest
 * sample alone, or the work of those who can do it, shared evenly, between the first arrival and the shortest way to the end.
 * Hours, maximum waits and places that block are left out, so that the true optimum may be later. For steps that follow each
 * other; links between steps are left out, too.
 */
export function leastEnd(whole: SchedulingProblem): Bound {
  const samples = whole.samples.filter(({ frozen }) => frozen !== true);
  if (samples.length === 0) return { end: whole.now, busy: [] };
  const { now, transport } = whole;
  const problem = { ...whole, samples };
  const ways = waysOf(transport);
  const placed = samples.flatMap((task) => placedOf(task, now, ways));
  const alone = Math.max(now, ...placed.map(({ head, least, tail }) => head + least + tail));
  const bounds: Bound[] = [{ end: alone, busy: [] }, carrying(problem, ways)];
  for (const group of groupsOf(placed)) bounds.push(sharing(problem, group, placed));
  return bounds.reduce((latest, bound) => (bound.end > latest.end ? bound : latest));
}

/** Least typical times, ms; undefined where nothing is moved. */
type Ways = ReadonlyMap<string, ReadonlyMap<string, number>> | undefined;

/** Ways over other places count where they are shorter (Floyd 1962). */
function waysOf(transport: Transport | undefined): Ways {
  if (transport === undefined) return undefined;
  const rowOf = (to: Transport['travel'][string]) =>
    new Map(Object.entries(to).map(([id, { typical }]) => [id, typical]));
  const ways = new Map(Object.entries(transport.travel).map(([from, to]) => [from, rowOf(to)]));
  for (const [over, rest] of ways)
    for (const [from, row] of ways)
      for (const [to, ms] of rest) {
        const way = (row.get(over) ?? Infinity) + ms;
        if (from !== to && way < (row.get(to) ?? Infinity)) row.set(to, way);
      }
  return ways;
}

function placedOf(task: SampleTask, now: number, all: Ways): Placed[] {
  const { remaining, links } = task;
  const least = remaining.map(({ alternatives }) => Math.min(...alternatives.map(({ duration }) => duration.typical)));
  const begin = Math.max(now, task.release, task.running?.expectedEnd ?? now);
  if (links !== undefined) return remaining.map((step, i) => ({ step, least: least[i]!, head: begin, tail: 0 }));
  const ways = remaining.map((step, i) =>
    wayTo(all, i === 0 ? placeOf(task) : placesOf(remaining[i - 1]!), placesOf(step)),
  );
  const out =
    task.out === undefined || remaining.length === 0 ? 0 : wayTo(all, placesOf(remaining.at(-1)!), [task.out]);
  const heads: number[] = [];
  let ready = Math.max(begin, (task.lastStepEnd ?? -Infinity) + (remaining[0]?.lag.min ?? 0));
  remaining.forEach(({ lag }, i) => {
    heads.push(i === 0 ? Math.max(ready, begin + ways[0]!) : ready + Math.max(lag.min, ways[i]!));
    ready = heads[i]! + least[i]!;
  });
  const end = ready + out;
  return remaining.map((step, i) => ({ step, least: least[i]!, head: heads[i]!, tail: end - heads[i]! - least[i]! }));
}

const placesOf = ({ alternatives }: StepTask): readonly string[] => alternatives.map(({ resource }) => resource);
const placeOf = ({ at, running }: SampleTask): readonly string[] | undefined => {
  const place = running?.to ?? at;
  return place === undefined ? undefined : [place];
};

function wayTo(ways: Ways, from: readonly string[] | undefined, to: readonly string[]): number {
  if (ways === undefined || from === undefined || from.some((place) => to.includes(place))) return 0;
  return Math.min(...from.flatMap((place) => to.map((target) => ways.get(place)?.get(target) ?? Infinity)));
}

/** Sets of resources such that steps exist that can be done on these alone. */
function groupsOf(placed: readonly Placed[]): ReadonlySet<string>[] {
  const sets = new Map(placed.map(({ step }) => [placesOf(step).toSorted().join('\n'), new Set(placesOf(step))]));
  return [...sets.values()];
}

function sharing({ resources }: SchedulingProblem, group: ReadonlySet<string>, placed: readonly Placed[]): Bound {
  const users = placed.filter(({ step }) => step.alternatives.every(({ resource }) => group.has(resource)));
  const members = resources.filter(({ id }) => group.has(id));
  const room = members.reduce(
    (sum, { kind, capacity, concurrency }) => sum + (kind === 'batch' ? capacity : concurrency),
    0,
  );
  const work = users.reduce((sum, { least }) => sum + least, 0) / room;
  const inTurn = members.every(({ kind, concurrency }) => kind === 'batch' || concurrency === 1);
  const span = Math.max(work, inTurn ? turnsOf(users, members) : 0);
  const [head, tail] = [Math.min(...users.map((user) => user.head)), Math.min(...users.map((user) => user.tail))];
  return { end: head + span + tail, busy: [...group] };
}

/** Of resources that work on one sample or one run at a time: whole runs, and a set-up for each recipe beyond one for each resource. */
function turnsOf(users: readonly Placed[], members: SchedulingProblem['resources']): number {
  const recipes = new Map<string | undefined, number>();
  for (const { step } of users) recipes.set(step.recipe, (recipes.get(step.recipe) ?? 0) + 1);
  const most = Math.max(...members.map(({ kind, capacity }) => (kind === 'batch' ? capacity : 1)));
  const runs = [...recipes.values()].reduce((sum, count) => sum + Math.ceil(count / most), 0);
  const shortest = Math.min(...users.map(({ least }) => least));
  const setup = Math.min(
    ...members.map(({ setup: usual = 0, changes = [] }) => Math.min(usual, ...changes.map(({ time }) => time))),
  );
  const setups = Math.max(0, recipes.size - members.length) * setup;
  const batches = most > 1;
  const work = batches ? runs * shortest : users.reduce((sum, { least }) => sum + least, 0);
  return Math.max(Math.ceil(runs / members.length) * shortest, (work + setups) / members.length);
}

/** Every way that must be gone, shared by all that carry. */
function carrying({ now, samples, transport }: SchedulingProblem, all: Ways): Bound {
  if (transport === undefined) return { end: now, busy: [] };
  const ways = samples.flatMap((task) => {
    const stops = [placeOf(task), ...task.remaining.map(placesOf), ...(task.out === undefined ? [] : [[task.out]])];
    return task.links === undefined ? stops.slice(1).map((to, i) => wayTo(all, stops[i], to!)) : [];
  });
  const begin = Math.max(now, Math.min(...samples.map(({ release }) => release)));
  const work = ways.reduce((sum, way) => sum + way, 0) / transport.transporters.length;
  return { end: begin + work, busy: transport.transporters };
}
