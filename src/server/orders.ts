import * as z from 'zod';
import { describeFailure } from '../base/failure.ts';
import { describeIssue } from '../domain/document.ts';
import { Order } from '../domain/order.ts';
import type { Handshake, OrderAnswer } from './contract.ts';
import type { LabSource } from './source.ts';

/** Orders from a page: only from an operator, only well-formed ones, and every answer is a sentence. */
export function takeOrder(source: LabSource, operator: boolean, text: unknown): OrderAnswer {
  if (!operator)
    return {
      ok: false,
      sentence: 'Viewers give no orders. Open the link that the controller printed when it started.',
    };
  const order = Order.safeParse(text);
  if (!order.success) {
    const [issue] = describeIssue(order.error.issues[0]!, Order);
    return { ok: false, sentence: `This is not an order: ${describeFailure(issue!.failure)}` };
  }
  const result = source.order(order.data, 'person/operator');
  return result.ok ? { ok: true } : { ok: false, sentence: describeFailure(result.failure) };
}

const HandshakeText = z.object({
  token: z.string().max(200).optional(),
  ledger: z.string().max(200).optional(),
  seq: z.int().min(0).optional(),
});

/** What a page says of itself when it connects; nonsense counts as nothing said. */
export function readHandshake(text: unknown): Handshake {
  const { token, ledger, seq } = HandshakeText.safeParse(text).data ?? {};
  return {
    ...(token === undefined ? {} : { token }),
    ...(ledger === undefined ? {} : { ledger }),
    ...(seq === undefined ? {} : { seq }),
  };
}
