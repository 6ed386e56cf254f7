import type { Lab, Task } from './compile.ts';
import { rootOf, search } from './search.ts';
import type { Node } from './reach.ts';
import { trackOf } from './track.ts';
import type { Run, Window, World } from './world.ts';

/** One of those that are to share a run, and the index of its step there. */
export interface Member {
  readonly task: Task;
  readonly step: number;
}

/** The longest of the steps of a sample that are done in runs of several samples; undefined when there is none. */
export function crewStepOf({ stations }: Lab, { steps }: Task): number | undefined {
  let longest: number | undefined;
  let most = -1;
  for (let i = 0; i < steps.length; i++) {
    const [first] = steps[i]!.alternatives;
    if (first === undefined || stations[first.resource]!.kind !== 'batch' || first.duration <= most) continue;
    longest = i;
    most = first.duration;
  }
  return longest;
}

/** A run, when it can begin, and how many of the crew it is worth waiting for. */
interface Opening {
  readonly run: Run;
  readonly start: number;
  readonly size: number;
}

/** The samples of `others`, in order, that can share the longest run of `task`, which comes first, up to its capacity. */
export function crewOf(lab: Lab, task: Task, others: readonly Task[]): Member[] {
  const step = crewStepOf(lab, task);
  if (step === undefined) return [];
  const { recipe, alternatives } = task.steps[step]!;
  const { resource, duration } = alternatives[0]!;
  const crew: Member[] = [{ task, step }];
  for (const other of others) {
    if (crew.length >= lab.stations[resource]!.capacity) break;
    const its = crewStepOf(lab, other);
    const theirs = its === undefined ? undefined : other.steps[its]!;
    if (theirs?.recipe !== recipe) continue;
    const shared = theirs?.alternatives.some((one) => one.resource === resource && one.duration === duration);
    if (shared === true) crew.push({ task: other, step: its! });
  }
  return crew;
}

/** A run without a window's end is first put so far after now (ms), and brought forward when its members are on their ways. */
const far = 2 ** 40;

/**
 * Inserts samples that share one run, on the resource and in the window where that begins earliest: the ways of all to it
 * are found first, which gives its start, and then their whole ways. Those for whom the others would have to wait longer,
 * taken together, than `patience` durations of the run are left out with all after them. Returns how many are inserted: 0,
 * and nothing booked, when there is no way for two.
 */
export function insertCrew(world: World, crew: readonly Member[], patience: number): number {
  const work = insertCrewStepwise(world, crew, patience);
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** The same, which can be left alone, with nothing booked, after every window that it has tried. */
export function* insertCrewStepwise(world: World, crew: readonly Member[], patience: number): Generator<false, number> {
  let best: Opening | undefined;
  for (const { resource } of crew[0]!.task.steps[crew[0]!.step]!.alternatives) {
    const opening = yield* findOpening(world, crew, resource, patience);
    if (opening !== undefined && (best === undefined || opening.start < best.start)) best = opening;
  }
  if (best === undefined || best.size < 2) return 0;
  const { run, start, size } = best;
  const duration = run.end - run.start;
  run.start = start;
  run.end = start + duration;
  world.open(run);
  const members = crew.slice(0, size);
  if (members.every((member) => enter(world, member, run))) return size;
  for (const { task } of members) if (world.withdraw(task)) world.rest(task);
  world.close(run);
  return 0;
}

function enter(world: World, { task, step }: Member, run: Run): boolean {
  world.lift(task);
  const last = search(world, task, false, rootOf(world, task), { step, run });
  if (last === undefined) world.rest(task);
  else world.commit(task, trackOf(world, task, last));
  return last !== undefined;
}

function* findOpening(
  world: World,
  crew: readonly Member[],
  resource: number,
  patience: number,
): Generator<false, Opening | undefined> {
  const { capacity } = world.lab.stations[resource]!;
  const { task, step } = crew[0]!;
  const { alternatives, recipe } = task.steps[step]!;
  const duration = alternatives.find((alternative) => alternative.resource === resource)?.duration;
  if (duration === undefined || crew.length > capacity) return undefined;
  const travel = arrivalTime(world, task, resource);
  for (const window of world.openWindows(resource)) {
    const start = window.hi === Infinity ? world.lab.now + far : window.hi - world.lab.pick - duration;
    if (start < window.lo || !canArrive(world, task, window.lo, start, travel)) continue;
    const run = { resource, recipe, start, end: start + duration, members: new Set<number>(), fixed: false };
    const found = gather(world, crew, run, window, patience * duration);
    if (found !== undefined) return { run, ...found };
    yield false;
  }
  return undefined;
}

/** The shortest way to the resource; undefined where the sample need not be moved to it. */
const arrivalTime = ({ lab }: World, { at }: Task, resource: number): number | undefined =>
  !lab.moved || at < 0 || at === resource
    ? undefined
    : lab.travel.reduce((time, ways) => Math.min(time, ways[resource]!), Infinity);

/** Whether a transporter has time for such a way of the sample, from when it may arrive until a run starts. */
const canArrive = ({ carriers, lab }: World, { ready }: Task, from: number, start: number, time?: number): boolean =>
  time === undefined || carriers.fit(Math.max(ready, from), time, lab.carriers, start - time) < Infinity;

/** The less urgent are waited for so much shorter. */
const reluctance = 0.1;

/** The start of a run that waits for its members, and for how many; what was booked to find it is taken back. */
function gather(
  world: World,
  crew: readonly Member[],
  run: Run,
  window: Window,
  patience: number,
): Omit<Opening, 'run'> | undefined {
  world.open(run);
  let latest = window.lo;
  let possible = true;
  const booked: Task[] = [];
  for (const { task, step } of crew) {
    world.lift(task);
    const short = shorten(task, step);
    const last = search(world, short, false, rootOf(world, task), { step, run });
    possible = last !== undefined;
    const arrival = last === undefined ? latest : arrivalOf(world, last, task.steps[step]!.minLag);
    const limit = task.sample.priority < crew[0]!.task.sample.priority ? patience * reluctance : patience;
    if (last === undefined || booked.length * (arrival - latest) > limit) {
      world.rest(task);
      break;
    }
    latest = Math.max(latest, arrival);
    world.commit(task, trackOf(world, short, last));
    booked.push(task);
  }
  for (const task of booked) world.withdraw(task);
  world.close(run);
  const start = world.fitRun(run.resource, latest, run.end - run.start, run.recipe);
  for (const task of booked) world.rest(task);
  return possible && start <= run.start ? { start, size: booked.length } : undefined;
}

/** Only the way to the run, without its maximum wait, which depends on when the run begins. */
function shorten(task: Task, step: number): Task {
  const steps = task.steps.slice(0, step + 1);
  steps[step] = { ...steps[step]!, maxLag: Infinity };
  return { ...task, steps, out: -1 };
}

function arrivalOf(world: World, { parent, leave, resource }: Node, minLag: number): number {
  const before = parent!;
  const there = leave >= 0 ? leave + world.lab.travel[before.resource]![resource]! : before.ready;
  return Math.max(there, before.lastEnd + minLag);
}
