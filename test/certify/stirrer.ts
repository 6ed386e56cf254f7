import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '../../src/base/clock.ts';
import { uniqueId } from '../../src/base/random.ts';
import type { DescriptorBody } from '../../src/domain/descriptor.ts';
import type { Driver, DriverCommand, DriverReport } from '../../src/wire/driver.ts';
import { openFileJournal, type FileJournal } from '../../src/wire/file-journal.ts';
import { createDeviceHost, deviceWill, type DeviceHost } from '../../src/wire/host.ts';
import { connectBus, type MqttBus } from '../../src/wire/mqtt-bus.ts';

/** A stirrer on the real host, on a real connection, in real time. */

export const stirrer = (interruptible = true): DescriptorBody => ({
  vendor: 'Labwright',
  model: 'Bench stirrer',
  serial: '1',
  firmware: '1.0',
  capabilities: [
    {
      name: 'stir',
      parameters: {
        type: 'object',
        properties: { seconds: { type: 'number', minimum: 0.4, maximum: 60 } },
        required: ['seconds'],
        additionalProperties: false,
      },
      result: { type: 'object', properties: { turns: { type: 'number' } }, required: ['turns'] },
      units: { seconds: 's', turns: '1' },
      duration: { low: '=seconds', typical: '=seconds', high: '=2*seconds' },
      retry: 'unsafe',
      interruptible,
      consumes: [],
    },
  ],
  meters: [],
  onControllerLost: 'stop',
});

class Motor implements Driver {
  readonly descriptor: DescriptorBody;
  readonly concurrency: number;
  readonly #running = new Map<string, { report: DriverReport; timer: ReturnType<typeof setTimeout> }>();

  constructor(descriptor: DescriptorBody, concurrency: number) {
    this.descriptor = descriptor;
    this.concurrency = concurrency;
  }

  start({ key, parameters }: DriverCommand, report: DriverReport): void {
    const ms = 1000 * Number(parameters['seconds']);
    report.progress(0.1);
    const timer = setTimeout(() => this.#end(key, 'ok'), ms);
    this.#running.set(key, { report, timer });
  }

  cancel(key: string): void {
    this.#end(key, 'cancelled');
  }

  halt(): void {
    for (const key of [...this.#running.keys()]) this.#end(key, 'failed');
  }

  #end(key: string, outcome: 'ok' | 'cancelled' | 'failed'): void {
    const work = this.#running.get(key);
    if (work === undefined) return;
    clearTimeout(work.timer);
    this.#running.delete(key);
    work.report.end(outcome === 'ok' ? { outcome, result: { turns: 12 } } : { outcome });
  }

  /** The computer that drives it is gone. */
  die(): void {
    for (const { timer } of this.#running.values()) clearTimeout(timer);
    this.#running.clear();
  }
}

export class Stirrer {
  readonly folder = mkdtempSync(join(tmpdir(), 'labwright-certify-'));
  readonly #url: string;
  readonly #descriptor: DescriptorBody;
  readonly #concurrency: number;
  #now: { host: DeviceHost; bus: MqttBus; motor: Motor; journal: FileJournal } | undefined;

  constructor(url: string, { interruptible = true, concurrency = 1 } = {}) {
    this.#url = url;
    this.#descriptor = stirrer(interruptible);
    this.#concurrency = concurrency;
  }

  async boot(): Promise<void> {
    const journal = openFileJournal(join(this.folder, 'stirrer.jsonl'));
    const who = { clock: realClock(), site: 'lab', device: 'stirrer', boot: uniqueId().slice(0, 8) };
    const will = deviceWill({ ...who, journal });
    const bus = await connectBus({ url: this.#url, clientId: `stirrer-${who.boot}`, will });
    const motor = new Motor(this.#descriptor, this.#concurrency);
    this.#now = { host: createDeviceHost({ ...who, bus, driver: motor, journal }), bus, motor, journal };
  }

  kill(): void {
    const { host, bus, motor, journal } = this.#now!;
    host.kill();
    motor.die();
    bus.kill();
    journal.close();
  }

  async restart(): Promise<void> {
    this.kill();
    await this.boot();
  }

  close(): void {
    this.kill();
    rmSync(this.folder, { recursive: true });
  }
}
