import { present } from '../base/invariant.ts';
import type { CoreState } from '../control/core.ts';
import type { ExperimentContext } from '../control/experiment.ts';
import type { Definition } from '../domain/campaign.ts';
import { capabilityOf } from '../domain/descriptor.ts';
import type { Scope } from '../domain/expression.ts';
import { agree, bandOf, capabilityKey, powerOf, wayKey } from '../domain/durations.ts';
import type { Command } from '../domain/event.ts';
import { atOnce, declaredWay, type LabDevice, type Transport as LabTransport } from '../domain/lab.ts';
import type { Use } from '../domain/uses.ts';
import { holdRack, lastStageOf, legAt, legsOf, waitBefore, type Leg } from '../domain/stages.ts';
import { durationOf, recipeOf, resolveParameters, scopeOf } from '../domain/resolve.ts';
import type { Step } from '../domain/protocol.ts';
import { Aims } from './aims.ts';
import { OpeningHours } from './opening-hours.ts';
import { longestSetup } from '../scheduling/setup.ts';
import type {
  DurationBand,
  Resource,
  RunningActivity,
  SampleTask,
  SchedulingProblem,
  StepTask,
  Transport,
} from '../scheduling/model.ts';

/** What a step takes while it cannot be known, because its parameters depend on results that are still to come. */
const unknownDuration: DurationBand = { low: 30_000, typical: 60_000, high: 120_000 };

/** A step with its place in the protocol and the time from the step before, s. */
interface PlacedStep {
  readonly stage: number;
  readonly index: number;
  readonly step: Step;
  readonly wait: { readonly min: number; readonly max?: number };
}

/** Turns the open experiments and the devices' states into the scheduler's words. */
export class LabProblem {
  readonly #definition: Definition;
  readonly #rack: string | undefined;
  #travel: Transport['travel'];
  readonly #legs: readonly Leg[];
  readonly #steps: readonly PlacedStep[];
  /** Steps by experiment and id. They change when a device announces other capabilities, or while they hang on results. */
  readonly #tasks = new Map<string, Map<string, StepTask>>();
  #capabilities = '';
  /** What has been learned of durations, and the steps with the bands that follow from it. */
  #durations: CoreState['durations'] = new Map();
  #learned = new WeakMap<StepTask, StepTask>();

  readonly #hours: OpeningHours;
  readonly #aims: Aims;

