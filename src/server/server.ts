import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { failure, FailureError } from '../base/failure.ts';
import type { StatusView } from './contract.ts';
import { openFeed, type Feed } from './feed.ts';
import { guardFor, newToken, sameToken, type Guard } from './guard.ts';
import { serveOrder } from './order-request.ts';
import { readHandshake, takeOrder } from './orders.ts';
import type { LabSource } from './source.ts';
import { answer, builtPage, serveFile } from './static-files.ts';
import { statusView } from './status-view.ts';
import { createViewers, type PageServer, type PageSocket, type Viewers } from './viewers.ts';

export interface ServerOptions {
  readonly source: LabSource;
  /** 0: any free port. */
  readonly port?: number;
  readonly host?: string;
  /** Makes whoever knows it an operator; random when absent. */
  readonly token?: string;
  readonly log?: (sentence: string) => void;
  /** Folder of the built page. */
  readonly web?: string;
}

export interface LabServer {
  /** With the token in its fragment, which browsers do not send. */
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

const flushMs = 100;
const statusMs = 250;
const heartbeatMs = 1000;

/** Shows the lab in browsers and takes orders from them. */
export async function startServer(options: ServerOptions): Promise<LabServer> {
  const { source, port = 8080, host = '127.0.0.1', token = newToken(), log = () => {}, web = builtPage() } = options;
  let actual = port;
  const guard = guardFor(host, () => actual);
  const http = createServer((request, response) => {
    const refusal = guard.refuse(request);
    if (refusal !== undefined) return answer(response, 403, refusal);
    if (request.url === '/order') void serveOrder(source, token, request, response).catch(() => response.destroy());
    else void serveFile(web, request, response);
  });
  actual = await listen(http, host, port);
  const io = openSockets(http, guard, log);
  const feed = openFeed(source, () => flush.due());
  const viewers = createViewers(feed.model, () => feed.live);
  const flush = throttled(() => viewers.flush(), flushMs);
  const stopStatus = repeatStatus(source, feed, viewers);
  io.on('connection', (socket) => welcome(socket, { source, feed, viewers, token, log }));
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}/#token=${token}`,
    token,
    async close() {
      stopStatus();
      flush.cancel();
      feed.close();
      await io.close();
    },
  };
}

function listen(http: HttpServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      const what = error.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${error.code ?? error.message})`;
      const mend = 'Choose another with --port, or end the program that has it.';
      reject(new FailureError(failure('port.in_use', `Port ${port} on ${host} ${what}.`, { mend })));
    });
    http.listen(port, host, () => resolve((http.address() as AddressInfo).port));
  });
}

function openSockets(http: HttpServer, guard: Guard, log: (sentence: string) => void): PageServer {
  return new Server(http, {
    serveClient: false,
    transports: ['websocket'],
    maxHttpBufferSize: 65_536,
    pingInterval: 5000,
    pingTimeout: 5000,
    allowRequest: (request, decide) => {
      const refusal = guard.refuse(request);
      if (refusal !== undefined) log(refusal);
      decide(refusal, refusal === undefined);
    },
  });
}

interface Room {
  readonly source: LabSource;
  readonly feed: Feed;
  readonly viewers: Viewers;
  readonly token: string;
  readonly log: (sentence: string) => void;
}

function welcome(socket: PageSocket, { source, feed, viewers, token, log }: Room): void {
  const handshake = readHandshake(socket.handshake.auth);
  const operator = sameToken(handshake.token, token);
  const refusal = 'The controller has a new token. Open the link that it printed when it started.';
  const wrong = handshake.token !== undefined && !operator;
  socket.emit('welcome', { role: operator ? 'operator' : 'viewer', ...(wrong ? { refusal } : {}) });
  socket.on('order', (order, done) => {
    if (typeof done !== 'function') return;
    const taken = takeOrder(source, operator, order);
    if (!taken.ok) log(taken.sentence);
    done(taken);
  });
  socket.on('log', (before, done) => {
    if (typeof done !== 'function') return;
    done(Number.isSafeInteger(before) && before > 1 ? feed.lines(before, 200) : []);
  });
  socket.emit('status', statusView(feed.model, source.status()));
  viewers.admit(socket, handshake);
}

/** The future changes less often than the books: it is looked at a few times a second, and sent when it is another. */
function repeatStatus(source: LabSource, feed: Feed, viewers: Viewers): () => void {
  let told = '';
  let toldAt = 0;
  const timer = setInterval(() => {
    viewers.flush();
    if (viewers.count === 0) return;
    const status: StatusView = statusView(feed.model, source.status());
    const { now: _, ...rest } = status;
    const text = JSON.stringify(rest);
    if (text === told && Date.now() - toldAt < heartbeatMs) return;
    told = text;
    toldAt = Date.now();
    viewers.tell(status);
  }, statusMs);
  return () => clearInterval(timer);
}

/** At once when it is long since the last time, else as soon as the interval is over. */
function throttled(action: () => void, intervalMs: number): { due(): void; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  let last = 0;
  return {
    due() {
      timer ??= setTimeout(
        () => {
          timer = undefined;
          last = Date.now();
          action();
        },
        Math.max(0, last + intervalMs - Date.now()),
      );
    },
    cancel: () => clearTimeout(timer),
  };
}
