import type { Alternative, Task } from './compile.ts';
import { exit, park, process, type Budget, type Node } from './reach.ts';
import type { Run, Window, World } from './world.ts';

/** Looks at no more than this many nodes for one sample. */
const effort = 800;

/** A row of windows of one resource, tried one after the other. Without alternative it is a rack to stop at. */
interface Row {
  readonly parent: Node;
  readonly alternative: Alternative | undefined;
  readonly resource: number;
  readonly windows: readonly Window[];
  /** Of the window to try next; -1 before the first. */
  readonly next: number;
}

interface Entry {
  /** The least time at which the sample can be finished this way. */
  readonly bound: number;
  readonly node: Node;
  readonly row: Row | undefined;
}

/** The run that a sample has to join for one of its remaining steps. */
export interface Pin {
  readonly step: number;
  readonly run: Run;
}

/**
 * The way of one sample that ends earliest around all that is booked in `world` (the sample lifted), by a best-first search
 * over (step, resource, free interval of a place): safe-interval path planning (Phillips and Likhachev 2011). Within one
 * interval the earlier arrival dominates, because waiting is always possible there. Undefined when there is no way, or
 * none was found with bounded effort.
 */
export function search(
  world: World,
  task: Task,
  parking: boolean,
  root = rootOf(world, task),
  pin?: Pin,
): Node | undefined {
  return new Search(world, task, parking, pin).run(root);
}

/**
 * The way that ends earliest; or one after all that is booked, where so many gaps are too small that a search gives up among
 * them. Undefined when there is none, or none that a sample can wait for where it is.
 */
export function searchToTheEnd(world: World, task: Task, parking: boolean): Node | undefined {
  const before = world.givenUp;
  const early = () => search(world, task, parking);
  const late = () => {
    if (world.givenUp === before && !world.isOverrun) return undefined;
    const root = rootOf(world, task);
    const at = Math.max(root.ready, world.bookedUntil);
    if (task.deadline < at || root.hi <= at) return undefined;
    return search(world, task, parking, { ...root, arrive: at, start: at, ready: at });
  };
  return world.isOverrun ? (late() ?? early()) : (early() ?? late());
}

class Search {
  readonly #world: World;
  readonly #task: Task;
  readonly #parking: boolean;
  readonly #pin: Pin | undefined;
  /** The windows of the run that it has to join: one, or none. */
  readonly #pinned: readonly Window[];
  readonly #rest: readonly number[];
  readonly #budget: Budget = { left: 4 * effort };
  /** Best entry last. */
  readonly #queue: Entry[] = [];
  /** Windows reached after so many steps, and until when the way there can be put off (ms). */
  readonly #reached: readonly Map<Window, number>[];
  /** Something is closed at times, so that ways have to be put off by far. */
  readonly #closes: boolean;

  constructor(world: World, task: Task, parking: boolean, pin: Pin | undefined) {
    this.#world = world;
    this.#task = task;
    this.#parking = parking;
    this.#pin = pin;
    this.#pinned = pin === undefined ? [] : world.joinWindows(pin.run.resource).filter(({ run }) => run === pin.run);
    this.#rest = restOf(task);
    this.#reached = this.#rest.map(() => new Map());
    this.#closes = world.lab.fleet.length > 0 || world.lab.stations.some(({ closed }) => closed.length > 0);
  }

