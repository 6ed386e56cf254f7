import { compile, type Lab, type Obstacle } from './compile.ts';
import { emit } from './emit.ts';
import { insertAll } from './insert.ts';
import type { Plan, SchedulingProblem } from './model.ts';
import { retime } from './retime.ts';
import { World, type Track } from './world.ts';

/**
 * A plan for all that is still to be done: one sample after another is inserted around what is booked already. With an
 * earlier plan its order, devices and batches are kept where they are still possible, and only their times change.
 * Deterministic, with bounded work; times in ms.
 */
export function plan(problem: SchedulingProblem, previous?: Plan): Plan {
  const lab = compile(problem);
  const kept = previous === undefined ? new Map<number, Track>() : retime(lab, previous);
  const first = fill(lab, kept);
  if (previous === undefined || !stuck(first)) return emit(problem, first.world, first.failed);
  const anew = fill(lab, new Map());
  const better = anew.failed.size < first.failed.size ? anew : first;
  return emit(problem, better.world, better.failed);
}

interface Attempt {
  readonly world: World;
  readonly failed: ReadonlyMap<number, Obstacle>;
}

function fill(lab: Lab, kept: ReadonlyMap<number, Track>): Attempt {
  const world = new World(lab);
  for (const index of kept.keys()) world.lift(lab.tasks[index]!);
  for (const [index, track] of kept) world.commit(lab.tasks[index]!, track);
  const open = lab.tasks.filter(
    (task) => !kept.has(task.index) && task.sample.frozen !== true && (!task.done || task.obstacle !== undefined),
  );
  return { world, failed: insertAll(world, open) };
}

const stuck = ({ failed }: Attempt): boolean => [...failed.values()].some(({ cause }) => cause === 'blocked');
