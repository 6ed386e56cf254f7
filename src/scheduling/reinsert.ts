import type { Stream } from '../base/random.ts';
import type { Task } from './compile.ts';
import { crewOf, insertCrewStepwise } from './crew.ts';
import { isInDevice } from './orders.ts';
import { search } from './search.ts';
import { trackOf } from './track.ts';
import type { World } from './world.ts';

/** How often samples that can share a run are inserted together. */
const together = 0.8;

/** How often as many as there is room for. */
const full = 0.9;

/** How often the new order has nothing to do with the old one. */
const upset = 0.3;

/**
 * The samples in a new order: mostly that of their starts with some noise, sometimes any. Those that stand on a station come
 * first, because their places are kept for them as long as they have no way.
 */
export function newOrder(world: World, tasks: readonly Task[], random: Stream): Task[] {
  const begins = tasks.map((task) => world.tracks.get(task.index)!.works[0]?.start ?? task.ready);
  const span = Math.max(...begins) - Math.min(...begins) + 1;
  const noise = random.chance(upset) ? 10 * span : 0.5 * random.next() * span;
  const keyed = tasks.map((task, i) => ({
    task,
    key: begins[i]! + random.next() * noise,
    first: isInDevice(world.lab, task),
  }));
  return keyed.sort((a, b) => Number(b.first) - Number(a.first) || a.key - b.key).map(({ task }) => task);
}

/**
 * Inserts samples (without tracks) in this order; those that can share a run with one that is reached earlier are often
 * inserted together with that. Yields after every piece of work, true when that has inserted somebody; returns false
 * when one has no way, which leaves some out.
 */
export function* reinsert(world: World, order: readonly Task[], random: Stream): Generator<boolean, boolean> {
  let left = [...order];
  for (let task = left.shift(); task !== undefined; task = left.shift()) {
    const all = random.chance(together) ? crewOf(world.lab, task, left) : [];
    const crew = random.chance(full) ? all : all.slice(0, 1 + random.integer(Math.max(1, all.length)));
    const members = crew.length > 1 ? crew.map((member) => member.task) : [task];
    left = left.filter((other) => !members.includes(other));
    if (crew.length > 1 && (yield* insertCrewStepwise(world, crew, Infinity)) > 0) {
      yield true;
      continue;
    }
    for (const single of members) {
      if (!insertAlone(world, single)) return false;
      yield true;
    }
  }
  return true;
}

function insertAlone(world: World, task: Task): boolean {
  world.lift(task);
  const last = search(world, task, false);
  if (last === undefined) world.rest(task);
  else world.commit(task, trackOf(world, task, last));
  return last !== undefined;
}
