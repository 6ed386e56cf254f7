import type { Clock, Timer } from '../src/base/clock.ts';
import type { Bus } from '../src/wire/bus.ts';
import { toWireTime } from '../src/wire/time.ts';
import type { World } from './world.ts';

export interface SimulatedPlug {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly world: World;
  /** The device that is plugged in. */
  readonly device: string;
  /** `tele/TOPIC/SENSOR` */
  readonly topic: string;
  /** Tasmota's TelePeriod; 10 s is the shortest that it takes. */
  readonly everySeconds?: number;
}

/**
 * A smart plug with the Tasmota firmware (sensor messages of release 9 and later): every TelePeriod it tells power in
 * watts and its counters in kWh with three decimals. Energy is the exact integral of what the device behind it draws;
 * 230 V, resistive. Its own draw is left out. Returns the way to switch its reports off.
 */
export function startSmartPlug(plug: SimulatedPlug): () => void {
  const { bus, clock, world, device, topic, everySeconds = 10 } = plug;
  let timer: Timer;
  let midnight = { day: dayOf(clock.now()), kWh: 0, yesterday: 0 };
  let period = 0;

  const report = () => {
    const now = clock.now();
    const kWh = world.drawn(device, now) / 3_600_000;
    if (dayOf(now) !== midnight.day) midnight = { day: dayOf(now), kWh, yesterday: kWh - midnight.kWh };
    const watt = world.powerOf(device);
    const energy = {
      TotalStartTime: localTime(world.onSince(device) ?? now),
      Total: decimals(kWh),
      Yesterday: decimals(midnight.yesterday),
      Today: decimals(kWh - midnight.kWh),
      Period: Math.max(0, Math.floor((kWh - period) * 1000)),
      Power: Math.round(watt),
      ApparentPower: Math.round(watt),
      ReactivePower: 0,
      Factor: watt > 0 ? 1 : 0,
      Voltage: 230,
      Current: Math.round((watt / 230) * 1000) / 1000,
    };
    period = kWh;
    bus.publish(topic, JSON.stringify({ Time: localTime(now), ENERGY: energy }));
    timer = clock.after(everySeconds * 1000, report);
  };
  timer = clock.after(0, report);
  return () => timer.cancel();
}

const dayOf = (ms: number): number => Math.floor(ms / 86_400_000);
/** The counter never shows what it has not counted yet. */
const decimals = (kWh: number): number => Math.floor(kWh * 1000 + 1e-9) / 1000;
const localTime = (ms: number): string => toWireTime(ms).slice(0, 19);
