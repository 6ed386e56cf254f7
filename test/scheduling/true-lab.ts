import { invariant } from '../../src/base/invariant.ts';
import type { Stream } from '../../src/base/random.ts';
import type {
  Assignment,
  ClosedStretch,
  DurationBand,
  Resource,
  SampleTask,
  SchedulingProblem,
  StepTask,
  Use,
} from '../../src/scheduling/model.ts';
import type { Arrival, RandomLab } from './random-lab.ts';

interface Doing {
  readonly assignment: Assignment;
  readonly start: number;
  readonly band: DurationBand;
  readonly end: number;
}

interface Sample {
  readonly arrival: Arrival;
  at: string | undefined;
  doing: Doing | undefined;
  remaining: StepTask[];
  lastStepEnd: number | undefined;
  finished: boolean;
  discarded: boolean;
  frozenUntil: number;
}

export interface TruthOptions {
  /** Chance that a duration leaves its band. */
  readonly wild: number;
}

/**
 * The lab as it really is, on a virtual clock, with its own idea of what is possible: every start that would put two samples
 * in one place, pass a closed door, use an arm twice, miss a lag or use what is lost is an error here, whatever planner and
 * checker think of it.
 */
export class TrueLab {
  readonly lab: RandomLab;
  readonly samples: Sample[] = [];
  readonly lost = new Map<string, number>();
  now = 0;
  missed = 0;
  readonly #random: Stream;
  readonly #options: TruthOptions;
  readonly #last = new Map<string, Use>();
  readonly #departing: { resource: string; until: number }[] = [];

  constructor(lab: RandomLab, random: Stream, options: TruthOptions) {
    this.lab = lab;
    this.#random = random;
    this.#options = options;
  }

  get finished(): boolean {
    return this.samples.length === this.lab.arrivals.length && this.samples.every((sample) => sample.finished);
  }

  /** The next time at which something happens by itself. */
  nextEvent(): number {
    const arrival = this.lab.arrivals[this.samples.length]?.time ?? Infinity;
    const ends = this.samples.map(({ doing }) => doing?.end ?? Infinity);
    const frozen = this.samples.map(({ frozenUntil }) => (frozenUntil > this.now ? frozenUntil : Infinity));
    const recoveries = [...this.lost.values()];
    return Math.min(arrival, ...ends, ...frozen, ...recoveries);
  }

  /** Lets time pass to `time`: arrivals, ends, recoveries. */
  advance(time: number): void {
    this.now = time;
    for (let next = this.lab.arrivals[this.samples.length]; next !== undefined && next.time <= time;) {
      this.samples.push(sampleOf(next));
      next = this.lab.arrivals[this.samples.length];
    }
    for (const sample of this.samples)
      if (sample.doing !== undefined && sample.doing.end <= time) this.#end(sample, sample.doing);
    for (const [id, until] of this.lost) if (until <= time) this.lost.delete(id);
  }

  lose(id: string, until: number): void {
    this.lost.set(id, until);
  }

  freeze(index: number, until: number): void {
    const sample = this.samples[index]!;
    if (!sample.finished && sample.at !== undefined) sample.frozenUntil = until;
  }

  /** A person gives the sample up: it is taken to the end of its way. */
  discard(id: string): void {
    const sample = this.#sample(id);
    sample.remaining = [];
    sample.discarded = true;
    this.missed += 1;
    this.#finishIfDone(sample);
  }

  problem(): SchedulingProblem {
    const { transport, aims } = this.lab;
    const samples = this.samples.filter(({ finished }) => !finished).map((sample) => this.#task(sample));
    const resources = this.lab.resources.map((resource) => {
      const last = resource.setup === undefined ? undefined : this.#last.get(resource.id);
      return { ...resource, available: !this.lost.has(resource.id), ...(last === undefined ? {} : { last }) };
    });
    return { now: this.now, resources, samples, ...aims, ...(transport === undefined ? {} : { transport }) };
  }

  start(assignments: readonly Assignment[]): void {
    for (const assignment of assignments) this.#start(assignment, assignments);
  }

  #task({ arrival, at, doing, remaining, lastStepEnd, frozenUntil }: Sample): SampleTask {
    const { id, priority, time: release, due, out } = arrival;
    return {
      id,
      priority,
      release,
      remaining,
      ...(due === undefined ? {} : { due }),
      ...(at === undefined ? {} : { at }),
      ...(out === undefined ? {} : { out }),
      ...(lastStepEnd === undefined ? {} : { lastStepEnd }),
      ...(frozenUntil > this.now ? { frozen: true } : {}),
      ...(doing === undefined ? {} : { running: this.#running(doing) }),
    };
  }

  #running({ assignment, start, band }: Doing): NonNullable<SampleTask['running']> {
    const { sample, kind, step, resource, to = resource } = assignment;
    const recipe = kind === 'move' ? undefined : this.#stepOf(sample, step).recipe;
    const guesses = [start + band.typical, start + band.high, this.now];
    const expectedEnd = guesses.find((guess) => guess >= this.now)!;
    return {
      kind,
      step,
      resource,
      to,
      start,
      expectedEnd,
      earliestEnd: start + band.low,
      latestEnd: start + band.high,
      ...(recipe === undefined ? {} : { recipe }),
    };
  }

  #sample(id: string): Sample {
    return this.samples.find(({ arrival }) => arrival.id === id)!;
  }

