import { assign, setup } from 'xstate';
import type { EventOf, PlannedAct } from '../domain/event.ts';
import type { Behaviour } from './run-machine.ts';

/**
 * Whether a person has pinned the plan: free <-> pinned. The plan itself is made anew whenever it is needed; what has to
 * outlive a process is the order that was pinned.
 */
export interface PlanContext {
  readonly by: string;
  /** Lab ms. */
  readonly since: number;
  /** Of what is still to be done; what has begun meanwhile is left in it. */
  readonly order: readonly PlannedAct[];
}

export type PlanEvent = EventOf<'plan.pinned' | 'plan.changed' | 'plan.unpinned' | 'experiment.cleared'>;

const free: PlanContext = { by: '', since: 0, order: [] };

export const planMachine = setup({
  types: { context: {} as PlanContext, events: {} as PlanEvent },
  actions: {
    pin: assign(({ event }) =>
      event.type === 'plan.pinned' ? { by: event.data.by, since: event.at, order: event.data.order } : {},
    ),
    change: assign(({ event }) => (event.type === 'plan.changed' ? { order: event.data.order } : {})),
    forget: assign(({ context, event }) =>
      event.type === 'experiment.cleared'
        ? { order: context.order.filter(({ sample }) => sample !== event.data.experiment) }
        : {},
    ),
    unpin: assign(free),
  },
}).createMachine({
  id: 'plan',
  context: free,
  initial: 'free',
  states: {
    free: { on: { 'plan.pinned': { target: 'pinned', actions: 'pin' } } },
    pinned: {
      on: {
        'plan.changed': { actions: 'change' },
        'experiment.cleared': { actions: 'forget' },
        'plan.unpinned': { target: 'free', actions: 'unpin' },
      },
    },
  },
});

export const planBehaviour: Behaviour<typeof planMachine, PlanContext, PlanEvent> = {
  machine: planMachine,
  effects: {},
};
