import { failed, failure, ok, type Result } from '../base/failure.ts';
import type { CoreState } from '../control/core.ts';
import type { NewEvent, PlannedAct } from '../domain/event.ts';
import type { Order } from '../domain/order.ts';
import { changeOf, type Known as KnownOfProblem } from './change.ts';

/** What orders are judged by beside the state. */
export interface Known extends KnownOfProblem {
  /** What is planned and has not ended. */
  readonly planned: () => readonly PlannedAct[];
}

/** The event that an order becomes, or why it makes no sense now. */
export function eventOf(order: Order, by: string, state: CoreState, known: Known): Result<NewEvent> {
  switch (order.op) {
    case 'resolve':
      return resolution(order, by, state);
    case 'decide':
      return decision(order, by, state);
    case 'change':
      return hasState(state, 'running', 'paused') ? changeOf(order.change, by, state, known) : outOfPlace(order, state);
    case 'prioritize':
    case 'pin':
    case 'unpin':
      if (!hasState(state, 'running', 'paused', 'stopping')) return outOfPlace(order, state);
      return order.op === 'prioritize' ? prioritization(order, by, state) : pinning(order.op, by, state, known);
    default: {
      const event = campaignEvent(order.op, by);
      return state.campaign.can(event as never) ? ok(event) : outOfPlace(order, state);
    }
  }
}

const refuse = (sentence: string, mend?: string): Result<never> =>
  failed(failure('input.invalid', sentence, mend === undefined ? {} : { mend }));

type OfCampaign = Exclude<Order['op'], 'resolve' | 'decide'>;

const verbs: Readonly<Record<OfCampaign, string>> = {
  pause: 'The campaign cannot be paused',
  resume: 'The campaign cannot be resumed',
  stop: 'The campaign cannot be stopped',
  abort: 'The campaign cannot be aborted',
  halt: 'The campaign cannot be halted',
  change: 'The campaign cannot be changed',
  prioritize: 'Priorities cannot be changed',
  pin: 'The plan cannot be pinned',
  unpin: 'The plan cannot be unpinned',
};

function outOfPlace({ op }: { readonly op: OfCampaign }, { campaign }: CoreState): Result<never> {
  const now = describeState(String(campaign.value));
  const who = verbs[op].startsWith('The campaign') ? 'it' : 'the campaign';
  return refuse(`${verbs[op]}: ${who} ${now}.`);
}

const hasState = ({ campaign }: CoreState, ...states: readonly string[]): boolean =>
  states.includes(String(campaign.value));

function campaignEvent(op: 'pause' | 'resume' | 'stop' | 'abort' | 'halt', by: string): NewEvent {
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

function prioritization(
  { experiment, priority }: Extract<Order, { op: 'prioritize' }>,
  by: string,
  { experiments }: CoreState,
): Result<NewEvent> {
  const value = experiments.get(experiment)?.value;
  if (value === undefined)
    return refuse(`No open experiment is called ${experiment}.`, 'Those that are open are on the page.');
  if (value === 'clearing' || value === 'stuck' || value === 'lost')
    return refuse(`${experiment} is over: its sample is only to be put away.`);
  return ok({ type: 'experiment.prioritized', data: { experiment, priority, by } });
}

function pinning(op: 'pin' | 'unpin', by: string, { plan }: CoreState, { planned }: Known): Result<NewEvent> {
  const pinned = plan.value === 'pinned';
  if (op === 'unpin')
    return pinned
      ? ok({ type: 'plan.unpinned', data: { by } })
      : refuse('The plan cannot be unpinned: it is not pinned.');
  if (pinned) return refuse(`The plan is pinned already, by ${plan.context.by}.`);
  return ok({ type: 'plan.pinned', data: { by, order: [...planned()] } });
}

function resolution(order: Extract<Order, { op: 'resolve' }>, by: string, state: CoreState): Result<NewEvent> {
  const event: NewEvent = { type: 'command.resolved', data: { key: order.key, as: order.as, by } };
  const command = state.commands.get(order.key);
  if (command === undefined)
    return refuse(`No open command has the key ${order.key}.`, 'See "labwright status" for keys.');
  if (command.can(event as never)) return ok(event);
  return refuse(`The command ${order.key} is not in doubt: it is ${String(command.value)}.`);
}

function decision(
  { experiment, as }: Extract<Order, { op: 'decide' }>,
  by: string,
  state: CoreState,
): Result<NewEvent> {
  const event: NewEvent = { type: 'experiment.decided', data: { experiment, as, by } };
  if (state.experiments.get(experiment)?.can(event as never) === true) return ok(event);
  return failed(
    failure('input.invalid', `Nobody is asked what is to become of ${experiment}.`, {
      mend: 'See "labwright status" for the samples that wait for a person.',
    }),
  );
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
