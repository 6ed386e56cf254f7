import { Calendar, type Stretch } from './calendar.ts';
import { opensAt } from './closings.ts';
import type { Lab, Task } from './compile.ts';
import { fitBetween, type PlannedUse } from './setup.ts';

/** One run of a batch resource: its members start and end together behind a closed door. */
export interface Run {
  readonly resource: number;
  readonly recipe: string | undefined;
  start: number;
  end: number;
  readonly members: Set<number>;
  /** Already running. */
  readonly fixed: boolean;
  /** Name in the plan that it comes from. */
  readonly name?: string | undefined;
}

/** A window in which a sample can have a place; with `run`, the place is one in that run. */
export interface Window extends Stretch {
  readonly run?: Run;
}

export interface Stay extends Stretch {
  readonly resource: number;
}

export interface Work {
  readonly resource: number;
  /** Index of the step among the remaining ones. */
  readonly step: number;
  readonly start: number;
  readonly end: number;
  readonly run?: Run | undefined;
}

export interface Move {
  readonly from: number;
  readonly to: number;
  /** Index of the step that it leads to; the number of steps for the way out. */
  readonly step: number;
  readonly start: number;
  readonly end: number;
}

/** All that one sample will do. */
export interface Track {
  readonly stays: readonly Stay[];
  readonly works: readonly Work[];
  readonly moves: readonly Move[];
  readonly end: number;
}

/** Searches that may give up in one world before it is too full to look for gaps. */
const patience = 50;

/**
 * Who uses what when. A sample that has no track yet but is in the lab keeps its place for ever, so that whatever is
 * planned around it stays possible even if nothing can be found for it.
 */
export class World {
  readonly lab: Lab;
  /** How many nodes and windows searches have looked at: what work is counted in. */
  looked = 0;
  /** Searches that have ended for that, and not because there was nothing left to look at. */
  givenUp = 0;
  readonly places: readonly Calendar[];
  readonly work: readonly Calendar[];
  readonly carriers = new Calendar();
  readonly runs: readonly Run[][];
  readonly tracks = new Map<number, Track>();
  /** What stations that are set up do, by start; of batch resources the runs tell it. */
  readonly #uses: readonly PlannedUse[][];
  /** Whether there is room for all samples at once, so that nobody needs to count them. */
  readonly #roomy: readonly boolean[];
  readonly #open: (Window[] | undefined)[];
  readonly #join: (Window[] | undefined)[];

  constructor(lab: Lab) {
    this.lab = lab;
    this.places = lab.stations.map(() => new Calendar());
    this.#roomy = lab.stations.map(({ kind, capacity }) => kind !== 'batch' && capacity >= lab.tasks.length);
    this.work = lab.stations.map(() => new Calendar());
    this.runs = lab.stations.map(() => []);
    this.#uses = lab.stations.map(({ kind }, index) => (kind === 'batch' ? this.runs[index]! : []));
    this.#open = lab.stations.map(() => undefined);
    this.#join = lab.stations.map(() => undefined);
    for (const { index, closed, concurrency } of lab.stations)
      for (const { from, to } of closed) this.work[index]!.add(from, to, concurrency);
    for (const { from, to, count } of lab.fleet) this.carriers.add(from, to, count);
    for (const task of lab.tasks) this.#start(task);
  }

