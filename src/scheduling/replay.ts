import { Calendar } from './calendar.ts';
import { opensAt } from './closings.ts';
import type { Lab, Task } from './compile.ts';
import type { Use } from './model.ts';
import type { Act } from './script.ts';
import { setUpAt } from './setup.ts';
import type { Move, Run, Stay, Track, Work } from './world.ts';

/** What one sample has done so far while its acts are timed. */
interface Progress {
  readonly task: Task;
  readonly acts: readonly Act[];
  next: number;
  at: number;
  ready: number;
  lastEnd: number;
  since: number;
  readonly stays: Stay[];
  readonly works: Work[];
  readonly moves: Move[];
}

/** One resource while acts are timed in order: when places and workers are free again. */
interface Front {
  /** One entry for every place that nobody holds; undefined where there are more than all samples could need. */
  readonly places: number[] | undefined;
  /** Places held beyond the capacity, which only reality can bring about. */
  excess: number;
  readonly workers: number[];
  /** End of the last run of a batch resource: before it nothing arrives or leaves. */
  door: number;
  /** The samples there; undefined but of batch resources. */
  readonly inside: Set<number> | undefined;
  /** Its last use, where it is set up between two. */
  used: Use | undefined;
}

/** Lower bounds for the start of work, by sample and step, found from maximum waits. */
export type Floors = Map<Act, number>;

/**
 * Times acts in the order of their keys, each as early as what came before allows; the moves alone may slip into earlier
 * gaps of the transporters. An act whose place is still held waits for the next round, so that an order which a changed
 * lab has made impossible is mended rather than followed. Samples that could not finish are left out of the result.
 */
export class Replay {
  readonly #lab: Lab;
  readonly #floors: Floors;
  readonly #fronts: Front[];
  readonly #carriers = new Calendar();
  /** By index of the sample. */
  readonly #progress: (Progress | undefined)[];
  readonly #enrolled: readonly number[];
  readonly #crews = new Map<string, Act[]>();

