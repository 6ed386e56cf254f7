import * as z from 'zod';
import type { Clock } from '../src/base/clock.ts';
import type { Bus } from '../src/wire/bus.ts';
import type { MeterMessage } from '../src/wire/messages.ts';
import { fromWireTime, toWireTime } from '../src/wire/time.ts';
import { topics } from '../src/wire/topics.ts';

/**
 * What a Tasmota plug says on `tele/TOPIC/SENSOR`: a counter in kWh since `TotalStartTime`, which moves when somebody
 * resets it. Plugs with two meters write arrays. Times carry no zone; they are read as UTC.
 */
const PerChannel = z.union([z.number(), z.array(z.number()).min(1)]);
const SensorMessage = z.object({
  ENERGY: z.object({ TotalStartTime: z.string(), Total: PerChannel, Power: PerChannel.optional() }),
});

export interface PlugReading {
  /** kWh, of all channels together. */
  readonly total: number;
  /** W */
  readonly power: number | undefined;
  /** ms; when the counter was last set to zero. */
  readonly resetAt: number;
}

/** Undefined when the payload is no such message. */
export function readTasmota(payload: string): PlugReading | undefined {
  let json: unknown;
  try {
    json = JSON.parse(payload);
  } catch {
    return undefined;
  }
  const read = SensorMessage.safeParse(json);
  if (!read.success) return undefined;
  const { Total, Power, TotalStartTime } = read.data.ENERGY;
  const resetAt = fromWireTime(`${TotalStartTime}Z`);
  if (Number.isNaN(resetAt)) return undefined;
  return { total: together(Total), power: Power === undefined ? undefined : together(Power), resetAt };
}

const together = (values: number | readonly number[]): number =>
  typeof values === 'number' ? values : values.reduce((sum, value) => sum + value, 0);

export interface PlugBridge {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly site: string;
  /** The device behind the plug, and the meter in its descriptor. */
  readonly device: string;
  readonly meter: string;
  /** `tele/TOPIC/SENSOR` */
  readonly topic: string;
  readonly boot: string;
  /** kWh; Tasmota shows three decimals unless told otherwise. */
  readonly resolution?: number;
}

/** Republishes the counter of a plug as the meter of the device behind it. Returns the way to stop. */
export function bridgeTasmota(bridge: PlugBridge): () => void {
  const { bus, clock, boot, resolution = 0.001 } = bridge;
  const meterTopic = topics.meter(bridge.site, bridge.device, bridge.meter);
  let seq = 0;
  return bus.subscribe(bridge.topic, ({ payload }) => {
    const reading = readTasmota(payload);
    if (reading === undefined) return;
    const message: MeterMessage = {
      total: reading.total,
      unit: 'kWh',
      boot,
      resetAt: toWireTime(reading.resetAt),
      resolution,
      seq: seq++,
      at: toWireTime(clock.now()),
    };
    bus.publish(meterTopic, JSON.stringify(message), { retain: true });
  });
}
