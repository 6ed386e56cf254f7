import type { Stream } from '../base/random.ts';
import type { Task } from './compile.ts';
import type { Run, World } from './world.ts';

/** How many samples are taken out for the small changes: between two and this. */
const few = 7;

/** Removals that could mean every sample stop here, so that one change stays small work in a large lab. */
const many = 96;

/**
 * The samples that are to be taken out of the plan and inserted anew, all from `open`, which have tracks. The kinds:
 * all that begin after a time, often simply all, those of one run and others near it, those of two runs that
 * could exchange members, those near a time, any.
 */
export function chooseRemoval(world: World, open: readonly Task[], random: Stream): Task[] {
  const removal = new Removal(world, open, random);
  const kind = random.next();
  if (kind < 0.4) return removal.later();
  const runs = world.runs.flat().filter(({ fixed, members }) => !fixed && members.size > 0);
  if (runs.length > 0 && kind < 0.65) return removal.aroundRun(random.pick(runs));
  if (runs.length > 0 && kind < 0.8) return removal.twoRuns(random.pick(runs), runs);
  return kind < 0.92 ? removal.near(random.next()) : removal.any();
}

class Removal {
  readonly #world: World;
  readonly #open: readonly Task[];
  readonly #random: Stream;

  constructor(world: World, open: readonly Task[], random: Stream) {
    this.#world = world;
    this.#open = open;
    this.#random = random;
  }

  later(): Task[] {
    const from = this.#time(1.6 * this.#random.next() - 0.6);
    const later = this.#open.filter((task) => this.#beginOf(task) >= from);
    if (later.length <= many) return later.length > 1 ? later : this.any();
    return later.sort((a, b) => this.#beginOf(a) - this.#beginOf(b)).slice(0, many);
  }

  aroundRun(run: Run): Task[] {
    const members = this.#open.filter(({ index }) => run.members.has(index));
    return [...new Set([...members, ...this.#nearest(run.start, this.#few())])];
  }

  twoRuns(run: Run, runs: readonly Run[]): Task[] {
    const length = run.end - run.start;
    const alike = runs.filter(
      (other) => other !== run && other.recipe === run.recipe && other.end - other.start === length,
    );
    alike.sort((a, b) => Math.abs(a.start - run.start) - Math.abs(b.start - run.start));
    const other = alike.length === 0 ? undefined : alike[this.#random.integer(Math.min(2, alike.length))];
    if (other === undefined) return this.aroundRun(run);
    return this.#open.filter(({ index }) => run.members.has(index) || other.members.has(index));
  }

  near(part: number): Task[] {
    return this.#nearest(this.#time(part), this.#few());
  }

  any(): Task[] {
    const left = [...this.#open];
    return Array.from({ length: this.#few() }, () => left.splice(this.#random.integer(left.length), 1)[0]!);
  }

  #few(): number {
    return Math.min(this.#open.length, 2 + this.#random.integer(few - 1));
  }

  #beginOf({ index, ready }: Task): number {
    return this.#world.tracks.get(index)!.works[0]?.start ?? ready;
  }

  /** The time at this part of the way from now to the end of the plan. */
  #time(part: number): number {
    let end = this.#world.lab.now;
    for (const track of this.#world.tracks.values()) end = Math.max(end, track.end);
    return this.#world.lab.now + part * (end - this.#world.lab.now);
  }

  /** Those under way at `time` and those nearest to it, with some chance in it. */
  #nearest(time: number, count: number): Task[] {
    const haze = 0.05 * (this.#time(1) - this.#world.lab.now);
    const ranked = this.#open.map((task) => {
      const begin = this.#beginOf(task);
      const { end } = this.#world.tracks.get(task.index)!;
      const distance = Math.max(begin - time, time - end, 0);
      return { task, distance: distance + this.#random.next() * haze };
    });
    ranked.sort((a, b) => a.distance - b.distance);
    return ranked.slice(0, count).map(({ task }) => task);
  }
}
