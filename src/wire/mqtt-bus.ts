import { Socket } from 'node:net';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { failure, FailureError } from '../base/failure.ts';
import type { Bus, BusMessage, Will } from './bus.ts';
import { payloadLimit } from './messages.ts';
import { matches } from './topics.ts';

/** All times here are wall milliseconds: the network does not run faster with the lab. */
export interface BusOptions {
  /** mqtt://, mqtts://, ws:// or wss://, with user and password where the broker asks for them. */
  readonly url: string;
  readonly clientId: string;
  readonly will?: Will;
  readonly log?: (level: 'info' | 'warn' | 'error', message: string) => void;
  /** How long the first connection may take. */
  readonly timeoutMs?: number;
  /** Messages that wait while the broker is away. */
  readonly queueLimit?: number;
  readonly keepaliveSeconds?: number;
}

export interface MqttBus extends Bus {
  /** Vanishes like a killed process: the broker publishes the last will. */
  kill(): void;
}

interface Outgoing {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly done: ((error?: Error) => void) | undefined;
}

const maxInFlight = 16;
const firstRetryMs = 250;
const longestRetryMs = 5_000;
const closePatienceMs = 5_000;

/** Connects. Rejects with FailureError broker.unreachable when no broker has answered within `timeoutMs`. */
export async function connectBus(options: BusOptions): Promise<MqttBus> {
  const { timeoutMs = 10_000 } = options;
  const bus = new ReconnectingBus(options);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const inTime = await new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
    bus.onConnect(() => resolve(true));
    try {
      bus.open();
    } catch (error) {
      bus.lastError = describe(error as Error);
      resolve(false);
    }
  });
  clearTimeout(timer);
  if (inTime) return bus;
  bus.kill();
  const reason = bus.lastError === undefined ? '' : `: ${bus.lastError}`;
  throw new FailureError(
    failure('broker.unreachable', `No MQTT broker could be reached within ${timeoutMs / 1000} s${reason}.`, {
      where: withoutPassword(options.url),
      mend: 'Start the broker, or correct its address.',
    }),
  );
}

/**
 * One MQTT session after another. Each connection is a clean session of its own; what the broker has not acknowledged on
 * one is sent on the next, in the same order. Nothing is published before all subscriptions are acknowledged, so that an
 * answer always finds its listener.
 */
class ReconnectingBus implements MqttBus {
  readonly #options: BusOptions;
  readonly #handlers = new Map<string, Set<(message: BusMessage) => void>>();
  readonly #onConnect: (() => void)[] = [];
  readonly #onDisconnect: (() => void)[] = [];
  /** Listeners that came when there was a connection already. */
  #late: (() => void)[] = [];
  #queue: Outgoing[] = [];
  readonly #inFlight = new Set<Outgoing>();
  #client: MqttClient | undefined;
  #ready = false;
  #closed = false;
  #subscribing = 0;
  #retryMs = firstRetryMs;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #whenEmpty: (() => void) | undefined;
  lastError: string | undefined;

  constructor(options: BusOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#ready;
  }