  run(root: Node): Node | undefined {
    this.#push(root, undefined);
    for (let looked = 0; looked < effort; looked++) {
      const entry = this.#queue.pop();
      if (entry === undefined) return undefined;
      const { node, row } = entry;
      this.#world.looked += 1;
      if (row !== undefined) this.#advance(row);
      if (this.#complete(node)) return node;
      if (this.#isNew(node)) this.#expand(node);
    }
    this.#world.givenUp += 1;
    return undefined;
  }

  #complete({ kind, done }: Node): boolean {
    return kind === 'out' || (done === this.#task.steps.length && this.#task.out < 0);
  }

  #isNew(node: Node): boolean {
    const { window, done } = node;
    if (window === undefined) return true;
    const reached = this.#reached[done]!;
    const until = this.#putOff(node);
    return !((reached.get(window) ?? -Infinity) >= until) && reached.set(window, until) !== undefined;
  }

  /**
   * Until when what is before a node can be put off, as maximum waits may ask for: the earlier of two ways into one window
   * is no better than the other when it cannot be put off for so long.
   */
  #putOff({ kind, parent, done }: Pick<Node, 'kind' | 'parent' | 'done'>): number {
    if (!this.#closes || parent === undefined) return Infinity;
    if (kind === 'process' && this.#task.steps[done - 1]!.maxLag === Infinity) return Infinity;
    return Math.min(parent.window?.hi ?? Infinity, this.#putOff(parent));
  }

  #expand(node: Node): void {
    const step = this.#task.steps[node.done];
    if (step === undefined) return this.#push(exit(this.#world, this.#task, node), undefined);
    const run = this.#pin?.step === node.done ? this.#pin.run : undefined;
    for (const alternative of step.alternatives) {
      const { resource } = alternative;
      if (run !== undefined) {
        if (run.resource !== resource) continue;
        this.#advance({ parent: node, alternative, resource, windows: this.#pinned, next: -1 });
        continue;
      }
      this.#advance({ parent: node, alternative, resource, windows: this.#world.openWindows(resource), next: -1 });
      if (this.#world.lab.stations[resource]!.kind === 'batch')
        this.#advance({ parent: node, alternative, resource, windows: this.#world.joinWindows(resource), next: -1 });
    }
    if (!this.#parking || node.kind === 'park' || node.resource < 0) return;
    for (const resource of this.#world.lab.racks) {
      if (resource === node.resource) continue;
      const windows = this.#world.openWindows(resource);
      this.#advance({ parent: node, alternative: undefined, resource, windows, next: -1 });
    }
  }

  /** Offers the first window of the row, from `next` on, that can be reached. */
  #advance(row: Row): void {
    const { parent, alternative, resource, windows } = row;
    const reached = this.#reached[parent.done + (alternative === undefined ? 0 : 1)]!;
    const { soonest, latest } = this.#limits(row);
    const until = this.#putOff(
      alternative === undefined
        ? { kind: 'park', parent, done: parent.done }
        : { kind: 'process', parent, done: parent.done + 1 },
    );
    for (
      let i = row.next < 0 ? firstBeyond(windows, this.#earliestEnd(row, soonest)) : row.next;
      i < windows.length;
      i++
    ) {
      const window = windows[i]!;
      this.#world.looked += 1;
      if (window.lo > latest) return;
      if (window.hi - window.lo < soonest - parent.ready || (reached.get(window) ?? -Infinity) >= until) continue;
      const node =
        alternative === undefined
          ? park(this.#world, parent, resource, window)
          : process(this.#world, this.#task, parent, alternative, window, -Infinity, this.#budget);
      if (node !== undefined) return this.#push(node, { ...row, next: i + 1 });
    }
  }

  /** The least time at which the work can be done when a transporter comes as soon as one is free. */
  #earliestEnd({ parent: { ready, hi, resource: at }, resource }: Row, soonest: number): number {
    const { moved, travel, carriers, pick } = this.#world.lab;
    if (!moved || at < 0 || at === resource) return soonest;
    return soonest + this.#world.carriers.fit(ready, travel[at]![resource]!, carriers, hi - pick) - ready;
  }

  /** The earliest time at which a window of the row may end, and the latest at which it may begin. */
  #limits({ parent, alternative, resource }: Row): { soonest: number; latest: number } {
    const { moved, travel, pick } = this.#world.lab;
    const { ready, hi, arrive, resource: at } = parent;
    const work = ready + (alternative?.duration ?? 0);
    if (!moved || at < 0) return { soonest: work, latest: Infinity };
    if (at === resource) return { soonest: work, latest: arrive };
    return { soonest: work + travel[at]![resource]!, latest: hi - pick };
  }

  #push(node: Node | undefined, row: Row | undefined): void {
    if (node === undefined) return;
    const bound = node.ready + this.#rest[node.done]!;
    const queue = this.#queue;
    let low = 0;
    let high = queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = queue[middle]!;
      if (other.bound > bound || (other.bound === bound && other.node.done <= node.done)) low = middle + 1;
      else high = middle;
    }
    queue.splice(low, 0, { bound, node, row });
  }
}

/** The first of the windows, in order, that ends at `t` or later; with t not before the sample is ready, and not at once. */
function firstBeyond(windows: readonly Window[], t: number): number {
  let low = 0;
  let high = windows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (windows[middle]!.hi < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Least time from the end of step k - 1 to the end of the last, for every k. */
function restOf({ steps }: Task): number[] {
  const rest = [0];
  for (const { alternatives, minLag } of steps.toReversed()) {
    const shortest = Math.min(...alternatives.map(({ duration }) => duration));
    rest.unshift(rest[0]! + shortest + minLag);
  }
  return rest;
}

/** Where the sample is before its first remaining step, and how long it may stay there. */
export function rootOf(world: World, { at, ready, lastEnd }: Task): Node {
  const { now, stations, moved } = world.lab;
  let from = ready;
  let hi = Infinity;
  if (at >= 0 && moved) {
    for (const run of world.runs[at]!) {
      if (run.fixed) from = Math.max(from, run.end);
      else hi = Math.min(hi, run.start);
    }
    const free = world.places[at]!.freeUntil(now, stations[at]!.capacity);
    if (free > now) hi = Math.min(hi, free);
  }
  const times = { arrive: from, leave: NaN, start: from, ready: from, lastEnd, floor: -Infinity };
  return { kind: 'root', parent: undefined, done: 0, resource: at, hi, ...times };
}
