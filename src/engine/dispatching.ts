import type { Clock } from '../base/clock.ts';
import { describeFailure } from '../base/failure.ts';
import { invariant } from '../base/invariant.ts';
import type { CoreState } from '../control/core.ts';
import { currentStop } from '../control/experiment.ts';
import { exceptionOf } from '../control/experiment-effects.ts';
import type { Definition } from '../domain/campaign.ts';
import type { LabEvent, NewEvent, PlannedAct } from '../domain/event.ts';
import { DeviceId, ExperimentId } from '../domain/ids.ts';
import { BetterPlans, type Wish } from '../scheduling/better-plans.ts';
import { check } from '../scheduling/checker.ts';
import { dispatch } from '../scheduling/dispatcher.ts';
import type { Assignment, Plan, SchedulingProblem, Wait } from '../scheduling/model.ts';
import { plan } from '../scheduling/planner.ts';
import { commandFor } from './commands.ts';
import { isAvailable, LabProblem } from './lab-problem.ts';
import { OpeningHours } from './opening-hours.ts';
import { changeOfPinned, orderOf, pinnedPlan } from './pinning.ts';
import type { EngineStatus } from './status.ts';

/** Events after which nothing else can start than before. */
const quiet = new Set<string>([
  'meter.read',
  'command.accepted',
  'message.rejected',
  'order.rejected',
  'lot.registered',
  'experiment.scheduled',
  'plan.changed',
  'plan.improved',
]);

/** Events after which the order of the plan may be another one. */
const afresh = new Set<string>(['device.announced', 'experiment.prioritized', 'plan.unpinned']);

type Waiting = EngineStatus['waiting'][number];

/** Between the plan that has been kept up and a better one, where there may be one. */
type Choose = (problem: SchedulingProblem, kept: Plan) => Plan;

/** Plans, checks the plan, and lets steps start: what the lab looks like goes in, intentions come out. */
export class Dispatching {
  readonly #definition: Definition;
  readonly #clock: Clock;
  readonly #strict: boolean;
  readonly #patience: number;
  readonly #hours: OpeningHours;
  readonly #problem: LabProblem;
  #plan: Plan | undefined;
  #waiting: readonly Waiting[] = [];
  readonly #usable = new Map<string, boolean>();
  /** What can start may have changed. */
  #dirty = true;
  /** Something has started since the plan was made: good for deciding, not for showing. */
  #stale = false;
  #wakeTime: number | undefined;
  readonly #better = new BetterPlans();

  /** `patience` (lab ms): how long samples that have come may wait for a search to end. */
  constructor(definition: Definition, clock: Clock, { strict, patience }: { strict: boolean; patience: number }) {
    this.#patience = patience;
    this.#definition = definition;
    this.#clock = clock;
    this.#strict = strict;
    this.#hours = new OpeningHours(definition.lab);
    this.#problem = new LabProblem(definition, this.#hours);
  }

  /** When to look again although nothing has happened, lab ms. */
  get wakeTime(): number | undefined {
    return this.#wakeTime;
  }

  /** Whether an event may change what can start. */
  note(event: LabEvent): void {
    if (event.type === 'command.intended') this.#stale = true;
    else if (event.type === 'device.changed') this.#noteDevice(event.data);
    else if (afresh.has(event.type)) this.#startAfresh();
    else if (!quiet.has(event.type)) this.#dirty = true;
  }

  /** Whether a device is busy the commands tell already; only its coming and going is news. */
  #noteDevice({ device, state }: { device: string; state: string }): void {
    const usable = state === 'ready' || state === 'busy';
    if (this.#usable.get(device) !== usable) this.#startAfresh();
    this.#usable.set(device, usable);
  }

