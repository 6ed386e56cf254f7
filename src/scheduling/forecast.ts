import { opensAt } from './closings.ts';
import { Course, type Visit } from './course.ts';
import { Errands } from './errands.ts';
import type { Assignment, Resource, SampleTask } from './model.ts';
import type { Outlook, Timing } from './outlook.ts';
import type { Scene } from './scene.ts';
import { LatestUses } from './setup.ts';
import { bandOf, isHead, limitedWork, standingOf, stepOf, type Span, type Standing } from './standing.ts';

/** How many samples may have to make room for each other in a row. */
const depth = 4;

/** One round of an outlook: the legs of all limited waits, in the order of the plan, each on what those before it leave. */
export class Forecast {
  readonly errands: Errands;
  readonly arrivals = new Map<Assignment, number>();
  readonly #scene: Scene;
  readonly #started: readonly Assignment[];
  readonly #inTurn: ReadonlySet<string>;
  readonly #known: Timing;
  readonly #standings = new Map<string, Standing>();
  /** Of the samples whose maximum waits run or will run. */
  readonly #courses = new Map<string, Course>();
  /** Samples that make room elsewhere, by the resource that they go to. */
  readonly #guests = new Map<string, Map<string, Visit>>();
  readonly #escapes = new Map<string, number>();
  readonly #urgent = new Set<Assignment>();
  readonly #uses: LatestUses;

