import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startBroker, type Broker } from '../../simulators/broker.ts';
import { realClock } from '../../src/base/clock.ts';
import { FailureError } from '../../src/base/failure.ts';
import { createDeviceHost, deviceWill } from '../../src/wire/host.ts';
import { memoryJournal } from '../../src/wire/journal.ts';
import { commandHash, parseMessage } from '../../src/wire/messages.ts';
import { connectBus, type BusOptions, type MqttBus } from '../../src/wire/mqtt-bus.ts';
import { filters, topics } from '../../src/wire/topics.ts';
import { toWireTime } from '../../src/wire/time.ts';
import { dispense } from './bench.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type StartBroker = (port?: number) => Promise<Pick<Broker, 'url' | 'port' | 'close'>>;

const embedded: StartBroker = async (port = 0) => {
  const started = await startBroker({ port });
  cleanups.push(() => started.close());
  return started;
};

const mosquittoPath = '/usr/sbin/mosquitto';
const mosquitto: StartBroker = async (wanted) => {
  const port = wanted ?? (await freePort());
  const child = spawn(mosquittoPath, ['-p', String(port)], { stdio: 'ignore' });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = (): Promise<void> => {
    child.kill('SIGKILL');
    return gone;
  };
  cleanups.push(close);
  return { url: `mqtt://127.0.0.1:${port}`, port, close };
};

async function freePort(): Promise<number> {
  const { port, close } = await startBroker();
  await close();
  return port;
}

/** What a real lab uses is tried where it is installed. */
const brokers: [string, StartBroker][] = [['the embedded broker', embedded]];
if (existsSync(mosquittoPath)) brokers.push(['Mosquitto', mosquitto]);

async function connect(url: string, clientId: string, options: Partial<BusOptions> = {}): Promise<MqttBus> {
  const bus = await connectBus({ url, clientId, timeoutMs: 5000, ...options });
  cleanups.push(() => bus.kill());
  return bus;
}

/** Waits for a condition, not for a time; the deadline is for failures only. */
async function until(condition: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + 8000; !condition();) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const collect = (bus: MqttBus, pattern: string): string[] => {
  const heard: string[] = [];
  bus.subscribe(pattern, ({ topic, payload, retained }) =>
    heard.push(`${topic}=${payload}${retained ? ' (retained)' : ''}`),
  );
  return heard;
};

describe('startBroker', () => {
  it('says so when its port is taken', async () => {
    const { port } = await embedded();
    const error = await startBroker({ port }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FailureError);
    expect((error as FailureError).message).toBe(
      `127.0.0.1:${port}: Port ${port} is taken by another program. Stop that program, or choose another port.`,
    );
  });
});

