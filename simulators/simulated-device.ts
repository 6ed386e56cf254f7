import type { Timer } from '../src/base/clock.ts';
import { FailureError } from '../src/base/failure.ts';
import type { DescriptorBody } from '../src/domain/descriptor.ts';
import type { Bus, Will } from '../src/wire/bus.ts';
import type { Driver } from '../src/wire/driver.ts';
import { createDeviceHost, deviceWill, type CrashPoint, type DeviceHost } from '../src/wire/host.ts';
import type { Journal } from '../src/wire/journal.ts';
import { misfortuneOf } from './faults.ts';
import type { Surroundings } from './instrument.ts';
import { instrumentFor } from './instruments.ts';
import { SimulatedDriver } from './simulated-driver.ts';

/** A bus that can vanish without a word, as the one in memory can. */
export type MortalBus = Bus & { kill?(): void };
export type Connect = (client: string, will?: Will) => MortalBus | Promise<MortalBus>;

/** What a test may do to simulated devices besides the faults of their lab. */
export interface Tampering {
  /** Whether the process dies at this point of a command. */
  crashAt?(device: string, point: CrashPoint, key: string): boolean;
  /** What a device says of itself; asked at every start and every announcement. */
  describe?(device: string, body: DescriptorBody): DescriptorBody;
  /** Stands between host and instrument, from each start on. */
  driver?(device: string, driver: Driver): Driver;
}

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
  readonly #tampering: Tampering;
  #life: Life | undefined;
  #revival: Timer | undefined;
  /** Replies that have been lost once; asked again, the device is heard. */
  readonly #lost = new Set<string>();

  constructor(
    place: Surroundings,
    connect: Connect,
    journalFor: (device: string) => Journal & { close?(): void },
    tampering: Tampering = {},
  ) {
    this.#place = place;
    this.#connect = connect;
    this.#journalFor = journalFor;
    this.#tampering = tampering;
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

  /** Describes itself again, as after a change of its settings. */
  announce(): void {
    this.#life?.host?.announce();
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
    const { crashAt, describe, driver: between } = this.#tampering;
    const host = createDeviceHost({
      bus,
      clock,
      site: lab.site,
      device: id,
      driver: between?.(id, driver) ?? driver,
      journal,
      boot,
      ...(describe === undefined ? {} : { describe: () => describe(id, place.descriptor) }),
      faults: {
        dropPublish,
        ...(crashAt === undefined ? {} : { crashAt: (point: CrashPoint, key: string) => crashAt(id, point, key) }),
      },
      onCrash: () => this.#crashByFault(),
    });
    Object.assign(life, { bus, host, driver });
  }

  #crashByFault(): void {
    this.crash();
    this.#revival = this.#place.clock.after(restartAfterSeconds * 1000, () => this.#revive());
  }

  /** A device whose disk is full cannot start; it is tried again. */
  #revive(): void {
    const refused = (error: unknown) => {
      if (!(error instanceof FailureError) || error.failure.code !== 'ledger.full') throw error;
      this.#crashByFault();
    };
    try {
      const begun = this.start();
      if (begun instanceof Promise) begun.catch(refused);
    } catch (error) {
      refused(error);
    }
  }
}