  constructor(scene: Scene, started: readonly Assignment[], inTurn: ReadonlySet<string>, known: Timing) {
    this.#scene = scene;
    this.#started = started;
    this.#inTurn = inTurn;
    this.#known = known;
    const carried = [...scene.running.map(({ sample }) => sample), ...started.map(({ sample }) => sample)]
      .map((id) => this.#standing(id))
      .filter(({ works }) => !works);
    const busyUntil = Math.max(-Infinity, ...carried.map(({ ready }) => ready.hi));
    this.errands = new Errands(known.errands, scene.problem.now, busyUntil, scene.shut);
    this.#uses = new LatestUses(scene.problem.resources);
    for (const { sample, activity } of scene.running) this.#use(sample, activity, activity.recipe);
    for (const work of started)
      this.#use(work.sample, work, stepOf(scene.samples.get(work.sample)!, work.step)?.recipe);
    for (const { id, frozen } of scene.problem.samples) {
      const standing = frozen === true ? undefined : this.#standing(id);
      if (standing !== undefined && limitedWork(standing) !== undefined) this.#courses.set(id, new Course(standing));
    }
  }

  run(): Outlook {
    const legs = [...this.#courses].flatMap(([id, course]) => course.legs().map((work) => ({ id, work })));
    for (const { id, work } of legs.sort((a, b) => a.work.start - b.work.start)) {
      const course = this.#courses.get(id)!;
      if (!course.isPast(work)) this.#advance(course);
    }
    const shortfalls = new Map([...this.#courses].map(([id, { shortfall }]) => [id, shortfall]));
    return { shortfalls, urgent: this.#urgent };
  }

  #standing(id: string): Standing {
    const known = this.#standings.get(id);
    if (known !== undefined) return known;
    const standing = standingOf(this.#scene, id, this.#started);
    this.#standings.set(id, standing);
    return standing;
  }

  /** What a sample does now. */
  #use(sample: string, { kind, resource }: Pick<Assignment, 'kind' | 'resource'>, recipe: string | undefined): void {
    if (kind === 'process') this.#uses.add(resource, recipe, this.#standing(sample).ready.hi);
  }

  /** Takes a sample through its next limited wait. False when that is being found out already. */
  #advance(course: Course): boolean {
    if (course.open) return false;
    course.open = true;
    const { task } = course;
    const { transport } = this.#scene.problem;
    const strict = this.#inTurn.has(task.id);
    const work = course.nextWork()!;
    const { lag, recipe } = stepOf(task, work.step)!;
    course.beginWait();
    for (const move of course.movesTo(work)) {
      const band = bandOf(this.#scene.problem, task, move);
      const free = this.#room(move, task.id, strict, 0);
      const setout = this.errands.add(task.id, move, band, course.ready, free);
      this.#urgent.add(move);
      course.move(move, band, setout, transport!.pickMs);
    }
    const arrival = Math.max(course.ready.hi, course.since.hi + lag.min);
    const free = Math.max(this.#worker(work, course, strict, arrival), this.#uses.setUpAt(work.resource, recipe));
    const { closed = [] } = this.#resource(work.resource);
    course.work(work, bandOf(this.#scene.problem, task, work), lag, { free, closed, appears: transport === undefined });
    this.#uses.add(work.resource, recipe, course.ready.hi);
    this.#urgent.add(work);
    course.open = false;
    return true;
  }

  /** From when on a move surely finds a place where it leads; -Infinity when it does so at once. */
  #room(move: Assignment, id: string, strict: boolean, level: number): number {
    const { samples, comingTo } = this.#scene;
    const target = this.#resource(move.to!);
    const work = comingTo.get(target.id)?.find(({ kind, sample }) => kind === 'process' && sample === id);
    const limited = work?.step === move.step && stepOf(samples.get(id)!, work.step)?.lag.max !== undefined;
    const users = this.#usersOf(target.id, id);
    const crew = limited ? this.#crewOf(work) : [];
    const door = target.kind === 'batch' ? this.#doorOpens(target.id, users, crew) : -Infinity;
    const comers = strict ? this.#comers(move, id, target.id, crew) : 0;
    if (target.kind === 'batch' && !limited && this.#foreign(target.id, id, work)) return Infinity;
    const leaving = users.length + comers - target.capacity + 1;
    return Math.max(door, this.#leave(users, target.id, leaving, strict, level));
  }

  /** When `count` of these samples have surely left the resource. */
  #leave(users: readonly string[], resource: string, count: number, strict: boolean, level: number): number {
    if (count <= 0) return -Infinity;
    if (count > users.length) return Infinity;
    const ends: number[] = [];
    const tails: { readonly id: string; readonly visit: Visit }[] = [];
    for (const id of users) {
      const visit = this.#visitTo(resource, id);
      if (visit?.until !== undefined) ends.push(visit.until);
      else if (visit !== undefined) tails.push({ id, visit });
    }
    const nextStart = ({ rest }: Visit) => rest[0]?.start ?? -Infinity;
    tails.sort((a, b) => nextStart(a.visit) - nextStart(b.visit));
    for (const { id, visit } of tails) if (ends.length < count) ends.push(this.#escape(id, visit, strict, level));
    return ends.length < count ? Infinity : ends.sort((a, b) => a - b)[count - 1]!;
  }

  /** The last stay of a sample at a resource; undefined while that is being found out, or when there is none. */
  #visitTo(resource: string, id: string): Visit | undefined {
    const guest = this.#guests.get(resource)?.get(id);
    if (guest !== undefined) return guest;
    const { place, ready, works, rest, left } = this.#standing(id);
    const leaving = left?.place === resource ? { resource, until: left.until, ready, works: false, rest } : undefined;
    const course = this.#courses.get(id);
    if (course === undefined) return place === resource ? { resource, until: undefined, ready, works, rest } : leaving;
    while (course.isAt(resource) && course.nextWork() !== undefined) if (!this.#advance(course)) return undefined;
    return course.visits().findLast((visit) => visit.resource === resource) ?? leaving;
  }

  /** Other samples that are at the resource or promised a place there. */
  #usersOf(resource: string, id: string): string[] {
    const users = new Set(this.#scene.holders.get(resource)?.map(({ sample }) => sample));
    for (const { kind, sample, to, resource: where } of this.#started)
      if ((kind === 'move' ? to : where) === resource) users.add(sample);
    for (const [other, course] of this.#courses)
      if (course.visits().some((visit) => visit.resource === resource)) users.add(other);
    for (const guest of this.#guests.get(resource)?.keys() ?? []) users.add(guest);
    users.delete(id);
    return [...users];
  }

  /** When the sample surely gives its place back, if it must; then what it needs for that becomes urgent. */
  #escape(id: string, visit: Visit, strict: boolean, level: number): number {
    const key = `${id} ${visit.resource}`;
    const known = this.#escapes.get(key);
    if (known !== undefined) return known;
    this.#escapes.set(key, Infinity);
    const time = this.#findEscape(this.#scene.samples.get(id)!, visit, strict, level);
    this.#escapes.set(key, time);
    return time;
  }

  #findEscape(task: SampleTask, { resource, ready, rest }: Visit, strict: boolean, level: number): number {
    const { transport } = this.#scene.problem;
    if (task.frozen === true) return Infinity;
    if (transport === undefined) return ready.hi;
    let span = ready;
    for (const next of rest) {
      if (next.kind === 'process') {
        const after = this.#workOut(task, next, span);
        if (after === undefined) return Infinity;
        span = after;
        continue;
      }
      const free = level < depth ? this.#room(next, task.id, strict, level + 1) : Infinity;
      if (free === Infinity) return Infinity;
      const band = bandOf(this.#scene.problem, task, next);
      const { latest } = this.errands.add(task.id, next, band, span, free);
      this.#urgent.add(next);
      this.#welcome(next.to!, task.id, {
        resource: next.to!,
        until: undefined,
        works: false,
        ready: { lo: span.lo + band.low, hi: latest + band.high },
        rest: rest.slice(rest.indexOf(next) + 1),
      });
      return latest + transport.pickMs;
    }
    return task.out === undefined || task.out === resource ? span.hi : Infinity;
  }

  /** The end of a step that stands in the way, when nothing can hold it up; undefined when something can. */
  #workOut(task: SampleTask, work: Assignment, span: Span): Span | undefined {
    const { kind, capacity, concurrency, closed = [] } = this.#resource(work.resource);
    if (kind !== 'station' || concurrency < capacity || isHead(this.#scene, work)) return undefined;
    const { low, high } = bandOf(this.#scene.problem, task, work);
    const { lag, recipe } = stepOf(task, work.step)!;
    this.#urgent.add(work);
    const from = Math.max(span.hi + lag.min, this.#uses.setUpAt(work.resource, recipe));
    const last = opensAt(closed, from, work.end - work.start);
    this.#uses.add(work.resource, recipe, last + high);
    return { lo: span.lo + low, hi: last + high };
  }

  /** From when on the resource surely can begin to work on the sample; -Infinity when as soon as that is there. */
  #worker(work: Assignment, { task: { id }, place }: Course, strict: boolean, arrival: number): number {
    const resource = this.#resource(work.resource);
    if (resource.kind === 'batch') return this.#runStarts(work, id, place, strict, arrival);
    const appears = this.#scene.problem.transport === undefined;
    if (!appears && resource.concurrency === resource.capacity) return -Infinity;
    const ends: number[] = [];
    for (const user of this.#usersOf(resource.id, id)) {
      const { works, place: where, ready } = this.#standing(user);
      if (this.#courses.has(user)) ends.push(this.#visitTo(resource.id, user)?.ready.hi ?? Infinity);
      else if (works && where === resource.id) ends.push(ready.hi);
    }
    const comers = strict && appears ? this.#comers(work, id, resource.id, []) : 0;
    const count = ends.length + comers - resource.concurrency + 1;
    if (count <= 0) return -Infinity;
    return count > ends.length ? Infinity : ends.sort((a, b) => a - b)[count - 1]!;
  }

  /** A run with a limited wait before it starts when all who come to it within such a wait are there, and nobody else. */
  #runStarts(work: Assignment, id: string, place: string | undefined, strict: boolean, arrival: number): number {
    const { resource, batch } = work;
    const crew = this.#crewOf(work);
    const appears = this.#scene.problem.transport === undefined;
    const others = this.#usersOf(resource, id).filter((user) => !crew.includes(user));
    const comers = strict && appears ? this.#comers(work, id, resource, crew) : 0;
    let starts = this.#leave(others, resource, others.length + comers, strict, 0);
    this.arrivals.set(work, arrival);
    for (const mate of this.#scene.batches.get(batch ?? '') ?? []) {
      const member = mate.sample;
      if (member === id) continue;
      const standing = this.#standing(member);
      // Those who are in the run before are there when this one is.
      if (standing.works && standing.place === resource && place === resource) continue;
      const { min = 0 } = stepOf(standing.task, mate.step)?.lag ?? {};
      const rested = standing.place === resource ? (standing.since?.hi ?? -Infinity) + min : -Infinity;
      starts = Math.max(starts, this.#known.arrivals.get(mate) ?? rested);
    }
    return starts;
  }

  #crewOf = ({ batch }: Assignment): readonly string[] =>
    batch === undefined ? [] : (this.#scene.batches.get(batch) ?? []).map(({ sample }) => sample);

  /** How many come to the resource before in the plan whose waits do not run yet. */
  #comers(arrival: Assignment, id: string, resource: string, crew: readonly string[]): number {
    const comers = new Set<string>();
    for (const other of this.#scene.comingTo.get(resource) ?? []) {
      if (other === arrival) break;
      const { kind, sample } = other;
      if (sample === id || (kind === 'process' && this.#scene.problem.transport !== undefined)) continue;
      if (!crew.includes(sample) && !this.#courses.has(sample) && !this.#started.includes(other)) comers.add(sample);
    }
    return comers.size;
  }

  /** True when a run that the sample is not part of comes first in the plan. */
  #foreign(resource: string, id: string, own: Assignment | undefined): boolean {
    for (const other of this.#scene.comingTo.get(resource) ?? []) {
      if (other === own) return false;
      if (
        other.kind === 'process' &&
        other.sample !== id &&
        other.batch !== own?.batch &&
        !this.#started.includes(other)
      )
        return true;
    }
    return false;
  }

  /** When all runs there are over, but the one that these share. */
  #doorOpens(resource: string, users: readonly string[], crew: readonly string[]): number {
    let opens = -Infinity;
    for (const user of users) {
      const { works, place, ready } = this.#standing(user);
      if (works && place === resource) opens = Math.max(opens, ready.hi);
      if (crew.includes(user) || !this.#courses.has(user)) continue;
      const visit = this.#visitTo(resource, user);
      if (visit?.works !== false) opens = Math.max(opens, visit?.ready.hi ?? Infinity);
    }
    return opens;
  }

  #welcome(resource: string, id: string, visit: Visit): void {
    const guests = this.#guests.get(resource) ?? new Map<string, Visit>();
    this.#guests.set(resource, guests.set(id, visit));
  }

  #resource = (id: string): Resource => this.#scene.problem.resources.find((resource) => resource.id === id)!;
}
