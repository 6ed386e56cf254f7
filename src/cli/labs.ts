import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeLab } from '../../devices/catalogue.ts';
import { bridgeMeters } from '../../devices/meters.ts';
import { startBroker } from '../../simulators/broker.ts';
import { simulatedFirmware, simulateLab, type Simulation } from '../../simulators/lab.ts';
import { MemoryBroker } from '../../simulators/memory-bus.ts';
import { createWorld } from '../../simulators/world.ts';
import { realClock, type AdjustableClock } from '../base/clock.ts';
import { InvariantError } from '../base/invariant.ts';
import { uniqueId } from '../base/random.ts';
import type { Lab } from '../domain/lab.ts';
import type { Bus, Will } from '../wire/bus.ts';
import { openFileJournal } from '../wire/file-journal.ts';
import { memoryJournal, type Journal } from '../wire/journal.ts';
import { parseMessage } from '../wire/messages.ts';
import { connectBus } from '../wire/mqtt-bus.ts';
import { filters } from '../wire/topics.ts';
import type { BuildLab } from './rehearse/rehearsal.ts';

/** Labs to run in: the only file of src that knows the catalogue of devices and the simulators. */
export { describeLab, simulatedFirmware, startBroker };

/** In a real lab the controller itself hears the smart plugs and passes their counters on as the devices' meters. */
export async function bridgePlugs(lab: Lab, url: string): Promise<() => Promise<void>> {
  if (Object.values(lab.devices).every(({ meter }) => meter === undefined)) return async () => undefined;
  const boot = uniqueId().slice(0, 12);
  const bus = await connectBus({ url, clientId: `plugs-${boot}` });
  const stop = bridgeMeters({ bus, clock: realClock(), lab, boot });
  return async () => {
    stop();
    await bus.close();
  };
}

interface Simulated {
  readonly lab: Lab;
  readonly campaign?: { readonly seed: number };
}

export async function simulate(
  { lab, campaign }: Simulated,
  clock: AdjustableClock,
  folder: { journals: string; world: string },
  url: string,
  { only, follow = false }: { only?: string; follow?: boolean } = {},
): Promise<Simulation> {
  mkdirSync(folder.journals, { recursive: true });
  const simulation = simulateLab({
    lab,
    clock,
    seed: campaign?.seed ?? 1,
    world: createWorld({ lab, directory: folder.world }),
    connect: async (client, will) => {
      const clientId = `${client}-${uniqueId().slice(0, 8)}`;
      const bus = await connectBus({ url, clientId, ...(will === undefined ? {} : { will }) });
      if (follow) followController(bus, lab.site, clock);
      return bus;
    },
    journalFor: (device) => openFileJournal(join(folder.journals, `${device}.jsonl`)),
    ...(only === undefined ? {} : { only }),
  });
  await simulation.start();
  return simulation;
}

/** On the connection of the device itself: the pace is known there before any command comes. */
function followController(bus: Bus, site: string, clock: AdjustableClock): void {
  bus.subscribe(filters.controllers(site), ({ topic, payload }) => {
    const message = parseMessage(topic, payload);
    if (message.ok && message.value.kind === 'controller' && message.value.body.pace !== undefined)
      clock.adjust(message.value.body.pace);
  });
}

/** Sets the simulated instruments up without starting them: what they lack is told before anything else happens. */
export function rehearseSetUp(lab: Lab, only?: string): void {
  const unused = (): never => {
    throw new InvariantError('a lab that is only set up needs neither broker nor journals');
  };
  const place = { lab, clock: realClock(), seed: 1, world: createWorld({ lab }), connect: unused, journalFor: unused };
  simulateLab({ ...place, ...(only === undefined ? {} : { only }) });
}

/** A simulated lab on a virtual clock and an in-memory network. */
export const virtualLab: BuildLab = ({ lab, campaign }, clock) => {
  const broker = new MemoryBroker({ clock });
  const world = createWorld({ lab });
  const journals = new Map<string, Journal>();
  const connect = (clientId: string, will?: Will) =>
    broker.connect({ clientId, ...(will === undefined ? {} : { will }) });
  const simulation = simulateLab({
    lab,
    clock,
    seed: campaign.seed,
    world,
    connect,
    journalFor: (device) => {
      const journal = journals.get(device) ?? memoryJournal();
      journals.set(device, journal);
      return journal;
    },
  });
  void simulation.start();
  return {
    connect,
    truthOf: (key) => world.truthOf(key),
    put: (sample, place) => world.put(sample, place, clock.now()),
    remove: (sample) => world.remove(sample, clock.now()),
    restart: (device) => {
      simulation.crash(device);
      void simulation.restart(device);
    },
    close: () => void simulation.stop(),
  };
};
