import type { Timer } from '../src/base/clock.ts';
import type { Bus, Will } from '../src/wire/bus.ts';
import { createDeviceHost, deviceWill, type DeviceHost } from '../src/wire/host.ts';
import type { Journal } from '../src/wire/journal.ts';
import { misfortuneOf } from './faults.ts';
import type { Surroundings } from './instrument.ts';
import { instrumentFor } from './instruments.ts';
import { SimulatedDriver } from './simulated-driver.ts';

/** A bus that can vanish without a word, as the one in memory can. */
export type MortalBus = Bus & { kill?(): void };
export type Connect = (client: string, will?: Will) => MortalBus | Promise<MortalBus>;

/** How long a device whose process a fault has killed stays away, seconds. */
const restartAfterSeconds = 30;

interface Life {
  readonly boot: string;
  readonly journal: Journal & { close?(): void };
  bus?: MortalBus;
  host?: DeviceHost;
  driver?: SimulatedDriver;
}

/** One simulated instrument and its process, which can die and be started again; its journal and the world remain. */
export class SimulatedDevice {
  readonly #place: Surroundings;
  readonly #connect: Connect;
  readonly #journalFor: (device: string) => Journal & { close?(): void };
  #life: Life | undefined;
  #revival: Timer | undefined;
  /** Replies that have been lost once; asked again, the device is heard. */
  readonly #lost = new Set<string>();

  constructor(place: Surroundings, connect: Connect, journalFor: (device: string) => Journal & { close?(): void }) {
    this.#place = place;
    this.#connect = connect;
    this.#journalFor = journalFor;
  }

  get id(): string {
    return this.#place.id;
  }

  get alive(): boolean {
    return this.#life !== undefined;
  }

  /** At once when the bus is there at once. */
  start(): void | Promise<void> {
    if (this.#life !== undefined) return;
    this.#revival?.cancel();
    const { id, clock, world, lab } = this.#place;
    world.record(id, clock.now(), { kind: 'booted' });
    const journal = this.#journalFor(id);
    const life: Life = { boot: `${id.slice(0, 48)}-${world.bootsOf(id)}`, journal };
    this.#life = life;
    const bus = this.#connect(id, deviceWill({ clock, site: lab.site, device: id, boot: life.boot, journal }));
    if (!(bus instanceof Promise)) return this.#begin(life, bus);
    return bus.then((connected) => this.#begin(life, connected));
  }

  /** The process is gone, as with SIGKILL: no farewell but the broker's last will. */
  crash(): void {
    const life = this.#life;
    this.#life = undefined;
    this.#revival?.cancel();
    if (life === undefined) return;
    life.host?.kill();
    life.driver?.die();
    life.journal.close?.();
    if (life.bus?.kill !== undefined) life.bus.kill();
    else void life.bus?.close();
  }

  async stop(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    this.#revival?.cancel();
    if (life === undefined) return;
    life.driver?.switchOff();
    await life.host?.close();
    await life.bus?.close();
    life.journal.close?.();
  }

  #begin(life: Life, bus: MortalBus): void {
    if (this.#life !== life) return void bus.close();
    const place = this.#place;
    const { id, clock, lab, device, seed } = place;
    const driver = new SimulatedDriver(place, instrumentFor(place), life.boot, () => this.#crashByFault());
    const dropPublish = (kind: string, key: string) =>
      kind === 'result' &&
      misfortuneOf(device.faults, seed, id, key).lostReply &&
      !this.#lost.has(key) &&
      this.#lost.add(key).has(key);
    const { boot, journal } = life;
    const host = createDeviceHost({
      bus,
      clock,
      site: lab.site,
      device: id,
      driver,
      journal,
      boot,
      faults: { dropPublish },
    });
    Object.assign(life, { bus, host, driver });
  }

  #crashByFault(): void {
    this.crash();
    this.#revival = this.#place.clock.after(restartAfterSeconds * 1000, () => void this.start());
  }
}
