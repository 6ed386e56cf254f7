import type { DescriptorBody } from '../domain/descriptor.ts';
import type { Amount, MeterSpan, NackCode } from '../domain/event.ts';

/**
 * What a real or simulated instrument implements; the device host does everything that the wire contract demands around
 * it. A driver never sees a command twice and need not think about restarts.
 */
export interface Driver {
  readonly descriptor: DescriptorBody;
  /** Called once when the host comes up: what the instrument may say even when it is idle. */
  attach?(report: DeviceReport): void;
  /** A reason not to take the command now (E_BUSY, E_BAD_PARAMETERS); asked before anything is journalled. */
  refuse?(command: DriverCommand): { readonly code: NackCode; readonly message: string } | undefined;
  /** Begins to act. Called after the start is journalled. Must call `report.end` once, now or later. */
  start(command: DriverCommand, report: DriverReport): void;
  /** Ends a running command early if it can; `report.end` follows with what has happened. */
  cancel?(key: string): void;
  pause?(key: string): void;
  resume?(key: string): void;
  /** Emergency stop: to the safe state at once. Running commands end as failed or indeterminate. */
  halt(): void;
  /** How many commands it works on at once; the rest are refused as E_BUSY. */
  readonly concurrency: number;
}

export interface DriverCommand {
  readonly key: string;
  readonly capability: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface DeviceReport {
  telemetry(channel: string, values: Readonly<Record<string, number>>, unit: string): void;
  /** A reading of a cumulative counter of the descriptor, in the counter's own unit. */
  meter(meter: string, total: number, resetAt: number): void;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}

/** What is said of one command. */
export interface DriverReport extends DeviceReport {
  /** 0 to 1. */
  progress(fraction: number, message?: string): void;
  end(outcome: DriverOutcome): void;
}

export interface DriverOutcome {
  readonly outcome: 'ok' | 'failed' | 'cancelled' | 'indeterminate';
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: string; readonly message: string };
  /** SI amounts, measured. */
  readonly consumed?: readonly Amount[];
  /** In joules. An empty `boot` stands for that of the device. */
  readonly meters?: readonly MeterSpan[];
}
