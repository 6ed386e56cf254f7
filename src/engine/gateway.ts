import type { Clock, Pace, Timer } from '../base/clock.ts';
import type { Command, NewEvent } from '../domain/event.ts';
import { CommandKey, ControllerId, DeviceId } from '../domain/ids.ts';
import { commandEndOf, meterTotal, toJoules } from '../wire/amounts.ts';
import type { Bus, BusMessage } from '../wire/bus.ts';
import { parseMessage, type BodyOf, type ControlMessage, type EventMessage, type Message } from '../wire/messages.ts';
import { fromWireTime, toWireTime } from '../wire/time.ts';
import { filters, topics } from '../wire/topics.ts';
import { SecondLook } from './second-look.ts';

/** A meter as last heard, normalised to joules. */
export type MeterReading = Extract<NewEvent, { type: 'meter.read' }>['data'];

export interface Telemetry {
  readonly device: string;
  readonly channel: string;
  readonly at: number;
  readonly values: Readonly<Record<string, number>>;
  readonly unit: string;
}

/** What the gateway tells the engine. */
export interface GatewayListener {
  /** Something has happened; the engine decides whether it is news. */
  onEvent(event: NewEvent, actor: string): void;
  /** `saidAt` by the clock of who said it, ms. */
  onMeter(reading: MeterReading, saidAt: number): void;
  onTelemetry(telemetry: Telemetry): void;
  onLog(device: string, level: string, message: string): void;
  /** A device has seen this epoch, of a controller that was there before. */
  onHigherEpoch(epoch: number): void;
  /** Another controller has taken over. */
  onSuperseded(instance: string): void;
  onConnection(connected: boolean): void;
}

export interface GatewayOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly site: string;
  readonly controller: string;
  readonly instance: string;
  readonly pace?: Pace;
  readonly listener: GatewayListener;
  /** The state of a command in the books; undefined when it is none of ours or has ended. */
  readonly commandState: (key: string) => OpenCommand | undefined;
}

/** A command that the books hold open. */
export interface OpenCommand {
  readonly state: string;
  readonly command: Command;
  readonly intendedAt: number;
  readonly accepted?: boolean;
  readonly cancelled?: boolean;
}

interface Sending {
  readonly command: Command;
  readonly intendedAt: number;
  attempt: number;
  timer?: Timer;
}

/** Wall milliseconds between sendings of an unacknowledged command. */
const backoff = [250, 500, 1000, 2000, 5000] as const;
/** Wall ms in which a successor that is there makes itself heard. */
const doubtMs = 2000;
const waitOf = (attempt: number): number => backoff[Math.min(attempt, backoff.length - 1)]!;

