import { stream, type Stream } from '../base/random.ts';
import { confined } from './ceiling.ts';
import { compile, type Lab, type Task } from './compile.ts';
import { emit } from './emit.ts';
import type { Improver } from './improve.ts';
import type { Objective, Plan, SchedulingProblem } from './model.ts';
import { compareCosts, costOf, isNear, type Cost } from './objective.ts';
import { newOrder, reinsert } from './reinsert.ts';
import { chooseRemoval } from './removal.ts';
import { retime } from './retime.ts';
import { copyOf } from './track.ts';
import { World, type Track } from './world.ts';

/** A change is kept when the plan is not worse than the best by more than this part. */
const leeway = 0.01;

/** Pieces of work in one step: mostly samples or crews inserted. */
const portion = 4;

/** A step ends earlier when so many nodes and windows have been looked at, which takes about 20 ms. */
const mostLooks = 5000;

/**
 * Large-neighbourhood search (Shaw 1998) with record-to-record acceptance (Dueck 1993): again and again some samples are
 * taken out of the plan and inserted in another order and other batches. `plan` has to be a plan of this very problem;
 * samples that it leaves out stay out. Deterministic for a seed.
 */
export class NeighbourhoodSearch implements Improver {
  readonly #problem: SchedulingProblem;
  readonly #lab: Lab;
  readonly #world: World;
  readonly #objective: Objective;
  readonly #random: Stream;
  readonly #open: readonly Task[];
  readonly #given: Plan;
  #cost: Cost;
  #best: { readonly cost: Cost; readonly tracks: ReadonlyMap<number, Track> };
  #improved = false;
  #change: Generator<boolean, boolean> | undefined;

  constructor(problem: SchedulingProblem, plan: Plan, seed: number, objective: Objective) {
    const within = confined(problem, plan.ceiling);
    this.#problem = within;
    this.#given = plan;
    this.#objective = objective;
    this.#random = stream(seed, 'large-neighbourhood search');
    this.#lab = compile(within);
    this.#world = new World(this.#lab);
    const tracks = retime(this.#lab, plan);
    for (const index of tracks.keys()) this.#world.lift(this.#lab.tasks[index]!);
    for (const [index, track] of tracks) this.#world.commit(this.#lab.tasks[index]!, track);
    this.#open = isWhole(plan, tracks.size) ? [...tracks.keys()].map((index) => this.#lab.tasks[index]!) : [];
    this.#cost = costOf(this.#lab, tracks, objective);
    this.#best = { cost: this.#cost, tracks };
  }

  step(): boolean {
    if (this.#open.length < 2) return false;
    this.#change ??= this.#try();
    const begun = this.#world.looked;
    for (let i = 0; i < portion && this.#world.looked - begun < mostLooks;) {
      const { done, value } = this.#change.next();
      if (done === true) {
        this.#change = undefined;
        return value;
      }
      if (value) i += 1;
    }
    return false;
  }

  /** How many nodes and windows have been looked at so far, which is what the work of a step is counted in. */
  get looked(): number {
    return this.#world.looked;
  }

  get makespan(): number {
    return this.#improved ? latestOf(this.#lab, this.#best.tracks) : this.#given.makespan;
  }

  get plan(): Plan {
    if (!this.#improved) return this.#given;
    const world = new World(this.#lab);
    const tracks = copyOf(this.#best.tracks);
    for (const index of tracks.keys()) world.lift(this.#lab.tasks[index]!);
    for (const [index, track] of tracks) world.commit(this.#lab.tasks[index]!, track);
    const { unplanned, ceiling } = this.#given;
    return { ...emit(this.#problem, world, new Map()), unplanned, ...(ceiling === undefined ? {} : { ceiling }) };
  }

  /** One change, which is taken back when it is not good enough; true when it is the best so far. */
  *#try(): Generator<boolean, boolean> {
    const world = this.#world;
    const removed = newOrder(world, chooseRemoval(world, this.#open, this.#random), this.#random);
    const before = removed.map((task) => world.tracks.get(task.index)!);
    for (const task of removed) {
      world.withdraw(task);
      world.rest(task);
    }
    yield true;
    const complete = yield* reinsert(world, removed, this.#random);
    const cost = complete ? costOf(this.#lab, world.tracks, this.#objective) : undefined;
    if (cost !== undefined && (compareCosts(cost, this.#cost) <= 0 || isNear(cost, this.#best.cost, leeway))) {
      this.#cost = cost;
      if (compareCosts(cost, this.#best.cost) >= 0) return false;
      this.#best = { cost, tracks: new Map(world.tracks) };
      this.#improved = true;
      return true;
    }
    for (const task of removed) if (!world.withdraw(task)) world.lift(task);
    removed.forEach((task, i) => world.commit(task, before[i]!));
    return false;
  }
}

/** Whether all that the plan does is in so many tracks: a sample put away without being planned is not. */
function isWhole({ assignments, unplanned }: Plan, tracks: number): boolean {
  const planned = new Set(assignments.filter(({ fixed }) => fixed !== true).map(({ sample }) => sample));
  return unplanned.every(({ sample }) => !planned.has(sample)) && planned.size === tracks;
}

function latestOf({ now, tasks }: Lab, tracks: ReadonlyMap<number, Track>): number {
  let latest = now;
  for (const { sample } of tasks) latest = Math.max(latest, sample.running?.expectedEnd ?? now);
  for (const { end } of tracks.values()) latest = Math.max(latest, end);
  return latest;
}
