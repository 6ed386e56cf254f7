import type { Clock } from '../src/base/clock.ts';
import { failure, FailureError } from '../src/base/failure.ts';
import { invariant } from '../src/base/invariant.ts';
import type { Stream } from '../src/base/random.ts';
import type { Bus, BusMessage, Will } from '../src/wire/bus.ts';
import { matches } from '../src/wire/topics.ts';

/**
 * An MQTT broker and its clients in memory, on a clock: QoS 1, clean sessions, retained messages, last wills. The same
 * seed gives the same run. Faults are those that QoS 1 and a clean session allow: duplicates, delays that reorder, and
 * lost connections (what the broker has taken for a subscriber that is gone is lost; what it has not acknowledged is
 * sent again).
 */
export interface MemoryFaults {
  readonly stream: Stream;
  /** Chance that a message is delivered twice. */
  readonly duplicate?: number;
  /** Chance that a message takes up to `maxDelayMs` longer, and so may be overtaken. */
  readonly delay?: number;
  readonly maxDelayMs?: number;
  /** Chance, per message published, that its sender loses the connection. */
  readonly lose?: number;
  /** How long a lost connection stays lost. */
  readonly reconnectMs?: number;
}

export interface MemoryBus extends Bus {
  readonly clientId: string;
  /** Vanishes like a killed process: never comes back, and its will is published. */
  kill(): void;
  /** Loses the connection: the will is published, and the client comes back after `forMs`. */
  lose(forMs: number): void;
}

export interface MemoryBrokerOptions {
  readonly clock: Clock;
  /** One way between a client and the broker. */
  readonly latencyMs?: number;
  readonly faults?: MemoryFaults;
  /** Messages that a client keeps while offline. */
  readonly queueLimit?: number;
}

interface Outgoing {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly done: ((error?: Error) => void) | undefined;
}

/** One connection of one client; a reconnect makes a new one. */
interface Link {
  readonly client: Client;
  open: boolean;
  readonly filters: Set<string>;
}

export class MemoryBroker {
  readonly clock: Clock;
  readonly latencyMs: number;
  readonly queueLimit: number;
  /** Exchange or remove it to let faults begin or stop. */
  faults: MemoryFaults | undefined;
  #up = true;
  #retained = new Map<string, string>();
  readonly #links = new Set<Link>();
  readonly #clients = new Set<Client>();
  readonly #routes = new Map<string, readonly Link[]>();
  readonly #observers: ((message: BusMessage) => void)[] = [];

  constructor({ clock, latencyMs = 1, faults, queueLimit = 10_000 }: MemoryBrokerOptions) {
    this.clock = clock;
    this.latencyMs = latencyMs;
    this.queueLimit = queueLimit;
    this.faults = faults;
  }

  get retained(): ReadonlyMap<string, string> {
    return this.#retained;
  }

  get up(): boolean {
    return this.#up;
  }

