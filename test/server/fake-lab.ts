import { failed, ok, type Result } from '../../src/base/failure.ts';
import { decide, initialState, type CoreState } from '../../src/control/core.ts';
import type { LabEvent, NewEvent } from '../../src/domain/event.ts';
import type { Order } from '../../src/domain/order.ts';
import { eventOf } from '../../src/engine/orders.ts';
import type { EngineStatus } from '../../src/engine/status.ts';
import type { LabSource } from '../../src/server/source.ts';
import type { Script } from './script.ts';

/** A source that plays a script up to any moment, and answers orders with the events that they would lead to. */
export class FakeLab implements LabSource {
  readonly orders: { readonly order: Order; readonly by: string }[] = [];
  readonly #script: Script;
  readonly #past: LabEvent[] = [];
  readonly #listeners = new Set<(events: readonly LabEvent[]) => void>();
  #state: CoreState = initialState();
  #played = 0;
  #now = 0;
  answer: (order: Order) => Result<void> = () => ok(undefined);
  more: Partial<EngineStatus> = {};

  constructor(script: Script) {
    this.#script = script;
  }

  *history(after: number): Iterable<LabEvent> {
    for (const event of this.#past.slice(after)) yield event;
  }

  subscribe(listener: (events: readonly LabEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  status(): EngineStatus {
    const suggested = new Set<string>();
    for (const event of this.#past) if (event.type === 'experiment.suggested') suggested.add(event.data.experiment);
    const future = this.#script.assignments.filter((assignment) => assignment.start > this.#now);
    const plan = future.filter((assignment) => suggested.has(assignment.sample));
    const end = future.length === 0 ? undefined : Math.max(...future.map((assignment) => assignment.end));
    const planEnd = plan.length === 0 ? undefined : Math.max(...plan.map((assignment) => assignment.end));
    return {
      now: this.#now,
      plan,
      waiting: plan.slice(0, 2).map(({ sample, step, resource }) => ({ sample, step, reason: `${resource} is busy` })),
      brokerConnected: true,
      ...(planEnd === undefined ? {} : { planEnd }),
      ...(end === undefined ? {} : { eta: end }),
      ...this.more,
    };
  }

  order(order: Order, by: string): Result<void> {
    this.orders.push({ order, by });
    const answer = this.answer(order);
    if (!answer.ok) return answer;
    const ledger = { totals: () => ({ energy: { joules: 0 }, cost: 0 }), stock: () => [] };
    const event = eventOf(order, by, this.#state, {
      ledger,
      data: [],
      elapsed: this.#now - (this.#past[0]?.at ?? this.#now),
      planned: () => [],
    });
    if (!event.ok) return failed(event.failure);
    this.#append([{ ...event.value, actor: by, at: this.#now }]);
    return ok(undefined);
  }

  get seq(): number {
    return this.#past.length;
  }

  get now(): number {
    return this.#now;
  }

  /** Appends all events of the script up to a lab time, in the groups in which an engine would. */
  playTo(at: number): void {
    this.#now = Math.max(this.#now, at);
    const { events } = this.#script;
    while (this.#played < events.length && events[this.#played]!.at <= at) {
      const time = events[this.#played]!.at;
      const group: LabEvent[] = [];
      while (events[this.#played]?.at === time) group.push(events[this.#played++]!);
      this.#append(group);
    }
  }

  playAll(): void {
    this.playTo(this.#script.events.at(-1)!.at);
  }

  #append(events: readonly (NewEvent & { actor: string; at: number })[]): void {
    const appended = events.map((event): LabEvent => {
      const seq = this.#past.length + 1;
      const whole: LabEvent = { ...event, seq, version: 1, hash: `hash-${seq}` };
      this.#past.push(whole);
      this.#state = decide(this.#state, whole).state;
      return whole;
    });
    for (const listener of this.#listeners) listener(appended);
  }
}
