import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { connectBus } from '../../src/wire/mqtt-bus.ts';

const [connect, subscribe, unsubscribe, publish] = [0x10, 0x82, 0xa2, 0x32];

/** A broker that answers only what it is told to answer; every packet here is short and comes in one piece. */
class DeafBroker {
  readonly server: Server;
  connections = 0;
  readonly heard: number[] = [];
  readonly #answers: (type: number, connection: number) => boolean;
  readonly #sockets = new Set<Socket>();

  constructor(answers: (type: number, connection: number) => boolean) {
    this.#answers = answers;
    this.server = createServer((socket) => {
      const connection = ++this.connections;
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => this.#hear(socket, bytes, connection));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `mqtt://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
  }

  #hear(socket: Socket, bytes: Buffer, connection: number): void {
    for (let at = 0; at < bytes.length; at += 2 + bytes[at + 1]!) {
      const [type, high, low] = [bytes[at]!, bytes[at + 2]!, bytes[at + 3]!];
      this.heard.push(type);
      if (!this.#answers(type, connection)) continue;
      if (type === connect) socket.write(Buffer.from([0x20, 2, 0, 0]));
      if (type === subscribe) socket.write(Buffer.from([0x90, 3, high, low, 1]));
      if (type === unsubscribe) socket.write(Buffer.from([0xb0, 2, high, low]));
    }
  }
}

let broker: DeafBroker;
afterEach(() => broker.close());

test('a subscription that is never answered is tried again on another connection', async () => {
  broker = new DeafBroker((type, connection) => type === connect || connection > 1);
  const url = await broker.listen();
  const bus = await connectBus({ url, clientId: 'patient', timeoutMs: 500 });
  bus.subscribe('some/topic', () => undefined);
  const again = new Promise<void>((resolve) => bus.onConnect(resolve));
  await again;
  // A busy machine may need more than one.
  expect(broker.connections).toBeGreaterThanOrEqual(2);
  expect(bus.connected).toBe(true);
  await bus.close();
});

test('leaving does not wait for ever for what is never answered', async () => {
  broker = new DeafBroker((type) => type !== unsubscribe && type !== publish);
  const bus = await connectBus({ url: await broker.listen(), clientId: 'leaving' });
  const unsubscribeBus = bus.subscribe('some/topic', () => undefined);
  await new Promise<void>((resolve) => bus.onConnect(resolve));
  unsubscribeBus();
  await bus.close();
  expect(broker.heard).toContain(unsubscribe);
  expect(bus.connected).toBe(false);
});
