import { ceilingsOf, confined, type Ceiling } from './ceiling.ts';
import { clearAway } from './clear.ts';
import { compile, type Lab, type Task } from './compile.ts';
import { defectOf } from './defect.ts';
import type { Obstacle } from './obstacle.ts';
import { emit, nothingPlanned } from './emit.ts';
import { insertAll, insertOne } from './insert.ts';
import type { Plan, SchedulingProblem } from './model.ts';
import { costOf, isGain, realGain, soonest } from './objective.ts';
import { isLinked } from './linked.ts';
import { NeighbourhoodSearch } from './neighbourhood-search.ts';
import { planLinked } from './linked-search.ts';
import { rescue } from './rescue.ts';
import { retime, timeScripts } from './retime.ts';
import { otherOrders, type Order } from './orders.ts';
import { copyOf } from './track.ts';
import { untangle } from './untangle.ts';
import { World, type Track } from './world.ts';

/**
 * A plan for all that is still to be done: one sample after another is inserted around what is booked already. With an
 * earlier plan its order, devices and batches are kept where they are still possible, and only their times change.
 * Pinned, that order gives way only where it does not hold, and newcomers go around it, whatever would be gained otherwise.
 * Where the objective counts energy, what draws it may be put off to hours in which it is cheap (`ceiling`).
 * Samples whose steps are bound by links are planned in another way, always anew. Of a problem that is not sound nothing is
 * planned, and the reason says what is wrong with it. Deterministic, with bounded work; times in ms.
 */
export function plan(problem: SchedulingProblem, previous?: Plan, pinned = false): Plan {
  const defect = defectOf(problem);
  if (defect !== undefined) return nothingPlanned(problem, defect, 'incapable');
  if (isLinked(problem)) return planLinked(problem);
  const { attempt, within, ceiling, isNew, makeshift } = cheapest(problem, previous, pinned);
  if (clearAway(attempt.world, attempt.failed)) tryAgain(attempt);
  const made = emit(within, attempt.world, attempt.failed);
  const polish = !pinned && isNew && (makeshift || problem.objective !== undefined);
  return {
    ...(polish ? polished(within, made) : made),
    ...(makeshift && !pinned ? { makeshift } : {}),
    ...(ceiling === undefined ? {} : { ceiling }),
  };
}

interface Arranged {
  readonly attempt: Attempt;
  readonly within: SchedulingProblem;
  readonly ceiling: Ceiling;
  /** It is more than the earlier plan with other times. */
  readonly isNew: boolean;
  readonly makeshift: boolean;
  readonly newcomers: boolean;
}

/** Under the ceiling of the earlier plan; under another one where samples have come and it serves them better, or all need it. */
function cheapest(problem: SchedulingProblem, previous: Plan | undefined, pinned: boolean): Arranged {
  let best = arrange(problem, previous?.ceiling, previous, pinned);
  const decides = !pinned && (previous === undefined || best.newcomers);
  const others = decides ? ceilingsOf(problem) : [undefined];
  for (const ceiling of others) {
    if (ceiling === best.ceiling || (!decides && best.attempt.failed.size === 0)) continue;
    const other = arrange(problem, ceiling, previous, pinned);
    const gain = previous === undefined ? 0 : realGain;
    if (cheaper(best.attempt, other.attempt, gain) === other.attempt) best = { ...other, isNew: true };
  }
  return best;
}

function arrange(whole: SchedulingProblem, ceiling: Ceiling, previous: Plan | undefined, pinned: boolean): Arranged {
  const within = confined(whole, ceiling);
  const lab = compile(within);
  const kept = previous === undefined ? new Map<number, Track>() : retime(lab, previous);
  const old = fill(lab, kept);
  const again = previous?.makeshift === true;
  const newcomers = previous !== undefined && hasNewcomers(lab, kept, previous);
  let best = old;
  if (previous !== undefined) {
    if (worthReplanning(old, previous, pinned)) best = better(old, fill(lab, new Map()));
    else if (!pinned && (again || newcomers)) best = cheaper(old, fill(lab, new Map()));
  }
  if (tangled(best)) best = better(best, disentangle(lab));
  if (leftWaiting(best) > 0 && lab.racks.length > 0) best = better(best, rescue(lab));
  const makeshift = again || better(old, best) !== old;
  return { attempt: best, within, ceiling, isNew: previous === undefined || best !== old, makeshift, newcomers };
}

/** Steps of search that a new plan is worth that was made in a hurry, or for an objective of its own, times its samples. */
const polish = 2000;
/** So many at most, and of so few samples. */
const mostSteps = 150;
const mostSamples = 300;

/** Who was brought out of the others' way, one after the other, may share runs after all; and orders of insertion know no costs. */
function polished(problem: SchedulingProblem, made: Plan): Plan {
  if (problem.samples.length > mostSamples) return made;
  const search = new NeighbourhoodSearch(problem, made, 1, problem.objective ?? soonest);
  const steps = Math.min(mostSteps, Math.ceil(polish / Math.max(1, problem.samples.length)));
  for (let i = 0; i < steps; i++) search.step();
  return search.plan;
}

