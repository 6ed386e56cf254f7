import type { Task } from './compile.ts';
import { blocked, type Obstacle } from './obstacle.ts';
import { joinLater } from './join.ts';
import { search } from './search.ts';
import { trackOf } from './track.ts';
import type { World } from './world.ts';

/**
 * Finds a way for one sample after another: first those in the lab, whose places others may need, again and again as long
 * as one of them makes room for the next; then those outside. Returns those for which there is none, with the reason.
 */
export function insertAll(world: World, tasks: readonly Task[]): Map<number, Obstacle> {
  const failed = new Map<number, Obstacle>();
  const ordered = tasks.toSorted(compareUrgency);
  let inside = ordered.filter(({ at, obstacle }) => at >= 0 && obstacle === undefined);
  for (let before = Infinity; inside.length > 0 && inside.length < before;) {
    before = inside.length;
    inside = inside.filter((task) => !insertOne(world, task, false) && !insertOne(world, task, true));
  }
  for (const task of inside) failed.set(task.index, explain(world, task));
  for (const task of ordered) {
    if (task.obstacle !== undefined) failed.set(task.index, task.obstacle);
    else if (task.at < 0 && !insertOne(world, task, false) && !insertOne(world, task, true))
      failed.set(task.index, explain(world, task));
  }
  return failed;
}

/** Running samples first, then by priority, release and name. */
export function compareUrgency(a: Task, b: Task): number {
  const running = Number(b.sample.running !== undefined) - Number(a.sample.running !== undefined);
  if (running !== 0) return running;
  if (a.sample.priority !== b.sample.priority) return b.sample.priority - a.sample.priority;
  if (a.sample.release !== b.sample.release) return a.sample.release - b.sample.release;
  return a.sample.id < b.sample.id ? -1 : a.sample.id > b.sample.id ? 1 : 0;
}

/** Books the earliest way of a sample; false when there is none. */
export function insertOne(world: World, task: Task, parking: boolean): boolean {
  if (parking && world.lab.racks.length === 0) return false;
  world.lift(task);
  const last = search(world, task, parking);
  if (last === undefined) world.rest(task);
  else if (!joinLater(world, task, last)) world.commit(task, trackOf(world, task, last));
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
