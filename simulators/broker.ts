import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { failure, FailureError } from '../src/base/failure.ts';

export interface Broker {
  /** For `connectBus`. */
  readonly url: string;
  readonly port: number;
  /** Cuts every connection, as a broker that dies does. */
  close(): Promise<void>;
}

/**
 * An MQTT 3.1.1 broker inside this process, for trying things without installing one. Port 0 takes any that is free.
 * Rejects with FailureError port.in_use.
 */
export async function startBroker({ port = 0, host = '127.0.0.1' } = {}): Promise<Broker> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Small messages that wait for an answer: delaying them (Nagle) would cost 40 ms each.
    socket.setNoDelay(true);
    aedes.handle(socket);
  });
  try {
    await listen(server, port, host);
  } catch (error) {
    await new Promise<void>((resolve) => aedes.close(resolve));
    throw refusal(error as NodeJS.ErrnoException, port, host);
  }
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `mqtt://${host}:${bound}`,
    port: bound,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => aedes.close(resolve));
      await closed;
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function refusal(error: NodeJS.ErrnoException, port: number, host: string): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new FailureError(
    failure('port.in_use', `Port ${port} is taken by another program.`, {
      where: `${host}:${port}`,
      mend: 'Stop that program, or choose another port.',
    }),
  );
}
