import { failure, FailureError } from '../../base/failure.ts';
import { uniqueId } from '../../base/random.ts';
import { present } from '../../base/invariant.ts';
import { CommandKey } from '../../domain/ids.ts';
import type { Capability, DescriptorBody } from '../../domain/descriptor.ts';
import type { BusMessage } from '../../wire/bus.ts';
import {
  commandHash,
  parseMessage,
  type CommandMessage,
  type ControlMessage,
  type EventMessage,
  type Message,
  type StateMessage,
} from '../../wire/messages.ts';
import { connectBus, type MqttBus } from '../../wire/mqtt-bus.ts';
import { toWireTime } from '../../wire/time.ts';
import { filters, parseTopic, topics } from '../../wire/topics.ts';

/** One device under test, and everything that it has said. All times are wall milliseconds. */

export interface Place {
  readonly url: string;
  readonly site: string;
  readonly device: string;
}

export interface Heard {
  readonly topic: string;
  readonly payload: string;
  readonly retained: boolean;
  /** Undefined when it is malformed; `wrong` then says why. */
  readonly message?: Message;
  readonly wrong?: string;
}

/** How long an answer over the network may take. */
export const answerMs = 3_000;
/** What a device that keeps the order of messages would have said by now is waited for no longer than this. */
const barrierMs = 1_000;
const ttlMs = 60_000;
const controllerFor = (device: string): string => `certify-${device}`.slice(0, 64);

export class Bench {
  readonly place: Place;
  readonly run = `certify-${uniqueId().slice(0, 8)}`;
  readonly heard: Heard[] = [];
  /** Keys that the device was given in this run. */
  readonly keys: string[] = [];
  readonly #bus: MqttBus;
  readonly #waiting = new Set<() => void>();
  readonly #patience = new Set<() => void>();
  #count = 0;
  /** Wall time after which nothing is waited for any more. */
  deadline = Infinity;
  epoch = 0;
  subject: { readonly capability: Capability; readonly parameters: Readonly<Record<string, unknown>> } | undefined;

