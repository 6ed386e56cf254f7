import { failure, FailureError } from '../src/base/failure.ts';
import { invariant } from '../src/base/invariant.ts';
import type { BusMessage, Will } from '../src/wire/bus.ts';
import { matches } from '../src/wire/topics.ts';
import type { MemoryBroker, MemoryBus } from './memory-bus.ts';

interface Outgoing {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly done: ((error?: Error) => void) | undefined;
}

/** One connection of one client; a reconnect makes a new one. */
export interface Link {
  readonly client: MemoryClient;
  open: boolean;
  readonly filters: Set<string>;
}

/** The client's side of the memory bus: one link after another, and what the broker has not acknowledged on one goes on the next. */
export class MemoryClient implements MemoryBus {
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