  constructor(lab: Lab, scripts: ReadonlyMap<number, readonly Act[]>, floors: Floors) {
    this.#lab = lab;
    this.#floors = floors;
    this.#progress = lab.tasks.map(() => undefined);
    // A sample holds two places at most, while it is moved.
    const most = 2 * lab.tasks.length;
    this.#fronts = lab.stations.map(({ kind, capacity, concurrency, last }) => ({
      places:
        kind !== 'batch' && capacity >= most ? undefined : new Array<number>(Math.min(capacity, most)).fill(lab.now),
      excess: 0,
      workers: new Array<number>(Math.min(concurrency, most)).fill(lab.now),
      door: -Infinity,
      inside: kind === 'batch' ? new Set() : undefined,
      used: last,
    }));
    for (const { from, to, count } of lab.fleet) this.#carriers.add(from, to, count);
    for (const task of lab.tasks) this.#begin(task);
    for (const [index, acts] of scripts) this.#enroll(lab.tasks[index]!, acts);
    this.#enrolled = [...scripts.keys()];
  }

  /**
   * The tracks of the samples that finish, by index. The urgent acts go before all others as soon as they can. Where one
   * has to wait for a later one, those after it at the same resource wait, too, as long as anything goes on so.
   */
  run(order: readonly Act[], urgent: readonly Act[] = []): Map<number, Track> {
    let open = order;
    let first = urgent;
    let inTurn = true;
    for (;;) {
      const before = open.length + first.length;
      const passed = new Set<number>();
      const left: Act[] = [];
      for (const act of open) {
        if (first.length > 0) first = first.filter((other) => !this.#try(other));
        if (!passed.has(act.resource) && this.#try(act)) continue;
        left.push(act);
        if (inTurn && this.#lab.stations[act.resource]!.kind !== 'rack') passed.add(act.resource);
      }
      first = first.filter((act) => !this.#try(act));
      open = left;
      if (open.length + first.length === 0) break;
      if (open.length + first.length < before) inTurn = true;
      else if (inTurn) inTurn = false;
      else break;
    }
    const tracks = new Map<number, Track>();
    for (const index of this.#enrolled) {
      const { acts, next, stays, works, moves, ready } = this.#progress[index]!;
      if (next === acts.length) tracks.set(index, { stays, works, moves, end: ready });
    }
    return tracks;
  }

  #begin(task: Task): void {
    const { now, moved, pick, indexOf, stations } = this.#lab;
    const { running, at, frozen } = task.sample;
    const kept = frozen === true || (moved && (!task.done || task.obstacle !== undefined));
    if (task.at >= 0 && (kept || (running !== undefined && task.ready > now))) {
      this.#take(task.at, task.index);
      if (!kept) this.#release(task.at, task.index, task.ready);
    }
    if (running === undefined) return;
    if (running.kind === 'move') {
      this.#carriers.add(now, task.ready, 1);
      const from = at === undefined ? undefined : indexOf.get(at);
      if (from === undefined) return;
      this.#take(from, -1);
      return this.#release(from, -1, running.start + pick);
    }
    const resource = indexOf.get(running.resource);
    if (resource === undefined) return;
    const front = this.#fronts[resource]!;
    if (stations[resource]!.kind === 'batch') front.door = Math.max(front.door, task.ready);
    else replaceLeast(front.workers, task.ready);
    if (!((front.used?.end ?? -Infinity) > task.ready)) front.used = { recipe: running.recipe, end: task.ready };
  }

  #enroll(task: Task, acts: readonly Act[]): void {
    const { ready, lastEnd } = task;
    const { moved, now: since } = this.#lab;
    const at = moved ? task.at : -1;
    this.#progress[task.index] = { task, acts, next: 0, at, ready, lastEnd, since, stays: [], works: [], moves: [] };
    for (const act of acts) {
      if (act.batch === undefined || act.kind !== 'process') continue;
      const crew = this.#crews.get(act.batch);
      if (crew === undefined) this.#crews.set(act.batch, [act]);
      else crew.push(act);
    }
  }

  /** True when the act has its times now (or had them already, with its batch). */
  #try(act: Act): boolean {
    const progress = this.#progress[act.task.index]!;
    if (progress.acts[progress.next] !== act) return progress.acts.indexOf(act) < progress.next;
    if (act.kind === 'move') return this.#move(progress, act);
    return this.#lab.stations[act.resource]!.kind === 'batch' ? this.#runBatch(act) : this.#work(progress, act);
  }

  #move(progress: Progress, act: Act): boolean {
    const { at, ready, task } = progress;
    const { pick, carriers } = this.#lab;
    const target = this.#fronts[act.resource]!;
    const source = this.#fronts[at]!;
    const free = freeAt(target);
    if (free === undefined) return false;
    const earliest = Math.max(ready, free, target.door, source.door);
    const start = this.#carriers.fit(earliest, act.duration, carriers);
    this.#carriers.add(start, start + act.duration, 1);
    this.#take(act.resource, task.index);
    this.#leave(progress, start + pick);
    progress.moves.push({ from: at, to: act.resource, step: act.step, start, end: start + act.duration });
    progress.at = act.resource;
    progress.since = start;
    progress.ready = start + act.duration;
    progress.next += 1;
    if (progress.next === progress.acts.length) this.#leave(progress, progress.ready);
    return true;
  }

  #work(progress: Progress, act: Act): boolean {
    const front = this.#fronts[act.resource]!;
    const appears = progress.at !== act.resource;
    const free = appears ? freeAt(front) : -Infinity;
    if (free === undefined) return false;
    const from = Math.max(this.#earliest(progress, act), free, Math.min(...front.workers), this.#setUpAt(act));
    const start = this.#opens(act, from);
    replaceLeast(front.workers, start + act.duration);
    front.used = { recipe: recipeOf(act), end: start + act.duration };
    this.#finish(progress, act, start, undefined);
    return true;
  }

  /** All members of a batch at once, when all are there and nobody else is inside. */
  #runBatch(act: Act): boolean {
    const front = this.#fronts[act.resource]!;
    const crew = this.#crewOf(act);
    const members = crew.map((member) => this.#progress[member.task.index]!);
    if (!members.every((member, i) => member.acts[member.next] === crew[i])) return false;
    const indices = new Set(members.map(({ task }) => task.index));
    for (const index of front.inside!) if (!indices.has(index)) return false;
    const appearing = members.filter(({ at }) => at !== act.resource).length;
    if (appearing > front.places!.length) return false;
    const earliest = members.map((member, i) => this.#earliest(member, crew[i]!));
    const start = this.#opens(act, Math.max(front.door, ...front.places!, ...earliest, this.#setUpAt(act)));
    const times = { start, end: start + act.duration };
    const run: Run = {
      ...times,
      resource: act.resource,
      recipe: recipeOf(act),
      members: new Set(),
      fixed: false,
      name: act.batch,
    };
    members.forEach((member, i) => this.#finish(member, crew[i]!, start, run));
    front.door = run.end;
    front.used = run;
    return true;
  }

  #crewOf(act: Act): readonly Act[] {
    if (act.batch === undefined) return [act];
    const recipe = recipeOf(act);
    const fits = (other: Act) =>
      other.resource === act.resource && other.duration === act.duration && recipeOf(other) === recipe;
    return this.#crews.get(act.batch)!.filter(fits);
  }

  /** When the resource is set up for the act; -Infinity where it need not be. */
  #setUpAt(act: Act): number {
    const station = this.#lab.stations[act.resource]!;
    return station.setup === undefined ? -Infinity : setUpAt(station, this.#fronts[act.resource]!.used, recipeOf(act));
  }

  #opens = ({ resource, duration }: Act, from: number): number =>
    opensAt(this.#lab.stations[resource]!.closed, from, duration);

  #earliest({ ready, lastEnd, task }: Progress, act: Act): number {
    return Math.max(ready, lastEnd + task.steps[act.step]!.minLag, this.#floors.get(act) ?? -Infinity);
  }

  #finish(progress: Progress, act: Act, start: number, run: Run | undefined): void {
    const end = start + act.duration;
    const { minLag, maxLag } = act.task.steps[act.step]!;
    this.#shiftBefore(progress, start - maxLag, start - minLag);
    if (progress.at !== act.resource) {
      this.#take(act.resource, progress.task.index);
      progress.at = act.resource;
      progress.since = start;
    }
    progress.works.push({ resource: act.resource, step: act.step, start, end, run });
    progress.ready = end;
    progress.lastEnd = end;
    progress.next += 1;
    if (!this.#lab.moved || progress.next === progress.acts.length) this.#leave(progress, end);
  }

  /**
   * Lets the work before end between `end` and `last`, for the maximum wait after it, where only that sample is concerned: it has
   * time until its move, and nobody works after it there yet.
   */
  #shiftBefore({ works, moves }: Progress, end: number, last: number): void {
    const work = works.at(-1);
    if (work === undefined || work.end >= end || work.run !== undefined) return;
    const leaves = moves.find(({ start }) => start >= work.end)?.start ?? last;
    const front = this.#fronts[work.resource]!;
    const { workers } = front;
    const worker = workers.indexOf(work.end);
    const length = work.end - work.start;
    const start = opensAt(this.#lab.stations[work.resource]!.closed, end - length, length);
    if (leaves < start + length || worker < 0) return;
    workers[worker] = start + length;
    front.used = { recipe: front.used?.recipe, end: start + length };
    works[works.length - 1] = { ...work, start, end: start + length };
  }

  /** The sample gives its place back at `free`. */
  #leave(progress: Progress, free: number): void {
    const { at, since, task, stays } = progress;
    stays.push({ resource: at, lo: since, hi: free });
    this.#release(at, task.index, free);
    progress.at = -1;
  }

  #take(resource: number, index: number): void {
    const front = this.#fronts[resource]!;
    front.inside?.add(index);
    if (front.places === undefined) return;
    const place = least(front.places);
    if (place < 0) front.excess += 1;
    else front.places.splice(place, 1);
  }

  #release(resource: number, index: number, free: number): void {
    const front = this.#fronts[resource]!;
    front.inside?.delete(index);
    if (front.places === undefined) return;
    if (front.excess > 0) front.excess -= 1;
    else front.places.push(free);
  }
}

const recipeOf = ({ task, step }: Act): string | undefined => task.steps[step]!.recipe;

/** When a sample can have a place there; undefined while all are held. */
function freeAt({ places }: Front): number | undefined {
  if (places === undefined) return -Infinity;
  const place = least(places);
  return place < 0 ? undefined : places[place]!;
}

/** Index of the least number; -1 of none. */
function least(numbers: readonly number[]): number {
  let best = -1;
  for (let i = 0; i < numbers.length; i++) if (best < 0 || numbers[i]! < numbers[best]!) best = i;
  return best;
}

function replaceLeast(numbers: number[], value: number): void {
  const place = least(numbers);
  if (place >= 0) numbers[place] = Math.max(numbers[place]!, value);
}
