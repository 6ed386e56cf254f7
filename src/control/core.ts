import type { AnyMachineSnapshot } from 'xstate';
import { canonical } from '../base/canonical.ts';
import type { Definition } from '../domain/campaign.ts';
import { capabilityOf, type Descriptor } from '../domain/descriptor.ts';
import { capabilityKey, Experience, learn } from '../domain/durations.ts';
import type { Effect } from '../domain/effect.ts';
import type { EventOf, LabEvent } from '../domain/event.ts';
import type { Step } from '../domain/protocol.ts';
import { resultScope } from '../domain/resolve.ts';
import { waitBefore } from '../domain/stages.ts';
import { Use } from '../domain/uses.ts';
import { campaignMachine, type CampaignContext, type CampaignEvent } from './campaign.ts';
import { campaignBehaviour } from './campaign-effects.ts';
import { beginCommand, commandBehaviour, commandMachine, type CommandContext, type CommandEvent } from './command.ts';
import { deviceBehaviour, deviceMachine, type DeviceContext, type DeviceEvent } from './device.ts';
import { experimentMachine, type ExperimentContext, type ExperimentEvent, type Stop } from './experiment.ts';
import { experimentBehaviourOf } from './experiment-effects.ts';
import { lessonOf } from './lesson.ts';
import { planBehaviour, planMachine, type PlanContext, type PlanEvent } from './plan.ts';
import { keep, restore, step } from './run-machine.ts';
import { useOf } from './use.ts';

/** Everything that is still open, folded from the events. What has ended lives in the ledger only. */
export interface CoreState {
  readonly definition?: Definition;
  readonly campaign: ReturnType<typeof campaignMachine.resolveState>;
  readonly plan: ReturnType<typeof planMachine.resolveState>;
  readonly experiments: ReadonlyMap<string, ReturnType<typeof experimentMachine.resolveState>>;
  readonly devices: ReadonlyMap<string, ReturnType<typeof deviceMachine.resolveState>>;
  readonly commands: ReadonlyMap<string, ReturnType<typeof commandMachine.resolveState>>;
  /** How long things take in truth, by the keys of `durations.ts`. */
  readonly durations: ReadonlyMap<string, Experience>;
  /** What devices that are set up between recipes were last used for. */
  readonly uses: ReadonlyMap<string, Use>;
}

export type Entity = 'campaign' | 'plan' | 'experiment' | 'device' | 'command' | 'duration' | 'use';

/** An entity that has changed; `ended` when it will never change again. */
export interface Touched {
  readonly entity: Entity;
  readonly id: string;
  readonly ended: boolean;
  /** Its snapshot as text, for the ledger. */
  readonly text: () => string;
}

export interface Decision {
  readonly state: CoreState;
  readonly effects: readonly Effect[];
  readonly touched: readonly Touched[];
}

export const initialState = (): CoreState => ({
  campaign: campaignMachine.resolveState({ value: 'closed', context: emptyCampaign }),
  plan: planMachine.resolveState({ value: 'free', context: planMachine.config.context as PlanContext }),
  experiments: new Map(),
  devices: new Map(),
  commands: new Map(),
  durations: new Map(),
  uses: new Map(),
});

const emptyCampaign: CampaignContext = campaignMachine.config.context as CampaignContext;

/** Folds one event: the next state, what follows from it, and what has changed. Pure. */
export function decide(state: CoreState, event: LabEvent): Decision {
  const fold = new Fold(state);
  fold.apply(event);
  return fold;
}

/** The state from the snapshots of what was open. */
export function restoreState(
  definition: Definition | undefined,
  snapshots: readonly { readonly entity: string; readonly id: string; readonly state: string }[],
): CoreState {
  const of = (entity: Entity) => snapshots.filter((snapshot) => snapshot.entity === entity);
  const [campaign] = of('campaign');
  const [plan] = of('plan');
  return {
    ...(definition === undefined ? {} : { definition }),
    campaign: campaign === undefined ? initialState().campaign : restore(campaignMachine, campaign.state),
    plan: plan === undefined ? initialState().plan : restore(planMachine, plan.state),
    experiments: new Map(of('experiment').map(({ id, state }) => [id, restore(experimentMachine, state)])),
    devices: new Map(of('device').map(({ id, state }) => [id, restore(deviceMachine, state)])),
    commands: new Map(of('command').map(({ id, state }) => [id, restore(commandMachine, state)])),
    durations: new Map(of('duration').map(({ id, state }) => [id, Experience.parse(JSON.parse(state))])),
    uses: new Map(of('use').map(({ id, state }) => [id, Use.parse(JSON.parse(state))])),
  };
}

