import { afterEach, expect, test } from 'vitest';
import { failed, failure } from '../../src/base/failure.ts';
import { startServer, type LabServer } from '../../src/server/server.ts';
import { FakeLab } from './fake-lab.ts';
import { writeScript } from './script.ts';

let server: LabServer | undefined;
afterEach(() => server?.close());

async function post(body: string, { token, method = 'POST' }: { token?: string; method?: string } = {}) {
  const response = await fetch(new URL('/order', server!.url), {
    method,
    headers: { authorization: `Bearer ${token ?? server!.token}`, 'content-type': 'application/json' },
    ...(method === 'POST' ? { body } : {}),
  });
  return { status: response.status, text: await response.text() };
}

async function serve(): Promise<FakeLab> {
  const script = writeScript({ experiments: 6 });
  const lab = new FakeLab(script);
  lab.playTo(script.events[0]!.at);
  server = await startServer({ source: lab, port: 0 });
  return lab;
}

test('an order with the token is taken, and answered in a sentence', async () => {
  const lab = await serve();
  expect(await post('{"op":"pause"}')).toEqual({ status: 200, text: 'The order has been taken.\n' });
  expect(lab.orders).toMatchObject([{ order: { op: 'pause' } }]);
  lab.answer = () => failed(failure('input.invalid', 'The campaign has ended.'));
  expect(await post('{"op":"stop"}')).toEqual({ status: 400, text: 'The campaign has ended.\n' });
});

test('a change of the campaign is in the log, and what makes no sense is refused with its mend', async () => {
  const lab = await serve();
  const taken = await post('{"op":"change","change":{"space":{"cyan":{"max":"90 uL"}},"batch":{"size":2}}}');
  expect(taken).toEqual({ status: 200, text: 'The order has been taken.\n' });
  expect([...lab.history(0)].at(-1)).toMatchObject({ type: 'campaign.changed', data: { version: 2 } });
  const unknown = await post('{"op":"change","change":{"spce":{}}}');
  expect(unknown.text).toBe('This is not an order: "change.spce" is not known here. Did you mean "space"?\n');
  const wrong = await post('{"op":"change","change":{"space":{"cyan":{"max":"90 s"}}}}');
  expect(wrong.text).toMatch(/^space\.cyan\.max: "90 s" is measured in s, but a quantity in uL is needed here\./);
});

test.each([
  ['{"op":"pause"}', { token: 'guessed' }, 401],
  ['{"op":"pause"}', { token: '' }, 401],
  ['{"op":"explode"}', {}, 400],
  ['{"op"', {}, 400],
  ['', {}, 400],
  [`"${'x'.repeat(1_000_000)}"`, {}, 413],
  ['', { method: 'GET' }, 405],
])('%.20s %o is refused', async (body, how, status) => {
  const lab = await serve();
  const answer = await post(body, how);
  expect(answer.status).toBe(status);
  expect(answer.text).toMatch(/^[A-Z].*\.\n$/);
  expect(lab.orders).toEqual([]);
});
