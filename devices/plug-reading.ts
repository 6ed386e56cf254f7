import type { MeterMessage } from '../src/wire/messages.ts';

/** A plug's counter in its own unit. `resetAt` in ms: when it was last set to zero, 0 when the plug does not say. */
export interface PlugReading {
  readonly total: number;
  readonly unit: MeterMessage['unit'];
  /** Smallest step that the counter shows. */
  readonly resolution: number;
  readonly resetAt: number;
}

/** Undefined for what is no JSON. */
export function readJson(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}
