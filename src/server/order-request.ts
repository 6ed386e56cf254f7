import type { IncomingMessage, ServerResponse } from 'node:http';
import { sameToken } from './guard.ts';
import { takeOrder } from './orders.ts';
import type { LabSource } from './source.ts';
import { answer } from './static-files.ts';

/** An order has a few words, a change of the campaign a few lines; what is longer is none. */
const longestOrder = 65_536;

/** POST /order with the token as bearer and an order as JSON, for the command line: the answer is one sentence. */
export async function serveOrder(
  source: LabSource,
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') return answer(response, 405, 'Orders are given with POST.');
  const operator = sameToken(request.headers.authorization?.replace(/^Bearer /, ''), token);
  if (!operator) return answer(response, 401, 'The token is not the one that the controller printed when it started.');
  const text = await bodyOf(request);
  if (text === undefined) return answer(response, 413, 'This is too long for an order.');
  const taken = takeOrder(source, operator, parsed(text));
  answer(response, taken.ok ? 200 : 400, taken.ok ? 'The order has been taken.' : taken.sentence);
}

/** Undefined when it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= longestOrder) chunks.push(chunk);
  }
  return length > longestOrder ? undefined : Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
