import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import { afterEach, describe, expect, it } from 'vitest';
import { failed, failure, FailureError } from '../../src/base/failure.ts';
import type { Handshake, LabView, PageMessages, Patch, ServerMessages, Welcome } from '../../src/server/contract.ts';
import { startServer, type ServerOptions } from '../../src/server/server.ts';
import { FakeLab } from './fake-lab.ts';
import { origin, writeScript } from './script.ts';

type Page = Socket<ServerMessages, PageMessages>;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: Partial<ServerOptions> & { lab?: FakeLab } = {}) {
  const lab = options.lab ?? new FakeLab(writeScript({ experiments: 6, indeterminate: 5 }));
  const server = await startServer({ source: lab, port: 0, ...options });
  cleanups.push(() => server.close());
  const address = new URL(server.url).origin;
  return { lab, server, address, port: Number(new URL(server.url).port) };
}

function connect(address: string, auth: Handshake = {}, headers: Record<string, string> = {}): Page {
  const page: Page = io(address, { transports: ['websocket'], auth, extraHeaders: headers, reconnection: false });
  cleanups.push(() => page.disconnect());
  return page;
}

/** The next message of a kind, acknowledged as the page would. */
function next<M extends keyof ServerMessages>(page: Page, message: M): Promise<Parameters<ServerMessages[M]>[0]> {
  return new Promise((resolve) => {
    page.once(message, ((value: never, done?: () => void) => {
      done?.();
      resolve(value);
    }) as never);
  });
}

const get = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const request = httpRequest(url, { headers, method }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    request.on('error', reject);
    request.end();
  });

