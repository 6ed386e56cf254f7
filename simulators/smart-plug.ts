import type { Clock, Timer } from '../src/base/clock.ts';
import type { LabDevice } from '../src/domain/lab.ts';
import type { Bus } from '../src/wire/bus.ts';
import { toWireTime } from '../src/wire/time.ts';
import type { PlugKind } from '../devices/counters.ts';
import type { World } from './world.ts';

export interface SimulatedPlug {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly world: World;
  /** The device that is plugged in. */
  readonly device: string;
  readonly plug: NonNullable<LabDevice['meter']>;
  /** Tasmota's TelePeriod; 10 s is the shortest that it takes. */
  readonly everySeconds?: number;
}

/**
 * A smart plug that tells, every so often, what the device behind it draws: the exact integral of its power, shown in
 * the steps of the maker's counter. 230 V, resistive; its own draw is left out. Returns the way to silence it.
 */
export function startSmartPlug({ bus, clock, world, device, plug, everySeconds = 10 }: SimulatedPlug): () => void {
  const say = voices[plug.kind](world.onSince(device) ?? clock.now());
  let timer: Timer;
  const report = () => {
    const now = clock.now();
    bus.publish(plug.topic, say(world.drawn(device, now) / 3_600_000, world.powerOf(device), now));
    timer = clock.after(Math.max(everySeconds * 1000, clock.networkMs(shortestWallMs)), report);
  };
  timer = clock.after(0, report);
  return () => timer.cancel();
}

/** However fast the lab runs, the broker hears a plug five times a second at most. */
const shortestWallMs = 200;

type Voice = (kWh: number, watt: number, now: number) => string;

const voices: Readonly<Record<PlugKind, (since: number) => Voice>> = {
  tasmota: tasmotaVoice,
  'shelly-gen2': () => shellyMessage,
  'shelly-gen1': () => shellyGen1Message,
  zigbee2mqtt: () => zigbeeMessage,
};

/** JSON in which a counter has the decimals that its maker always writes: they tell its step. */
const written = (message: unknown, counter: string, decimals: number): string =>
  JSON.stringify(message).replace(
    new RegExp(`("${counter}":)([\\d.]+)`),
    (_, name: string, value: string) => `${name}${Number(value).toFixed(decimals)}`,
  );

/** `tele/TOPIC/SENSOR` of the Tasmota firmware (release 9 and later): kWh with three decimals, times without zone. */
function tasmotaVoice(since: number): Voice {
  let midnight: { day: number; kWh: number; yesterday: number } | undefined;
  let told: number | undefined;
  return (kWh, watt, now) => {
    const day = Math.floor(now / 86_400_000);
    midnight ??= { day, kWh, yesterday: 0 };
    if (day !== midnight.day) midnight = { day, kWh, yesterday: kWh - midnight.kWh };
    const period = Math.floor((kWh - (told ?? kWh)) * 1000);
    told = kWh;
    const message = {
      Time: localTime(now),
      ENERGY: {
        TotalStartTime: localTime(since),
        Total: thousandths(kWh),
        Yesterday: thousandths(midnight.yesterday),
        Today: thousandths(kWh - midnight.kWh),
        Period: period,
        Power: Math.round(watt),
        ApparentPower: Math.round(watt),
        ReactivePower: 0,
        Factor: watt > 0 ? 1 : 0,
        Voltage: 230,
        Current: Math.round((watt / 230) * 1000) / 1000,
      },
    };
    return written(message, 'Total', 3);
  };
}

/** `ID/status/switch:0` of a Shelly plug of the second generation: Wh with three decimals. */
const shellyMessage: Voice = (kWh, watt) => {
  const current = Math.round((watt / 230) * 1000) / 1000;
  const aenergy = { total: thousandths(kWh * 1000) };
  return written(
    { id: 0, source: 'init', output: true, apower: tenths(watt), voltage: 230, current, aenergy },
    'total',
    3,
  );
};

/** `shellies/ID/meter/0` of the first generation: whole watt-minutes. */
const shellyGen1Message: Voice = (kWh, watt) =>
  JSON.stringify({ power: tenths(watt), is_valid: true, total: Math.floor(kWh * 60_000 + 1e-9) });

/** `zigbee2mqtt/NAME`: kWh in steps of 10 Wh. */
const zigbeeMessage: Voice = (kWh, watt) =>
  written({ state: 'ON', power: Math.round(watt), energy: Math.floor(kWh * 100 + 1e-9) / 100 }, 'energy', 2);

const tenths = (watt: number): number => Math.round(watt * 10) / 10;

/** The counter never shows what it has not counted yet. */
const thousandths = (value: number): number => Math.floor(value * 1000 + 1e-9) / 1000;
const localTime = (ms: number): string => toWireTime(ms).slice(0, 19);