  /** Throws when the address is of no use. */
  open(): void {
    const client = mqtt.connect(this.#options.url, this.#clientOptions());
    this.#client = client;
    this.#subscribing = 0;
    // Small messages that wait for an answer: delaying them (Nagle) costs 40 ms each. A broker must not delay its side
    // either; Mosquitto does so unless its configuration says set_tcp_nodelay true.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    client.on('connect', () => this.#subscribeAll(client));
    client.on('message', (topic, payload, { retain }) => this.#receive(topic, payload, retain));
    client.on('error', (error) => {
      this.lastError = describe(error);
    });
    client.on('close', () => this.#lost(client));
  }

  #clientOptions(): IClientOptions {
    const { clientId, will, keepaliveSeconds = 15, timeoutMs = 10_000 } = this.#options;
    return {
      clientId,
      clean: true,
      protocolVersion: 4,
      keepalive: keepaliveSeconds,
      connectTimeout: timeoutMs,
      reconnectPeriod: 0,
      resubscribe: false,
      ...(will === undefined ? {} : { will: { ...will, payload: Buffer.from(will.payload), qos: 1, retain: true } }),
    };
  }

  #subscribeAll(client: MqttClient): void {
    const patterns = [...this.#handlers.keys()];
    const begin = () => {
      if (this.#client !== client) return;
      this.#ready = true;
      this.#retryMs = firstRetryMs;
      this.#options.log?.('info', `Connected to ${withoutPassword(this.#options.url)}.`);
      for (const listener of [...this.#onConnect]) if (this.#ready) listener();
      this.#pump();
    };
    if (patterns.length === 0) begin();
    else this.#request(client, patterns, begin);
  }

  /** Subscribes; a connection on which that is refused, or not answered in time, is given up for the next one. */
  #request(client: MqttClient, patterns: string[], done: () => void): void {
    const { timeoutMs = 10_000 } = this.#options;
    const patience = setTimeout(() => client.stream.destroy(), timeoutMs);
    client.subscribe(patterns, { qos: 1 }, (error) => {
      clearTimeout(patience);
      if (error) client.end(true);
      else done();
    });
  }

  #lost(client: MqttClient): void {
    if (this.#client !== client) return;
    const wasReady = this.#ready;
    this.#client = undefined;
    this.#ready = false;
    this.#late = [];
    this.#queue = [...this.#inFlight, ...this.#queue];
    this.#inFlight.clear();
    if (this.#closed) return;
    if (wasReady) {
      this.#options.log?.('warn', `The connection to ${withoutPassword(this.#options.url)} was lost.`);
      for (const listener of [...this.#onDisconnect]) listener();
    }
    // Half of the wait is random, so that a lab does not come back to its broker in one instant.
    this.#retry = setTimeout(() => this.open(), this.#retryMs * (0.5 + 0.5 * Math.random()));
    this.#retryMs = Math.min(longestRetryMs, 2 * this.#retryMs);
  }

  #receive(topic: string, payload: Buffer, retained: boolean): void {
    const fits = payload.length <= payloadLimit;
    const message: BusMessage = {
      topic,
      payload: fits ? payload.toString('utf8') : '',
      bytes: payload.length,
      retained,
    };
    for (const [pattern, handlers] of this.#handlers)
      if (matches(pattern, topic)) for (const handler of [...handlers]) if (!this.#closed) handler(message);
  }

  publish(topic: string, payload: string, options: { retain?: boolean } = {}, done?: (error?: Error) => void): void {
    const message: Outgoing = { topic, payload, retain: options.retain ?? false, done };
    if (this.#closed) return this.#refuse(message, 'The connection to the broker is closed.');
    const { queueLimit = 10_000 } = this.#options;
    if (this.#queue.length >= queueLimit)
      return this.#refuse(message, `The broker is away or slow, and ${this.#queue.length} messages wait already.`);
    this.#queue.push(message);
    this.#pump();
  }

  #refuse(message: Outgoing, reason: string): void {
    const refusal = new FailureError(
      failure('broker.lost', reason, { where: message.topic, mend: 'Bring the broker back.' }),
    );
    this.#options.log?.('error', refusal.message);
    queueMicrotask(() => message.done?.(refusal));
  }

  #pump(): void {
    const client = this.#client;
    if (client === undefined || !this.#ready || this.#subscribing > 0) return;
    while (this.#inFlight.size < maxInFlight && this.#queue.length > 0) {
      const message = this.#queue.shift()!;
      this.#inFlight.add(message);
      const { topic, payload, retain, done } = message;
      client.publish(topic, payload, { qos: 1, retain }, (error) => {
        if (this.#client !== client || !this.#inFlight.delete(message)) return;
        done?.(error ?? undefined);
        this.#pump();
        if (this.#inFlight.size + this.#queue.length === 0) this.#whenEmpty?.();
      });
    }
  }

  subscribe(pattern: string, handler: (message: BusMessage) => void): () => void {
    const handlers = this.#handlers.get(pattern) ?? new Set();
    this.#handlers.set(pattern, handlers.add(handler));
    const client = this.#client;
    if (client !== undefined && this.#ready) {
      this.#subscribing += 1;
      this.#request(client, [pattern], () => {
        if (this.#client !== client) return;
        this.#subscribing -= 1;
        this.#settle();
      });
    }
    return () => {
      if (!handlers.delete(handler) || handlers.size > 0 || this.#handlers.get(pattern) !== handlers) return;
      this.#handlers.delete(pattern);
      if (this.#ready) this.#client?.unsubscribe(pattern);
    };
  }

  #settle(): void {
    if (!this.#ready || this.#subscribing > 0) return;
    for (const listener of this.#late.splice(0)) if (this.#ready) listener();
    this.#pump();
  }

  onConnect(listener: () => void): void {
    this.#onConnect.push(listener);
    if (!this.#ready) return;
    this.#late.push(listener);
    queueMicrotask(() => this.#settle());
  }

  onDisconnect(listener: () => void): void {
    this.#onDisconnect.push(listener);
  }

  kill(): void {
    this.#leave();
    this.#client?.end(true);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, this.#ready ? closePatienceMs : 0);
    this.#whenEmpty = patience.resolve;
    if (this.#inFlight.size + this.#queue.length === 0) patience.resolve();
    await patience.promise;
    clearTimeout(timer);
    this.#leave();
    const client = this.#client;
    if (client === undefined) return;
    const gone = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.end(!client.connected || this.#inFlight.size > 0);
    // A broker that never answers an unsubscription would hold us for ever.
    const late = setTimeout(() => client.stream.destroy(), closePatienceMs);
    await gone;
    clearTimeout(late);
  }

  #leave(): void {
    this.#closed = true;
    this.#ready = false;
    clearTimeout(this.#retry);
    for (const message of this.#queue.splice(0)) this.#refuse(message, 'The connection to the broker is closed.');
  }
}

/** Node reports a refused connection to several addresses as an error without message. */
const describe = (error: Error): string => error.message || String((error as { code?: unknown }).code ?? error.name);

function withoutPassword(url: string): string {
  return url.replace(/(:\/\/[^:/@]*):[^@/]*@/, '$1@');
}
