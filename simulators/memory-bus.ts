import type { Clock } from '../src/base/clock.ts';
import type { Stream } from '../src/base/random.ts';
import type { Bus, BusMessage, Will } from '../src/wire/bus.ts';
import { isWild, matches } from '../src/wire/topics.ts';
import { MemoryClient, type Link } from './memory-client.ts';

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

export class MemoryBroker {
  readonly clock: Clock;
  readonly latencyMs: number;
  readonly queueLimit: number;
  /** Exchange or remove it to let faults begin or stop. */
  faults: MemoryFaults | undefined;
  #up = true;
  #retained = new Map<string, string>();
  readonly #clients = new Set<MemoryClient>();
  /** Who wants what; filters with wildcards apart, so that a message is matched against few of them. */
  readonly #exact = new Map<string, Set<Link>>();
  readonly #wild = new Map<string, Set<Link>>();
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
    const client = new MemoryClient(this, clientId, will);
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
    for (const filter of link.filters) this.addFilter(link, filter);
  }

  detach(link: Link): void {
    link.open = false;
    for (const filter of link.filters) this.removeFilter(link, filter);
  }

  remove(client: MemoryClient): void {
    this.#clients.delete(client);
  }

  addFilter(link: Link, filter: string): void {
    link.filters.add(filter);
    const index = isWild(filter) ? this.#wild : this.#exact;
    index.set(filter, (index.get(filter) ?? new Set()).add(link));
    for (const [topic, payload] of this.#retained)
      if (matches(filter, topic)) this.#deliver(link, { topic, payload, retained: true });
  }

  removeFilter(link: Link, filter: string): void {
    link.filters.delete(filter);
    const index = isWild(filter) ? this.#wild : this.#exact;
    const links = index.get(filter);
    links?.delete(link);
    if (links?.size === 0) index.delete(filter);
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

  #deliver(link: Link, message: BusMessage): void {
    this.clock.after(this.hop(), () => {
      if (link.open) link.client.receive(message);
    });
  }

  /** Every link once, however many of its filters match. */
  #routeOf(topic: string): ReadonlySet<Link> {
    let route: ReadonlySet<Link> = this.#exact.get(topic) ?? nobody;
    for (const [filter, links] of this.#wild)
      if (matches(filter, topic)) route = route.size === 0 ? links : new Set([...route, ...links]);
    return route;
  }
}

const nobody: ReadonlySet<Link> = new Set();
