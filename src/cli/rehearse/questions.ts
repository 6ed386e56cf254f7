import type { VirtualClock } from '../../base/clock.ts';
import type { CommandContext } from '../../control/command.ts';
import type { Definition } from '../../domain/campaign.ts';
import type { Command, LabEvent } from '../../domain/event.ts';
import type { Order } from '../../domain/order.ts';
import type { Engine } from '../../engine/engine.ts';
import { answeredAt } from './person.ts';
import type { VirtualLab } from './rehearsal.ts';

/** What a person had to decide. Times are ms from the start of the campaign. */
export interface PersonQuestion {
  readonly experiment: string;
  readonly question: string;
  readonly asked: number;
  /** Undefined where the campaign was over before, or nobody came. */
  readonly answered?: number;
}

/** A person looks, puts what hangs in the air where it was to go, and takes away what is half done. */
function look(lab: VirtualLab, { key, kind, experiment, to }: Command): 'happened' | 'not_happened' | 'discard' {
  if (kind === 'move' && to !== undefined) {
    lab.put(experiment, to);
    return 'happened';
  }
  const truth = lab.truthOf(key);
  if (truth !== 'partly') return truth;
  lab.remove(experiment);
  return 'discard';
}

/** A question; its times are lab ms. */
interface Open {
  readonly experiment: string;
  readonly question: string;
  readonly asked: number;
  answered?: number;
}

/** Answers what the controller asks a person, in the hours in which somebody is there. */
export class Person {
  readonly #engine: Engine;
  readonly #lab: VirtualLab;
  readonly #definition: Definition;
  readonly #clock: VirtualClock;
  readonly #questions: Open[] = [];
  readonly #keys = new Set<string>();
  /** When the last of the questions so far will be answered, lab ms. */
  busyUntil = 0;

  constructor(engine: Engine, lab: VirtualLab, definition: Definition, clock: VirtualClock) {
    this.#engine = engine;
    this.#lab = lab;
    this.#definition = definition;
    this.#clock = clock;
  }

  /** Takes note of commands that are newly in doubt, and of late samples that wait for a decision. */
  see(events: readonly LabEvent[]): void {
    for (const { type, data } of events) {
      if (type !== 'experiment.late' || data.then !== 'ask') continue;
      const { experiment } = data;
      this.#ask(experiment, 'It is late: what shall become of it?', () => ({
        op: 'decide',
        experiment,
        as: 'discard',
      }));
    }
    for (const [key, { value, context }] of this.#engine.state.commands) {
      if (value !== 'doubtful' || this.#keys.has(key)) continue;
      this.#keys.add(key);
      const { experiment, step, device } = context.command;
      this.#ask(experiment, `Has ${step} happened on ${device}?`, () => this.#wordOn(context));
    }
  }

  #ask(experiment: string, question: string, order: () => Order): void {
    const now = this.#clock.now();
    const entry: Open = { experiment, question, asked: now };
    this.#questions.push(entry);
    const at = answeredAt(this.#definition.lab, now);
    if (at === undefined) return;
    this.busyUntil = Math.max(this.busyUntil, at);
    this.#clock.after(at - now, () => {
      entry.answered = this.#clock.now();
      this.#engine.order(order(), 'rehearsal');
    });
  }

  #wordOn({ command, doubtBy }: CommandContext): Order {
    // A device that has fallen silent may still be at it.
    if (doubtBy === 'controller') this.#lab.restart(command.device);
    return { op: 'resolve', key: command.key, as: look(this.#lab, command) };
  }

  questions(begun: number): PersonQuestion[] {
    return this.#questions.map(({ asked, answered, ...rest }) => ({
      ...{ ...rest, asked: asked - begun },
      ...(answered === undefined ? {} : { answered: answered - begun }),
    }));
  }
}
