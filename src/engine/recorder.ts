import type { Clock } from '../base/clock.ts';
import { decide, restoreState, type CoreState, type Touched } from '../control/core.ts';
import type { Definition } from '../domain/campaign.ts';
import type { Effect } from '../domain/effect.ts';
import type { LabEvent, NewEvent } from '../domain/event.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { overspent } from './budget.ts';
import { reachedBefore } from './change.ts';
import type { Dispatching } from './dispatching.ts';
import { Intake } from './intake.ts';
import { Observations } from './observations.ts';
import { reserve } from './reserve.ts';
import type { Timers } from './timers.ts';

/** What an event asks for outside the books; it is carried out once the event is safe. */
export type Outgoing = Exclude<Effect, { do: 'record' }>;

interface RecorderOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly timers: Pick<Timers, 'rowOf'>;
  readonly dispatchingOf: (definition: Definition) => Dispatching;
}

/** Appends events to the ledger, folds them into the state, and appends all that follows from them, in the caller's transaction. */
export class Recorder {
  readonly intake = new Intake();
  readonly data = new Observations();
  readonly #options: RecorderOptions;
  #state: CoreState;
  #dispatching: Dispatching | undefined;
  /** Experiments that have no materials yet. */
  readonly #unreserved = new Set<string>();
  readonly #touched = new Map<string, Touched>();
  #outgoing: Outgoing[] = [];
  #recorded: LabEvent[] = [];

  /** Goes on from what is in the ledger. */
  constructor(options: RecorderOptions) {
    this.#options = options;
    const { ledger } = options;
    const definition = ledger.definition();
    this.#state = restoreState(definition, ledger.snapshots());
    this.data.restore(ledger.experiments());
    if (definition === undefined) return;
    this.#dispatching = options.dispatchingOf(definition);
    for (const { at } of ledger.events({ from: ledger.lastSeq() })) this.intake.continueFrom(at);
  }

  get state(): CoreState {
    return this.#state;
  }

  /** Undefined until there is a campaign. */
  get dispatching(): Dispatching | undefined {
    return this.#dispatching;
  }

  /** Appends an event if it is news, folds it, and then all that follows from it, in order. */
  record(first: NewEvent, by: string): void {
    const { ledger, clock } = this.#options;
    const queue: { event: NewEvent; actor: string }[] = [{ event: first, actor: by }];
    for (const { event, actor } of queue) {
      if (!this.intake.isNews(this.#state, event, clock.now())) {
        this.#settleAgain(event);
        continue;
      }
      for (const reading of this.intake.readingsBefore(event, this.#state))
        this.#recorded.push(ledger.append({ type: 'meter.read', data: reading }, clock.now(), 'controller'));
      const appended = ledger.append(event, clock.now(), actor);
      this.#recorded.push(appended);
      const { state, effects, touched } = decide(this.#state, appended);
      this.#state = state;
      this.#observe(appended);
      for (const entry of touched) this.#touched.set(`${entry.entity} ${entry.id}`, entry);
      for (const effect of effects)
        if (effect.do === 'record') queue.push({ event: effect.event, actor: 'controller' });
        else this.#keep(effect);
      const end = this.#endAfter(event);
      if (end !== undefined) queue.push({ event: end, actor: 'controller' });
    }
  }

  /** An experiment for which materials are to be reserved. */
  awaitMaterials(experiment: string): void {
    this.#unreserved.add(experiment);
  }

  /** Experiments without materials try again: devices may have told what their steps use. */
  reserveAgain(): void {
    for (const [id, { value, context }] of this.#state.experiments)
      if (value === 'suggested' || context.chosen === true) this.#unreserved.add(id);
  }

  /** One after the other: each sees what the one before has taken. */
  reserve(): void {
    const { ledger, clock } = this.#options;
    for (const id of this.#unreserved) {
      this.#unreserved.delete(id);
      for (const event of reserve(this.#state, id, ledger, clock.now())) this.record(event, 'controller');
    }
  }

  /** Snapshots go into the transaction of the events that made them; of each entity only the last. */
  saveTouched(): void {
    const { ledger } = this.#options;
    for (const { entity, id, ended, text } of this.#touched.values())
      ledger.putSnapshot({ entity, id, state: text(), terminal: ended });
    this.#touched.clear();
  }

  /** What has been appended since the last call, and what is to be carried out of it. */
  take(): { readonly events: readonly LabEvent[]; readonly effects: readonly Outgoing[] } {
    const taken = { events: this.#recorded, effects: this.#outgoing };
    this.#recorded = [];
    this.#outgoing = [];
    return taken;
  }

  /** Reasons to end that only the books know. */
  #endAfter({ type }: NewEvent): NewEvent | undefined {
    if (type === 'experiment.completed' || type === 'experiment.held')
      return overspent(this.#state, this.#options.ledger);
    if (type === 'campaign.changed') return reachedBefore(this.#state, this.data.rows());
    return undefined;
  }

  #observe(event: LabEvent): void {
    const { definition } = this.#state;
    if ((event.type === 'campaign.opened' || event.type === 'campaign.changed') && definition !== undefined)
      this.#dispatching = this.#options.dispatchingOf(definition);
    if (event.type === 'device.announced') this.reserveAgain();
    this.data.note(event);
    this.#dispatching?.note(event);
  }

  /** What must survive a crash goes into the same transaction as the event that asked for it. */
  #keep(effect: Outgoing): void {
    const { ledger, clock, timers } = this.#options;
    if (effect.do === 'send_command') {
      const { key, device } = effect.command;
      ledger.putOutbox({ key, device, payload: JSON.stringify(effect.command) });
    }
    if (effect.do === 'settle_command') ledger.deleteOutbox(effect.key);
    if (effect.do === 'set_timer') ledger.putTimer(timers.rowOf(effect, clock.now()));
    if (effect.do === 'clear_timer') ledger.deleteTimer(effect.id);
    this.#outgoing.push(effect);
  }

  /** A result that the books have already: the device may forget it. */
  #settleAgain(event: NewEvent): void {
    if (event.type !== 'command.ended' || this.#state.commands.has(event.data.key)) return;
    const known = this.#options.ledger.commands({ key: event.data.key })[0];
    if (known !== undefined) this.#outgoing.push({ do: 'settle_command', key: known.key, device: known.device });
  }
}
