import type { Clock } from '../src/base/clock.ts';
import type { Stream } from '../src/base/random.ts';
import { unwrap } from '../src/base/failure.ts';
import { present } from '../src/base/invariant.ts';
import { capabilityOf, type Capability, type DescriptorBody } from '../src/domain/descriptor.ts';
import type { Amount, NackCode } from '../src/domain/event.ts';
import type { Lab, LabDevice } from '../src/domain/lab.ts';
import { durationOf } from '../src/domain/resolve.ts';
import type { DriverCommand, DriverOutcome } from '../src/wire/driver.ts';
import type { Happening } from './effects.ts';
import type { World } from './world.ts';

/** The physics of one instrument: what a command does, how long it takes, what it draws and what comes out. */
export interface Instrument {
  readonly idleWatt: number;
  refuse?(command: DriverCommand): { readonly code: NackCode; readonly message: string } | undefined;
  /** What will happen; or, when it cannot be done, what is wrong. Nothing has happened yet. */
  begin(command: DriverCommand, act: Act): Activity | Trouble;
  halt?(): void;
}

export interface Activity {
  /** Power in watts over time, one phase after another; their sum is the duration. */
  readonly phases: readonly { readonly seconds: number; readonly watt: number }[];
  /** What happens on the way; `at` is a fraction of the duration. */
  readonly events?: readonly { readonly at: number; happen(): void }[];
  /** Readings to publish while it works. */
  sample?(elapsedSeconds: number): { channel: string; values: Readonly<Record<string, number>>; unit: string };
  /** It has ended by itself. */
  finish(): Omit<DriverOutcome, 'meters' | 'outcome'>;
  /** Measured consumption until now, when it is ended early. */
  consumed?(): readonly Amount[];
}

export interface Trouble {
  readonly trouble: { readonly code: string; readonly message: string };
}

export const trouble = (code: string, message: string): Trouble => ({ trouble: { code, message } });

/** What belongs to one command. */
export interface Act {
  /** Randomness of this command alone. */
  readonly random: Stream;
  /** Factor on readings: 1 but for a drifting instrument. */
  readonly gain: number;
  record(happening: Happening): void;
}

/** Where an instrument stands. */
export interface Surroundings {
  readonly id: string;
  readonly device: LabDevice;
  readonly lab: Lab;
  readonly world: World;
  readonly clock: Clock;
  readonly seed: number;
  readonly descriptor: DescriptorBody;
}

/** An instrument that reads something of a sample, when the time of reading is over, and uses nothing up. */
export function readingInstrument(
  { descriptor }: Surroundings,
  name: string,
  { idle_power, active_power }: { readonly idle_power: number; readonly active_power: number },
  read: (sample: string, act: Act) => Readonly<Record<string, number>>,
): Instrument {
  const capability = present(capabilityOf(descriptor, name), `the capability ${name}`);
  return {
    idleWatt: idle_power,
    begin: (command, act) => ({
      phases: [{ seconds: drawSeconds(capability, command, act.random), watt: active_power }],
      finish: () => ({ result: read(String(command.parameters['sample']), act), consumed: [] }),
    }),
  };
}

/**
 * Seconds that a command takes this time: triangular between low and high of the descriptor's own model, the mode being
 * the typical value (inverse of the distribution function).
 */
export function drawSeconds(capability: Capability, command: DriverCommand, random: Stream): number {
  const { low, typical, high } = unwrap(durationOf(capability, command.parameters));
  if (high === low) return typical / 1000;
  const u = random.next();
  const mode = (typical - low) / (high - low);
  const ms =
    u < mode
      ? low + Math.sqrt(u * (high - low) * (typical - low))
      : high - Math.sqrt((1 - u) * (high - low) * (high - typical));
  return ms / 1000;
}