  #end(sample: Sample, { assignment }: Doing): void {
    sample.doing = undefined;
    if (assignment.kind === 'process') {
      sample.lastStepEnd = this.now;
      const { recipe } = this.#stepOf(assignment.sample, assignment.step);
      this.#last.set(assignment.resource, { recipe, end: this.now });
    } else sample.at = assignment.to;
    this.#finishIfDone(sample);
    if (this.lab.transport === undefined && !sample.finished) sample.at = undefined;
  }

  #finishIfDone(sample: Sample): void {
    const { out } = sample.arrival;
    if (sample.doing !== undefined || sample.remaining.length > 0) return;
    if (out === undefined || sample.at === undefined || sample.at === out) {
      sample.finished = true;
      sample.frozenUntil = 0;
    }
  }

  #start(assignment: Assignment, together: readonly Assignment[]): void {
    const sample = this.#sample(assignment.sample);
    const what = `${assignment.kind} ${assignment.step} of ${assignment.sample} on ${assignment.resource} at ${this.now}`;
    invariant(sample.doing === undefined, `${what}: the sample is busy`);
    invariant(!(sample.frozenUntil > this.now), `${what}: the sample is frozen`);
    if (assignment.kind === 'move') return this.#move(sample, assignment, what);
    const step = sample.remaining[0];
    invariant(step?.id === assignment.step, `${what}: not the next step`);
    this.#checkLags(sample, step, what);
    this.#checkDevice(sample, assignment, what);
    const { duration: band } = step.alternatives.find(({ resource }) => resource === assignment.resource)!;
    const mates = together.filter((other) => other.kind === 'process' && other.resource === assignment.resource);
    const resource = this.#resource(assignment.resource);
    if (resource.kind === 'batch') this.#checkBatch(resource, mates, what);
    const running = mates.map((mate) => this.#sample(mate.sample).doing).find((doing) => doing !== undefined);
    const end = (resource.kind === 'batch' && running?.end) || this.now + this.#duration(band);
    sample.doing = { assignment, start: this.now, band, end };
    sample.at = assignment.resource;
    sample.remaining = sample.remaining.slice(1);
  }

  #checkLags({ lastStepEnd }: Sample, { lag }: StepTask, what: string): void {
    if (lastStepEnd === undefined) return;
    const wait = this.now - lastStepEnd;
    invariant(wait >= lag.min, `${what}: only ${wait} after the step before`);
    invariant(wait <= (lag.max ?? Infinity), `${what}: already ${wait} after the step before`);
  }

  #checkDevice(sample: Sample, { resource: id, step }: Assignment, what: string): void {
    const resource = this.#resource(id);
    invariant(!this.lost.has(id), `${what}: it is lost`);
    this.#checkOpen(resource.closed, what);
    this.#checkSetup(resource, this.#stepOf(sample.arrival.id, step).recipe, what);
    if (this.lab.transport === undefined || sample.at === undefined) this.#checkRoom(id, what);
    else invariant(sample.at === id, `${what}: the sample is at ${sample.at}`);
    const working = this.samples.filter(
      ({ doing }) => doing?.assignment.kind === 'process' && doing.assignment.resource === id,
    );
    if (resource.kind === 'station')
      invariant(working.length < resource.concurrency, `${what}: all its workers are busy`);
  }

  #checkSetup({ id, setup = 0, changes = [] }: Resource, recipe: string | undefined, what: string): void {
    const last = this.#last.get(id);
    if (last === undefined || last.recipe === recipe) return;
    const time = changes.find(({ from, to }) => from === last.recipe && to === recipe)?.time ?? setup;
    invariant(this.now >= last.end + time, `${what}: it is set up until ${last.end + time}`);
  }

  /** What runs on into a closed stretch may: only nothing begins in one. */
  #checkOpen(closed: readonly ClosedStretch[] = [], what: string): void {
    const stretch = closed.find(({ from, to }) => from <= this.now && this.now < to);
    invariant(stretch === undefined, `${what}: it is closed until ${stretch?.to}`);
  }

  #checkBatch(resource: Resource, mates: readonly Assignment[], what: string): void {
    const names = new Set(mates.map(({ sample }) => sample));
    invariant(mates.length <= resource.capacity, `${what}: the batch is too large`);
    const recipes = new Set(mates.map(({ sample, step }) => this.#stepOf(sample, step).recipe));
    invariant(recipes.size === 1, `${what}: mixed recipes`);
    for (const { arrival, at, doing } of this.samples) {
      if (names.has(arrival.id)) continue;
      const inside = at === resource.id && doing?.assignment.kind === 'process';
      invariant(!inside, `${what}: ${arrival.id} runs in it`);
      const stays = this.lab.transport !== undefined && at === resource.id && !this.#gone(arrival.id);
      invariant(!stays, `${what}: ${arrival.id} is inside`);
      invariant(doing?.assignment.to !== resource.id, `${what}: ${arrival.id} is arriving`);
    }
    invariant(
      !this.#departing.some((d) => d.resource === resource.id && d.until > this.now),
      `${what}: the door is passed`,
    );
  }

  #stepOf(id: string, step: string): StepTask {
    return this.#sample(id).arrival.steps.find((candidate) => candidate.id === step)!;
  }

  /** True when the sample has been picked up already, or is finished. */
  #gone(id: string): boolean {
    const { finished, doing } = this.#sample(id);
    return finished || (doing?.assignment.kind === 'move' && doing.start + this.lab.transport!.pickMs <= this.now);
  }

  #checkRoom(id: string, what: string): void {
    const inside = this.samples.filter(({ arrival, at, doing, frozenUntil }) => {
      if (doing?.assignment.to === id) return true;
      if (this.lab.transport === undefined)
        return doing?.assignment.resource === id || (frozenUntil > this.now && at === id);
      return at === id && !this.#gone(arrival.id);
    });
    invariant(inside.length < this.#resource(id).capacity, `${what}: no place at ${id}`);
  }

  #move(sample: Sample, move: Assignment, what: string): void {
    const { transport } = this.lab;
    const { from = '', to = '' } = move;
    const band = transport?.travel[from]?.[to];
    invariant(transport !== undefined && band !== undefined, `${what}: no way from ${from} to ${to}`);
    invariant(transport.transporters.includes(move.resource), `${what}: no such transporter`);
    invariant(sample.at === from, `${what}: the sample is at ${sample.at}`);
    invariant(!this.lost.has(to), `${what}: ${to} is lost`);
    const busy = this.samples.find(
      ({ doing }) => doing?.assignment.kind === 'move' && doing.assignment.resource === move.resource,
    );
    invariant(busy === undefined, `${what}: the transporter moves ${busy?.arrival.id}`);
    this.#checkOpen(transport.closed?.[move.resource], what);
    this.#checkRoom(to, what);
    for (const id of [from, to]) this.#checkDoor(id, what);
    this.#departing.push({ resource: from, until: this.now + transport.pickMs });
    sample.doing = { assignment: move, start: this.now, band, end: this.now + this.#duration(band) };
  }

  #checkDoor(id: string, what: string): void {
    if (this.#resource(id).kind !== 'batch') return;
    const closed = this.samples.some(
      ({ doing }) => doing?.assignment.kind === 'process' && doing.assignment.resource === id,
    );
    invariant(!closed, `${what}: the door of ${id} is closed`);
  }

  #resource(id: string): Resource {
    return this.lab.resources.find((resource) => resource.id === id)!;
  }

  #duration({ low, typical, high }: DurationBand): number {
    if (this.#random.chance(this.#options.wild)) return Math.round(typical * (1.2 + 3 * this.#random.next()));
    return Math.round(low + (high - low) * this.#random.next());
  }
}

const sampleOf = (arrival: Arrival): Sample => ({
  arrival,
  at: arrival.at,
  doing: undefined,
  remaining: [...arrival.steps],
  lastStepEnd: undefined,
  finished: false,
  discarded: false,
  frozenUntil: 0,
});
