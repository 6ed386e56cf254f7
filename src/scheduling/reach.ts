import type { Alternative, Step, Task } from './compile.ts';
import { setUpAt } from './setup.ts';
import type { Run, Window, World } from './world.ts';

/** One more thing done on the way of a sample: a step, a stop in a rack, or the way out. Times in ms. */
export interface Node {
  readonly kind: 'root' | 'process' | 'park' | 'out';
  readonly parent: Node | undefined;
  /** Steps done so far. */
  readonly done: number;
  /** Where the sample is; -1 when it has not entered the lab. */
  readonly resource: number;
  /** Its place is held from here; it must be free again at `hi`. */
  readonly arrive: number;
  readonly hi: number;
  /** The move that brought it; `leave` is NaN when there was none. */
  readonly leave: number;
  readonly start: number;
  /** From here on it can be moved away. */
  readonly ready: number;
  /** End of its last step, which lags are counted from. */
  readonly lastEnd: number;
  readonly alternative?: Alternative;
  readonly window?: Window;
  readonly run?: Run | undefined;
  /** The step must not start earlier than this, because of a maximum wait after it. */
  readonly floor: number;
}

/** Counts the tries of one search, so that maximum waits that chase each other cannot take for ever. */
export interface Budget {
  left: number;
}

/** How often one step may be shifted right for the maximum wait of the next before it is given up. */
const patience = 8;

/**
 * The sample of `parent` does its next step with `alternative` within `window`, as early as possible and not before
 * `floor`. Steps before it are shifted right where the maximum wait asks for it. Undefined when that is impossible.
 */
export function process(
  world: World,
  task: Task,
  parent: Node,
  alternative: Alternative,
  window: Window,
  floor: number,
  budget: Budget,
): Node | undefined {
  const step = task.steps[parent.done]!;
  let from = parent;
  for (let round = 0; round < patience && budget.left-- > 0; round++) {
    const node = attempt(world, task, from, alternative, window, floor);
    if (node === undefined) return undefined;
    const late = node.start - step.maxLag;
    if (from.lastEnd === -Infinity || late <= from.lastEnd) return node;
    const shifted = delay(world, task, from, late, budget);
    if (shifted === undefined) return undefined;
    from = shifted;
  }
  return undefined;
}

/** The same way with the last step ending at `end` or later. */
function delay(world: World, task: Task, node: Node, end: number, budget: Budget): Node | undefined {
  if (node.parent === undefined) return undefined;
  if (node.kind === 'process') {
    const { parent, alternative, window } = node;
    const floor = Math.max(node.floor, end - alternative!.duration);
    return process(world, task, parent, alternative!, window!, floor, budget);
  }
  const parent = delay(world, task, node.parent, end, budget);
  return parent && park(world, parent, node.resource, node.window!);
}

function attempt(
  world: World,
  task: Task,
  from: Node,
  alternative: Alternative,
  window: Window,
  floor: number,
): Node | undefined {
  const { moved } = world.lab;
  const step = task.steps[from.done]!;
  const setUp = setUpAfter(world, task, from, alternative.resource, step.recipe);
  const earliest = Math.max(from.lastEnd + step.minLag, floor, from.ready, setUp);
  if (!moved || from.resource < 0) return appear(world, task, from, alternative, window, earliest, floor);
  if (from.resource === alternative.resource) {
    if (window.lo > from.arrive) return undefined;
    const hi = Math.min(window.hi, from.hi);
    return finish(world, task, from, alternative, window, { arrive: from.arrive, leave: NaN, earliest, hi, floor });
  }
  const leave = depart(world, from, alternative.resource, window);
  if (leave === undefined) return undefined;
  const there = leave + world.lab.travel[from.resource]![alternative.resource]!;
  const slot = { arrive: leave, leave, earliest: Math.max(earliest, there), hi: window.hi, floor };
  return finish(world, task, from, alternative, window, slot);
}

/** When a resource is set up for the sample after what that has done there itself on its way; -Infinity when it need not be. */
function setUpAfter({ lab }: World, { steps }: Task, from: Node, resource: number, recipe: string | undefined): number {
  const station = lab.stations[resource]!;
  if (station.setup === undefined) return -Infinity;
  let node: Node | undefined = from;
  while (node !== undefined && (node.kind !== 'process' || node.resource !== resource)) node = node.parent;
  return node === undefined
    ? -Infinity
    : setUpAt(station, { recipe: steps[node.done - 1]!.recipe, end: node.ready }, recipe);
}

