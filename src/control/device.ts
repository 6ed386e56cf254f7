import { assign, setup } from 'xstate';
import type { Descriptor } from '../domain/descriptor.ts';
import type { EventOf } from '../domain/event.ts';
import { asEffect, type Behaviour } from './run-machine.ts';

/**
 * A device as the controller knows it: unknown until it has announced itself, then as its retained state says.
 *
 *   unknown -> usable (ready, busy) <-> unusable (init, error, maintenance, disconnected, lost)
 */
export interface DeviceContext {
  readonly device: string;
  readonly state: EventOf<'device.changed'>['data']['state'];
  readonly boot: string;
  readonly descriptor?: Descriptor;
  /** When it last was, or came back from being, anything but usable, lab ms: what ran meanwhile may have been slowed by it. */
  readonly unsteadyAt?: number;
}

export type DeviceEvent = EventOf<'device.announced' | 'device.changed'>;

const usable = (state: DeviceContext['state']): boolean => state === 'ready' || state === 'busy';

export const deviceMachine = setup({
  types: { context: {} as DeviceContext, events: {} as DeviceEvent, input: {} as { device: string } },
  actions: {
    announce: assign(({ event }) => (event.type === 'device.announced' ? { descriptor: event.data.descriptor } : {})),
    change: assign(({ event }) =>
      event.type === 'device.changed' ? { state: event.data.state, boot: event.data.boot } : {},
    ),
    noteUnsteady: assign({ unsteadyAt: ({ event }) => event.at }),
    reconcile: asEffect,
  },
  guards: {
    comesBack: ({ context, event }) =>
      event.type === 'device.changed' &&
      usable(event.data.state) &&
      (!usable(context.state) || event.data.boot !== context.boot),
    usable: ({ event }) => event.type === 'device.changed' && usable(event.data.state),
  },
}).createMachine({
  context: ({ input }) => ({ device: input.device, state: 'lost', boot: '' }),
  initial: 'unknown',
  on: {
    'device.announced': { actions: 'announce' },
    'device.changed': [
      { guard: 'comesBack', target: '.usable', actions: ['change', 'noteUnsteady', 'reconcile'] },
      { guard: 'usable', target: '.usable', actions: 'change' },
      { target: '.unusable', actions: ['change', 'noteUnsteady'] },
    ],
  },
  states: { unknown: {}, usable: {}, unusable: {} },
});

export const deviceBehaviour: Behaviour<typeof deviceMachine, DeviceContext, DeviceEvent> = {
  machine: deviceMachine,
  effects: { reconcile: ({ device }) => [{ do: 'reconcile_device', device }] },
};
