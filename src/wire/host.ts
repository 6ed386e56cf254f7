import { describeFailure } from '../base/failure.ts';
import { describe } from '../domain/descriptor.ts';
import type { DeviceState } from '../domain/event.ts';
import type { CommandKey } from '../domain/ids.ts';
import type { BusMessage } from './bus.ts';
import { Commands } from './host-commands.ts';
import { Controls } from './host-controls.ts';
import { HostCore, type HostOptions } from './host-core.ts';
import { Presence } from './host-presence.ts';
import { parseMessage, type ControlMessage } from './messages.ts';
import { filters, topics } from './topics.ts';

export type { CrashPoint, HostFaults, HostOptions } from './host-core.ts';
export { deviceWill } from './host-voice.ts';

export interface DeviceHost {
  readonly state: DeviceState;
  /** Keys at work, in the order of their start. */
  readonly running: readonly string[];
  /** Emergency stop on the spot, for when there is no broker to say it. */
  halt(): void;
  /** Publishes the descriptor again, after it has changed. */
  announce(): void;
  /** Falls silent like a killed process; a new host on the same journal, with a new boot, takes over. */
  kill(): void;
  /** Says `disconnected` and falls silent. Commands still at work become indeterminate at the next boot. */
  close(): Promise<void>;
}

/** How long a controller may be away before it counts as lost, in wall ms. */
const defaultGraceMs = 5_000;

/**
 * The device's side of the contract around a driver: journal, acks, de-duplication, epochs, results until forgotten.
 * Throws FailureError when the journal cannot be written at the start.
 */
export function createDeviceHost(options: HostOptions): DeviceHost {
  return new Host(options);
}

class Host implements DeviceHost {
  readonly #core: HostCore;
  readonly #commands: Commands;
  readonly #controls: Controls;
  readonly #presence: Presence;
  readonly #subscriptions: (() => void)[];

  constructor(options: HostOptions) {
    const { bus, clock, site, device, driver } = options;
    this.#core = new HostCore(options);
    this.#commands = new Commands(this.#core);
    this.#controls = new Controls(this.#core, this.#commands);
    this.#presence = new Presence(clock, options.controllerGraceMs ?? defaultGraceMs, () => this.#controllerLost());
    this.#commands.settleEarlierBoot();
    const hear = (message: BusMessage) => this.#hear(message);
    const own = [topics.command(site, device), topics.control(site, device), topics.state(site, device)];
    this.#subscriptions = [...own, filters.controllers(site)].map((filter) => bus.subscribe(filter, hear));
    bus.onConnect(() => this.#connected());
    bus.onDisconnect(() => {
      if (!this.#core.dead) this.#presence.disconnected(this.#core.book.epoch);
    });
    driver.attach?.(this.#commands.report());
  }

  get state(): DeviceState {
    return this.#core.state;
  }

  get running(): readonly string[] {
    return [...this.#core.work.keys()];
  }

  #connected(): void {
    const { dead, voice, book, descriptor } = this.#core;
    if (dead) return;
    voice.descriptor(describe(descriptor));
    this.#core.sayState();
    voice.repeatMeters();
    // Duty 5: a result is said at every connect until it is forgotten.
    for (const { key, phase, last } of book.entries()) if (phase === 'done') this.#core.say(key, last!);
  }

  #hear({ topic, payload, bytes }: BusMessage): void {
    const { dead, voice, book } = this.#core;
    if (dead) return;
    const read = parseMessage(topic, payload, bytes);
    if (!read.ok) return voice.log('warn', describeFailure(read.failure));
    const message = read.value;
    if (message.kind === 'command') {
      const { key, epoch } = message.body;
      if (this.#inEpoch(key, epoch)) this.#commands.obey(message.body);
    } else if (message.kind === 'control') this.#control(message.body);
    else if (message.kind === 'controller') this.#presence.heard(message.topic.controller, message.body, book.epoch);
    // A late last will: the broker took an old connection for this one.
    else if (message.kind === 'state' && message.body.state === 'lost') this.#core.sayState();
  }

  #control(message: ControlMessage): void {
    // A halt is obeyed whoever says it, and whatever the disk says: refusing one can only do harm.
    if (message.op === 'halt') this.#controls.obey(message);
    const current = this.#inEpoch(message.op === 'halt' ? undefined : message.key, message.epoch);
    if (current && message.op !== 'halt') this.#controls.obey(message);
  }

  /** Duty 3. False when the message is not to be obeyed. */
  #inEpoch(key: CommandKey | undefined, epoch: number): boolean {
    const { book } = this.#core;
    if (epoch < book.epoch) this.#core.nackStale(key, epoch);
    if (epoch <= book.epoch) return epoch === book.epoch;
    if (!this.#core.write(() => book.raiseEpoch(epoch))) return false;
    this.#core.sayState();
    this.#presence.check(epoch);
    return true;
  }

  /** Duty 6. What may not be interrupted is carried to its end under either policy. */
  #controllerLost(): void {
    const { descriptor, voice } = this.#core;
    voice.log('warn', `The controller is lost; the device will ${descriptor.onControllerLost}.`);
    if (descriptor.onControllerLost === 'stop') this.#controls.steerAll('cancel');
  }

  halt(): void {
    this.#controls.halt();
  }

  announce(): void {
    this.#core.descriptor = this.#core.readDescriptor();
    this.#core.voice.descriptor(describe(this.#core.descriptor));
  }

  kill(): void {
    this.#presence.stop();
    this.#core.kill();
  }

  async close(): Promise<void> {
    if (this.#core.dead) return;
    this.#core.dead = true;
    this.#presence.stop();
    await new Promise<void>((resolve) => this.#core.sayState(resolve));
    this.#core.voice.silent = true;
    for (const unsubscribe of this.#subscriptions) unsubscribe();
  }
}