  /** Windows for a sample that opens a run of its own, or uses a station or a rack. */
  openWindows(resource: number): readonly Window[] {
    return (this.#open[resource] ??= this.#findOpen(resource));
  }

  /** Windows in runs that are planned, not started and not full. */
  joinWindows(resource: number): readonly Window[] {
    return (this.#join[resource] ??= this.#findJoin(resource));
  }

  /** Gaps are looked for in vain so often that samples are sent to the end at once, and runs put off for nobody. */
  get isOverrun(): boolean {
    return this.givenUp >= patience;
  }

  /** The end of all that is to be done by those that have tracks, or that is done now; ms. */
  get bookedUntil(): number {
    const { tasks, now } = this.lab;
    const running = tasks.reduce(
      (latest, { sample, ready }) => (sample.running ? Math.max(latest, ready) : latest),
      now,
    );
    return [...this.tracks.values()].reduce((latest, { end }) => Math.max(latest, end), running);
  }

  /** The earliest time from `from` to `latest` at which a run that takes so long can begin with nobody else inside. */
  fitRun(resource: number, from: number, length: number, recipe: string | undefined, latest = Infinity): number {
    const { closed } = this.lab.stations[resource]!;
    for (let t = from; ;) {
      const free = this.places[resource]!.fit(t, length, 1, latest);
      t = this.#fitSetup(resource, opensAt(closed, free, length), length, recipe);
      if (t === free || t === Infinity) return t;
    }
  }

  /** The earliest time from `from` to `latest` at which a station can begin work that takes so long. */
  fitWork(resource: number, from: number, length: number, recipe: string | undefined, latest = Infinity): number {
    const { concurrency } = this.lab.stations[resource]!;
    for (let t = from; ;) {
      const free = this.work[resource]!.fit(t, length, concurrency, latest);
      t = this.#fitSetup(resource, free, length, recipe);
      if (t === free) return t;
    }
  }

  #fitSetup(resource: number, from: number, length: number, recipe: string | undefined): number {
    const station = this.lab.stations[resource]!;
    return station.setup === undefined ? from : fitBetween(station, this.#uses[resource]!, from, length, recipe);
  }

  /** Makes the place of a sample without a track free, so that a way can be looked for; `commit` or `rest` must follow. */
  lift(task: Task): void {
    this.#hold(task, -1);
  }

  /** The sample keeps the place where it is. */
  rest(task: Task): void {
    this.#hold(task, 1);
  }

  commit(task: Task, track: Track): void {
    this.tracks.set(task.index, track);
    this.#book(task.index, track, 1);
  }

  /** Takes a track back, and leaves the sample lifted. */
  withdraw(task: Task): Track | undefined {
    const track = this.tracks.get(task.index);
    if (track === undefined) return undefined;
    this.#book(task.index, track, -1);
    this.tracks.delete(task.index);
    return track;
  }

  /** Makes a run known before it has members, so that samples can join it; `close` takes an empty one away. */
  open(run: Run): void {
    const runs = this.runs[run.resource]!;
    runs.splice(firstAfter(runs, run.start), 0, run);
    this.#forget(run.resource);
  }

  close(run: Run): void {
    const runs = this.runs[run.resource]!;
    const position = runs.indexOf(run);
    if (position >= 0) runs.splice(position, 1);
    this.#forget(run.resource);
  }

  #start(task: Task): void {
    const { now, pick, stations, indexOf } = this.lab;
    const { running, at } = task.sample;
    this.#hold(task, 1);
    if (running === undefined) return;
    // Without transport a track tells of places only where work is still to begin.
    if (this.#isAtWork(task)) this.#occupy(task.at, now, task.ready, 1);
    if (running.kind === 'move') {
      this.carriers.add(now, task.ready, 1);
      const from = at === undefined ? undefined : indexOf.get(at);
      if (from !== undefined) this.#occupy(from, now, running.start + pick, 1);
      return;
    }
    const resource = indexOf.get(running.resource);
    if (resource === undefined) return;
    const { recipe } = running;
    if (stations[resource]!.kind !== 'batch') return this.#toil(resource, { start: now, end: task.ready, recipe }, 1);
    const run = this.runs[resource]![0];
    if (run === undefined) {
      const members = new Set([task.index]);
      this.runs[resource]!.push({ resource, recipe, start: now, end: task.ready, members, fixed: true });
    } else {
      run.members.add(task.index);
      run.end = Math.max(run.end, task.ready);
    }
  }

  /** The place of a sample without a track. */
  #hold(task: Task, amount: number): void {
    const { now, moved } = this.lab;
    if (task.at < 0 || this.#isAtWork(task)) return;
    const { frozen, running } = task.sample;
    const stays = frozen === true || (moved && (!task.done || task.obstacle !== undefined));
    const until = stays ? Infinity : running === undefined ? now : task.ready;
    this.#occupy(task.at, now, until, amount);
  }

  /** Whether it is worked on in a lab without transport: its place is taken until then, however it goes on. */
  #isAtWork({ at, sample: { frozen, running } }: Task): boolean {
    return !this.lab.moved && at >= 0 && frozen !== true && running !== undefined;
  }

  #book(index: number, { stays, works, moves }: Track, amount: number): void {
    for (const { resource, lo, hi } of stays) this.#occupy(resource, lo, hi, amount);
    for (const { start, end } of moves) this.carriers.add(start, end, amount);
    const task = this.lab.tasks[index]!;
    for (const { resource, step, start, end, run } of works) {
      if (run === undefined) this.#toil(resource, { start, end, recipe: task.steps[step]!.recipe }, amount);
      else if (amount > 0) this.#enter(run, index);
      else this.#leave(run, index);
    }
  }

