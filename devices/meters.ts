import type { Clock } from '../src/base/clock.ts';
import type { Lab, LabDevice } from '../src/domain/lab.ts';
import type { Bus } from '../src/wire/bus.ts';
import type { MeterMessage } from '../src/wire/messages.ts';
import { toWireTime } from '../src/wire/time.ts';
import { topics } from '../src/wire/topics.ts';
import { meter } from './kind.ts';
import type { PlugReading } from './plug-reading.ts';
import { readShelly } from './shelly.ts';
import { readTasmota } from './tasmota.ts';

type PlugKind = NonNullable<LabDevice['meter']>['kind'];

const readers: Readonly<Record<PlugKind, (payload: string) => PlugReading | undefined>> = {
  tasmota: readTasmota,
  'shelly-gen2': readShelly,
};

/** The meter that a device has through the plug that it hangs on. */
export const plugMeters = {
  tasmota: meter('plug', 'kWh', 0.001),
  'shelly-gen2': meter('plug', 'Wh', 0.001),
} as const satisfies Record<PlugKind, unknown>;

export interface Bridge {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly lab: Lab;
  /** Of the process that bridges. */
  readonly boot: string;
}

/**
 * Republishes the counters of smart plugs, which speak their makers' languages, as the meters of the devices behind them.
 * Messages that are something else are passed over: plugs say much on these topics. Returns the way to stop.
 */
export function bridgeMeters({ lab, ...bridge }: Bridge, only?: string): () => void {
  const stops = Object.entries(lab.devices).flatMap(([device, { meter: plug }]) =>
    plug === undefined || (only !== undefined && only !== device) ? [] : [bridgePlug({ lab, ...bridge }, device, plug)],
  );
  return () => {
    for (const stop of stops) stop();
  };
}

function bridgePlug(
  { bus, clock, lab, boot }: Bridge,
  device: string,
  plug: NonNullable<LabDevice['meter']>,
): () => void {
  const meterTopic = topics.meter(lab.site, device, plugMeters[plug.kind].id);
  let seq = 0;
  return bus.subscribe(plug.topic, ({ payload }) => {
    const reading = readers[plug.kind](payload);
    if (reading === undefined) return;
    const { total, unit, resolution, resetAt } = reading;
    const at = toWireTime(clock.now());
    const message: MeterMessage = { total, unit, resolution, boot, resetAt: toWireTime(resetAt), seq: seq++, at };
    bus.publish(meterTopic, JSON.stringify(message), { retain: true });
  });
}
