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

test('a command that is sent anew while it is being sent ends with its end', () => {
  const clock = new VirtualClock();
  const broker = new MemoryBroker({ clock });
  const bus = broker.connect({ clientId: 'controller' });
  const gateway = new Gateway({
    ...{ bus, clock, site: 'lab', controller: 'main', instance: 'one', listener },
    commandState: () => undefined,
  });
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