describe('a viewer', () => {
  it('gets a snapshot, then patches of what has changed', async () => {
    const { lab, address } = await serve();
    lab.playTo(origin + 60_000);
    const page = connect(address);
    const view: LabView = await next(page, 'snapshot');
    expect(view.seq).toBe(lab.seq);
    expect(view.sections.experiments).toHaveLength(4);
    expect(view.sections.devices.map((device) => device.id)).toEqual(['handler', 'reader', 'arm']);
    const coming = next(page, 'patch');
    lab.playTo(origin + 200_000);
    const patch: Patch = await coming;
    expect(patch).toMatchObject({ from: view.seq, to: lab.seq });
    expect(patch.put.results).toHaveLength(1);
  });

  it('is told the plan, why steps wait, and of the broker', async () => {
    const { lab, address } = await serve();
    lab.playTo(origin + 60_000);
    const page = connect(address);
    page.on('snapshot', (_, done) => done());
    const status = await next(page, 'status');
    expect(status).toMatchObject({ now: origin + 60_000, brokerConnected: true });
    expect(status.plan[0]).toMatchObject({ number: expect.any(Number), device: expect.any(String) });
    expect(status.waiting[0]?.reason).toMatch(/busy/);
    lab.more = { brokerConnected: false };
    await expect.poll(() => next(page, 'status'), { timeout: 4000 }).toMatchObject({ brokerConnected: false });
  });

  it('catches up from the sequence number that it knows', async () => {
    const { lab, address } = await serve();
    lab.playTo(origin + 60_000);
    const before = connect(address);
    const { ledger, seq } = await next(before, 'snapshot');
    before.disconnect();
    lab.playTo(origin + 120_000);
    const patch = await next(connect(address, { ledger, seq }), 'patch');
    expect(patch).toMatchObject({ from: seq, to: lab.seq });
    expect(patch.log.at(-1)?.seq).toBe(lab.seq);
  });

  it('gets a snapshot when it knows another ledger, or sends nonsense', async () => {
    const { lab, address } = await serve();
    lab.playTo(origin + 60_000);
    await next(connect(address, { ledger: 'another', seq: 3 }), 'snapshot');
    await next(connect(address, { ledger: 7, seq: -1.5 } as never), 'snapshot');
  });

  it('that does not acknowledge is sent nothing more, and then everything at once', async () => {
    const { lab, address } = await serve();
    lab.playTo(origin + 60_000);
    const slow = connect(address);
    const acknowledged = new Promise<() => void>((resolve) => slow.once('snapshot', (_, done) => resolve(done)));
    const done = await acknowledged;
    let patches = 0;
    slow.on('patch', () => (patches += 1));
    const quick = connect(address);
    const { seq } = await next(quick, 'snapshot');
    for (const at of [90_000, 120_000, 150_000]) {
      const coming = next(quick, 'patch');
      lab.playTo(origin + at);
      await coming;
    }
    expect(patches).toBe(0);
    const coming = next(slow, 'patch');
    done();
    expect(await coming).toMatchObject({ from: seq, to: lab.seq });
  });

  it('may give no orders', async () => {
    const { lab, address } = await serve();
    const page = connect(address);
    expect(await next(page, 'welcome')).toEqual({ role: 'viewer' });
    const answer = await page.emitWithAck('order', { op: 'halt' });
    expect(answer).toEqual({ ok: false, sentence: expect.stringMatching(/^Viewers give no orders\./) });
    expect(lab.orders).toEqual([]);
  });

  it('reads the log further back than the page holds', async () => {
    const { lab, address } = await serve();
    lab.playAll();
    const page = connect(address);
    const { log } = await next(page, 'snapshot');
    const lines = await page.emitWithAck('log', 21);
    expect(lines.map((line) => line.seq)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(log.at(-1)?.seq).toBe(lab.seq);
    expect(await page.emitWithAck('log', 'nonsense' as never)).toEqual([]);
  });
});

describe('an operator', () => {
  it('gives orders, and a refusal comes back as a sentence', async () => {
    const { lab, server, address } = await serve();
    lab.playTo(origin + 60_000);
    const page = connect(address, { token: server.token });
    expect(await next(page, 'welcome')).toEqual({ role: 'operator' });
    expect(await page.emitWithAck('order', { op: 'pause' })).toEqual({ ok: true });
    expect(lab.orders).toEqual([{ order: { op: 'pause' }, by: 'person/operator' }]);
    lab.answer = () => failed(failure('input.invalid', 'The campaign is not paused.', { mend: 'Pause it first.' }));
    const refused = await page.emitWithAck('order', { op: 'resume' });
    expect(refused).toEqual({ ok: false, sentence: 'The campaign is not paused. Pause it first.' });
  });

  it.each([
    { op: 'explode' },
    { op: 'resolve', key: 'not an id!', as: 'happened' },
    { op: 'pause', more: 1 },
    null,
    'pause',
  ])('gets a sentence for what is not an order: %j', async (text) => {
    const { lab, server, address } = await serve();
    const page = connect(address, { token: server.token });
    const answer = await page.emitWithAck('order', text as never);
    expect(answer).toEqual({ ok: false, sentence: expect.stringMatching(/^This is not an order: .+\.$/) });
    expect(lab.orders).toEqual([]);
  });

  it('with an old token is told where to find the new one', async () => {
    const { address } = await serve();
    const welcome: Welcome = await next(connect(address, { token: 'old' }), 'welcome');
    expect(welcome.role).toBe('viewer');
    expect(welcome.refusal).toContain('Open the link');
  });
});

describe('the door', () => {
  const refused = (page: Page) =>
    new Promise<string>((resolve) => page.once('connect_error', (e) => resolve(e.message)));

  it('is closed to other origins and other names', async () => {
    const said: string[] = [];
    const { address, port } = await serve({ log: (sentence) => said.push(sentence) });
    for (const headers of [
      { origin: 'https://example.org' },
      { origin: `http://127.0.0.1:${port + 1}` },
      { origin: 'null' },
      { host: `rebound.example:${port}` },
    ])
      expect(await refused(connect(address, {}, headers))).toBe('websocket error');
    expect(said).toHaveLength(4);
    expect((await get(address, { host: 'rebound.example' })).status).toBe(403);
  });

  it('is open to its own page under each loopback name', async () => {
    const { address, port } = await serve();
    for (const name of ['127.0.0.1', 'localhost']) {
      const own = { host: `${name}:${port}`, origin: `http://${name}:${port}` };
      expect((await next(connect(address, {}, own), 'welcome')).role).toBe('viewer');
    }
  });

  it('says which port is taken and what to do', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => other.close());
    const { port } = other.address() as AddressInfo;
    const error = await startServer({ source: new FakeLab(writeScript()), port }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(FailureError);
    expect((error as FailureError).failure).toMatchObject({
      code: 'port.in_use',
      message: `Port ${port} on 127.0.0.1 is in use.`,
      mend: expect.stringContaining('--port'),
    });
  });

  it('throws a message of 10 MB out and stays open', async () => {
    const { address, server } = await serve();
    const page = connect(address, { token: server.token });
    await next(page, 'welcome');
    const gone = new Promise((resolve) => page.once('disconnect', resolve));
    page.emit('order', 'x'.repeat(10_000_000) as never, () => {});
    await gone;
    expect((await next(connect(address), 'welcome')).role).toBe('viewer');
  });
});

describe('files', () => {
  it('come with a policy that runs only our own scripts', async () => {
    const { address } = await serve({ web: import.meta.dirname });
    const file = await get(`${address}/server.test.ts`);
    expect(file.status).toBe(200);
    expect(file.headers['content-security-policy']).toContain("script-src 'self'");
    expect(file.headers['referrer-policy']).toBe('no-referrer');
  });

  it('outside the folder are not served', async () => {
    const { address } = await serve({ web: import.meta.dirname });
    for (const path of ['/../../package.json', '/%2e%2e/%2e%2e/package.json', '/..%2f..%2fpackage.json', '/%', '/none'])
      expect((await get(`${address}${path}`)).status).toBe(404);
    expect((await get(`${address}/`, {}, 'POST')).status).toBe(405);
  });

  it('that have not been built are a sentence', async () => {
    const { address } = await serve({ web: '/nowhere' });
    const page = await get(`${address}/`);
    expect(page.status).toBe(503);
    expect(page.body).toContain('npx vite build');
  });
});

it('reads a long past in pieces and loses nothing that is appended meanwhile', async () => {
  const lab = new FakeLab(writeScript({ experiments: 300 }));
  lab.playTo(origin + 10_800_000);
  const { address } = await serve({ lab });
  const page = connect(address);
  const coming = next(page, 'snapshot');
  lab.playTo(origin + 14_400_000);
  const { seq, sections } = await coming;
  expect(seq).toBe(lab.seq);
  expect(seq).toBeGreaterThan(2500);
  expect(sections.results.length).toBeGreaterThan(100);
});