  private constructor(place: Place, bus: MqttBus) {
    this.place = place;
    this.#bus = bus;
    bus.subscribe(filters.device(place.site, place.device), (message) => this.#hear(message));
    bus.subscribe(filters.controllers(place.site), (message) => this.#hear(message));
  }

  static async open(place: Place): Promise<Bench> {
    const clientId = `labwright-certify-${uniqueId().slice(0, 8)}`;
    const body = { online: false, epoch: 0, instance: clientId, at: toWireTime(Date.now()) };
    const will = { topic: topics.controller(place.site, controllerFor(place.device)), payload: JSON.stringify(body) };
    return new Bench(place, await connectBus({ url: place.url, clientId, will }));
  }

  #hear({ topic, payload, bytes, retained }: BusMessage): void {
    const kind = parseTopic(topic)?.kind;
    if (kind === 'command' || kind === 'control') return;
    const read = parseMessage(topic, payload, bytes);
    const content = read.ok ? { message: read.value } : { wrong: read.failure.message };
    this.heard.push({ topic, payload, retained, ...content });
    for (const look of [...this.#waiting]) look();
  }

  /** The first value that `find` gives, now or after any message; undefined when none comes in time. */
  until<T>(find: () => T | undefined, ms = answerMs): Promise<T | undefined> {
    return new Promise((resolve) => {
      const end = (value: T | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        this.#patience.delete(giveUp);
        resolve(value);
      };
      const giveUp = () => end(undefined);
      const look = () => {
        const value = find();
        if (value !== undefined) end(value);
      };
      const timer = setTimeout(giveUp, Math.max(0, Math.min(ms, this.deadline - Date.now())));
      this.#waiting.add(look);
      this.#patience.add(giveUp);
      look();
    });
  }

  /** Nothing is waited for any more. */
  stop(): void {
    this.deadline = 0;
    for (const giveUp of [...this.#patience]) giveUp();
  }

  /** A place in the story: what is heard from here on. */
  get mark(): number {
    return this.heard.length;
  }

  /** What the broker gives to a newcomer on one of the device's topics. */
  async retained(leaf: '$descriptor' | '$state'): Promise<Heard | undefined> {
    const { site, device } = this.place;
    const topic = topics[leaf === '$state' ? 'state' : 'descriptor'](site, device);
    const from = this.mark;
    const unsubscribe = this.#bus.subscribe(topic, () => {});
    const found = await this.until(() =>
      this.heard.slice(from).find((heard) => heard.retained && heard.topic === topic),
    );
    unsubscribe();
    return found;
  }

  events(key: string, from = 0): EventMessage[] {
    return this.heard
      .slice(from)
      .flatMap(({ message }) => (message?.kind === 'event' && message.topic.key === key ? [message.body] : []));
  }

  event(
    key: string,
    test: (event: EventMessage) => boolean,
    from = 0,
    ms = answerMs,
  ): Promise<EventMessage | undefined> {
    return this.until(() => this.events(key, from).find(test), ms);
  }

  states(from = 0): StateMessage[] {
    return this.heard.slice(from).flatMap(({ message }) => (message?.kind === 'state' ? [message.body] : []));
  }

  get state(): StateMessage | undefined {
    return this.states().at(-1);
  }

  get descriptor(): DescriptorBody | undefined {
    const said = this.heard.filter(({ message }) => message?.kind === 'descriptor').at(-1)?.message;
    return said?.kind === 'descriptor' ? said.body : undefined;
  }

  key(): CommandKey {
    this.#count += 1;
    const key = CommandKey.parse(`${this.run}-${this.#count}`);
    this.keys.push(key);
    return key;
  }

  /** A command that the device must accept, unless `over` spoils it. The hash follows from what it asks for. */
  command(over: Partial<CommandMessage> = {}): CommandMessage {
    const { capability, parameters } = present(this.subject, 'a capability to try');
    const draft = {
      key: over.key ?? this.key(),
      capability: capability.name,
      parameters: parameters as CommandMessage['parameters'],
      epoch: this.epoch,
      issuedAt: toWireTime(Date.now()),
      ttlMs,
      deadlineMs: 2 * ttlMs,
      ...over,
    };
    return { hash: commandHash(draft.capability, draft.parameters), ...draft };
  }

  send(command: CommandMessage): CommandMessage {
    this.raw('cmd', JSON.stringify(command));
    return command;
  }

  /** Sends a copy, as the controller of the present epoch does. */
  sendAgain(command: CommandMessage): void {
    this.send({ ...command, epoch: this.epoch });
  }

  control(op: ControlMessage['op'], key?: string, epoch = this.epoch): void {
    this.raw('ctl', JSON.stringify({ op, ...(key === undefined ? {} : { key }), epoch }));
  }

  raw(branch: 'cmd' | 'ctl', payload: string): void {
    const { site, device } = this.place;
    this.#bus.publish(topics[branch === 'cmd' ? 'command' : 'control'](site, device), payload);
  }

  /**
   * Asks for a key that nobody knows and waits for the answer: what the device had to say to earlier messages has come
   * by then. False when no answer comes.
   */
  async barrier(ms = barrierMs): Promise<boolean> {
    const key = `${this.run}-b${this.#count++}`;
    const from = this.mark;
    this.control('query', key);
    return (await this.event(key, ({ kind }) => kind === 'nack', from, ms)) !== undefined;
  }

  /** Says that there is a controller, in wall time, so that the device does not take its own to be lost. */
  announce(online = true): void {
    const now = Date.now();
    const pace = { origin: now, anchor: now, speed: 1 };
    const body = { online, epoch: this.epoch, instance: this.run, at: toWireTime(now), pace };
    const topic = topics.controller(this.place.site, controllerFor(this.place.device));
    this.#bus.publish(topic, JSON.stringify(body), { retain: true });
  }

  /** A controller of campaigns that is online at the site. */
  get otherController(): string | undefined {
    const online = new Map<string, boolean>();
    for (const { message } of this.heard)
      if (message?.kind === 'controller') online.set(message.topic.controller, message.body.online);
    return [...online].find(([id, here]) => here && !id.startsWith('certify-'))?.[0];
  }

  /** On a connection of its own: a broker that does not take a message this large may cut it. */
  async sendLarge(payload: string): Promise<boolean> {
    const { url, site, device } = this.place;
    const bus = await connectBus({ url, clientId: `labwright-certify-${uniqueId().slice(0, 8)}` });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const taken = await new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), answerMs);
      bus.onDisconnect(() => resolve(false));
      bus.publish(topics.command(site, device), payload, {}, (error) => resolve(error === undefined));
    });
    clearTimeout(timer);
    bus.kill();
    return taken;
  }

  /** Leaves the device as it was found: nothing at work, nothing to remember. */
  async close(): Promise<void> {
    const here = this.state !== undefined && this.state.state !== 'lost';
    if (this.epoch > 0 && here) {
      this.deadline = Date.now() + answerMs;
      this.control('resume');
      if ((this.state?.running.length ?? 0) > 0) this.control('cancel');
      await this.until(() => (this.state?.running.length === 0 ? true : undefined));
      for (const key of this.keys) this.control('forget', key);
      await this.barrier();
      this.announce(false);
    }
    await this.#bus.close();
  }
}

/** An address that may be shown. */
export const withoutPassword = (url: string): string => url.replace(/(:\/\/[^:/@]*):[^@/]*@/, '$1@');

/** What ends the whole run: the device cannot be tried at all. */
export const hopeless = (message: string, mend: string): FailureError =>
  new FailureError(failure('lab.incapable', message, { mend }));
