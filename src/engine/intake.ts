import type { CoreState } from '../control/core.ts';
import type { LabEvent, NewEvent } from '../domain/event.ts';
import type { MeterReading, Telemetry } from './gateway.ts';

/** One sentence per topic and minute is enough of what cannot be understood. */
const rejectionPauseMs = 60_000;
const mostTelemetry = 10_000;

/** Decides what of all that comes in is news; holds what need not be an event. */
export class Intake {
  readonly #latest = new Map<string, { readonly reading: MeterReading; readonly saidAt: number }>();
  readonly #recorded = new Map<string, number>();
  readonly #rejected = new Map<string, number>();
  #telemetry: Telemetry[] = [];
  #since = -Infinity;

  /** The books go as far as this, lab ms: older readings are in them, or in the next one that comes. */
  continueFrom(at: number): void {
    this.#since = at;
  }

  /** Readings that were overtaken on their way, or that a broker brings back, are not the latest. */
  meter(reading: MeterReading, saidAt: number): void {
    const id = `${reading.device}/${reading.meter}`;
    const latest = this.#latest.get(id);
    if (saidAt < this.#since) return;
    if (latest === undefined || saidAt >= latest.saidAt) this.#latest.set(id, { reading, saidAt });
  }

  telemetry(telemetry: Telemetry): void {
    if (this.#telemetry.length < mostTelemetry) this.#telemetry.push(telemetry);
  }

  /** Telemetry since the last call. */
  takeTelemetry(): readonly Telemetry[] {
    const taken = this.#telemetry;
    this.#telemetry = [];
    return taken;
  }

  /** Meter readings that belong before an event: at both ends of every command, and at the end of the campaign. */
  readingsBefore(event: NewEvent, state: CoreState): MeterReading[] {
    const device = meteredDevice(event, state);
    if (device === undefined) return [];
    const readings = [...this.#latest].filter(([id, { reading }]) => {
      const wanted = device === '*' || reading.device === device;
      return wanted && this.#recorded.get(id) !== reading.total;
    });
    for (const [id, { reading }] of readings) this.#recorded.set(id, reading.total);
    return readings.map(([, { reading }]) => reading);
  }

  /** Whether an event changes anything; whatever is repeated, late or too much is not appended. */
  isNews(state: CoreState, event: NewEvent, now: number): boolean {
    switch (event.type) {
      case 'command.accepted':
      case 'command.refused':
      case 'command.ended':
      case 'command.overdue':
      case 'command.resolved':
        return state.commands.get(event.data.key)?.can(event as LabEvent as never) ?? false;
      case 'device.announced':
        return state.devices.get(event.data.device)?.context.descriptor?.hash !== event.data.descriptor.hash;
      case 'device.changed':
        return isChange(state, event.data);
      case 'suggestions.requested': {
        const { value, context } = state.campaign;
        return value === 'running' && context.asking === 0 && event.data.ask === context.ask + 1;
      }
      case 'suggestions.received':
      case 'suggestions.refused': {
        const { ask, asking } = state.campaign.context;
        return asking > 0 && event.data.ask === ask;
      }
      case 'campaign.opened':
      case 'campaign.changed':
      case 'campaign.paused':
      case 'campaign.resumed':
      case 'campaign.stopping':
      case 'campaign.aborted':
      case 'campaign.halted':
        return state.campaign.can(event as LabEvent as never);
      case 'plan.pinned':
      case 'plan.changed':
      case 'plan.unpinned':
        return state.plan.can(event as LabEvent as never);
      case 'experiment.planned':
        return state.experiments.get(event.data.experiment)?.value === 'suggested';
      case 'experiment.prioritized':
      case 'experiment.late':
      case 'experiment.decided':
      case 'experiment.held':
      case 'experiment.resumed':
      case 'experiment.provided':
      case 'experiment.dropped':
        return state.experiments.get(event.data.experiment)?.can(event as LabEvent as never) ?? false;
      case 'experiment.completed':
      case 'experiment.failed':
      case 'experiment.cancelled':
      case 'experiment.lost':
        return isUndecided(state, event.data.experiment);
      case 'message.rejected':
        return this.#isFirstOfMinute(event.data.topic, now);
      default:
        return true;
    }
  }

  #isFirstOfMinute(topic: string, now: number): boolean {
    const last = this.#rejected.get(topic);
    if (last !== undefined && now - last < rejectionPauseMs) return false;
    if (this.#rejected.size > 1000) this.#rejected.clear();
    this.#rejected.set(topic, now);
    return true;
  }
}

/** Whether an experiment has not ended yet: two reasons to end it may come at once. */
function isUndecided(state: CoreState, experiment: string): boolean {
  const value = state.experiments.get(experiment)?.value;
  return value !== undefined && value !== 'clearing' && value !== 'stuck' && value !== 'lost';
}

function isChange(state: CoreState, data: { device: string; state: string; boot: string }): boolean {
  const known = state.devices.get(data.device);
  if (known === undefined) return true;
  const { context } = known;
  // The last will of an earlier boot may arrive after the device has come back.
  if (data.state === 'lost' && data.boot !== context.boot && known.value === 'usable') return false;
  return plain(context.state) !== plain(data.state) || context.boot !== data.boot;
}

/** Whether a device that can work is at work its commands tell already. */
const plain = (state: string): string => (state === 'busy' ? 'ready' : state);

function meteredDevice(event: NewEvent, state: CoreState): string | undefined {
  if (event.type === 'campaign.finished') return '*';
  if (event.type !== 'command.accepted' && event.type !== 'command.ended') return undefined;
  return state.commands.get(event.data.key)?.context.command.device;
}
