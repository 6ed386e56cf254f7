import * as z from 'zod';
import type { Clock, Timer } from '../src/base/clock.ts';
import type { DescriptorBody } from '../src/domain/descriptor.ts';
import type { Bus } from '../src/wire/bus.ts';
import type { Driver, DriverCommand, DriverReport } from '../src/wire/driver.ts';
import { deviceKind, identity, meter, schemaOf, setting, simulated } from './kind.ts';

/** A switched socket with the Tasmota firmware, which speaks MQTT by itself; its energy is counted by `tasmota.ts`. */
const Options = z.strictObject({
  /** The plug's own name on the broker: it listens on `cmnd/NAME/POWER` and answers on `stat/NAME/POWER`. */
  topic: z.string().regex(/^[^+#/\s]+$/, 'is the name of the plug alone, without "tele/" and without wildcards.'),
  /** How long it may take to answer. */
  patience: setting('s', '10 s'),
  simulated,
});

export const smartPlugTasmota = deviceKind('smart-plug-tasmota', Options, (id, options) => ({
  ...identity(id, 'Tasmota'),
  capabilities: [
    {
      name: 'switch',
      parameters: schemaOf(z.strictObject({ on: z.boolean() })),
      result: schemaOf(z.strictObject({ on: z.boolean() })),
      units: {},
      duration: { low: 0, typical: Math.min(1, options.patience), high: options.patience },
      retry: 'idempotent',
      interruptible: false,
      consumes: [],
    },
  ],
  meters: [meter('plug', 'kWh', 0.001)],
  onControllerLost: 'finish',
}));

export interface PlugSurroundings {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly descriptor: DescriptorBody;
  readonly options: z.output<typeof Options>;
}

interface Waiting {
  readonly report: DriverReport;
  readonly timer: Timer;
  readonly on: boolean;
}

/** Asks the plug to switch and waits until it says that it has. Switching twice to the same state changes nothing. */
export class SmartPlugDriver implements Driver {
  readonly descriptor: DescriptorBody;
  readonly concurrency = 1;
  readonly #place: PlugSurroundings;
  #waiting: Waiting | undefined;

  constructor(place: PlugSurroundings) {
    this.#place = place;
    this.descriptor = place.descriptor;
    place.bus.subscribe(`stat/${place.options.topic}/POWER`, ({ payload }) => this.#heard(payload));
  }

  start({ parameters }: DriverCommand, report: DriverReport): void {
    const on = parameters['on'] === true;
    const { clock, options } = this.#place;
    const timer = clock.after(options.patience * 1000, () =>
      this.#end('indeterminate', 'E_NO_ANSWER', `The plug ${options.topic} does not answer.`),
    );
    this.#waiting = { report, timer, on };
    this.#command(on);
  }

  /** The safe state of a socket is off. */
  halt(): void {
    this.#command(false);
    this.#end('failed', 'E_HALTED', 'Emergency stop: the socket is switched off.');
  }

  #command(on: boolean): void {
    this.#place.bus.publish(`cmnd/${this.#place.options.topic}/POWER`, on ? 'ON' : 'OFF');
  }

  #heard(payload: string): void {
    const waiting = this.#waiting;
    if (waiting === undefined || payload !== (waiting.on ? 'ON' : 'OFF')) return;
    this.#settle().end({ outcome: 'ok', result: { on: waiting.on }, consumed: [] });
  }

  #end(outcome: 'failed' | 'indeterminate', code: string, message: string): void {
    if (this.#waiting === undefined) return;
    this.#settle().end({ outcome, error: { code, message } });
  }

  #settle(): DriverReport {
    const { report, timer } = this.#waiting!;
    timer.cancel();
    this.#waiting = undefined;
    return report;
  }
}