  constructor(definition: Definition, hours = new OpeningHours(definition.lab)) {
    this.#definition = definition;
    this.#hours = hours;
    this.#aims = new Aims(definition);
    const { lab } = definition;
    this.#rack = lab.transport === undefined ? undefined : Object.keys(lab.racks)[0];
    this.#travel = travelTimes(definition, { durations: this.#durations });
    this.#legs = legsOf(definition);
    this.#steps = definition.protocol.stages.flatMap(({ steps }, stage) =>
      steps.map((step, index) => ({ stage, index, step, wait: waitBefore(definition.protocol, stage, index) })),
    );
  }

  /** Where a sample is; in a lab with transport it begins in the first rack. */
  locationOf({ location }: ExperimentContext): string | undefined {
    return location ?? this.#rack;
  }

  build(state: CoreState, now: number): SchedulingProblem {
    const capabilities = descriptorsKey(state);
    if (capabilities !== this.#capabilities) this.#tasks.clear();
    this.#capabilities = capabilities;
    if (!agree(state.durations, this.#durations)) this.#learn(state);
    this.#durations = state.durations;
    for (const id of this.#tasks.keys()) if (!state.experiments.has(id)) this.#tasks.delete(id);
    const { transport } = this.#definition.lab;
    const all = [...state.experiments.values()].flatMap((snapshot) =>
      this.#samples(state, snapshot.context, snapshot.value as string, now),
    );
    // Who only waits where it is has nothing to be planned, but its place is taken.
    const taken = new Map<string, number>();
    for (const { at } of all.filter(isResting)) taken.set(at!, (taken.get(at!) ?? 0) + 1);
    return {
      now,
      resources: this.#resources(state, now).map((resource) => {
        const left = resource.capacity - (taken.get(resource.id) ?? 0);
        return resource.kind === 'rack' ? { ...resource, capacity: left, concurrency: left } : resource;
      }),
      samples: all.filter((sample) => !isResting(sample)),
      ...(transport === undefined ? {} : { transport: this.#transport(state, transport, now) }),
      ...this.#aims.of(now),
    };
  }

  #transport(state: CoreState, { by, pick }: LabTransport, now: number): Transport {
    const transporters = this.#transporters(state, by);
    const closed = this.#hours.ofAll(transporters, now);
    const always = { transporters, travel: this.#travel, pickMs: Math.round(pick * 1000) };
    return closed === undefined ? always : { ...always, closed };
  }

  #learn(state: CoreState): void {
    this.#durations = state.durations;
    this.#travel = travelTimes(this.#definition, state);
    this.#learned = new WeakMap();
  }

  /** The step with what its devices have been seen to take. */
  #experienced(declared: StepTask, capability: string): StepTask {
    const made = this.#learned.get(declared);
    if (made !== undefined) return made;
    const alternatives = declared.alternatives.map(({ resource, duration, power }) => {
      const known = this.#durations.get(capabilityKey(resource, capability));
      const watts = powerOf(known) ?? power;
      return { resource, duration: bandOf(duration, known), ...(watts === undefined ? {} : { power: watts }) };
    });
    const task = { ...declared, alternatives };
    this.#learned.set(declared, task);
    return task;
  }

  /** Those that can be used or carry something now; with none of them the plan waits for whichever comes back. */
  #transporters(state: CoreState, all: readonly string[]): readonly string[] {
    const carrying = new Set([...state.experiments.values()].map(({ context }) => context.command?.device));
    const present = all.filter((id) => isAvailable(state, id) || carrying.has(id as never));
    return present.length > 0 ? present : all;
  }

  #resources(state: CoreState, now: number): Resource[] {
    const { lab } = this.#definition;
    const transporters = new Set<string>(lab.transport?.by ?? []);
    const devices = Object.entries(lab.devices)
      .filter(([id]) => !transporters.has(id))
      .map(([id, device]): Resource => {
        const { places, batch } = device;
        const kind = batch ? 'batch' : 'station';
        const available = isAvailable(state, id);
        const setUp = setupOf(device, state.uses.get(id));
        return {
          id,
          kind,
          capacity: places,
          concurrency: atOnce(device),
          available,
          ...this.#hours.of(id, now),
          ...setUp,
        };
      });
    const racks = Object.entries(lab.racks).map(([id, { places }]): Resource => ({
      id,
      kind: 'rack',
      capacity: places,
      concurrency: places,
      available: true,
    }));
    return [...devices, ...racks];
  }

  #samples(state: CoreState, context: ExperimentContext, value: string, now: number): SampleTask[] {
    if (value === 'suggested') return [];
    const at = this.locationOf(context);
    const { experiment, command, lastStepEnd, suggestedAt } = context;
    const out = this.#wayOut(context, value);
    const due = this.#definition.campaign.schedule?.due;
    const common = {
      id: experiment,
      priority: context.priority ?? 0,
      release: context.notBefore,
      ...(due === undefined || suggestedAt === undefined ? {} : { due: suggestedAt + Math.round(due * 1000) }),
      ...(at === undefined ? {} : { at }),
      ...(out === undefined ? {} : { out }),
    };
    if (value === 'indeterminate' || value === 'late' || value === 'stuck') {
      const frozen: SampleTask = { ...common, remaining: [], frozen: true };
      // A move in doubt: the sample may be at either end, so both places are kept.
      if (command?.kind !== 'move' || command.to === undefined || command.to === at) return [frozen];
      return [frozen, { ...frozen, id: `${experiment}/`, at: command.to }];
    }
    const running =
      command === undefined ? undefined : { ...activityOf(state, context, now), ...this.#recipe(context) };
    const waits = value === 'clearing' || context.held === true;
    const remaining = waits ? [] : this.#remaining(state, context, running);
    return [
      {
        ...common,
        remaining,
        ...(running === undefined ? {} : { running }),
        ...(lastStepEnd === undefined ? {} : { lastStepEnd }),
      },
    ];
  }

  /** What the device of its command has to be set up for others after. */
  #recipe({ command, stage, step, point, results }: ExperimentContext): { readonly recipe?: string } {
    if (command?.kind !== 'process' || this.#definition.lab.devices[command.device]?.setup === undefined) return {};
    const recipe = recipeOf(
      this.#definition.protocol.stages[stage]!.steps[step]!,
      scopeOf(this.#definition, point, results),
    );
    return recipe === undefined ? {} : { recipe };
  }

  /** Where its sample goes when all that is decided is done. */
  #wayOut({ stage, held }: ExperimentContext, value: string): string | undefined {
    const { lab, protocol } = this.#definition;
    if (value === 'clearing' || this.#rack === undefined) return this.#rack;
    const last = lastStageOf(legAt(this.#legs, held === true ? stage - 1 : stage));
    return last === protocol.stages.length - 1 ? this.#rack : holdRack(lab, protocol.stages[last]!.hold);
  }

  #remaining(state: CoreState, context: ExperimentContext, running: RunningActivity | undefined): readonly StepTask[] {
    const skip = running?.kind === 'process' ? 1 : 0;
    const { experiment, stage, step: begun } = context;
    const last = lastStageOf(legAt(this.#legs, stage));
    const steps = this.#steps.filter(
      (at) => (at.stage === stage && at.index >= begun + skip) || (at.stage > stage && at.stage <= last),
    );
    const known = this.#tasks.get(experiment) ?? new Map<string, StepTask>();
    this.#tasks.set(experiment, known);
    return steps.map((placed) => {
      const { step } = placed;
      const { task, settled } = known.has(step.id)
        ? { task: known.get(step.id)!, settled: true }
        : this.#task(state, placed, context);
      if (settled) known.set(step.id, task);
      const experienced = this.#experienced(task, step.capability);
      return context.waived === step.id ? { ...experienced, lag: { min: 0 } } : experienced;
    });
  }

  /** `settled` when nothing of it can change any more. */
  #task(
    state: CoreState,
    { step, wait: { min, max } }: PlacedStep,
    context: ExperimentContext,
  ): { task: StepTask; settled: boolean } {
    const scope = scopeOf(this.#definition, context.point, context.results);
    const { alternatives, settled } = this.#alternatives(state, step, scope, context.experiment);
    const recipe = recipeOf(step, scope);
    const lag = { min: Math.round(min * 1000), ...(max === undefined ? {} : { max: Math.round(max * 1000) }) };
    const task = { id: step.id, alternatives, lag, ...(recipe === undefined ? {} : { recipe }) };
    return { task, settled: settled && (recipe === undefined) === (step.recipe === undefined) };
  }

  #alternatives(state: CoreState, step: Step, scope: Scope, sample: string) {
    const alternatives: StepTask['alternatives'][number][] = [];
    // Devices of one kind take equally long; a lab may have many of them.
    const durations = new Map<string, DurationBand | undefined>();
    for (const id of Object.keys(this.#definition.lab.devices)) {
      const descriptor = state.devices.get(id)?.context.descriptor;
      const capability = descriptor === undefined ? undefined : capabilityOf(descriptor, step.capability);
      if (capability === undefined || (step.on !== undefined && !step.on.some((on) => on === id))) continue;
      const { hash } = descriptor!;
      if (!durations.has(hash)) {
        const parameters = resolveParameters(step, capability, scope, sample);
        const duration = parameters.ok ? durationOf(capability, parameters.value) : undefined;
        durations.set(hash, duration?.ok ? duration.value : undefined);
      }
      const { power } = descriptor!;
      alternatives.push({
        resource: id,
        duration: durations.get(hash) ?? unknownDuration,
        ...(power === undefined ? {} : { power: Math.max(0, power.active_watt - power.idle_watt) }),
      });
    }
    return { alternatives, settled: [...durations.values()].every((duration) => duration !== undefined) };
  }
}

/** Held in its rack: there is nothing to do for it until it is decided on. */
const isResting = ({ at, out, remaining, running, frozen }: SampleTask): boolean =>
  at !== undefined && at === out && remaining.length === 0 && running === undefined && frozen !== true;

/**
 * The set-up of a device in the scheduler's words. What may have been its last use, or not, asks for the longest set-up, whatever
 * comes next.
 */
function setupOf({ setup, setup_between: between }: LabDevice, used: Use | undefined): Partial<Resource> {
  if (setup === undefined) return {};
  const ms = (seconds: number) => Math.round(seconds * 1000);
  const changes = between?.map(({ from, to, takes }) => ({ from, to, time: ms(takes) }));
  const all = { setup: ms(setup), ...(changes === undefined ? {} : { changes }) };
  if (used === undefined) return all;
  const { end, recipe, doubtful } = used;
  if (doubtful !== true) return { ...all, last: { end, ...(recipe === undefined ? {} : { recipe }) } };
  return { ...all, last: { end: end + longestSetup(all) - all.setup, recipe: `a use in doubt (${recipe ?? 'any'})` } };
}

/** Usable, with a word on what it can do, and no command on it that has fallen silent. */
export function isAvailable(state: CoreState, device: string): boolean {
  const known = state.devices.get(device);
  if (known?.value !== 'usable' || known.context.descriptor === undefined) return false;
  for (const { value, context } of state.commands.values())
    if (
      context.command.device === device &&
      (value === 'overdue' || (value === 'doubtful' && context.doubtBy === 'controller'))
    )
      return false;
  return true;
}

/** Changes when any device announces other capabilities. */
const descriptorsKey = (state: CoreState): string =>
  [...state.devices.values()].map(({ context }) => context.descriptor?.hash ?? '').join();

function activityOf(state: CoreState, context: ExperimentContext, now: number): RunningActivity {
  const command = present(context.command, 'the running command');
  const start = context.commandAt ?? now;
  const to = command.to ?? command.at ?? command.device;
  const expected = expectedOf(state, command);
  const expectedEnd = guessEnd(start, expected, now);
  const { low, high } = expected;
  return {
    ...{ kind: command.kind, step: command.step, resource: command.device, to, start, expectedEnd },
    earliestEnd: start + low,
    latestEnd: start + high,
  };
}

/** How long a command is expected to take, by what has been learned of it. */
export function expectedOf(
  { durations, definition }: CoreState,
  command: Pick<Command, 'kind' | 'device' | 'capability' | 'from' | 'to' | 'expected'>,
): DurationBand {
  const { kind, device, capability, from, to, expected } = command;
  const transport = definition?.lab.transport;
  if (kind === 'process' || from === undefined || to === undefined || transport === undefined)
    return bandOf(expected, durations.get(capabilityKey(device, capability)));
  return bandOf(declaredWay(transport, from, to), durations.get(wayKey(from, to)));
}

/** Of a step that has overrun, lab ms: a guess just ahead of the clock would have the loop plan anew at every instant. */
const leastPatienceMs = 1000;

/** Typical, then the end of the band, then ever later: what has taken long will go on for a while. */
function guessEnd(start: number, { typical, high }: { typical: number; high: number }, now: number): number {
  if (now < start + typical) return start + typical;
  if (now < start + high) return start + high;
  return now + Math.max(leastPatienceMs, Math.round((now - start) / 10));
}

function travelTimes({ lab }: Definition, { durations }: Pick<CoreState, 'durations'>): Transport['travel'] {
  const { transport } = lab;
  if (transport === undefined) return {};
  const places = [...Object.keys(lab.devices), ...Object.keys(lab.racks)];
  const band = (from: string, to: string) => bandOf(declaredWay(transport, from, to), durations.get(wayKey(from, to)));
  return Object.fromEntries(places.map((from) => [from, Object.fromEntries(places.map((to) => [to, band(from, to)]))]));
}
