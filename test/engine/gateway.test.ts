import { expect, test } from 'vitest';
import { VirtualClock } from '../../src/base/clock.ts';
import { Command } from '../../src/domain/event.ts';
import { Gateway } from '../../src/engine/gateway.ts';
import { topics } from '../../src/wire/topics.ts';
import { MemoryBroker } from '../../simulators/memory-bus.ts';

const ignore = (): void => undefined;
const listener = {
  onEvent: ignore,
  onMeter: ignore,
  onTelemetry: ignore,
  onLog: ignore,
  onHigherEpoch: ignore,
  onSuperseded: ignore,
  onConnection: ignore,
};

const command = Command.parse({
  ...{ key: 'k1', hash: 'h', experiment: 'e-0001', stage: 'mix', step: 'pour', attempt: 1, kind: 'process' },
  ...{ device: 'handler', capability: 'dispense', parameters: {}, at: 'handler', consumes: [], retry: 'unsafe' },
  ...{ expected: { low: 1, typical: 1, high: 1 }, ttl: 30_000, deadline: 60_000 },
});

const gatewayOn = (broker: MemoryBroker, more: Partial<typeof listener> = {}): Gateway =>
  new Gateway({
    ...{ clock: broker.clock, site: 'lab', controller: 'main', instance: 'one', listener: { ...listener, ...more } },
    bus: broker.connect({ clientId: 'controller' }),
    commandState: () => undefined,
  });

const stateOf = (epoch: number, state = 'ready', seq = 1): string =>
  JSON.stringify({ state, boot: 'b1', seq, epoch, running: [], at: '2026-01-05T08:00:00.000Z' });

test('devices that obey an earlier controller hear of this one, at its beginning and whenever one comes', () => {
  const clock = new VirtualClock();
  const broker = new MemoryBroker({ clock });
  const device = broker.connect({ clientId: 'device' });
  const heard: string[] = [];
  for (const id of ['idle', 'late', 'current'])
    device.subscribe(topics.control('lab', id), ({ payload }) => {
      heard.push(`${id} ${(JSON.parse(payload) as { epoch: number }).epoch}`);
    });
  const wait = (seconds: number) => clock.run(() => false, clock.now() + seconds * 1000);
  device.publish(topics.state('lab', 'idle'), stateOf(2), { retain: true });
  device.publish(topics.state('lab', 'current'), stateOf(3), { retain: true });
  const gateway = gatewayOn(broker);
  wait(1);
  expect(heard).toEqual([]);
  gateway.begin(3);
  wait(1);
  expect(heard).toEqual(['idle 3']);
  device.publish(topics.state('lab', 'late'), stateOf(1), { retain: true });
  wait(1);
  expect(heard).toEqual(['idle 3', 'late 3']);
});

test.each([
  ['a successor that is there has taken over', true, ['superseded two']],
  ['nobody who is there has it: it is of the past', false, ['raise 5']],
])('a device that is met for the first time obeys a higher epoch: %s', (_, successor, expected) => {
  const clock = new VirtualClock();
  const broker = new MemoryBroker({ clock });
  const other = broker.connect({ clientId: 'other' });
  const told: string[] = [];
  const gateway = gatewayOn(broker, {
    onHigherEpoch: (epoch: number) => told.push(`raise ${epoch}`),
    onSuperseded: (instance: string) => told.push(`superseded ${instance}`),
  } as never);
  const wait = (seconds: number) => clock.run(() => false, clock.now() + seconds * 1000);
  wait(1);
  gateway.begin(3);
  other.publish(topics.state('lab', 'arm'), stateOf(5), { retain: true });
  wait(1);
  expect(told).toEqual([]);
  const word = { online: true, epoch: 5, instance: 'two', at: '2026-01-05T08:00:00.000Z' };
  if (successor) other.publish(topics.controller('lab', 'main'), JSON.stringify(word), { retain: true });
  wait(0.5);
  // The engine closes the gateway of a controller that is superseded.
  if (successor) gateway.silence();
  wait(5);
  expect(told).toEqual(expected);
});

test('the state of a lost device is asked for again until it is another', () => {
  const clock = new VirtualClock();
  const broker = new MemoryBroker({ clock });
  const device = broker.connect({ clientId: 'device' });
  const states: string[] = [];
  const gateway = gatewayOn(broker, {
    onEvent: (event: { type: string; data?: { state?: string } }) => {
      if (event.type === 'device.changed') states.push(event.data!.state!);
    },
  } as never);
  const wait = (seconds: number) => clock.run(() => false, clock.now() + seconds * 1000);
  wait(1);
  gateway.begin(1);
  device.publish(topics.state('lab', 'arm'), stateOf(1, 'lost'), { retain: true });
  wait(65);
  expect(states).toEqual(['lost', 'lost', 'lost']);
  // What the broker keeps has changed, but the word of it was lost on the way.
  (broker.retained as Map<string, string>).set(topics.state('lab', 'arm'), stateOf(1));
  wait(300);
  expect(states).toEqual(['lost', 'lost', 'lost', 'ready']);
});

test('a command that is sent anew while it is being sent ends with its end', () => {
  const clock = new VirtualClock();
  const broker = new MemoryBroker({ clock });
  const gateway = gatewayOn(broker);
  let heard = 0;
  broker.connect({ clientId: 'ear' }).subscribe(topics.command('lab', 'handler'), () => {
    heard += 1;
  });
  const wait = (seconds: number) => clock.run(() => false, clock.now() + seconds * 1000);
  wait(1);
  gateway.begin(1);
  gateway.send(command, clock.now());
  wait(1);
  gateway.send(command, clock.now());
  wait(20);
  expect(heard).toBeGreaterThan(4);
  gateway.settle(command.key, command.device);
  wait(1);
  const before = heard;
  wait(600);
  expect(heard).toBe(before);
});