function itineraryOf({ protocol }: Definition): Stop[][] {
  const stopOf = ({ id, attempts, late, overrun }: Step, max: number | undefined): Stop => ({
    id,
    attempts,
    ...(late === undefined ? {} : { late }),
    ...(overrun === undefined ? {} : { overrun }),
    ...(max === undefined ? {} : { maxWait: Math.round(max * 1000) }),
  });
  return protocol.stages.map(({ steps }, i) => steps.map((step, j) => stopOf(step, waitBefore(protocol, i, j).max)));
}

class Fold implements Decision {
  state: CoreState;
  readonly effects: Effect[] = [];
  readonly touched: Touched[] = [];

  constructor(state: CoreState) {
    this.state = state;
  }

  apply(event: LabEvent): void {
    const [kind] = event.type.split('.');
    if (event.type === 'campaign.opened') this.state = { ...this.state, definition: event.data.definition };
    if (event.type === 'campaign.changed' && this.state.definition !== undefined)
      this.state = { ...this.state, definition: { ...this.state.definition, campaign: event.data.campaign } };
    if (kind === 'campaign' || kind === 'suggestions' || kind === 'experiment') this.#campaign(event as CampaignEvent);
    if (kind === 'plan' || event.type === 'experiment.cleared') this.#plan(event as PlanEvent);
    if (kind === 'device') this.#device(event as DeviceEvent);
    if (kind === 'experiment') this.#experiment(event as LabEvent & { data: { experiment: string } });
    if (kind === 'command') this.#command(event as EventOf<'command.intended'> | CommandEvent);
    if (event.type === 'campaign.stopping' || event.type === 'campaign.aborted') this.#everyone(event);
  }

