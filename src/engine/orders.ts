import { failed, failure, ok, type Result } from '../base/failure.ts';
import type { CoreState } from '../control/core.ts';
import type { NewEvent } from '../domain/event.ts';
import type { Order } from '../domain/order.ts';
import { changeOf, type Known } from './change.ts';

/** The event that an order becomes, or why it makes no sense now. */
export function eventOf(order: Order, by: string, state: CoreState, known: Known): Result<NewEvent> {
  if (order.op === 'resolve') return resolution(order, by, state);
  const now = describeState(String(state.campaign.value));
  const refused = failed(failure('input.invalid', `The campaign cannot be ${verbs[order.op]}: it ${now}.`));
  if (order.op === 'change') return mayChange(state) ? changeOf(order.change, by, state, known) : refused;
  const event = campaignEvent(order.op, by);
  return state.campaign.can(event as never) ? ok(event) : refused;
}

const mayChange = ({ campaign }: CoreState): boolean => campaign.value === 'running' || campaign.value === 'paused';

const verbs = {
  pause: 'paused',
  resume: 'resumed',
  stop: 'stopped',
  abort: 'aborted',
  halt: 'halted',
  change: 'changed',
} as const;

function campaignEvent(op: Exclude<keyof typeof verbs, 'change'>, by: string): NewEvent {
  const reason = `ordered by ${by}`;
  switch (op) {
    case 'pause':
      return { type: 'campaign.paused', data: { by } };
    case 'resume':
      return { type: 'campaign.resumed', data: { by } };
    case 'stop':
      return { type: 'campaign.stopping', data: { by, reason } };
    case 'abort':
      return { type: 'campaign.aborted', data: { by, reason } };
    case 'halt':
      return { type: 'campaign.halted', data: { by, reason } };
  }
}

function resolution(order: Extract<Order, { op: 'resolve' }>, by: string, state: CoreState): Result<NewEvent> {
  const event: NewEvent = { type: 'command.resolved', data: { key: order.key, as: order.as, by } };
  const command = state.commands.get(order.key);
  if (command === undefined)
    return failed(
      failure('input.invalid', `No open command has the key ${order.key}.`, {
        mend: 'See "labwright status" for keys.',
      }),
    );
  if (command.can(event as never)) return ok(event);
  return failed(failure('input.invalid', `The command ${order.key} is not in doubt: it is ${String(command.value)}.`));
}

const describeState = (state: string): string =>
  ({
    closed: 'has not been opened',
    running: 'is running already',
    paused: 'is paused already',
    stopping: 'is being stopped',
    aborting: 'is being aborted',
    halted: 'is halted',
  })[state] ?? 'has ended';
