import type { Task } from './compile.ts';
import { crewOf, insertCrew, type Member } from './crew.ts';
import { blocked, type Obstacle } from './obstacle.ts';
import { joinLater } from './join.ts';
import { compareUrgency, isInDevice } from './orders.ts';
import { search, searchToTheEnd } from './search.ts';
import { trackOf } from './track.ts';
import type { Run, World } from './world.ts';

/**
 * Finds a way for one sample after another: first those in the lab, whose places others may need, again and again as long
 * as one of them makes room for the next; then those outside. Returns those for which there is none, with the reason.
 */
export function insertAll(world: World, tasks: readonly Task[], compare = compareUrgency): Map<number, Obstacle> {
  const failed = new Map<number, Obstacle>();
  const ordered = tasks.toSorted(compare);
  let inside = ordered.filter(({ at, obstacle }) => at >= 0 && obstacle === undefined);
  for (let before = Infinity; inside.length > 0 && inside.length < before;) {
    before = inside.length;
    inside = insertEach(world, inside);
  }
  const outside = ordered.filter(({ at, obstacle }) => at < 0 && obstacle === undefined);
  for (const task of [...inside, ...insertEach(world, outside)]) failed.set(task.index, explain(world, task));
  for (const { index, obstacle } of ordered) if (obstacle !== undefined) failed.set(index, obstacle);
  return failed;
}

/** How long samples may wait, all together and in durations of the run, for one more to share it from the beginning. */
const patience = 1;

/** Inserts one after the other, those that can share a run together; returns those for which there is no way. */
function insertEach(world: World, tasks: readonly Task[]): Task[] {
  const failed: Task[] = [];
  let left = [...tasks];
  for (let task = left.shift(); task !== undefined; task = left.shift()) {
    const crew = mates(world, task, left);
    const size = crew.length > 1 ? insertCrew(world, crew, patience) : 0;
    if (size > 0) {
      const members = crew.slice(0, size).map((member) => member.task);
      left = left.filter((other) => !members.includes(other));
    } else if (insertOne(world, task, false) || insertOne(world, task, true)) left = sharersFirst(world, task, left);
    else failed.push(task);
  }
  return failed;
}

/**
 * Those who can share the run that a sample has opened come next: once another run is planned after it, it cannot wait for
 * anybody. Whose maximum wait is over before that run is passed over by nobody.
 */
function sharersFirst(world: World, task: Task, others: Task[]): Task[] {
  if (!isInDevice(world.lab, task)) return others;
  const { works = [] } = world.tracks.get(task.index) ?? {};
  const work = works.find(
    ({ run }) => run?.fixed === false && run.members.size < world.lab.stations[run.resource]!.capacity,
  );
  if (work === undefined) return others;
  const { resource, end } = work;
  const { recipe } = task.steps[work.step]!;
  const shares = ({ steps }: Task) =>
    steps.some((step) => step.recipe === recipe && step.alternatives.some((one) => one.resource === resource));
  const hurried = others.findLastIndex(({ deadline }) => deadline < end) + 1;
  const rest = others.slice(hurried);
  return [...others.slice(0, hurried), ...rest.filter(shares), ...rest.filter((other) => !shares(other))];
}

/** Samples that could share a run with one that is at least as urgent; none when the sample stands in the way or a planned run has room for it. */
function mates(world: World, task: Task, others: readonly Task[]): Member[] {
  const { lab } = world;
  const waits = (other: Task) => other.sample.priority <= task.sample.priority && !isInDevice(lab, other);
  if (!waits(task)) return [];
  const crew = crewOf(lab, task, others.filter(waits));
  if (crew.length < 2) return [];
  const { recipe, alternatives } = task.steps[crew[0]!.step]!;
  const hasRoom = (run: Run) =>
    !run.fixed && run.recipe === recipe && run.members.size < lab.stations[run.resource]!.capacity;
  return alternatives.some(({ resource }) => world.runs[resource]!.some(hasRoom)) ? [] : crew;
}

/** Books the earliest way of a sample; false when there is none. */
export function insertOne(world: World, task: Task, parking: boolean): boolean {
  if (parking && world.lab.racks.length === 0) return false;
  world.lift(task);
  const last = searchToTheEnd(world, task, parking);
  if (last === undefined) world.rest(task);
  else if (world.isOverrun || !joinLater(world, task, last)) world.commit(task, trackOf(world, task, last));
  return last !== undefined;
}

/** Whether the maximum waits are to blame, which is so when there is a way without them. */
function explain(world: World, task: Task): Obstacle {
  const patient = { ...task, steps: task.steps.map((step) => ({ ...step, maxLag: Infinity })) };
  world.lift(task);
  const tangled = search(world, patient, world.lab.racks.length > 0) === undefined;
  world.rest(task);
  return blocked(task, tangled);
}