describe('the MQTT bus', () => {
  it('says so when no broker answers', async () => {
    const { port, close } = await startBroker();
    await close();
    const url = `mqtt://me:secret@127.0.0.1:${port}`;
    const error = await connectBus({ url, clientId: 'a', timeoutMs: 300 }).catch((reason: unknown) => reason);
    expect((error as FailureError).failure.code).toBe('broker.unreachable');
    expect((error as FailureError).message).toMatch(
      /^mqtt:\/\/me@127\.0\.0\.1:\d+: No MQTT broker could be reached within 0\.3 s: /,
    );
    expect((error as FailureError).message).toContain('ECONNREFUSED');
    await expect(connectBus({ url: 'nonsense', clientId: 'a', timeoutMs: 50 })).rejects.toThrow('No MQTT broker');
  });

  it('has at most 16 publishes in flight', async () => {
    let unacknowledged = 0;
    let most = 0;
    const acknowledge: (() => void)[] = [];
    const server = createServer((socket) => {
      let buffer = Buffer.alloc(0);
      socket.on('data', (data) => {
        buffer = Buffer.concat([buffer, data]);
        for (let length = 2 + buffer[1]!; buffer.length >= length; length = 2 + (buffer[1] ?? 0)) {
          const packet = buffer.subarray(0, length);
          buffer = buffer.subarray(length);
          if (packet[0]! >> 4 === 1) socket.write(Buffer.from([0x20, 2, 0, 0]));
          if (packet[0]! >> 4 !== 3) continue;
          unacknowledged += 1;
          most = Math.max(most, unacknowledged);
          const id = packet.subarray(5, 7);
          acknowledge.push(() => {
            unacknowledged -= 1;
            socket.write(Buffer.from([0x40, 2, ...id]));
          });
        }
      });
      socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    const bus = await connect(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, 'a');
    let done = 0;
    for (let i = 0; i < 100; i++) bus.publish('x', 'y', {}, () => done++);
    await until(() => unacknowledged === 16, '16 in flight');
    while (done < 100) {
      const count = done;
      acknowledge.shift()!();
      await until(() => done > count && acknowledge.length >= Math.min(16, 100 - done), 'the next');
    }
    expect(most).toBe(16);
  });
});

describe.each(brokers)('the MQTT bus on %s', (_, broker) => {
  it('delivers in order, keeps retained messages, and stops when told', async () => {
    const { url } = await broker();
    const a = await connect(url, 'a');
    const b = await connect(url, 'b');
    const heard = collect(a, 'x/+');
    const stop = a.subscribe('y', () => heard.push('y'));
    let calledInside = false;
    let inside = false;
    a.subscribe('x/own', () => {
      calledInside ||= inside;
    });
    inside = true;
    a.publish('x/own', '0');
    inside = false;
    await until(() => heard.length === 1, 'own message');
    expect(calledInside).toBe(false);
    for (let i = 0; i < 100; i++) b.publish('x/1', String(i), { retain: i === 99 });
    await until(() => heard.length === 101, 'all messages');
    expect(heard.slice(1)).toEqual(Array.from({ length: 100 }, (_, i) => `x/1=${i}`));
    const late = collect(b, 'x/#');
    await until(() => late.length === 1, 'retained message');
    expect(late).toEqual(['x/1=99 (retained)']);
    stop();
    b.publish('y', 'unheard');
    b.publish('x/2', 'last');
    await until(() => heard.at(-1) === 'x/2=last', 'the last message');
    expect(heard).not.toContain('y');
  });

  it('gives every new listener of a pattern the retained message', async () => {
    const { url } = await broker();
    const a = await connect(url, 'a');
    a.publish('state', 'ready', { retain: true });
    const first = collect(a, 'state');
    await until(() => first.length > 0, 'first');
    const second = collect(a, 'state');
    await until(() => second.length > 0, 'second');
    expect(second).toContain('state=ready (retained)');
  });

  it('leaves a will when killed, none when closed, and closes after what is queued', async () => {
    const { url } = await broker();
    const heard = collect(await connect(url, 'a'), '#');
    const victim = await connect(url, 'v', { will: { topic: 'will/v', payload: 'lost' } });
    const leaver = await connect(url, 'l', { will: { topic: 'will/l', payload: 'lost' } });
    for (let i = 0; i < 50; i++) leaver.publish('bye', String(i));
    await leaver.close();
    victim.kill();
    await until(() => heard.includes('will/v=lost'), 'the will');
    expect(heard.filter((line) => line.startsWith('bye'))).toHaveLength(50);
    expect(heard).not.toContain('will/l=lost');
    const refused = await new Promise<Error | undefined>((resolve) => leaver.publish('x', '', {}, resolve));
    expect(refused?.message).toContain('The connection to the broker is closed.');
  });

  it('outlives its broker: queues, reconnects, subscribes again, and loses nothing', async () => {
    const first = await broker();
    const story: string[] = [];
    const a = await connect(first.url, 'a', { queueLimit: 21 });
    const b = await connect(first.url, 'b');
    const heard = collect(b, 'x');
    a.onConnect(() => story.push('connect'));
    a.onDisconnect(() => story.push('disconnect'));
    await until(() => story.length === 1, 'late listener');
    await first.close();
    await until(() => !a.connected && !b.connected, 'disconnect');
    const errors: string[] = [];
    let taken = 0;
    for (let i = 0; i < 22; i++)
      a.publish('x', String(i), {}, (error) => (error === undefined ? taken++ : errors.push(error.message)));
    await until(() => errors.length === 1, 'refusal');
    expect(errors[0]).toContain('x: The broker is away or slow, and 21 messages wait already.');
    const second = await broker(first.port);
    await until(() => a.connected && b.connected && taken === 21, 'reconnect');
    const third = await connect(second.url, 'c');
    third.publish('x', 'again');
    await until(() => heard.includes('x=again'), 'messages after the restart');
    expect(story).toEqual(['connect', 'disconnect', 'connect']);
  });

  it('passes a message of 10 MB on as too large, without its text', async () => {
    const { url } = await broker();
    const a = await connect(url, 'a');
    const rejected: string[] = [];
    a.subscribe(filters.devices('lab'), ({ topic, payload, bytes }) => {
      const read = parseMessage(topic, payload, bytes);
      rejected.push(read.ok ? 'read' : `${payload.length} ${read.failure.message}`);
    });
    a.publish(topics.log('lab', 'pump'), 'x'.repeat(10_000_000));
    await until(() => rejected.length === 1, 'the large message');
    expect(rejected[0]).toMatch(/^0 The message has 10000000 bytes/);
  });
});

describe.each(brokers)('a device host on %s', (_, broker) => {
  it('keeps its promises while its broker restarts in the middle of a command', async () => {
    const first = await broker();
    const clock = realClock();
    const journal = memoryJournal();
    const identity = { clock, site: 'lab', device: 'pump', boot: 'b1' };
    let acts = 0;
    let end = (): void => undefined;
    const bus = await connect(first.url, 'pump', { will: deviceWill({ ...identity, journal }) });
    const host = createDeviceHost({
      ...identity,
      bus,
      journal,
      driver: {
        descriptor: dispense,
        concurrency: 1,
        halt: () => undefined,
        start: (_, report) => {
          acts += 1;
          end = () => report.end({ outcome: 'ok', result: { dispensed: 1 } });
        },
      },
    });
    const controller = await connect(first.url, 'controller');
    const heard: string[] = [];
    controller.subscribe(filters.events('lab'), ({ payload }) =>
      heard.push((JSON.parse(payload) as { kind: string }).kind),
    );
    const parameters = { volume: 1 };
    const command = JSON.stringify({
      key: 'k1',
      capability: 'dispense',
      parameters,
      hash: commandHash('dispense', parameters),
      epoch: 1,
      issuedAt: toWireTime(clock.now()),
      ttlMs: 60_000,
      deadlineMs: 60_000,
    });
    controller.publish(topics.command('lab', 'pump'), command);
    await until(() => heard.includes('ack'), 'the ack');
    await first.close();
    await until(() => !bus.connected, 'disconnect');
    end();
    await broker(first.port);
    await until(() => controller.connected && bus.connected, 'reconnect');
    controller.publish(topics.command('lab', 'pump'), command);
    await until(() => heard.includes('result'), 'the result');
    expect(acts).toBe(1);
    expect(host.state).toBe('ready');
    await host.close();
    await bus.close();
  });
});
