import { MemoryBroker, type MemoryBus, type MemoryFaults } from '../../simulators/memory-bus.ts';
import { VirtualClock, type Timer } from '../../src/base/clock.ts';
import { present } from '../../src/base/invariant.ts';
import type { DescriptorBody } from '../../src/domain/descriptor.ts';
import { DeviceId, MaterialId } from '../../src/domain/ids.ts';
import type { Driver, DriverCommand, DriverOutcome, DriverReport } from '../../src/wire/driver.ts';
import {
  createDeviceHost,
  deviceWill,
  type DeviceHost,
  type HostFaults,
  type HostOptions,
} from '../../src/wire/host.ts';
import { memoryJournal, type Journal } from '../../src/wire/journal.ts';
import {
  commandHash,
  parseMessage,
  type CommandMessage,
  type ControlMessage,
  type EventMessage,
  type Message,
  type StateMessage,
} from '../../src/wire/messages.ts';
import { toWireTime } from '../../src/wire/time.ts';
import { filters, topics } from '../../src/wire/topics.ts';

/** A pump that dispenses, for tests. */
export const dispense: DescriptorBody = {
  vendor: 'Labwright',
  model: 'Bench pump',
  serial: '1',
  firmware: '1.0',
  capabilities: [
    {
      name: 'dispense',
      parameters: {
        type: 'object',
        properties: { volume: { type: 'number', minimum: 0, maximum: 100 }, material: { type: 'string' } },
        required: ['volume'],
        additionalProperties: false,
      },
      result: { type: 'object', properties: { dispensed: { type: 'number' } }, required: ['dispensed'] },
      units: { volume: 'mL', dispensed: 'mL' },
      duration: { low: 1, typical: 2, high: 3 },
      retry: 'unsafe',
      interruptible: true,
      consumes: [{ parameter: 'volume', material: 'material' }],
    },
  ],
  meters: [{ id: DeviceId.parse('mains'), unit: 'Wh', resolution: 1 }],
  onControllerLost: 'stop',
};

/** What the instrument has physically done; it survives every crash of its computer. */
export interface World {
  readonly acts: Map<string, number>;
}

/** A driver that takes `durationMs` per command and records each act at its start. */
export class Pump implements Driver {
  readonly descriptor: DescriptorBody;
  readonly concurrency: number;
  readonly #clock: VirtualClock;
  readonly #world: World;
  readonly #running = new Map<string, { command: DriverCommand; report: DriverReport; timer: Timer }>();
  durationMs = 2000;
  calls: string[] = [];
  outcome: (command: DriverCommand) => DriverOutcome = ({ parameters }) => ({
    outcome: 'ok',
    result: { dispensed: parameters['volume'] },
    consumed: [{ material: MaterialId.parse('dye'), amount: Number(parameters['volume']) * 1e-6 }],
    meters: [{ meter: DeviceId.parse('mains'), start: 3600, end: 7200, resolution: 3600, boot: '' }],
  });

  constructor(clock: VirtualClock, world: World, changes: { descriptor?: DescriptorBody; concurrency?: number } = {}) {
    this.#clock = clock;
    this.#world = world;
    this.descriptor = changes.descriptor ?? dispense;
    this.concurrency = changes.concurrency ?? 1;
  }

  start(command: DriverCommand, report: DriverReport): void {
    this.#world.acts.set(command.key, (this.#world.acts.get(command.key) ?? 0) + 1);
    const timer = this.#clock.after(this.durationMs, () => this.finish(command.key, this.outcome(command)));
    this.#running.set(command.key, { command, report, timer });
  }

