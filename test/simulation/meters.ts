import type { Clock } from '../../src/base/clock.ts';
import type { Lab } from '../../src/domain/lab.ts';
import { fromJoules, toJoules } from '../../src/wire/amounts.ts';
import type { MemoryBus } from '../../simulators/memory-bus.ts';
import { wrapped } from './wrapped-bus.ts';
import type { World } from '../../simulators/world.ts';

interface Reset {
  readonly at: number;
  /** What the counter would show without any reset, J. */
  readonly joules: number;
}

type Wh = { total: number };
interface PlugText {
  Time?: string;
  ENERGY?: { Total: number; TotalStartTime: string };
  aenergy?: Wh;
}
interface Span {
  start: number;
  end: number;
  unit: 'J' | 'Wh' | 'kWh' | 'Wmin';
  resetAt?: string;
}

/** Energy counters that begin again at zero, or are not heard for a while. What the devices draw is not touched. */
export class MeterBench {
  readonly #lab: Lab;
  readonly #world: World;
  readonly #clock: Clock;
  readonly resets = new Map<string, Reset[]>();
  readonly gaps = new Set<string>();
  readonly #silentUntil = new Map<string, number>();

  constructor(lab: Lab, world: World, clock: Clock) {
    this.#lab = lab;
    this.#world = world;
    this.#clock = clock;
  }

  reset(device: string): void {
    const now = this.#clock.now();
    const list = this.resets.get(device) ?? [];
    this.resets.set(device, [...list, { at: now, joules: this.#world.drawn(device, now) }]);
  }

  silence(device: string, ms: number): void {
    this.gaps.add(device);
    this.#silentUntil.set(device, this.#clock.now() + ms);
  }

  /** Everything that a client publishes passes here. */
  tamper(client: string, bus: MemoryBus): MemoryBus {
    const device = client.replace(/-plug$/, '');
    const plug = this.#lab.devices[device as keyof Lab['devices']]?.meter?.topic;
    return wrapped(bus, {
      publish: (topic, payload, options, done) => {
        const metered = topic === plug || topic.includes(`/dev/${device}/meter/`);
        if (metered && this.#clock.now() < (this.#silentUntil.get(device) ?? 0)) return done?.();
        const resets = this.resets.get(device);
        if (resets === undefined) return bus.publish(topic, payload, options, done);
        if (topic === plug) return bus.publish(topic, this.#plug(device, payload), options, done);
        const own = client === device;
        if (own && metered) return bus.publish(topic, this.#own(device, payload), options, done);
        if (own && topic.includes('/evt/')) return bus.publish(topic, this.#result(device, payload), options, done);
        bus.publish(topic, payload, options, done);
      },
    });
  }

  /** What is missing from a counter at a time, J. */
  #missing(device: string, at: number): number {
    return this.#since(device, at)?.joules ?? 0;
  }

  #began(device: string, at: number): { resetAt?: string } {
    const since = this.#since(device, at);
    return since === undefined ? {} : { resetAt: new Date(since.at).toISOString() };
  }

  #since(device: string, at: number): Reset | undefined {
    return this.resets.get(device)?.findLast((reset) => reset.at <= at);
  }

  #own(device: string, payload: string): string {
    const body = JSON.parse(payload) as { total: number; unit: Span['unit']; resetAt: string; at: string };
    const at = Date.parse(body.at);
    const since = this.#since(device, at);
    if (since === undefined) return payload;
    const total = Math.max(0, body.total - fromJoules(since.joules, body.unit));
    return JSON.stringify({ ...body, total, resetAt: new Date(since.at).toISOString() });
  }

  #plug(device: string, payload: string): string {
    const body = JSON.parse(payload) as PlugText;
    const since = this.resets.get(device)!.at(-1)!;
    const less = (value: number, unit: 'Wh' | 'kWh') =>
      Math.max(0, Math.floor((value - fromJoules(since.joules, unit)) * 1000 + 1e-9) / 1000);
    if (body.ENERGY !== undefined) {
      body.ENERGY.Total = less(body.ENERGY.Total, 'kWh');
      body.ENERGY.TotalStartTime = new Date(since.at).toISOString().slice(0, 19);
    }
    if (body.aenergy !== undefined) body.aenergy.total = less(body.aenergy.total, 'Wh');
    return JSON.stringify(body);
  }

  /** A result tells what the counter showed at both ends of its command. */
  #result(device: string, payload: string): string {
    const body = JSON.parse(payload) as { kind: string; meters?: Span[]; startedAt?: string; endedAt?: string };
    if (body.kind !== 'result' || body.meters === undefined || body.meters.length === 0) return payload;
    const { startedAt, endedAt } = body;
    if (startedAt === undefined || endedAt === undefined) return payload;
    const shown = (value: number, unit: Span['unit'], at: number) =>
      Math.max(0, fromJoules(toJoules(value, unit) - this.#missing(device, at), unit));
    const meters = body.meters.map((span) => ({
      ...span,
      start: shown(span.start, span.unit, Date.parse(startedAt)),
      end: shown(span.end, span.unit, Date.parse(endedAt)),
      ...this.#began(device, Date.parse(endedAt)),
    }));
    return JSON.stringify({ ...body, meters });
  }
}
