import type { MeterSpan } from '../src/domain/event.ts';
import { fromJoules, toJoules } from '../src/wire/amounts.ts';
import { toWireTime } from '../src/wire/time.ts';
import type { DriverReport } from '../src/wire/driver.ts';
import type { Surroundings } from './instrument.ts';

/**
 * The mains side of a simulated device: what it draws, and its own energy meter if its descriptor has one (a smart plug
 * before it is another device). Power is constant between two switchings, so the energy is exact: the sum of watt times
 * seconds. The counter shows whole steps of its resolution only and survives a restart, as those of real devices do.
 */
export class Mains {
  readonly #place: Surroundings;
  readonly #boot: string;

  constructor(place: Surroundings, boot: string) {
    this.#place = place;
    this.#boot = boot;
  }

  /** From now on the device draws this many watts. */
  draw(watt: number): void {
    const { id, world, clock } = this.#place;
    if (watt === world.powerOf(id) && world.onSince(id) !== undefined) return;
    const now = clock.now();
    world.record(id, now, { kind: 'power', watt, joules: world.drawn(id, now) });
  }

  /** The counter in joules; without a meter of its own what it has truly drawn. */
  counter(): number {
    const joules = this.#place.world.drawn(this.#place.id, this.#place.clock.now());
    const resolution = this.#resolution();
    return resolution > 0 ? Math.floor(joules / resolution + 1e-9) * resolution : joules;
  }

  show(report: DriverReport): void {
    const meter = this.#meter();
    if (meter === undefined) return;
    const { id, world, clock } = this.#place;
    report.meter(meter.id, fromJoules(this.counter(), meter.unit), world.onSince(id) ?? clock.now());
  }

  span(start: number): MeterSpan[] {
    const meter = this.#meter();
    if (meter === undefined) return [];
    const { id, world, clock } = this.#place;
    const resetAt = toWireTime(world.onSince(id) ?? clock.now());
    return [{ meter: meter.id, start, end: this.counter(), resolution: this.#resolution(), boot: this.#boot, resetAt }];
  }

  #meter() {
    return this.#place.device.meter === undefined ? this.#place.descriptor.meters[0] : undefined;
  }

  #resolution(): number {
    const meter = this.#meter();
    return meter === undefined ? 0 : toJoules(meter.resolution, meter.unit);
  }
}
