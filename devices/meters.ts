import type { Clock } from '../src/base/clock.ts';
import type { Lab, LabDevice } from '../src/domain/lab.ts';
import type { Bus } from '../src/wire/bus.ts';
import type { MeterMessage } from '../src/wire/messages.ts';
import { fromWireTime, toWireTime } from '../src/wire/time.ts';
import { topics } from '../src/wire/topics.ts';
import { meter } from './kind.ts';
import { counterReaders, usualSteps, type PlugKind } from './counters.ts';

const ofStep = <K extends PlugKind>(kind: K) => [kind, meter('plug', 'J', usualSteps[kind])] as const;

/** The meter that a device has through the plug that it hangs on. */
export const plugMeters = Object.fromEntries((Object.keys(usualSteps) as PlugKind[]).map(ofStep)) as Readonly<
  Record<PlugKind, ReturnType<typeof meter>>
>;

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
  let resolution = Infinity;
  const isNews = inOrder(clock);
  return bus.subscribe(plug.topic, ({ payload }) => {
    const reading = counterReaders[plug.kind](payload);
    if (!reading.ok) return;
    const { total } = reading.value;
    const resetAt = sinceWhen(reading.value.resetAt);
    if (!isNews(total, resetAt)) return;
    // A total that happens to end in zeros may be written with fewer decimals than the counter has.
    resolution = Math.min(resolution, reading.value.resolution);
    const at = toWireTime(clock.now());
    const message: MeterMessage = {
      ...{ total, unit: 'J', resolution, boot, seq: seq++, at },
      resetAt: toWireTime(resetAt),
    };
    bus.publish(meterTopic, JSON.stringify(message), { retain: true });
  });
}

/** Plugs write local times without a zone, which are read as UTC; 0 where one does not say when it began to count. */
function sinceWhen(resetAt: string): number {
  const at = fromWireTime(`${resetAt}Z`);
  return Number.isNaN(at) ? 0 : at;
}

/** Messages in a row with a lower total after which a counter that does not say when it began has begun again, at the earliest. */
const fallsBelieved = 3;
/** Wall ms that they go on: what a network has held back, or a plug sends again after a while, comes in a row, too, but not for so long. */
const fallsLastMs = 60_000;

/** Whether a reading is newer than those before: plugs do not number their messages, and a network may overtake itself. */
function inOrder(clock: Clock): (total: number, resetAt: number) => boolean {
  let last = { total: -Infinity, resetAt: -Infinity };
  let falls: { readonly total: number; readonly at: number }[] = [];
  return (total, resetAt) => {
    const goesOn = resetAt > last.resetAt || (resetAt === last.resetAt && total >= last.total);
    if (!goesOn) {
      if (resetAt !== 0) return false;
      const fall = { total, at: clock.now() };
      falls = total >= (falls.at(-1)?.total ?? 0) ? [...falls, fall] : [fall];
      if (falls.length < fallsBelieved || fall.at - falls[0]!.at < clock.networkMs(fallsLastMs)) return false;
    }
    last = { total, resetAt };
    falls = [];
    return true;
  };
}