  /** Work of a station. */
  #toil(resource: number, use: PlannedUse, amount: number): void {
    const { start, end, recipe } = use;
    this.work[resource]!.add(start, end, amount);
    if (this.lab.stations[resource]!.setup === undefined) return;
    const uses = this.#uses[resource]!;
    const same = (other: PlannedUse) => other.start === start && other.end === end && other.recipe === recipe;
    const place = uses.findIndex(amount > 0 ? (other) => other.start > start : same);
    if (amount < 0) uses.splice(place, 1);
    else uses.splice(place < 0 ? uses.length : place, 0, use);
  }

  #enter(run: Run, index: number): void {
    run.members.add(index);
    // A run that has members is known.
    if (run.members.size > 1 || this.runs[run.resource]!.includes(run)) this.#forget(run.resource);
    else this.open(run);
  }

  #leave(run: Run, index: number): void {
    const runs = this.runs[run.resource]!;
    run.members.delete(index);
    if (run.members.size === 0) runs.splice(runs.indexOf(run), 1);
    this.#forget(run.resource);
  }

  #occupy(resource: number, from: number, to: number, amount: number): void {
    if (this.#roomy[resource]!) return;
    this.places[resource]!.add(from, to, amount);
    this.#forget(resource);
  }

  #forget(resource: number): void {
    this.#open[resource] = undefined;
    this.#join[resource] = undefined;
  }

  #findOpen(resource: number): Window[] {
    const { capacity } = this.lab.stations[resource]!;
    const free: Window[] = this.places[resource]!.stretches(this.lab.now, capacity);
    const runs = this.runs[resource]!;
    if (runs.length === 0) return free;
    const found: Window[] = [];
    let next = 0;
    for (let i = 0; i <= runs.length; i++) {
      const from = runs[i - 1]?.end ?? -Infinity;
      const to = runs[i]?.start ?? Infinity;
      while (next < free.length && free[next]!.hi <= from) next += 1;
      for (let k = next; k < free.length && free[k]!.lo < to; k++) {
        const window = { lo: Math.max(free[k]!.lo, from), hi: Math.min(free[k]!.hi, to) };
        if (window.lo < window.hi) found.push(window);
      }
    }
    return found;
  }

  #findJoin(resource: number): Window[] {
    const { capacity } = this.lab.stations[resource]!;
    const runs = this.runs[resource]!;
    const found: Window[] = [];
    if (!runs.some(({ fixed, members }) => !fixed && members.size < capacity)) return found;
    const free = this.places[resource]!.stretches(this.lab.now, capacity);
    let next = 0;
    for (let i = 0; i < runs.length; i++) {
      const run = runs[i]!;
      while (next < free.length && free[next]!.hi < run.end) next += 1;
      const stretch = free[next];
      if (stretch === undefined) break;
      if (run.fixed || run.members.size >= capacity || stretch.lo > run.start) continue;
      const from = runs[i - 1]?.end ?? -Infinity;
      const to = runs[i + 1]?.start ?? Infinity;
      found.push({ lo: Math.max(stretch.lo, from), hi: Math.min(stretch.hi, to), run });
    }
    return found;
  }
}

/** The first of the runs, which are in order, that begins after `t`. */
function firstAfter(runs: readonly Run[], t: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[middle]!.start <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}
