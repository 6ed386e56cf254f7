/**
 * The scheduler's own words: plain data in, plain data out. All times are integer milliseconds on one axis (`now` included).
 * A sample visits its steps in the given order; it always is at some resource, and moves between them by a transporter.
 */

export interface DurationBand {
  readonly low: number;
  readonly typical: number;
  readonly high: number;
}

/** A stretch of time, ms, in which nothing is begun that has not ended before it; `to` is exclusive, and may be Infinity. */
export interface ClosedStretch {
  readonly from: number;
  readonly to: number;
}

export interface Resource {
  readonly id: string;
  /**
   * station: works on up to `capacity` samples at once, each on its own.
   * batch: works on up to `capacity` samples that start and end together and have the same recipe; its door is closed
   *   while it works, so nothing arrives or leaves.
   * rack: only keeps samples.
   */
  readonly kind: 'station' | 'batch' | 'rack';
  /** Places for samples, >= 1. A sample holds a place from the start of the move that brings it. */
  readonly capacity: number;
  /** How many samples it works on at once, <= capacity; a liquid handler with 4 places and one arm works on 1. */
  readonly concurrency: number;
  /** Not to be used for new assignments (lost, in error, in maintenance). */
  readonly available: boolean;
  /** Sorted and disjoint: no work may overlap one, but samples may stay, arrive and leave. Open for ever after the last. */
  readonly closed?: readonly ClosedStretch[];
  /** No stretch in which it is open is longer than this, ms, whatever comes after the last of `closed`. */
  readonly longestOpen?: number;
  /**
   * Time between the end of one use (a step of a station that works on one sample at a time, or a run of a batch resource) and the
   * start of the next one of another recipe, ms. No sample need be there meanwhile, and one may be; it goes on while the
   * resource is closed. Between equal recipes there is none; two uses without recipe are equal.
   */
  readonly setup?: number;
  /** Where another time than `setup` is needed; none may be longer than a way over a third recipe. */
  readonly changes?: readonly SetupChange[];
  /** What it was last used for, before what it does now. */
  readonly last?: Use;
}

export interface SetupChange {
  readonly from: string;
  readonly to: string;
  readonly time: number;
}

export interface Use {
  readonly recipe?: string | undefined;
  readonly end: number;
}

export interface Transport {
  /** One sample at a time each. */
  readonly transporters: readonly string[];
  /** How long a move lasts; also when from and to are places of one resource it is never called. */
  readonly travel: Readonly<Record<string, Readonly<Record<string, DurationBand>>>>;
  /** The place that a sample leaves is free this long after its move starts. */
  readonly pickMs: number;
  /** By transporter, as of a resource: no move may overlap one. */
  readonly closed?: Readonly<Record<string, readonly ClosedStretch[]>>;
}

export interface StepTask {
  /** Unique within the sample. */
  readonly id: string;
  readonly alternatives: readonly {
    readonly resource: string;
    readonly duration: DurationBand;
    /** W that the step draws there beyond what the resource draws at rest, for all samples of a batch together; 0 when absent. */
    readonly power?: number;
  }[];
  /** Samples share a batch only with equal recipes. */
  readonly recipe?: string;
  /** From the end of the step before to the start of this one. */
  readonly lag: { readonly min: number; readonly max?: number };
}

/** A bound on the time between two points of two steps of one sample: min <= time of `to` - time of `from` <= max, in ms. */
export interface StepLink {
  readonly from: StepPoint;
  readonly to: StepPoint;
  /** May be negative. */
  readonly min?: number;
  readonly max?: number;
}

export interface StepPoint {
  readonly step: string;
  readonly point: 'start' | 'end';
}

export interface RunningActivity {
  readonly kind: 'process' | 'move';
  /** Step id; of a move the step that it leads to, or `out`. */
  readonly step: string;
  /** The resource that works, or the transporter. */
  readonly resource: string;
  /** Where the sample will be when it ends; the same resource for a process. */
  readonly to: string;
  readonly start: number;
  /** Best guess, > now - 1. */
  readonly expectedEnd: number;
  /** It ends in this span, however long it takes within its band; absent: exactly at `expectedEnd`. */
  readonly earliestEnd?: number;
  readonly latestEnd?: number;
  /** Of a process: what the resource has to be set up for others after. */
  readonly recipe?: string;
}