/**
 * The controller's side of the wire contract: correlates by key, sends again until acknowledged, listens for presence
 * and asks devices what became of open commands. It holds nothing that the ledger does not.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #sending = new Map<string, Sending>();
  readonly #subscriptions: (() => void)[] = [];
  /** Devices that have been heard with no higher epoch than ours: a higher one from then on is another controller's. */
  readonly #ours = new Set<string>();
  /** By device: the epoch that it was last heard to obey. */
  readonly #obeyed = new Map<string, number>();
  readonly #secondLook: SecondLook;
  /** Runs while it is not known yet whose a higher epoch is. */
  #doubt: Timer | undefined;
  #doubtful = 0;
  #epoch = 0;
  #listening = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { bus, clock, site, listener } = options;
    this.#secondLook = new SecondLook(bus, clock, site);
    const on = (pattern: string) =>
      this.#subscriptions.push(bus.subscribe(pattern, (message) => this.#receive(message)));
    for (const filter of [
      filters.states(site),
      filters.descriptors(site),
      filters.events(site),
      filters.meters(site),
      filters.telemetry(site),
      filters.logs(site),
      filters.controllers(site),
    ])
      on(filter);
    bus.onConnect(() => {
      if (this.#listening) this.#announce(true);
      listener.onConnection(true);
    });
    bus.onDisconnect(() => listener.onConnection(false));
  }

  /** From now on commands go out, with this epoch. */
  begin(epoch: number): void {
    this.#epoch = epoch;
    this.#listening = true;
    this.#announce(true);
    this.#fence();
  }

  /** Devices refuse an earlier controller only once they have heard of this one, so all are told, busy or not. */
  #fence(): void {
    for (const [device, epoch] of this.#obeyed) if (epoch < this.#epoch) this.#tellEpoch(device);
  }

  /** A question that no device can answer costs nothing, and makes ours the highest epoch that it has seen. */
  #tellEpoch(device: string): void {
    this.query(`epoch-${this.#epoch}`, device);
  }

  /** Asks what became of open commands, or sends them again; what was said while nobody listened is lost. */
  reconcile(open: Iterable<OpenCommand>): void {
    // Before the beginning there is no epoch to speak with; then everything is asked for.
    if (!this.#listening) return;
    for (const { command, intendedAt, accepted, cancelled } of open) {
      if (cancelled === true) this.cancel(command.key, command.device);
      if (accepted === true || cancelled === true) this.query(command.key, command.device);
      else this.send(command, intendedAt);
    }
  }

  raiseEpoch(epoch: number): void {
    this.#epoch = epoch;
    this.#announce(true);
    this.#fence();
    for (const sending of this.#sending.values()) this.#transmit(sending);
  }

  /** Sends until the device acknowledges: the waiter stands before the message leaves. */
  send(command: Command, intendedAt: number): void {
    this.#stopSending(command.key);
    const sending: Sending = { command, intendedAt, attempt: 0 };
    this.#sending.set(command.key, sending);
    this.#transmit(sending);
  }

  /** The books have its end. */
  settle(key: string, device: string): void {
    this.#stopSending(key);
    this.#control(device, { op: 'forget', key: CommandKey.parse(key) });
  }

  cancel(key: string, device: string): void {
    this.#stopSending(key);
    this.#control(device, { op: 'cancel', key: CommandKey.parse(key) });
  }

  query(key: string, device: string): void {
    this.#control(device, { op: 'query', key: CommandKey.parse(key) });
  }

  halt(devices: Iterable<string>): void {
    for (const key of [...this.#sending.keys()]) this.#stopSending(key);
    for (const device of devices) this.#control(device, { op: 'halt' });
  }

  /** Lifts a halt. */
  release(devices: Iterable<string>): void {
    for (const device of devices) this.#control(device, { op: 'resume' });
  }

  close(): void {
    this.silence();
    this.#announce(false);
  }

  /** Nothing more is sent, nothing more is heard. */
  silence(): void {
    this.#doubt?.cancel();
    this.#secondLook.close();
    for (const key of [...this.#sending.keys()]) this.#stopSending(key);
    for (const stop of this.#subscriptions.splice(0)) stop();
    this.#listening = false;
  }

  #announce(online: boolean): void {
    const { bus, site, controller, instance, clock, pace } = this.#options;
    const body = { online, epoch: this.#epoch, instance, at: toWireTime(clock.now()), pace };
    bus.publish(topics.controller(site, controller), JSON.stringify(body), { retain: true });
  }

  #transmit(sending: Sending): void {
    const { bus, clock, site } = this.#options;
    const { command, intendedAt } = sending;
    sending.timer?.cancel();
    sending.timer = clock.after(clock.networkMs(waitOf(sending.attempt)), () => {
      sending.attempt += 1;
      this.#transmit(sending);
    });
    if (!bus.connected) return;
    const { key, capability, parameters, hash, ttl, deadline } = command;
    const body = { key, capability, parameters, hash, epoch: this.#epoch, issuedAt: toWireTime(intendedAt) };
    bus.publish(
      topics.command(site, command.device),
      JSON.stringify({ ...body, ttlMs: ttl, deadlineMs: deadline } satisfies BodyOf<'command'>),
    );
  }

  #stopSending(key: string): void {
    this.#sending.get(key)?.timer?.cancel();
    this.#sending.delete(key);
  }

  #control(device: string, message: Omit<ControlMessage, 'epoch'>): void {
    const { bus, site } = this.#options;
    bus.publish(topics.control(site, device), JSON.stringify({ ...message, epoch: this.#epoch }));
  }

  #receive({ topic, payload, bytes = payload.length }: BusMessage): void {
    const { listener } = this.#options;
    // An empty retained payload only erases what was retained.
    if (bytes === 0) return;
    const read = parseMessage(topic, payload, bytes);
    if (read.ok) return this.#take(read.value);
    const { message, mend } = read.failure;
    listener.onEvent(
      { type: 'message.rejected', data: { topic: topic.slice(0, 256), reason: `${message}${mend ? ` ${mend}` : ''}` } },
      'controller',
    );
  }

  #take(message: Message): void {
    const { listener } = this.#options;
    switch (message.kind) {
      case 'state':
        return this.#takeState(message.topic.device, message.body);
      case 'descriptor': {
        const device = DeviceId.parse(message.topic.device);
        return listener.onEvent(
          { type: 'device.announced', data: { device, descriptor: message.body } },
          `device/${device}`,
        );
      }
      case 'event':
        return this.#takeEvent(message.topic.device, CommandKey.parse(message.topic.key), message.body);
      case 'meter': {
        const { body, topic } = message;
        const device = DeviceId.parse(topic.device);
        const resolution = toJoules(body.resolution, body.unit);
        const { boot, resetAt } = body;
        const reading = {
          device,
          meter: DeviceId.parse(topic.meter),
          total: meterTotal(body),
          resolution,
          boot,
          resetAt,
        };
        return listener.onMeter(reading, fromWireTime(body.at));
      }
      case 'telemetry': {
        const { device, channel } = message.topic;
        const { body } = message;
        const values = 'values' in body ? body.values : { value: body.value };
        return listener.onTelemetry({ device, channel, at: fromWireTime(body.at), values, unit: body.unit });
      }
      case 'log':
        return listener.onLog(message.topic.device, message.body.level, message.body.message);
      case 'controller':
        return this.#takeController(message.topic.controller, message.body);
      default:
        return;
    }
  }

  #takeState(id: string, body: BodyOf<'state'>): void {
    const device = DeviceId.parse(id);
    const { listener } = this.#options;
    if (body.epoch > this.#epoch) this.#takeHigherEpoch(id, body.epoch);
    else this.#ours.add(id);
    this.#obeyed.set(id, body.epoch);
    if (this.#listening && body.epoch < this.#epoch && body.state !== 'lost') this.#tellEpoch(id);
    this.#secondLook.note(id, body.state === 'lost');
    listener.onEvent(
      { type: 'device.changed', data: { device, state: body.state, boot: body.boot } },
      `device/${device}`,
    );
  }

  /**
   * A device that was ours obeys another controller now. One that we hear for the first time may remember an earlier one,
   * but after an absence also a successor, whose own word may still be under way: so that is waited for.
   */
  #takeHigherEpoch(device: string, epoch: number): void {
    const { listener, clock, bus } = this.#options;
    if (!this.#listening) return listener.onHigherEpoch(epoch);
    if (this.#ours.has(device)) return listener.onSuperseded(`the one that ${device} obeys`);
    this.#doubtful = Math.max(this.#doubtful, epoch);
    this.#doubt ??= clock.after(clock.networkMs(doubtMs), () => {
      this.#doubt = undefined;
      // Whoever is cut off hears of it again when the connection is back.
      if (this.#listening && bus.connected && this.#doubtful > this.#epoch) listener.onHigherEpoch(this.#doubtful);
    });
  }

  #takeController(id: string, { online, epoch, instance }: BodyOf<'controller'>): void {
    const { controller, listener } = this.#options;
    if (ControllerId.parse(id) !== controller || instance === this.#options.instance) return;
    if (!this.#listening) return listener.onHigherEpoch(epoch);
    if (online && epoch > this.#epoch) return listener.onSuperseded(instance);
    // Two that have started at once: one of them rises above the other, which then gives way.
    if (online && epoch === this.#epoch) {
      if (instance < this.#options.instance) listener.onHigherEpoch(epoch);
      return;
    }
    // The last will of a predecessor, or an older one's word, has covered our own.
    this.#announce(true);
  }

  #takeEvent(device: string, key: CommandKey, body: EventMessage): void {
    const { listener } = this.#options;
    const actor = `device/${device}`;
    if (body.kind === 'nack') return this.#takeNack(device, key, body);
    this.#stopSending(key);
    if (body.kind !== 'result') listener.onEvent({ type: 'command.accepted', data: { key, boot: body.boot } }, actor);
    else listener.onEvent({ type: 'command.ended', data: commandEndOf(key, body) }, actor);
  }

  #takeNack(device: string, key: CommandKey, body: Extract<EventMessage, { kind: 'nack' }>): void {
    const { listener, commandState } = this.#options;
    const known = commandState(key);
    if (known === undefined) return;
    const { code, message, n, epoch } = body;
    if (code === 'E_STALE_EPOCH') {
      if (epoch === this.#epoch) this.#takeHigherEpoch(device, this.#epoch + 1);
      return;
    }
    if (code === 'E_UNKNOWN_KEY' && n === 0) return this.#takeUnknown(device, known, key);
    this.#stopSending(key);
    listener.onEvent({ type: 'command.refused', data: { key, code, message } }, `device/${device}`);
  }

  /** The device has never heard of a command that the books hold open. */
  #takeUnknown(device: string, known: OpenCommand, key: CommandKey): void {
    const { listener, clock } = this.#options;
    const { state, command, intendedAt, accepted } = known;
    if (accepted === true) {
      const message = `${device} had accepted the command and no longer knows it: its journal is gone.`;
      const error = { code: 'journal_lost', message };
      const data = { key, outcome: 'indeterminate' as const, error, meters: [], source: 'controller' as const };
      return listener.onEvent({ type: 'command.ended', data }, 'controller');
    }
    if (state === 'intended' && known.cancelled !== true && clock.now() <= intendedAt + command.ttl)
      return this.send(command, intendedAt);
    // Whatever is still on its way has expired: it cannot happen any more.
    if (clock.now() > intendedAt + command.ttl)
      listener.onEvent(
        {
          type: 'command.refused',
          data: { key, code: 'E_UNKNOWN_KEY', message: `${device} never received the command.` },
        },
        `device/${device}`,
      );
  }
}
