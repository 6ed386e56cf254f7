import { opensAt } from './closings.ts';
import type { Task } from './compile.ts';
import type { Node } from './reach.ts';
import { search } from './search.ts';
import { trackOf } from './track.ts';
import type { Run, Track, World } from './world.ts';

/**
 * A run that waits for one more sample keeps the others back, but saves a run: it may cost so much more time of all
 * concerned, in durations of the run.
 */
const worth = 0.5;

/**
 * Lets a planned run wait for a sample (lifted, `last` the end of its best way otherwise) when that pays. True when the
 * sample has been booked so, and all members of the run with it; otherwise nothing has changed.
 */
export function joinLater(world: World, task: Task, last: Node): boolean {
  for (let node: Node | undefined = last; node !== undefined; node = node.parent) {
    const { parent, run, alternative } = node;
    if (parent === undefined || alternative === undefined || run !== undefined) continue;
    if (world.lab.stations[alternative.resource]!.kind !== 'batch') continue;
    for (const { resource, duration } of task.steps[parent.done]!.alternatives) {
      const candidate = world.runs[resource]!.at(-1);
      if (candidate === undefined || !suits(world, task, parent.done, candidate, duration)) continue;
      const start = opensAt(world.lab.stations[resource]!.closed, arrival(world, parent, resource), duration);
      if (start > candidate.start && new Delay(world, candidate, start).admit(task, last)) return true;
    }
  }
  return false;
}

function suits(world: World, task: Task, step: number, run: Run, duration: number): boolean {
  const { capacity } = world.lab.stations[run.resource]!;
  const room = !run.fixed && run.members.size < capacity;
  return room && run.recipe === task.steps[step]!.recipe && run.end - run.start === duration;
}

/** The earliest time at which the sample can be at the resource after what it did before. */
function arrival({ carriers, lab }: World, before: Node, resource: number): number {
  if (!lab.moved || before.resource < 0 || before.resource === resource) return before.ready;
  const time = lab.travel[before.resource]![resource]!;
  return carriers.fit(before.ready, time, lab.carriers) + time;
}

/** One run put off, with what its members do after it planned anew; all is taken back when it does not pay. */
class Delay {
  readonly #world: World;
  readonly #run: Run;
  readonly #old: { readonly start: number; readonly end: number };
  readonly #shift: number;
  readonly #members: readonly { readonly task: Task; readonly track: Track }[];

  constructor(world: World, run: Run, start: number) {
    this.#world = world;
    this.#run = run;
    this.#old = { start: run.start, end: run.end };
    this.#shift = start - run.start;
    this.#members = [...run.members].map((index) => ({
      task: world.lab.tasks[index]!,
      track: world.tracks.get(index)!,
    }));
  }

  admit(task: Task, otherwise: Node): boolean {
    const allowed = otherwise.ready + this.#total() + worth * (this.#old.end - this.#old.start);
    for (const { task: member } of this.#members) this.#world.withdraw(member);
    const done = this.#isAlone() && this.#keepsWaits() && this.#replan(task);
    if (done && this.#total() + this.#world.tracks.get(task.index)!.end < allowed) return true;
    this.#restore(task);
    return false;
  }

  #total(): number {
    return this.#members.reduce((sum, { task }) => sum + this.#world.tracks.get(task.index)!.end, 0);
  }

  /** Nobody but the members is in the resource from the run on. */
  #isAlone(): boolean {
    return this.#world.places[this.#run.resource]!.freeUntil(this.#old.start, 1) === Infinity;
  }

  #keepsWaits(): boolean {
    return this.#members.every(({ task, track }) => {
      const position = track.works.findIndex(({ run }) => run === this.#run);
      const { step } = track.works[position]!;
      const before = track.works[position - 1]?.end ?? task.lastEnd;
      return before === -Infinity || this.#old.start + this.#shift - before <= task.steps[step]!.maxLag;
    });
  }

  #replan(task: Task): boolean {
    this.#run.start = this.#old.start + this.#shift;
    this.#run.end = this.#old.end + this.#shift;
    for (const { task: member, track } of this.#members) this.#world.commit(member, this.#upToRun(track));
    const last = search(this.#world, task, false);
    if (last === undefined) return false;
    const track = trackOf(this.#world, task, last);
    if (!track.works.some(({ run }) => run === this.#run)) return false;
    this.#world.commit(task, track);
    return this.#members.every(({ task: member }) => this.#goOn(member));
  }

  /** What a member does up to the run, after which it stays where it is. */
  #upToRun({ stays, works, moves }: Track): Track {
    const { start } = this.#old;
    const position = works.findIndex(({ run }) => run === this.#run);
    const work = { ...works[position]!, start: this.#run.start, end: this.#run.end };
    const kept = stays.filter(({ lo }) => lo <= start && (this.#world.lab.moved || lo < start));
    const stay = {
      resource: this.#run.resource,
      lo: this.#world.lab.moved ? kept.pop()!.lo : this.#run.start,
      hi: Infinity,
    };
    return {
      stays: [...kept, stay],
      works: [...works.slice(0, position), work],
      moves: moves.filter((move) => move.start < start),
      end: this.#run.end,
    };
  }

  #goOn(task: Task): boolean {
    const world = this.#world;
    const before = world.withdraw(task)!;
    const { step, end } = before.works.at(-1)!;
    const since = before.stays.at(-1)!.lo;
    const place = { resource: this.#run.resource, arrive: end, hi: Infinity, leave: NaN, start: end, ready: end };
    const root: Node = { kind: 'root', parent: undefined, done: step + 1, lastEnd: end, floor: -Infinity, ...place };
    // What it does before counts for what is set up after it, but not the place that it leaves.
    world.commit(task, { ...before, stays: before.stays.slice(0, -1) });
    const last = search(world, task, false, root);
    world.withdraw(task);
    if (last === undefined) {
      world.commit(task, before);
      return false;
    }
    const after = trackOf(world, task, last, since);
    const stays = world.lab.moved
      ? after.stays
      : [{ resource: this.#run.resource, lo: this.#run.start, hi: end }, ...after.stays];
    world.commit(task, {
      stays: [...before.stays.slice(0, -1), ...stays],
      works: [...before.works, ...after.works],
      moves: [...before.moves, ...after.moves],
      end: after.end,
    });
    return true;
  }

  #restore(task: Task): void {
    this.#world.withdraw(task);
    for (const { task: member } of this.#members) this.#world.withdraw(member);
    this.#run.start = this.#old.start;
    this.#run.end = this.#old.end;
    for (const { task: member, track } of this.#members) this.#world.commit(member, track);
  }
}
