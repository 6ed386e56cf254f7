import type * as z from 'zod';
import type { Definition } from '../../src/domain/campaign.ts';
import { describe, type Descriptor, type DescriptorBody } from '../../src/domain/descriptor.ts';
import type { Command, CommandEnd, EventData, EventType, NewEvent } from '../../src/domain/event.ts';
import { Ledger } from '../../src/ledger/ledger.ts';

/** Lab time at which the tests begin, ms. */
export const start = Date.UTC(2026, 0, 5, 8);

export const definition = {
  campaign: { campaign: 'demo' },
  protocol: { protocol: 'demo' },
  lab: {
    site: 'here',
    materials: { red: { measure: 'volume' }, salt: { measure: 'mass' }, plate: { measure: 'pieces' } },
    tariff: { price: 0.36 / 3.6e6, carbon: 0.4 / 3.6e6 },
  },
} as unknown as Definition;

/** An event written as plain data; ids are checked by the ledger when it is appended. */
export const event = <T extends EventType>(type: T, data: Unbranded<EventData<T>>): NewEvent =>
  ({ type, data }) as unknown as NewEvent;

type Unbranded<T> = T extends string & z.$brand
  ? string
  : T extends string
    ? T
    : T extends readonly (infer U)[]
      ? readonly Unbranded<U>[]
      : T extends object
        ? { [K in keyof T]: Unbranded<T[K]> }
        : T;

type Story = (NewEvent | readonly [at: number, event: NewEvent])[];

/** Appends events in one transaction, one second apart, or at the second (from `start`) that is given. */
export function tell(ledger: Ledger, ...story: Story): void {
  ledger.transaction(() => {
    for (const line of story) {
      const [at, told] =
        'type' in line ? [Math.max(ledger.lastAt(), start - 1000) + 1000, line] : [start + line[0] * 1000, line[1]];
      ledger.append(told, at, 'controller');
    }
  });
}

export const opened = event('campaign.opened', {
  campaign: 'demo',
  definition,
  clock: { origin: start, anchor: start, speed: 1 },
});

export const lot = (material: string, id: string, amount: number, more: object = {}): NewEvent =>
  event('lot.registered', { material, lot: id, amount, ...more });

export const suggested = (
  experiment: string,
  number = 1,
  point: Record<string, number | string> = { x: 0.5 },
): NewEvent =>
  event('experiment.suggested', { experiment, number, ask: 1, suggestion: { point, reason: 'initial design' } });

export const planned = (
  experiment: string,
  ...reservations: { material: string; lot: string; amount: number }[]
): NewEvent => event('experiment.planned', { experiment, reservations });

export const intended = (key: string, experiment: string, more: Partial<Unbranded<Command>> = {}): NewEvent =>
  event('command.intended', {
    command: {
      ...{ key, hash: 'h', experiment, stage: 'mix', step: 'pour', attempt: 1, kind: 'process', device: 'robot' },
      ...{ capability: 'dispense', parameters: {}, consumes: [], retry: 'unsafe', ttl: 60_000, deadline: 120_000 },
      expected: { low: 1000, typical: 2000, high: 3000 },
      ...more,
    },
  });

export const accepted = (key: string): NewEvent => event('command.accepted', { key, boot: 'b1' });

export const ended = (key: string, more: Partial<Unbranded<CommandEnd>> = {}): NewEvent =>
  event('command.ended', { key, outcome: 'ok', meters: [], source: 'device', ...more });

export const resolved = (key: string, as: 'happened' | 'not_happened' | 'discard'): NewEvent =>
  event('command.resolved', { key, as, by: 'person/eva' });

export const completed = (experiment: string, objectives: Record<string, number> = { loss: 1 }): NewEvent =>
  event('experiment.completed', { experiment, objectives });

export const lost = (experiment: string): NewEvent => event('experiment.lost', { experiment, reason: 'dropped it' });

const body: DescriptorBody = {
  ...{ vendor: 'v', model: 'm', serial: '1', firmware: '1', onControllerLost: 'finish', meters: [] },
  capabilities: [
    {
      ...{
        name: 'dispense',
        parameters: {},
        result: {},
        units: {},
        retry: 'unsafe',
        interruptible: false,
        consumes: [],
      },
      duration: { low: 1, typical: 2, high: 3 },
    },
  ],
};

export const announced = (device: string, more: Partial<DescriptorBody> = {}): NewEvent =>
  event('device.announced', { device, descriptor: describe({ ...body, ...more }) as Unbranded<Descriptor> });

export const inMemory = (...story: Story): Ledger => {
  const ledger = Ledger.open(':memory:');
  tell(ledger, ...story);
  return ledger;
};