  report(key: string): DriverReport {
    return present(this.#running.get(key), key).report;
  }

  finish(key: string, outcome: DriverOutcome): void {
    const { report, timer } = present(this.#running.get(key), key);
    timer.cancel();
    this.#running.delete(key);
    report.end(outcome);
  }

  cancel(key: string): void {
    this.calls.push(`cancel ${key}`);
    this.finish(key, { outcome: 'cancelled' });
  }

  pause(key: string): void {
    this.calls.push(`pause ${key}`);
  }

  resume(key: string): void {
    this.calls.push(`resume ${key}`);
  }

  halt(): void {
    this.calls.push('halt');
    for (const { timer } of this.#running.values()) timer.cancel();
  }

  /** The computer is gone; the instrument's own work goes on unheard. */
  unplug(): void {
    for (const { timer } of this.#running.values()) timer.cancel();
    this.#running.clear();
  }
}

interface RigOptions {
  readonly pump?: (clock: VirtualClock, world: World) => Pump;
  readonly journal?: Journal;
  readonly host?: Partial<HostOptions>;
  readonly network?: MemoryFaults;
}

/** A pump, a broker and a controller on a virtual clock. */
export class Rig {
  readonly clock = new VirtualClock(0);
  readonly broker: MemoryBroker;
  readonly world: World = { acts: new Map() };
  readonly journal: Journal;
  readonly controller: MemoryBus;
  /** All that was said by and to devices, in order. */
  readonly heard: { topic: string; message: Message; retained: boolean }[] = [];
  /** The present computer of the device. */
  host!: DeviceHost;
  bus!: MemoryBus;
  pump!: Pump;
  faults: HostFaults = {};
  readonly #options: RigOptions;
  #boots = 0;

  constructor(options: RigOptions) {
    this.#options = options;
    const { clock } = this;
    this.journal = options.journal ?? memoryJournal();
    this.broker = new MemoryBroker({ clock, ...(options.network === undefined ? {} : { faults: options.network }) });
    this.controller = this.broker.connect({ clientId: 'controller' });
    this.controller.subscribe(filters.devices('lab'), ({ topic, payload, retained }) => {
      const message = parseMessage(topic, payload);
      if (message.ok) this.heard.push({ topic, message: message.value, retained });
    });
    clock.run();
  }

  /** A new boot on the same journal. */
  boot(changes: Partial<HostOptions> = {}): void {
    this.#boots += 1;
    const { clock, world, journal, broker } = this;
    const identity = { clock, site: 'lab', device: 'pump', boot: `b${this.#boots}` };
    this.pump = this.#options.pump?.(clock, world) ?? new Pump(clock, world);
    this.bus = broker.connect({ clientId: 'pump', will: deviceWill({ ...identity, journal }) });
    this.host = createDeviceHost({
      ...identity,
      bus: this.bus,
      driver: this.pump,
      journal,
      faults: {
        crashAt: (point, key) => this.faults.crashAt?.(point, key) ?? false,
        dropPublish: (kind, key) => this.faults.dropPublish?.(kind, key) ?? false,
      },
      onCrash: () => this.crash(),
      ...this.#options.host,
      ...changes,
    });
  }

  /** The computer dies; nothing runs until `boot`. */
  crash(): void {
    this.host.kill();
    this.bus.kill();
    this.pump.unplug();
  }

  send(command: Partial<Omit<CommandMessage, 'key'>> & { key: string }): CommandMessage {
    const { parameters = { volume: 2, material: 'dye' }, capability = 'dispense' } = command;
    const body = {
      capability,
      parameters,
      hash: commandHash(capability, parameters),
      epoch: 1,
      issuedAt: toWireTime(this.clock.now()),
      ttlMs: 60_000,
      deadlineMs: 120_000,
      ...command,
    } as CommandMessage;
    this.say(topics.command('lab', 'pump'), body);
    return body;
  }

  control(op: ControlMessage['op'], key?: string, epoch = 1): void {
    this.say(topics.control('lab', 'pump'), { op, epoch, ...(key === undefined ? {} : { key }) });
  }

  say(topic: string, body: unknown): void {
    this.controller.publish(topic, JSON.stringify(body));
  }

  /** Lets lab time pass. */
  pass(ms: number): void {
    let over = false;
    this.clock.after(ms, () => {
      over = true;
    });
    this.clock.run(() => over);
  }

  /** What the device has said of a key since `from`. */
  events(key: string, from = 0): EventMessage[] {
    return this.heard
      .slice(from)
      .flatMap(({ topic, message }) =>
        topic.endsWith(`/evt/${key}`) && message.kind === 'event' ? [message.body] : [],
      );
  }

  states(): StateMessage[] {
    return this.heard.flatMap(({ message }) => (message.kind === 'state' ? [message.body] : []));
  }

  logs(): string[] {
    return this.heard.flatMap(({ message }) => (message.kind === 'log' ? [message.body.message] : []));
  }
}

/** A rig whose device is up. */
export function createRig(options: RigOptions = {}): Rig {
  const rig = new Rig(options);
  rig.boot();
  rig.pass(10);
  return rig;
}
