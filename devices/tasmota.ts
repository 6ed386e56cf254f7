import * as z from 'zod';
import { fromWireTime } from '../src/wire/time.ts';
import { readJson, type PlugReading } from './plug-reading.ts';

/**
 * What a Tasmota plug says on `tele/TOPIC/SENSOR`: a counter in kWh since `TotalStartTime`, which moves when somebody
 * resets it. Plugs with two meters write arrays. Times carry no zone; they are read as UTC.
 */
const PerChannel = z.union([z.number(), z.array(z.number()).min(1)]);
const SensorMessage = z.object({ ENERGY: z.object({ TotalStartTime: z.string(), Total: PerChannel }) });

/** Undefined when the payload is no such message. */
export function readTasmota(payload: string): PlugReading | undefined {
  const read = SensorMessage.safeParse(readJson(payload));
  if (!read.success) return undefined;
  const { Total, TotalStartTime } = read.data.ENERGY;
  const resetAt = fromWireTime(`${TotalStartTime}Z`);
  if (Number.isNaN(resetAt)) return undefined;
  const total = typeof Total === 'number' ? Total : Total.reduce((sum, channel) => sum + channel, 0);
  return { total, unit: 'kWh', resolution: 0.001, resetAt };
}
