import type {
  Assignment,
  DurationBand,
  RunningActivity,
  SampleTask,
  SchedulingProblem,
  Use,
} from '../../../src/scheduling/model.ts';

/** One thing that was done, with the times that it really took; ms. */
export interface Deed {
  readonly sample: string;
  readonly step: string;
  readonly kind: Assignment['kind'];
  readonly resource: string;
  readonly from: string | undefined;
  readonly to: string;
  readonly start: number;
  readonly end: number;
}

/** What decides when something starts. */
export interface Policy {
  decide(problem: SchedulingProblem): Decision;
}

export interface Decision {
  readonly start: readonly Assignment[];
  /** When to ask again although nothing has happened. */
  readonly wakeAt?: number | undefined;
  /** Samples that are given up because a maximum wait has passed; they are taken out of the lab. */
  readonly missed: readonly string[];
}

/** How long something takes, given its band and a name that is the same under every policy. */
export type Draw = (name: string, band: DurationBand) => number;

interface Doing {
  readonly deed: Deed;
  readonly band: DurationBand;
  readonly recipe: string | undefined;
}

interface Sample {
  readonly task: SampleTask;
  at: string | undefined;
  next: number;
  lastStepEnd: number | undefined;
  doing: Doing | undefined;
  discarded: boolean;
}

export interface Run {
  readonly deeds: readonly Deed[];
  readonly discarded: readonly string[];
  readonly makespan: number;
  /** Nothing went on although samples were left. */
  readonly stuck: boolean;
}

/** Plays a campaign forward: the policy starts things, and time brings their ends. Believes whatever it is told to start. */
export class Player {
  readonly #problem: SchedulingProblem;
  readonly #draw: Draw;
  readonly #samples: Sample[];
  readonly #byId: ReadonlyMap<string, Sample>;
  readonly #deeds: Deed[] = [];
  readonly #last = new Map<string, Use>();
  #now: number;

  constructor(problem: SchedulingProblem, draw: Draw) {
    this.#problem = problem;
    this.#draw = draw;
    this.#now = problem.now;
    this.#samples = problem.samples.map((task) => ({
      task,
      at: task.at,
      next: 0,
      lastStepEnd: undefined,
      doing: undefined,
      discarded: false,
    }));
    this.#byId = new Map(this.#samples.map((sample) => [sample.task.id, sample]));
  }

  /** Until all samples are done, nothing goes on, or `limit` (ms) has passed. */
  play(policy: Policy, limit: number): Run {
    for (let wake = this.#now; this.#left().length > 0;) {
      const ends = this.#samples.map(({ doing }) => doing?.deed.end ?? Infinity);
      const next = Math.min(wake, ...ends);
      if (!(next < limit)) return this.#run(true);
      this.#now = Math.max(this.#now, next);
      for (const sample of this.#samples) this.#end(sample);
      const { start, wakeAt = Infinity, missed } = policy.decide(this.#view());
      this.#start(start);
      for (const id of missed) this.#discard(this.#byId.get(id)!);
      wake = missed.length > 0 ? this.#now : wakeAt;
    }
    return this.#run(false);
  }

  #run(stuck: boolean): Run {
    const discarded = this.#samples.filter((sample) => sample.discarded).map(({ task }) => task.id);
    const makespan = this.#deeds.reduce((latest, { end }) => Math.max(latest, end), this.#problem.now);
    return { deeds: this.#deeds, discarded, makespan, stuck };
  }

  #left = (): Sample[] => this.#samples.filter((sample) => !this.#isDone(sample));

  #isDone({ task, at, next, doing, discarded }: Sample): boolean {
    if (doing !== undefined || (!discarded && next < task.remaining.length)) return false;
    return this.#problem.transport === undefined || task.out === undefined || at === undefined || at === task.out;
  }

  #discard(sample: Sample): void {
    sample.discarded = true;
    sample.next = sample.task.remaining.length;
  }

  #end(sample: Sample): void {
    if (sample.doing === undefined || sample.doing.deed.end > this.#now) return;
    const { recipe, deed } = sample.doing;
    const { kind, to, end } = deed;
    sample.doing = undefined;
    sample.at = this.#problem.transport === undefined ? undefined : to;
    if (kind !== 'process') return;
    sample.lastStepEnd = end;
    this.#last.set(to, { recipe, end });
  }

  #view(): SchedulingProblem {
    const resources = this.#problem.resources.map((resource) => {
      const last = resource.setup === undefined ? undefined : this.#last.get(resource.id);
      return last === undefined ? resource : { ...resource, last };
    });
    return { ...this.#problem, resources, now: this.#now, samples: this.#left().map((sample) => this.#task(sample)) };
  }

  #task({ task, at, next, lastStepEnd, doing }: Sample): SampleTask {
    const { at: _, ...rest } = task;
    return {
      ...rest,
      remaining: next === 0 ? task.remaining : task.remaining.slice(next),
      ...(at === undefined ? {} : { at }),
      ...(lastStepEnd === undefined ? {} : { lastStepEnd }),
      ...(doing === undefined ? {} : { running: this.#running(doing) }),
    };
  }

  /** As the engine guesses: typical, then the end of the band, then ever later. */
  #running({ deed: { kind, step, resource, to, start }, band, recipe }: Doing): RunningActivity {
    const [earliestEnd, latestEnd] = [start + band.low, start + band.high];
    const over = this.#now + Math.max(1000, Math.round((this.#now - start) / 10));
    const expectedEnd =
      this.#now < start + band.typical ? start + band.typical : this.#now < latestEnd ? latestEnd : over;
    const times = { start, expectedEnd, earliestEnd, latestEnd };
    return { kind, step, resource, to, ...times, ...(recipe === undefined ? {} : { recipe }) };
  }

  /** Members of a run take equally long: the time is that of the first of them by name. */
  #start(assignments: readonly Assignment[]): void {
    for (const { sample: id, step, kind, resource, from, to = resource } of assignments) {
      const sample = this.#byId.get(id)!;
      const together = assignments.filter((other) => other.kind === 'process' && other.resource === resource);
      const batch = kind === 'process' && this.#problem.resources.find((r) => r.id === resource)?.kind === 'batch';
      const [leader = ''] = batch ? together.map((other) => `${other.sample}/${other.step}`).sort() : [`${id}/${step}`];
      const band = this.#bandOf(sample, kind, resource, from, to);
      const end = this.#now + this.#draw(`${leader}/${kind}/${to}`, band);
      const deed = { sample: id, step, kind, resource, from, to, start: this.#now, end };
      this.#deeds.push(deed);
      const recipe = kind === 'move' ? undefined : sample.task.remaining[sample.next]!.recipe;
      sample.doing = { deed, band, recipe };
      if (kind === 'move') continue;
      sample.at = resource;
      sample.next += 1;
    }
  }

  #bandOf({ task, next }: Sample, kind: Deed['kind'], resource: string, from: string | undefined, to: string) {
    if (kind === 'move') return this.#problem.transport!.travel[from!]![to]!;
    return task.remaining[next]!.alternatives.find((one) => one.resource === resource)!.duration;
  }
}
