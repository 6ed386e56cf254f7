import { VirtualClock } from '../../src/base/clock.ts';
import { Lab } from '../../src/domain/lab.ts';
import { memoryJournal, type Journal } from '../../src/wire/journal.ts';
import { commandHash, type EventMessage, type ResultEvent } from '../../src/wire/messages.ts';
import { toWireTime } from '../../src/wire/time.ts';
import { filters, topics } from '../../src/wire/topics.ts';
import { simulateLab } from '../../simulators/lab.ts';
import { MemoryBroker } from '../../simulators/memory-bus.ts';
import { createWorld, type World } from '../../simulators/world.ts';

/** A simulated lab on a virtual clock, and a hand that sends commands to it. */
export function rig(written: Record<string, unknown>, more: { seed?: number; world?: World; only?: string } = {}) {
  const lab = Lab.parse({ site: 'test', ...written });
  const clock = new VirtualClock();
  const broker = new MemoryBroker({ clock });
  const journals = new Map<string, Journal>();
  const world = more.world ?? createWorld({ lab });
  const simulation = simulateLab({
    lab,
    clock,
    seed: more.seed ?? 1,
    world,
    connect: (clientId, will) => broker.connect({ clientId, ...(will === undefined ? {} : { will }) }),
    journalFor: (device) => {
      const journal = journals.get(device) ?? memoryJournal();
      journals.set(device, journal);
      return journal;
    },
    ...(more.only === undefined ? {} : { only: more.only }),
  });
  const heard: { topic: string; body: Record<string, unknown> }[] = [];
  broker.observe(({ topic, payload }) => heard.push({ topic, body: JSON.parse(payload) as Record<string, unknown> }));
  const bus = broker.connect({ clientId: 'hand' });
  const events = new Map<string, EventMessage[]>();
  bus.subscribe(filters.events('test'), ({ topic, payload }) => {
    const key = topic.split('/').at(-1)!;
    events.set(key, [...(events.get(key) ?? []), JSON.parse(payload) as EventMessage]);
  });
  void simulation.start();
  const pass = (seconds: number) => {
    const until = clock.now() + seconds * 1000;
    clock.after(seconds * 1000, () => undefined);
    clock.run(() => false, until);
  };
  pass(1);

  const send = (device: string, key: string, capability: string, parameters: Record<string, unknown>) =>
    bus.publish(
      topics.command('test', device),
      JSON.stringify({
        key,
        capability,
        parameters,
        hash: commandHash(capability, parameters),
        epoch: 1,
        issuedAt: toWireTime(clock.now()),
        ttlMs: 600_000,
        deadlineMs: 86_400_000,
      }),
    );
  const control = (device: string, op: string, key?: string) =>
    bus.publish(
      topics.control('test', device),
      JSON.stringify({ op, epoch: 1, ...(key === undefined ? {} : { key }) }),
    );
  const last = (key: string) => events.get(key)?.at(-1);
  const settled = (key: string) => ['result', 'nack'].includes(last(key)?.kind ?? '');
  /** Sends a command and lets time pass until it has ended; undefined when it does not within `withinSeconds`. */
  const run = (
    device: string,
    key: string,
    capability: string,
    parameters: Record<string, unknown>,
    within = 86_400,
  ) => {
    send(device, key, capability, parameters);
    clock.run(() => settled(key), clock.now() + within * 1000);
    return settled(key) ? (last(key) as ResultEvent) : undefined;
  };
  return { lab, clock, broker, world, simulation, heard, events, pass, send, control, last, settled, run };
}

/** Dyes and a lab of one handler, one arm and one reader. */
export const colourLab = (more: Record<string, unknown> = {}) => ({
  devices: {
    handler: { kind: 'liquid-handler', places: 2 },
    arm: { kind: 'robot-arm' },
    reader: { kind: 'plate-reader' },
  },
  racks: { rack: { places: 4 } },
  transport: { by: ['arm'], travel: '20 s', pick: '5 s', between: [{ from: 'handler', to: 'reader', takes: '10 s' }] },
  materials: {
    red: {
      properties: { concentration: '0.2 mmol/L', absorptivity: { 504: 26807, 630: 150 } },
      lots: [{ id: 'r', amount: '1 mL' }],
    },
    water: { lots: [{ id: 'w', amount: '5 mL' }] },
  },
  ...more,
});
