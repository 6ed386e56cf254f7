import { describeDevice } from '../devices/catalogue.ts';
import { bridgeMeters } from '../devices/meters.ts';
import type { Clock } from '../src/base/clock.ts';
import { FailureError, failure } from '../src/base/failure.ts';
import { present } from '../src/base/invariant.ts';
import type { Lab } from '../src/domain/lab.ts';
import { nearest } from '../src/domain/nearest.ts';
import type { Journal } from '../src/wire/journal.ts';
import { instrumentFor } from './instruments.ts';
import { SimulatedDevice, type Connect, type Tampering } from './simulated-device.ts';
import { startSmartPlug } from './smart-plug.ts';
import type { World } from './world.ts';

/** What the descriptor of a simulated device says instead of a firmware. */
export const simulatedFirmware = 'simulated';

export interface SimulationOptions {
  readonly lab: Lab;
  readonly clock: Clock;
  /** All that is random follows from it and from names: the order of commands changes nothing. */
  readonly seed: number;
  /** A connection of its own for every device and every plug. With a bus at once, everything happens at once. */
  readonly connect: Connect;
  /** Called at every start of a device; what it gives must remember what it was told before. */
  readonly journalFor: (device: string) => Journal & { close?(): void };
  readonly world: World;
  /** This device alone (and its plug), for one process each. */
  readonly only?: string;
  /** Whether to republish the plugs' counters as the meters of the devices behind them. */
  readonly bridges?: boolean;
  readonly tampering?: Tampering;
}

export interface Simulation {
  readonly world: World;
  /** Done when all are connected, else none stays; with a bus at once it has all happened when this returns. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Kills the process of one device, as SIGKILL would. */
  crash(device: string): void;
  /** At once when the bus is there at once. */
  restart(device: string): void | Promise<void>;
  /** Lets a device describe itself again. */
  announce(device: string): void;
}

/** All instruments of a lab, simulated; devices that are only `discovered` are left out. Throws FailureError. */
export function simulateLab(options: SimulationOptions): Simulation {
  const { lab, world, only } = options;
  if (only !== undefined && lab.devices[only as keyof Lab['devices']] === undefined)
    throw new FailureError(
      failure('input.invalid', `The lab has no device "${only}".`, { mend: nearest(only, Object.keys(lab.devices)) }),
    );
  const ids = Object.keys(lab.devices).filter((id) => only === undefined || id === only);
  const devices = new Map(
    ids.flatMap((id) => {
      const device = simulatedDevice(options, id);
      return device === undefined ? [] : [[id, device] as const];
    }),
  );
  const stops: (() => void | Promise<void>)[] = [];
  const find = (id: string) => present(devices.get(id), `the simulated device ${id}`);
  const stop = async () => {
    for (const one of stops.splice(0)) await one();
    await Promise.all([...devices.values()].map((device) => device.stop()));
  };
  return {
    world,
    stop,
    start: async () => {
      const pending = [...devices.values()].map((device) => device.start());
      for (const id of devices.keys()) pending.push(startPlug(options, id, stops));
      const refused = (await Promise.allSettled(pending)).find(({ status }) => status === 'rejected');
      if (refused?.status !== 'rejected') return;
      // Half a lab must not live on: whoever started it could take it for a whole one.
      await stop();
      throw refused.reason;
    },
    crash: (id) => find(id).crash(),
    restart: (id) => find(id).start(),
    announce: (id) => find(id).announce(),
  };
}

function simulatedDevice(options: SimulationOptions, id: string) {
  const { lab, world, clock, seed, connect, journalFor, tampering } = options;
  const device = present(lab.devices[id as keyof Lab['devices']], `the device ${id}`);
  const described = describeDevice(lab, id);
  if (described === undefined) return undefined;
  // Controllers may let lab time run faster than the wall only where everybody says this.
  const descriptor = { ...described, firmware: simulatedFirmware };
  const place = { id, device, lab, world, clock, seed, descriptor };
  // What cannot be set up, such as a table that is not there, is told before anything starts.
  instrumentFor(place);
  return new SimulatedDevice(place, connect, journalFor, tampering);
}

/** The plug that a device hangs on has a process of its own. */
function startPlug(
  options: SimulationOptions,
  id: string,
  stops: (() => void | Promise<void>)[],
): void | Promise<void> {
  const { lab, clock, world, connect, bridges = true } = options;
  const plug = lab.devices[id as keyof Lab['devices']]?.meter;
  if (plug === undefined) return;
  const begin = (bus: Awaited<ReturnType<Connect>>) => {
    if (bridges) stops.push(bridgeMeters({ bus, clock, lab, boot: `${id.slice(0, 48)}-bridge` }, id));
    stops.push(startSmartPlug({ bus, clock, world, device: id, plug }), () => bus.close());
  };
  const bus = connect(`${id}-plug`);
  return bus instanceof Promise ? bus.then(begin) : begin(bus);
}
