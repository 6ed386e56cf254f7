import * as z from 'zod';
import { readJson, type PlugReading } from './plug-reading.ts';

/**
 * What a Shelly plug of the second generation says on `ID/status/switch:0`: a counter in Wh. It does not tell when the
 * counter was set to zero; a total that falls is the only sign.
 */
const SwitchStatus = z.object({ aenergy: z.object({ total: z.number() }) });

export function readShelly(payload: string): PlugReading | undefined {
  const read = SwitchStatus.safeParse(readJson(payload));
  return read.success ? { total: read.data.aenergy.total, unit: 'Wh', resolution: 0.001, resetAt: 0 } : undefined;
}