/** When the move to `resource` starts, or undefined when it cannot within both places' windows. */
function depart(world: World, from: Node, resource: number, window: Window): number | undefined {
  const { travel, pick, carriers } = world.lab;
  const time = travel[from.resource]![resource]!;
  if (time === Infinity) return undefined;
  let earliest = Math.max(from.ready, window.lo);
  for (let node = from; node.parent !== undefined; node = node.parent)
    if (node.parent.resource === resource && node.leave >= 0) earliest = Math.max(earliest, node.leave + pick);
  const latest = Math.min(from.hi - pick, window.hi - time);
  const leave = world.carriers.fit(earliest, time, carriers, latest);
  return leave < Infinity ? leave : undefined;
}

interface Slot {
  readonly arrive: number;
  readonly leave: number;
  readonly earliest: number;
  readonly hi: number;
  readonly floor: number;
}

function finish(
  world: World,
  task: Task,
  from: Node,
  alternative: Alternative,
  window: Window,
  slot: Slot,
): Node | undefined {
  const stays = from.done + 1 === task.steps.length && task.out < 0;
  const latest = slot.hi - (stays ? 0 : world.lab.pick) - alternative.duration;
  const start = startOf(world, task.steps[from.done]!, alternative, window, slot.earliest, latest);
  if (start === Infinity || start > latest) return undefined;
  const end = start + alternative.duration;
  return {
    kind: 'process',
    parent: from,
    done: from.done + 1,
    resource: alternative.resource,
    arrive: slot.arrive,
    hi: slot.hi,
    leave: slot.leave,
    start,
    ready: end,
    lastEnd: end,
    alternative,
    window,
    run: window.run,
    floor: slot.floor,
  };
}

/** A sample that is where it is needed at once, because it enters the lab or nothing is moved in this lab. */
function appear(
  world: World,
  task: Task,
  from: Node,
  alternative: Alternative,
  window: Window,
  earliest: number,
  floor: number,
): Node | undefined {
  const latest = window.hi - alternative.duration;
  const start = startOf(world, task.steps[from.done]!, alternative, window, Math.max(earliest, window.lo), latest);
  const slot = { arrive: start, leave: NaN, earliest: start, hi: window.hi, floor };
  return finish(world, task, from, alternative, window, slot);
}

/** The earliest start of the work itself; Infinity when it cannot begin until `latest`. */
function startOf(
  world: World,
  step: Step,
  alternative: Alternative,
  window: Window,
  earliest: number,
  latest: number,
): number {
  const { resource, duration } = alternative;
  const station = world.lab.stations[resource]!;
  if (station.kind !== 'batch') return world.fitWork(resource, earliest, duration, step.recipe, latest);
  const { run } = window;
  if (run === undefined) return world.fitRun(resource, earliest, duration, step.recipe, latest);
  const fits = run.recipe === step.recipe && run.end - run.start === duration && earliest <= run.start;
  return fits ? run.start : Infinity;
}

/** Into a rack between two steps. */
export function park(world: World, from: Node, resource: number, window: Window): Node | undefined {
  const leave = depart(world, from, resource, window);
  if (leave === undefined) return undefined;
  const ready = leave + world.lab.travel[from.resource]![resource]!;
  if (ready + world.lab.pick > window.hi) return undefined;
  const { done, lastEnd } = from;
  const place = { resource, arrive: leave, hi: window.hi, leave, window };
  return { kind: 'park', parent: from, done, lastEnd, start: ready, ready, floor: -Infinity, ...place };
}

/** The way out after the last step: the place there is needed only until the sample has arrived. */
export function exit(world: World, task: Task, from: Node): Node | undefined {
  const { travel, pick, carriers, stations } = world.lab;
  const time = travel[from.resource]?.[task.out] ?? Infinity;
  if (time === Infinity) return undefined;
  const latest = from.hi - pick;
  let leave = from.ready;
  for (;;) {
    const free = world.places[task.out]!.fit(leave, time, stations[task.out]!.capacity, latest);
    leave = world.carriers.fit(free, time, carriers, latest);
    if (leave === Infinity) return undefined;
    if (leave === free) break;
  }
  const end = leave + time;
  const place = { resource: task.out, arrive: leave, hi: end, leave };
  const times = { start: end, ready: end, lastEnd: from.lastEnd, floor: -Infinity };
  return { kind: 'out', parent: from, done: from.done, ...place, ...times };
}
