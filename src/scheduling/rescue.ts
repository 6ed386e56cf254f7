import type { Lab, Task } from './compile.ts';
import { insertAll } from './insert.ts';
import type { Obstacle } from './obstacle.ts';
import { park, type Node } from './reach.ts';
import { rootOf, search } from './search.ts';
import { trackOf } from './track.ts';
import { World, type Track } from './world.ts';

/**
 * Brings the samples whose maximum waits run through these alone first, and puts them away; then come all others, and then
 * what those first ones still have to do. It helps where a sample stands where another goes after its waits. Undefined when
 * it does not.
 */
export function rescue(lab: Lab): { readonly world: World; readonly failed: Map<number, Obstacle> } | undefined {
  const world = new World(lab);
  const open = lab.tasks.filter(
    ({ sample, done, obstacle }) => sample.frozen !== true && (!done || obstacle !== undefined),
  );
  const urgent = open.filter(({ deadline, at, obstacle }) => deadline < Infinity && at >= 0 && obstacle === undefined);
  for (const task of urgent.toSorted((a, b) => a.deadline - b.deadline)) if (!putAside(world, task)) return undefined;
  const failed = insertAll(
    world,
    open.filter((task) => !urgent.includes(task)),
  );
  for (const task of urgent) if (!goOn(world, task)) return undefined;
  return { world, failed };
}

const waitsOf = ({ steps }: Task): number => {
  const end = steps.findIndex(({ maxLag }) => maxLag === Infinity);
  return end < 0 ? steps.length : end;
};

/** Through its limited waits, and into a rack. */
function putAside(world: World, task: Task): boolean {
  world.lift(task);
  const short = { ...task, steps: task.steps.slice(0, waitsOf(task)), out: -1 };
  const last = search(world, short, false);
  for (const rack of last === undefined ? [] : world.lab.racks) {
    const window = world.openWindows(rack).at(-1);
    const aside = window?.hi === Infinity ? park(world, last!, rack, window) : undefined;
    if (aside === undefined) continue;
    const track = trackOf(world, task, aside);
    world.commit(task, { ...track, stays: [...track.stays.slice(0, -1), { ...track.stays.at(-1)!, hi: Infinity }] });
    return true;
  }
  world.rest(task);
  return false;
}

/** From the rack to its end. */
function goOn(world: World, task: Task): boolean {
  const before = world.withdraw(task)!;
  const { resource, lo } = before.stays.at(-1)!;
  const place = { resource, arrive: before.end, hi: Infinity, leave: NaN, start: before.end, ready: before.end };
  const done = before.works.length;
  const lastEnd = before.works.at(-1)?.end ?? rootOf(world, task).lastEnd;
  const root: Node = { kind: 'root', parent: undefined, done, lastEnd, floor: -Infinity, ...place };
  // What it does before is booked while the rest is looked for, but for the place that it leaves.
  const ahead: Track = { ...before, stays: before.stays.slice(0, -1) };
  world.commit(task, ahead);
  const last = search(world, task, false, root);
  world.withdraw(task);
  if (last === undefined) return false;
  const after = trackOf(world, task, last, lo);
  world.commit(task, {
    stays: [...ahead.stays, ...after.stays],
    works: [...before.works, ...after.works],
    moves: [...before.moves, ...after.moves],
    end: after.end,
  });
  return true;
}
