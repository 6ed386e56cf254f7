import { check } from '../../../src/scheduling/checker.ts';
import { dispatch } from '../../../src/scheduling/dispatcher.ts';
import type { Assignment, Plan, SchedulingProblem } from '../../../src/scheduling/model.ts';
import { plan } from '../../../src/scheduling/planner.ts';
import type { Decision, Policy } from './player.ts';

/** What the engine does at every event: plan, check, dispatch. */
export class Gated implements Policy {
  readonly #watch: (planMs: number, problem: SchedulingProblem) => void;
  #plan: Plan | undefined;

  constructor(first: Plan | undefined, watch: (planMs: number, problem: SchedulingProblem) => void = () => {}) {
    this.#plan = first;
    this.#watch = watch;
  }

  get plan(): Plan | undefined {
    return this.#plan;
  }

  decide(problem: SchedulingProblem): Decision {
    const begun = performance.now();
    const made = plan(problem, this.#plan);
    this.#watch(performance.now() - begun, problem);
    const faults = check(problem, made);
    if (faults.length > 0) throw new Error(faults.join(' '));
    this.#plan = made;
    const { start, wakeAt } = dispatch(problem, made);
    const missed = made.unplanned.filter(({ cause }) => cause === 'missed').map(({ sample }) => sample);
    return { start, wakeAt, missed };
  }
}

/** Starts everything as soon as the order of the first plan allows, on devices and arm alike, and knows no waits. */
export class OrderFollowing implements Policy {
  readonly #acts: readonly Assignment[];
  readonly #begun = new Set<Assignment>();

  constructor({ assignments }: Plan) {
    this.#acts = assignments.filter(({ fixed }) => fixed !== true);
  }

  decide(problem: SchedulingProblem): Decision {
    const start: Assignment[] = [];
    const wakes: number[] = [];
    const left = this.#acts.filter((act) => !this.#begun.has(act));
    const seen = new Set<string>();
    const state = new Floor(problem);
    for (const act of left) {
      const crew =
        act.kind === 'process' && act.batch !== undefined ? left.filter((a) => a.batch === act.batch) : [act];
      const keys = this.#keys(act);
      const turn = keys.every((key) => !seen.has(key));
      for (const key of keys) seen.add(key);
      const ready = crew.every((member) => left.find((a) => a.sample === member.sample) === member);
      if (start.includes(act) || !turn || !ready) continue;
      const time = Math.max(...crew.map((member) => state.earliest(member, crew, start)));
      if (time > problem.now) {
        if (time < Infinity) wakes.push(time);
        continue;
      }
      for (const member of crew) {
        start.push(member);
        this.#begun.add(member);
      }
    }
    return { start, wakeAt: Math.min(...wakes), missed: [] };
  }

  /** What an act has to wait its turn for: the arm, and the resource that it goes to or is done on. */
  #keys = ({ kind, resource, to }: Assignment): string[] => (kind === 'move' ? [resource, to!] : [resource]);
}

/** What is possible in the lab at this moment. */
class Floor {
  readonly #problem: SchedulingProblem;

  constructor(problem: SchedulingProblem) {
    this.#problem = problem;
  }

  /** When the act can start if nothing else happens; Infinity when something has to happen first. */
  earliest(act: Assignment, crew: readonly Assignment[], start: readonly Assignment[]): number {
    const { samples, transport } = this.#problem;
    const sample = samples.find(({ id }) => id === act.sample);
    if (sample === undefined || sample.running !== undefined) return Infinity;
    const { min = 0 } = sample.remaining[0]?.lag ?? {};
    const rested = act.kind === 'process' ? (sample.lastStepEnd ?? -Infinity) + min : -Infinity;
    const from = Math.max(sample.release, rested);
    if (act.kind === 'process')
      return Math.max(from, this.#working(act, crew, start), this.#setUp(act.resource, sample.remaining[0]?.recipe));
    const arms = samples.some(({ running }) => running?.kind === 'move' && running.resource === act.resource);
    if (arms || start.some((other) => other.kind === 'move' && other.resource === act.resource)) return Infinity;
    if (transport === undefined || this.#isClosed(act.from!, start) || this.#isClosed(act.to!, start)) return Infinity;
    return Math.max(from, this.#room(act.to!, start, []));
  }

  #setUp(id: string, recipe: string | undefined): number {
    const { setup, changes = [], last } = this.#problem.resources.find((resource) => resource.id === id)!;
    if (setup === undefined || last === undefined || last.recipe === recipe) return -Infinity;
    return last.end + (changes.find(({ from, to }) => from === last.recipe && to === recipe)?.time ?? setup);
  }

  #working(act: Assignment, crew: readonly Assignment[], start: readonly Assignment[]): number {
    const { samples, resources, transport } = this.#problem;
    const { kind, concurrency } = resources.find(({ id }) => id === act.resource)!;
    if (kind === 'batch') {
      if (this.#isClosed(act.resource, start)) return Infinity;
      const names = new Set(crew.map(({ sample }) => sample));
      return this.#room(act.resource, start, [...names], 1);
    }
    const works = samples.filter(({ running }) => running?.kind === 'process' && running.resource === act.resource);
    const more = start.filter((other) => other.kind === 'process' && other.resource === act.resource);
    if (works.length + more.length >= concurrency) return Infinity;
    const at = samples.find(({ id }) => id === act.sample)?.at;
    return transport === undefined || at === undefined ? this.#room(act.resource, start, [act.sample]) : -Infinity;
  }

  #isClosed(id: string, start: readonly Assignment[]): boolean {
    if (this.#problem.resources.find((r) => r.id === id)?.kind !== 'batch') return false;
    const runs = this.#problem.samples.some(({ running }) => running?.kind === 'process' && running.resource === id);
    return runs || start.some((other) => other.kind === 'process' && other.resource === id);
  }

  /** When fewer than `limit` others have a place there. */
  #room(id: string, start: readonly Assignment[], own: readonly string[], limit = 0): number {
    const { samples, resources, transport, now } = this.#problem;
    const most = limit || resources.find((r) => r.id === id)!.capacity;
    const untils: number[] = [];
    for (const sample of samples) {
      if (own.includes(sample.id)) continue;
      const { at, running } = sample;
      if (running?.kind === 'move' && running.to === id) untils.push(Infinity);
      else if (running?.kind === 'move' && at === id) untils.push(running.start + transport!.pickMs);
      else if (running?.kind === 'process' && running.resource === id) untils.push(Infinity);
      else if (running === undefined && at === id && transport !== undefined) untils.push(Infinity);
    }
    for (const { kind, to, from, resource, sample } of start) {
      if (own.includes(sample)) continue;
      if ((kind === 'move' ? to : resource) === id && (kind === 'move' || transport === undefined))
        untils.push(Infinity);
      const leaves = kind === 'move' && from === id ? untils.indexOf(Infinity) : -1;
      if (leaves >= 0) untils[leaves] = now + transport!.pickMs;
    }
    const held = untils.filter((until) => until > now).sort((a, b) => a - b);
    return held.length < most ? -Infinity : held[held.length - most]!;
  }
}