export interface SampleTask {
  readonly id: string;
  /** Larger is more urgent. */
  readonly priority: number;
  readonly release: number;
  /** When all that is left should be done; later is late, by the objective. */
  readonly due?: number;
  /** Where the sample is now, or where the running move picked it up; undefined when it has not entered the lab. */
  readonly at?: string;
  readonly running?: RunningActivity;
  /** End of the step before the first remaining one, for its lags; undefined at the beginning. */
  readonly lastStepEnd?: number;
  /** Steps not started yet, in order. A running process is not among them; a running move leads to the first. */
  readonly remaining: readonly StepTask[];
  /**
   * Absent, as usual: the steps are a chain. Present: they may run in any order and at the same time, as parts of a sample
   * do, and only these links bind them; their own lags are not used. For planning ahead: without transport, and before
   * anything of the sample has begun.
   */
  readonly links?: readonly StepLink[];
  /** After the last step the sample is moved here (a rack); absent: it stays and its place is free at once. */
  readonly out?: string;
  /** It must not be touched (a person decides); it only keeps its place. */
  readonly frozen?: boolean;
}

export interface SchedulingProblem {
  readonly now: number;
  readonly resources: readonly Resource[];
  /** Absent in a lab without transport: samples then appear where they are needed. */
  readonly transport?: Transport;
  readonly samples: readonly SampleTask[];
  /** What plans are judged by; all samples early on average and the last not late when absent. */
  readonly objective?: Objective;
  /** What a joule costs, in whatever is to be saved, from each time on; sorted by time, from `now` or before. 0 when absent. */
  readonly rates?: readonly Rate[];
}

export interface Rate {
  readonly from: number;
  readonly perJoule: number;
}

/** Weighted sums, the most important first: a later one chooses between plans that are equal in those before. */
export type Objective = readonly Weights[];

/** Of what a sum consists; times in ms, absent: 0. The less the better. */
export interface Weights {
  /** From now to the end of the last sample. */
  readonly makespan?: number;
  /** From now to the end of a sample: the mean, weighted by 1 + its priority above the least one. */
  readonly completion?: number;
  /** The mean over all samples of their waits, beyond the minimum, before steps that have a maximum wait. */
  readonly waiting?: number;
  /** From when a sample is due to its end, nothing where it is early: the mean, weighted as above. */
  readonly lateness?: number;
  /** What the energy of all steps costs, by the rates. */
  readonly energy?: number;
}

export interface Assignment {
  readonly sample: string;
  /** Step id, or `out` for the last move. */
  readonly step: string;
  readonly kind: 'process' | 'move';
  /** The resource that works, or the transporter that moves. */
  readonly resource: string;
  /** Moves only. */
  readonly from?: string;
  readonly to?: string;
  readonly start: number;
  readonly end: number;
  /** Assignments of one batch share this. */
  readonly batch?: string;
  /** Already started: part of the picture, not of the future. */
  readonly fixed?: boolean;
}

/**
 * unavailable: it needs a resource that is not available now, and will be planned again when that is.
 * blocked: a place that it needs stays taken, or a maximum wait cannot be kept at present; it may be possible later.
 * missed: a maximum wait has passed for good; somebody has to decide, by changing its remaining steps or lags.
 * incapable: the lab cannot do it, whatever happens.
 */
export type UnplannedCause = 'unavailable' | 'blocked' | 'missed' | 'incapable';

export interface Unplanned {
  readonly sample: string;
  /** One sentence. */
  readonly reason: string;
  readonly cause: UnplannedCause;
  /** After this time its running maximum wait is missed for good. */
  readonly until?: number;
}

export interface Plan {
  readonly assignments: readonly Assignment[];
  readonly makespan: number;
  /** Samples that cannot be planned, each with the reason in a sentence. */
  readonly unplanned: readonly Unplanned[];
  /** It was made to get samples out of each other's way, whatever it takes: a better one is looked for at every turn. */
  readonly makeshift?: true;
  /** Nothing that draws power runs while a joule costs more than this: so the objective is served best. */
  readonly ceiling?: number;
}

/** What may not start yet. */
export interface Wait {
  readonly assignment: Assignment;
  /** One sentence. */
  readonly reason: string;
  /** When what it waits for is expected to be over, where that is known. */
  readonly due?: number;
  /** It waits until a resource or transporter is open for long enough. */
  readonly opening?: Opening;
}

export interface Opening {
  readonly resource: string;
  /** When it closes next, or has closed. */
  readonly closes: number;
  readonly opens: number;
  /** The step that is done there, where it is not the one that waits but must follow that soon. */
  readonly follows?: string;
}

/** An assignment that may start now, or one that may not yet, with the reason in a sentence. */
export interface Dispatch {
  readonly start: readonly Assignment[];
  readonly waiting: readonly Wait[];
  /** When to look again although nothing has happened; undefined when only an event can change anything. */
  readonly wakeAt?: number;
}