  /** A client that begins to connect at once. An older client of the same id is thrown out, as MQTT demands. */
  connect({ clientId, will }: { clientId: string; will?: Will }): MemoryBus {
    for (const other of this.#clients) if (other.clientId === clientId) other.kill();
    const client = new Client(this, clientId, will);
    this.#clients.add(client);
    client.open();
    return client;
  }

  /** Is told every message that the broker takes, in that order. */
  observe(observer: (message: BusMessage) => void): void {
    this.#observers.push(observer);
  }

  /** Drops every connection without wills and forgets retained messages; is back after `downMs`. */
  restart(downMs = 0): void {
    this.#up = false;
    this.#retained = new Map();
    for (const client of this.#clients) client.drop(downMs + 2 * this.latencyMs);
    this.clock.after(downMs, () => {
      this.#up = true;
    });
  }

  /** Milliseconds that one hop takes, this time. */
  hop(): number {
    const { faults } = this;
    if (faults?.delay === undefined || !faults.stream.chance(faults.delay)) return this.latencyMs;
    return this.latencyMs + faults.stream.integer((faults.maxDelayMs ?? 100) + 1);
  }

  attach(link: Link): void {
    this.#links.add(link);
    this.#routes.clear();
    for (const filter of link.filters) this.#replay(link, filter);
  }

  detach(link: Link): void {
    link.open = false;
    this.#links.delete(link);
    this.#routes.clear();
  }

  remove(client: Client): void {
    this.#clients.delete(client);
  }

  addFilter(link: Link, filter: string): void {
    link.filters.add(filter);
    this.#routes.clear();
    this.#replay(link, filter);
  }

  removeFilter(link: Link, filter: string): void {
    link.filters.delete(filter);
    this.#routes.clear();
  }

  /** Takes a message: retains it, tells observers, sends it on. */
  take(topic: string, payload: string, retain: boolean): void {
    if (retain && payload === '') this.#retained.delete(topic);
    else if (retain) this.#retained.set(topic, payload);
    const message: BusMessage = { topic, payload, retained: false };
    for (const observer of this.#observers) observer(message);
    const { faults } = this;
    for (const link of this.#routeOf(topic)) {
      this.#deliver(link, message);
      if (faults?.duplicate !== undefined && faults.stream.chance(faults.duplicate)) this.#deliver(link, message);
    }
  }

  #replay(link: Link, filter: string): void {
    for (const [topic, payload] of this.#retained)
      if (matches(filter, topic)) this.#deliver(link, { topic, payload, retained: true });
  }

  #deliver(link: Link, message: BusMessage): void {
    this.clock.after(this.hop(), () => {
      if (link.open) link.client.receive(message);
    });
  }

  #routeOf(topic: string): readonly Link[] {
    let route = this.#routes.get(topic);
    if (route === undefined) {
      if (this.#routes.size > 20_000) this.#routes.clear();
      route = [...this.#links].filter((link) => [...link.filters].some((filter) => matches(filter, topic)));
      this.#routes.set(topic, route);
    }
    return route;
  }
}

class Client implements MemoryBus {
  readonly clientId: string;
  readonly #broker: MemoryBroker;
  readonly #will: Will | undefined;
  readonly #handlers = new Map<string, Set<(message: BusMessage) => void>>();
  readonly #onConnect: (() => void)[] = [];
  readonly #onDisconnect: (() => void)[] = [];
  readonly #queue: Outgoing[] = [];
  readonly #unacknowledged = new Set<Outgoing>();
  #link: Link | undefined;
  #connected = false;
  #gone = false;
  #whenEmpty: (() => void) | undefined;

  constructor(broker: MemoryBroker, clientId: string, will: Will | undefined) {
    this.#broker = broker;
    this.clientId = clientId;
    this.#will = will;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** CONNECT and SUBSCRIBE travel one hop, their acknowledgements another. */
  open(): void {
    if (this.#gone || this.#link !== undefined) return;
    const { clock, latencyMs, faults } = this.#broker;
    if (!this.#broker.up) {
      clock.after(latencyMs + (faults?.reconnectMs ?? 250), () => this.open());
      return;
    }
    const link: Link = { client: this, open: true, filters: new Set(this.#handlers.keys()) };
    this.#link = link;
    clock.after(latencyMs, () => {
      if (link.open) this.#broker.attach(link);
    });
    clock.after(2 * latencyMs, () => {
      if (link.open) this.#opened();
    });
  }

  #opened(): void {
    this.#connected = true;
    const again = [...this.#unacknowledged, ...this.#queue.splice(0)];
    this.#unacknowledged.clear();
    for (const message of again) this.#send(message);
    for (const listener of [...this.#onConnect]) if (this.#connected) listener();
  }

  publish(topic: string, payload: string, options: { retain?: boolean } = {}, done?: (error?: Error) => void): void {
    const message: Outgoing = { topic, payload, retain: options.retain ?? false, done };
    if (this.#gone) return this.#refuse(message, 'The connection to the broker is closed.');
    if (this.#connected) {
      this.#send(message);
      return this.#tempt();
    }
    if (this.#queue.length >= this.#broker.queueLimit)
      return this.#refuse(message, `The broker is away and ${this.#queue.length} messages wait already.`);
    this.#queue.push(message);
  }

  #refuse(message: Outgoing, reason: string): void {
    const error = new FailureError(failure('broker.lost', reason, { where: message.topic }));
    this.#broker.clock.after(0, () => message.done?.(error));
  }

  #send(message: Outgoing): void {
    const link = this.#link;
    invariant(link !== undefined, 'a connected client has a link');
    const broker = this.#broker;
    this.#unacknowledged.add(message);
    broker.clock.after(broker.hop(), () => {
      if (!link.open) return;
      broker.take(message.topic, message.payload, message.retain);
      broker.clock.after(broker.latencyMs, () => {
        if (!link.open || this.#gone || !this.#unacknowledged.delete(message)) return;
        message.done?.();
        if (this.#unacknowledged.size === 0) this.#whenEmpty?.();
      });
    });
  }

  /** Only a message sent for the first time may cost the connection, so that faults die out. */
  #tempt(): void {
    const { clock, faults, latencyMs } = this.#broker;
    const link = this.#link;
    if (faults?.lose === undefined || !faults.stream.chance(faults.lose)) return;
    clock.after(faults.stream.integer(2 * latencyMs + 1), () => {
      if (link?.open) this.lose(faults.reconnectMs ?? 250);
    });
  }

  subscribe(pattern: string, handler: (message: BusMessage) => void): () => void {
    const handlers = this.#handlers.get(pattern) ?? new Set();
    this.#handlers.set(pattern, handlers.add(handler));
    this.#tell((link) => this.#broker.addFilter(link, pattern));
    return () => {
      if (!handlers.delete(handler) || handlers.size > 0 || this.#handlers.get(pattern) !== handlers) return;
      this.#handlers.delete(pattern);
      this.#tell((link) => this.#broker.removeFilter(link, pattern));
    };
  }

  /** Asks the broker over the present link; a later link brings all filters with it. */
  #tell(action: (link: Link) => void): void {
    const link = this.#link;
    if (link === undefined || !link.open) return;
    this.#broker.clock.after(this.#broker.latencyMs, () => {
      if (link.open) action(link);
    });
  }

  onConnect(listener: () => void): void {
    this.#onConnect.push(listener);
    if (!this.#connected) return;
    const link = this.#link;
    this.#broker.clock.after(0, () => {
      if (this.#connected && this.#link === link) listener();
    });
  }

  onDisconnect(listener: () => void): void {
    this.#onDisconnect.push(listener);
  }

  receive(message: BusMessage): void {
    for (const [pattern, handlers] of this.#handlers)
      if (matches(pattern, message.topic)) for (const handler of [...handlers]) if (!this.#gone) handler(message);
  }

  /** The link is cut; nothing is said to the broker. Comes back after `forMs`, when given. */
  drop(forMs?: number): void {
    const wasConnected = this.#connected;
    this.#connected = false;
    if (this.#link !== undefined) this.#broker.detach(this.#link);
    this.#link = undefined;
    if (forMs !== undefined) this.#broker.clock.after(forMs, () => this.open());
    if (wasConnected && !this.#gone) for (const listener of [...this.#onDisconnect]) listener();
  }

  lose(forMs: number): void {
    if (this.#gone) return;
    const had = this.#link !== undefined;
    this.drop(forMs);
    if (had) this.#leaveWill();
  }

  /** What it has sent before is already on its way and still arrives; then comes the will. */
  kill(): void {
    if (this.#gone) return;
    this.#gone = true;
    const link = this.#link;
    this.#connected = false;
    this.#broker.remove(this);
    if (link === undefined) return;
    this.#broker.clock.after(this.#broker.latencyMs, () => {
      if (!link.open) return;
      this.#broker.detach(link);
      if (this.#will !== undefined) this.#broker.take(this.#will.topic, this.#will.payload, true);
    });
  }

  #leaveWill(): void {
    const will = this.#will;
    if (will === undefined) return;
    this.#broker.clock.after(this.#broker.latencyMs, () => {
      if (this.#broker.up) this.#broker.take(will.topic, will.payload, true);
    });
  }

  async close(): Promise<void> {
    if (this.#gone) return;
    if (this.#connected && this.#unacknowledged.size > 0)
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
    this.#gone = true;
    this.#broker.remove(this);
    this.drop();
  }
}
