import type { Clock } from '../base/clock.ts';
import type { Descriptor } from '../domain/descriptor.ts';
import type { DeviceState } from '../domain/event.ts';
import type { Bus, Will } from './bus.ts';
import type { MeterUnit } from './amounts.ts';
import type { Journal } from './journal.ts';
import { KeyBook } from './key-book.ts';
import { logLevels, payloadLimit, type EventMessage, type MeterMessage, type StateMessage } from './messages.ts';
import { toWireTime } from './time.ts';
import { topics } from './topics.ts';

export interface VoiceOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly site: string;
  readonly device: string;
  readonly boot: string;
}

export type LogLevel = (typeof logLevels)[number];

/** Log messages are cut after this many characters. */
const longestLog = 16 * 1024;

/**
 * All that a device says. Nothing is kept for later while the broker is away: at every connect the device says again
 * what still matters.
 */
export class Voice {
  readonly #options: VoiceOptions;
  readonly #sequences = new Map<string, number>();
  readonly #meters = new Map<string, MeterMessage>();
  /** A crashed device says nothing more. */
  silent = false;

  constructor(options: VoiceOptions) {
    this.#options = options;
  }

  state(state: DeviceState, epoch: number, running: StateMessage['running'], done?: () => void): void {
    const { site, device, boot } = this.#options;
    const topic = topics.state(site, device);
    const body: StateMessage = { state, boot, seq: this.#next(topic), epoch, running, at: this.#now() };
    this.#say(topic, body, true, done);
  }

  descriptor(descriptor: Descriptor): void {
    const { site, device } = this.#options;
    this.#say(topics.descriptor(site, device), descriptor, true);
  }

  event(key: string, event: EventMessage): void {
    const { site, device } = this.#options;
    this.#say(topics.event(site, device, key), event);
  }

  telemetry(channel: string, values: Readonly<Record<string, number>>, unit: string): void {
    const { site, device, boot } = this.#options;
    const topic = topics.telemetry(site, device, channel);
    this.#say(topic, { at: this.#now(), boot, seq: this.#next(topic), values, unit });
  }

  /** `total` and `resolution` in `unit`, `resetAt` in ms. */
  meter(meter: string, reading: { total: number; unit: MeterUnit; resolution: number; resetAt: number }): void {
    const { site, device, boot } = this.#options;
    const topic = topics.meter(site, device, meter);
    const resetAt = toWireTime(reading.resetAt);
    const body: MeterMessage = { ...reading, resetAt, boot, seq: this.#next(topic), at: this.#now() };
    this.#meters.set(topic, body);
    this.#say(topic, body, true);
  }

  /** The last readings, for a broker that may have forgotten them. */
  repeatMeters(): void {
    for (const [topic, body] of this.#meters) this.#say(topic, body, true);
  }

  log(level: LogLevel, message: string, key?: string): void {
    const { site, device } = this.#options;
    const text = message.slice(0, longestLog);
    this.#say(topics.log(site, device), { level, message: text, ...(key === undefined ? {} : { key }) });
  }

  #say(topic: string, body: unknown, retain = false, done?: () => void): void {
    const { bus } = this.#options;
    if (this.silent || !bus.connected) return done?.();
    const payload = JSON.stringify(body);
    const size = Buffer.byteLength(payload);
    if (size > payloadLimit) {
      this.log('error', `A message of ${size} bytes on ${topic} is too large and was not sent.`);
      return done?.();
    }
    bus.publish(topic, payload, { retain }, done === undefined ? undefined : () => done());
  }

  #next(topic: string): number {
    const seq = (this.#sequences.get(topic) ?? 0) + 1;
    this.#sequences.set(topic, seq);
    return seq;
  }

  #now(): string {
    return toWireTime(this.#options.clock.now());
  }
}

/** The last will of a device, to connect its bus with: the broker says `lost` when the device vanishes. */
export function deviceWill(options: Omit<VoiceOptions, 'bus'> & { readonly journal: Journal }): Will {
  const { site, device, boot, clock, journal } = options;
  const { epoch } = new KeyBook(journal, clock);
  const body: StateMessage = { state: 'lost', boot, seq: 0, epoch, running: [], at: toWireTime(clock.now()) };
  return { topic: topics.state(site, device), payload: JSON.stringify(body) };
}
