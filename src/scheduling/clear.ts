import type { Task } from './compile.ts';
import type { Obstacle } from './obstacle.ts';
import { park } from './reach.ts';
import { rootOf } from './search.ts';
import { trackOf } from './track.ts';
import type { World } from './world.ts';

/**
 * Puts samples that have no plan into racks when they stand where others are worked on, so that those can go on. A sample
 * whose maximum wait runs stays: it would be missed on the way. True when any was put away.
 */
export function clearAway(world: World, failed: ReadonlyMap<number, Obstacle>): boolean {
  const { lab } = world;
  let cleared = false;
  if (!lab.moved || lab.racks.length === 0) return false;
  for (const [index, { cause, tangled }] of failed) {
    const task = lab.tasks[index]!;
    if (task.at < 0 || task.deadline < Infinity || lab.stations[task.at]!.kind === 'rack') continue;
    const away = cause === 'unavailable' ? isInTheWay(world, task) : tangled === true;
    if (away && putAway(world, task)) cleared = true;
  }
  return cleared;
}

/** True when another sample has a step that can only be done where this one is. */
function isInTheWay({ lab }: World, task: Task): boolean {
  return lab.tasks.some((other) => {
    if (other === task || other.done || other.sample.frozen === true) return false;
    return other.steps.some(({ alternatives }) => alternatives.length === 1 && alternatives[0]!.resource === task.at);
  });
}

function putAway(world: World, task: Task): boolean {
  world.lift(task);
  const root = rootOf(world, task);
  for (const rack of world.lab.racks) {
    const window = world.openWindows(rack).at(-1);
    const last = window?.hi === Infinity ? park(world, root, rack, window) : undefined;
    if (last === undefined) continue;
    const track = trackOf(world, task, last);
    const stays = track.stays.map((stay) => (stay.resource === rack ? { ...stay, hi: Infinity } : stay));
    world.commit(task, { ...track, stays });
    return true;
  }
  world.rest(task);
  return false;
}