/** Inserts those for whom there is room now that others have been put away. */
function tryAgain({ world, failed }: Attempt): void {
  for (const [index, { cause }] of failed) {
    const task = world.lab.tasks[index]!;
    if (cause === 'blocked' && !world.tracks.has(index) && insertOne(world, task, false)) failed.delete(index);
  }
}

/** The one that leaves out fewer samples, above all of those whose maximum wait runs. */
function better(old: Attempt, other: Attempt | undefined): Attempt {
  if (other === undefined) return old;
  const less = leftWaiting(other) - leftWaiting(old) || other.failed.size - old.failed.size;
  return less < 0 ? other : old;
}

/** How many have no plan although their maximum waits run and could still be kept. */
const leftWaiting = ({ world, failed }: Attempt): number =>
  [...failed].filter(([index, { cause }]) => cause === 'blocked' && world.lab.tasks[index]!.deadline < Infinity).length;

/** Whether there are samples with work to do that the earlier plan did not know of. */
function hasNewcomers({ tasks }: Lab, kept: ReadonlyMap<number, Track>, { assignments, unplanned }: Plan): boolean {
  if (tasks.every(({ index, steps }) => steps.length === 0 || kept.has(index))) return false;
  const known = new Set(unplanned.map(({ sample }) => sample));
  for (const { sample, kind } of assignments) if (kind === 'process') known.add(sample);
  return tasks.some(({ sample: { id, remaining } }) => remaining.length > 0 && !known.has(id));
}

/** What is put on top of an order may not fit it: newcomers could have shared runs, or gone first. */
function cheaper(old: Attempt, other: Attempt, gain = realGain): Attempt {
  if (leftWaiting(other) !== leftWaiting(old) || other.failed.size !== old.failed.size) return better(old, other);
  const cost = ({ world: { lab, tracks } }: Attempt) => costOf(lab, tracks, lab.objective);
  return isGain(cost(other), cost(old), gain) ? other : old;
}

/** Maximum waits may not allow the first order that is found: so many others are tried. */
const tries = 4;

/**
 * Brings the samples in the lab to their ends in an order that is found regardless of time, then inserts the others. Those
 * in racks are in nobody's way, so that they are moved only when it does not work without.
 */
function disentangle(lab: Lab): Attempt | undefined {
  if (!lab.moved) return undefined;
  const inside = lab.tasks.filter((task) => task.at >= 0 && (!task.done || task.obstacle !== undefined));
  const fixed = (task: Task) => task.obstacle !== undefined || task.sample.frozen === true;
  const racked = (task: Task) => lab.stations[task.at]!.kind === 'rack';
  let best: Attempt | undefined;
  for (const held of [(task: Task) => fixed(task) || racked(task), fixed]) {
    const movable = inside.filter((task) => !held(task));
    for (let first = 0; first < Math.min(movable.length, tries); first++) {
      const order = [...movable.slice(first), ...movable.slice(0, first)];
      const scripts = untangle(lab, order, inside.filter(held));
      if (scripts === undefined) break;
      const attempt = fill(lab, timeScripts(lab, scripts));
      best = best === undefined ? attempt : better(best, attempt);
      if (!tangled(best)) return best;
    }
  }
  return best;
}

interface Attempt {
  readonly world: World;
  readonly failed: Map<number, Obstacle>;
}

/** Inserts all that are not kept, in the order that costs least of those worth trying; what is kept is used up. */
function fill(lab: Lab, kept: ReadonlyMap<number, Track>): Attempt {
  const open = lab.tasks.filter(
    (task) => !kept.has(task.index) && task.sample.frozen !== true && (!task.done || task.obstacle !== undefined),
  );
  const orders = otherOrders(lab, open);
  if (orders.length === 0) return fillInOrder(lab, kept, open);
  // A run belongs to one world: what is tried in another must not move it here.
  const first = fillInOrder(lab, copyOf(kept), open);
  return orders
    .map((order) => fillInOrder(lab, copyOf(kept), open, order))
    .reduce((best, other) => cheaper(best, other, 0), first);
}

function fillInOrder(lab: Lab, kept: ReadonlyMap<number, Track>, open: readonly Task[], order?: Order): Attempt {
  const world = new World(lab);
  for (const index of kept.keys()) world.lift(lab.tasks[index]!);
  for (const [index, track] of kept) world.commit(lab.tasks[index]!, track);
  return { world, failed: insertAll(world, open, order) };
}

/** True when samples in the lab stand in each other's way. */
const tangled = ({ failed }: Attempt): boolean => [...failed.values()].some((obstacle) => obstacle.tangled === true);

/** True when samples are tangled, one in the lab has lost its place in the plan just now, or one without cannot wait. */
function worthReplanning(attempt: Attempt, previous: Plan, pinned: boolean): boolean {
  if (attempt.failed.size === 0) return false;
  if (tangled(attempt)) return true;
  const before = new Set(previous.unplanned.map(({ sample }) => sample));
  const planned = new Set(previous.assignments.map(({ sample }) => sample));
  const { tasks } = attempt.world.lab;
  return [...attempt.failed].some(([index, { cause }]) => {
    const { at, deadline, sample } = tasks[index]!;
    return (
      cause === 'blocked' &&
      (deadline < Infinity || (at >= 0 && !before.has(sample.id) && (!pinned || planned.has(sample.id))))
    );
  });
}