  #campaign(event: CampaignEvent): void {
    const [campaign, effects] = step(campaignBehaviour, this.state.campaign, event);
    if (campaign === this.state.campaign && effects.length === 0) return;
    this.state = { ...this.state, campaign };
    this.#note('campaign', campaign.context.campaign, campaign, false, effects);
  }

  #plan(event: PlanEvent): void {
    const [plan] = step(planBehaviour, this.state.plan, event);
    if (plan === this.state.plan) return;
    this.state = { ...this.state, plan };
    this.#note('plan', this.state.campaign.context.campaign, plan, false, []);
  }

  #device(event: DeviceEvent): void {
    const { device } = event.data;
    const before =
      this.state.devices.get(device) ??
      deviceMachine.resolveState({ value: 'unknown', context: { device, state: 'lost', boot: '' } as DeviceContext });
    const [after, effects] = step(deviceBehaviour, before, event);
    this.state = { ...this.state, devices: new Map(this.state.devices).set(device, after) };
    this.#note('device', device, after, false, effects);
    if (event.type === 'device.announced') this.#forget(before.context.descriptor, event);
  }

  /** What was learned of a capability whose duration is declared in another way now says nothing any more. */
  #forget(before: Descriptor | undefined, { data: { device, descriptor } }: EventOf<'device.announced'>): void {
    for (const { name, duration } of before?.capabilities ?? []) {
      const declared = capabilityOf(descriptor, name)?.duration;
      if (declared === undefined || canonical(declared) !== canonical(duration))
        this.#setExperience(capabilityKey(device, name), undefined);
    }
  }

  #learn(event: EventOf<'command.ended'>, before: ReturnType<typeof commandMachine.resolveState>): void {
    const { device } = before.context.command;
    const { unsteadyAt, descriptor } = this.state.devices.get(device)?.context ?? {};
    const lesson = lessonOf(event, before, unsteadyAt, this.state.definition?.lab, descriptor?.power?.idle_watt);
    if (lesson === undefined) return;
    const known = this.state.durations.get(lesson.key);
    const next = learn(known, lesson);
    if (next !== known) this.#setExperience(lesson.key, next);
  }

  #setExperience(key: string, next: Experience | undefined): void {
    const durations = new Map(this.state.durations);
    if (next === undefined && !durations.delete(key)) return;
    if (next !== undefined) durations.set(key, next);
    this.state = { ...this.state, durations };
    this.touched.push({
      entity: 'duration',
      id: key,
      ended: next === undefined,
      text: () => JSON.stringify(next ?? {}),
    });
  }

  #noteUse(event: EventOf<'command.ended'>, context: CommandContext): void {
    const { device, experiment } = context.command;
    const { uses, experiments, definition } = this.state;
    const use = useOf(event, context, experiments.get(experiment)?.context, definition);
    // What is heard of late does not undo what has been done since.
    if (use === undefined || use.end < (uses.get(device)?.end ?? -Infinity)) return;
    this.state = { ...this.state, uses: new Map(uses).set(device, use) };
    this.touched.push({ entity: 'use', id: device, ended: false, text: () => JSON.stringify(use) });
  }

  #experiment(event: LabEvent & { data: { experiment: string } }): void {
    if (event.type === 'experiment.suggested') return this.#begin(event);
    this.#stepExperiment(event.data.experiment, event as ExperimentEvent);
  }

  #begin({ at, data }: EventOf<'experiment.suggested'>): void {
    const { definition } = this.state;
    if (definition === undefined) return;
    const context: ExperimentContext = {
      experiment: data.experiment,
      number: data.number,
      point: data.suggestion.point,
      suggestedAt: at,
      itinerary: itineraryOf(definition),
      stage: 0,
      step: 0,
      attempt: 1,
      results: {},
      notBefore: 0,
      begun: false,
      sent: 0,
      aborting: false,
    };
    const snapshot = experimentMachine.resolveState({ value: 'suggested', context });
    this.state = { ...this.state, experiments: new Map(this.state.experiments).set(data.experiment, snapshot) };
    this.#note('experiment', data.experiment, snapshot, false, [{ do: 'reserve', experiment: data.experiment }]);
  }

  #stepExperiment(id: string, event: ExperimentEvent): void {
    const { definition, experiments } = this.state;
    const before = experiments.get(id);
    if (before === undefined || definition === undefined) return;
    const [after, effects] = step(experimentBehaviourOf(definition), before, event);
    if (after === before && effects.length === 0) return;
    const next = new Map(experiments);
    const ended = after.status === 'done';
    if (ended) next.delete(id);
    else next.set(id, after);
    this.state = { ...this.state, experiments: next };
    this.#note('experiment', id, after, ended, effects);
    this.#abandonDoubt(before.context, after.context);
  }

  /** A doubtful command that its experiment no longer waits for has nobody left to ask. */
  #abandonDoubt(before: ExperimentContext, after: ExperimentContext): void {
    const key = before.command?.key;
    if (key === undefined || key === after.command?.key) return;
    const command = this.state.commands.get(key);
    if (command !== undefined && command.value === 'doubtful') this.#setCommand(key, command, true, []);
  }

  #command(event: EventOf<'command.intended'> | CommandEvent): void {
    if (event.type === 'command.intended') {
      const { command } = event.data;
      const snapshot = commandMachine.resolveState({ value: 'intended', context: { command, intendedAt: event.at } });
      this.#setCommand(command.key, snapshot, false, beginCommand(command));
      this.#stepExperiment(command.experiment, event);
      return;
    }
    if (event.type === 'campaign.aborted') return;
    const before = this.state.commands.get(event.data.key);
    // What the command does not expect is no news for its experiment either.
    if (before === undefined || !before.can(event)) return;
    const [after, effects] = step(commandBehaviour, before, event);
    this.#setCommand(event.data.key, after, after.status === 'done', effects);
    if (event.type === 'command.ended') {
      this.#learn(event, before);
      this.#noteUse(event, before.context);
    }
    const { experiment } = before.context.command;
    if (event.type === 'command.refused' || event.type === 'command.resolved') this.#stepExperiment(experiment, event);
    if (event.type === 'command.ended')
      this.#stepExperiment(experiment, { ...event, result: this.#result(event, before.context) });
  }

  #result(event: EventOf<'command.ended'>, { command }: CommandContext) {
    const descriptor = this.state.devices.get(command.device)?.context.descriptor;
    const capability = descriptor === undefined ? undefined : capabilityOf(descriptor, command.capability);
    return capability === undefined ? {} : resultScope(capability, event.data.result ?? {});
  }

  #setCommand(
    key: string,
    snapshot: ReturnType<typeof commandMachine.resolveState>,
    ended: boolean,
    effects: readonly Effect[],
  ): void {
    const commands = new Map(this.state.commands);
    if (ended) commands.delete(key);
    else commands.set(key, snapshot);
    this.state = { ...this.state, commands };
    this.#note('command', key, snapshot, ended, effects);
  }

  #everyone(event: EventOf<'campaign.stopping' | 'campaign.aborted'>): void {
    for (const id of [...this.state.experiments.keys()]) this.#stepExperiment(id, event);
    if (event.type !== 'campaign.aborted') return;
    for (const [key, before] of [...this.state.commands]) {
      const [after, effects] = step(commandBehaviour, before, event);
      this.#setCommand(key, after, false, effects);
    }
  }

  #note(entity: Entity, id: string, snapshot: AnyMachineSnapshot, ended: boolean, effects: readonly Effect[]): void {
    this.touched.push({ entity, id, ended, text: () => keep(snapshot) });
    this.effects.push(...effects);
  }
}