  /** A plan that was made for other devices would keep samples in line before a few while the others stand idle. */
  #startAfresh(): void {
    this.#plan = undefined;
    this.#better.forget();
    this.#dirty = true;
  }

  /** A search for a better plan that is worth its while now, told once. */
  takeWish(): Wish | undefined {
    return this.#better.takeWish();
  }

  /** What was found for a wish, if anything: taken with the next turn, if it still saves enough by then. */
  offer(wish: Wish, found: Plan | undefined): void {
    this.#better.offer(wish, found);
    this.#dirty = true;
  }

  /** What may start now, as events: commands that are intended, or experiments that cannot go on. */
  next(state: CoreState): NewEvent[] {
    const now = this.#clock.now();
    const due = this.#wakeTime !== undefined && now >= this.#wakeTime;
    if (!this.#dirty && !due) return [];
    this.#dirty = false;
    this.#wakeTime = undefined;
    const phase = String(state.campaign.value);
    if (phase !== 'running' && phase !== 'stopping') {
      this.#waiting = [];
      return [];
    }
    const { problem, checked } = this.#planned(state, now, (...plans) => this.#better.choose(...plans));
    this.#plan = checked;
    this.#stale = false;
    if (state.plan.value !== 'pinned') this.#better.note(problem, checked);
    const { start, waiting, wakeAt } = dispatch(problem, checked);
    this.#wakeTime = wakeAt;
    const held = waiting.map((wait) => this.#waitingOf(wait, now, checked));
    const unplanned = checked.unplanned.map(({ sample, reason }) => ({ sample, step: '', reason }));
    const changed = changeOfPinned(state, problem, checked);
    const improved = this.#better.takeNews(checked);
    const events = [
      ...firstTimes(state, checked, (sample) => this.#better.heldUntil(sample, now) === undefined),
      ...(changed === undefined ? [] : [changed]),
      ...(improved === undefined ? [] : [{ type: 'plan.improved', data: improved } as const]),
      ...missedWaits(state, checked),
      ...this.#intentions(state, start, now, held),
    ];
    this.#waiting = [...held, ...unplanned, ...undescribed(state)];
    return events;
  }

  status(base: Omit<EngineStatus, 'plan' | 'waiting'>, state: CoreState, openedAt: number): EngineStatus {
    const { assignments, makespan } = this.#current(state, base.now);
    const eta = estimateEnd(state, openedAt, base.now);
    return {
      ...base,
      plan: assignments,
      waiting: this.#waiting,
      ...(assignments.length === 0 ? {} : { planEnd: makespan }),
      ...(eta === undefined ? {} : { eta }),
    };
  }

  /** What is planned and has not ended. */
  planned(state: CoreState): PlannedAct[] {
    return orderOf(this.#current(state, this.#clock.now()));
  }

  #waitingOf({ assignment: { sample, step }, reason, due, opening }: Wait, now: number, { ceiling }: Plan): Waiting {
    const until = due === undefined ? {} : { due };
    if (this.#better.heldUntil(sample, now) === due && due !== undefined)
      return { sample, step, reason: `${sample} waits while a better plan is looked for.`, ...until };
    if (opening === undefined) return { sample, step, reason, ...until };
    return {
      sample,
      step,
      reason: this.#hours.reason({ sample, step, opening }, now, ceiling !== undefined),
      ...until,
    };
  }

  /** The plan as it is now, also while nothing may start. */
  #current(state: CoreState, now: number): Plan {
    if (this.#stale || this.#plan === undefined) this.#plan = this.#planned(state, now).checked;
    this.#stale = false;
    return this.#plan;
  }

  /**
   * A plan for what the lab looks like now. Where durations as they have been learned leave a sample without any, what was
   * declared counts: nothing would be begun any more, so nobody would learn that they are not what they seemed.
   */
  #planned(
    state: CoreState,
    now: number,
    choose?: Choose,
  ): { readonly problem: SchedulingProblem; readonly checked: Plan } {
    const patience = state.plan.value === 'pinned' ? 0 : this.#patience;
    const problem = this.#better.hold(this.#problem.build(state, now), patience);
    const checked = this.#checkedPlan(problem, state, choose);
    const hopeless = hopelessIn(checked);
    if (hopeless === 0 || state.durations.size === 0) return { problem, checked };
    const declared = this.#better.hold(this.#problem.build({ ...state, durations: new Map() }, now), patience);
    const other = this.#checkedPlan(declared, state, choose);
    return hopelessIn(other) < hopeless ? { problem: declared, checked: other } : { problem, checked };
  }

  /** A plan that the independent checker accepts: the pinned, a better or the old one kept up, a fresh one, or none. */
  #checkedPlan(problem: SchedulingProblem, state: CoreState, choose: Choose = (_, kept) => kept): Plan {
    const pinned = pinnedPlan(state, this.#plan, this.#ceilingFor(problem, state));
    const kept = plan(problem, pinned ?? this.#plan, pinned !== undefined);
    const chosen = pinned === undefined ? choose(problem, kept) : kept;
    const faults = check(problem, chosen);
    if (faults.length === 0) return chosen;
    invariant(!this.#strict, `the plan breaks the rules of the lab: ${faults.slice(0, 3).join('; ')}`);
    const fresh = plan(problem);
    if (check(problem, fresh).length === 0) return fresh;
    const reason = `No plan holds: ${faults[0]}.`;
    const unplanned = problem.samples.map(({ id: sample }) => ({ sample, reason, cause: 'blocked' as const }));
    return { assignments: [], makespan: problem.now, unplanned };
  }

  /** What a pinned order waits for is no part of it: after a restart it is found anew. */
  #ceilingFor(problem: SchedulingProblem, { plan: { value } }: CoreState): Plan['ceiling'] {
    if (this.#plan !== undefined) return this.#plan.ceiling;
    return value === 'pinned' && problem.rates !== undefined ? plan(problem).ceiling : undefined;
  }

  #intentions(state: CoreState, start: readonly Assignment[], now: number, held: Waiting[]): NewEvent[] {
    const events: NewEvent[] = [];
    const rooms = new Rooms(this.#definition, state);
    for (const assignment of start) {
      const { sample, step, resource, to } = assignment;
      const context = state.experiments.get(sample)?.context;
      if (context === undefined) continue;
      if (context.notBefore > now) {
        held.push({ sample, step, reason: `${sample} waits before ${step} is tried again.`, due: context.notBefore });
        this.#wakeTime = Math.min(this.#wakeTime ?? Infinity, context.notBefore);
      } else if (!isAvailable(state, resource))
        held.push({ sample, step, reason: `${sample} waits for ${resource}, which is not available.` });
      else if (assignment.kind === 'move' && !rooms.enter(to!))
        held.push({ sample, step, reason: `${sample} waits until another sample has left ${to!}.` });
      else events.push(this.#intention(state, assignment));
    }
    return events;
  }

  #intention(state: CoreState, assignment: Assignment): NewEvent {
    const { context } = state.experiments.get(assignment.sample)!;
    const command = commandFor(this.#definition, state, context, assignment, this.#clock);
    if (command.ok) return { type: 'command.intended', data: { command: command.value } };
    const reason = describeFailure(command.failure);
    const experiment = ExperimentId.parse(assignment.sample);
    return { type: 'experiment.failed', data: { experiment, reason, retryable: false } };
  }
}

/**
 * Free places of devices and racks by what has been confirmed: a plan counts a place as free when an arm should have picked up
 * its sample, but an arm may hang, and only the end of the move says that the sample has gone.
 */
class Rooms {
  readonly #free = new Map<string, number>();

  constructor({ lab }: Definition, { experiments }: CoreState) {
    for (const [id, { places }] of [...Object.entries(lab.devices), ...Object.entries(lab.racks)])
      this.#free.set(id, places);
    for (const { value, context } of experiments.values()) {
      const { location, command } = context;
      if (value !== 'lost' && location !== undefined) this.enter(location);
      if (command?.to !== undefined && command.to !== location) this.enter(command.to);
    }
  }

  /** False when there is no place left; places that are not counted have no end. */
  enter(place: string): boolean {
    const free = this.#free.get(place) ?? Infinity;
    this.#free.set(place, free - 1);
    return free > 0;
  }
}

/** Samples for which there is no plan, whatever the others do. */
const hopelessIn = ({ unplanned }: Plan): number =>
  unplanned.filter(({ cause }) => cause === 'incapable' || cause === 'missed').length;

/** When the steps of samples that are planned for the first time are to run. */
function firstTimes(
  { experiments }: CoreState,
  { assignments }: Plan,
  isSettled: (sample: string) => boolean,
): NewEvent[] {
  return [...experiments].flatMap(([id, { context }]): NewEvent[] => {
    if (context.scheduled === true || !isSettled(id)) return [];
    const steps = assignments.flatMap(({ sample, kind, fixed, step, resource, start, end }) =>
      sample === id && kind === 'process' && fixed !== true
        ? [{ step, device: DeviceId.parse(resource), start, end }]
        : [],
    );
    return steps.length === 0
      ? []
      : [{ type: 'experiment.scheduled', data: { experiment: context.experiment, steps } }];
  });
}

/** Samples whose maximum wait has passed for good: what comes of them would not be what the protocol asked for. */
function missedWaits(state: CoreState, { unplanned }: Plan): NewEvent[] {
  return unplanned.flatMap(({ sample, cause, reason }): NewEvent[] => {
    const snapshot = state.experiments.get(sample);
    if (cause !== 'missed' || snapshot === undefined || snapshot.context.command !== undefined) return [];
    if (snapshot.value !== 'running' && snapshot.value !== 'planned') return [];
    const { experiment } = snapshot.context;
    const { id, late } = currentStop(snapshot.context)!;
    return [exceptionOf(experiment, id, late, `a maximum wait was missed: ${reason.replace(/\.$/, '')}`)];
  });
}

/** Experiments that wait because nobody has told yet what their devices can do. */
const undescribed = (state: CoreState): Waiting[] =>
  [...state.experiments]
    .filter(([, { value }]) => value === 'suggested')
    .map(([sample]) => ({
      sample,
      step: '',
      reason: `${sample} waits until all its devices have announced themselves.`,
    }));

/** The experiments that are left, at the pace so far, or the end of the time that is allowed. */
function estimateEnd({ campaign }: CoreState, openedAt: number, now: number): number | undefined {
  const { suggested, open, limits } = campaign.context;
  const ended = suggested - open;
  if (ended <= 0) return undefined;
  const atThisPace = now + ((now - openedAt) / ended) * (limits.experiments - ended);
  return Math.round(Math.min(atThisPace, Math.max(now, openedAt + (limits.timeMs ?? Infinity))));
}
