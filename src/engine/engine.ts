import type { Clock, Pace, Timer } from '../base/clock.ts';
import { failed, failure, FailureError, ok, type Failure, type Result } from '../base/failure.ts';
import { invariant } from '../base/invariant.ts';
import type { CoreState } from '../control/core.ts';
import type { Definition } from '../domain/campaign.ts';
import { disagreement } from '../domain/durations.ts';
import type { LabEvent, NewEvent } from '../domain/event.ts';
import { ControllerId } from '../domain/ids.ts';
import type { Order } from '../domain/order.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Bus } from '../wire/bus.ts';
import type { Advisor } from './advisor.ts';
import { answerOf, questionFor } from './asking.ts';
import { Dispatching } from './dispatching.ts';
import { Gateway, type OpenCommand } from './gateway.ts';
import { lotsOf, newsOf } from './news.ts';
import { eventOf, type Known } from './orders.ts';
import { Recorder, type Outgoing } from './recorder.ts';
import { searchLimitMs, type Searcher } from './searcher.ts';
import type { EngineStatus } from './status.ts';
import { Timers, type TimerRow } from './timers.ts';

export interface EngineOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly advisor: Advisor;
  /** Looks for better plans; without one the lab keeps those it makes at once. */
  readonly searcher?: Searcher;
  readonly site: string;
  readonly controller?: string;
  /** Differs at every start. */
  readonly instance: string;
  readonly software: string;
  /** Wall ms to listen for what is retained before the first command. */
  readonly settleMs?: number;
  /** Told to simulators, so that they live in the same lab time. */
  readonly pace?: Pace;
  readonly log?: (message: string) => void;
  /** Verifies every plan and stops the process when one is wrong. */
  readonly strict?: boolean;
}

/** The imperative loop: event -> ledger -> decide -> effects. Everything it decides with is pure. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #gateway: Gateway;
  readonly #timers: Timers;
  readonly #recorder: Recorder;
  readonly #listeners = new Set<(events: readonly LabEvent[]) => void>();
  readonly #fatalListeners = new Set<(failure: Failure) => void>();
  #inbox: { event: NewEvent; actor: string }[] = [];
  #nextTurn: Timer | undefined;
  #turnAt: number | undefined;
  #turning = false;
  #failure: Failure | undefined;
  /** Timers that have rung; their rows go with the events that they cause. */
  #rung: string[] = [];
  #epoch = 0;
  #began = false;
  #closed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    const { clock, bus, site, controller = 'main', instance } = options;
    this.#timers = new Timers(clock, (timer) => this.#onTimer(timer));
    this.#recorder = new Recorder({
      ledger: options.ledger,
      clock,
      timers: this.#timers,
      dispatchingOf: (definition) => this.#dispatchingOf(definition),
    });
    this.#timers.restore(options.ledger.timers());
    this.#gateway = new Gateway({
      bus,
      clock,
      site,
      controller,
      instance,
      ...(options.pace === undefined ? {} : { pace: options.pace }),
      commandState: (key) => this.#commandState(key),
      listener: {
        onEvent: (event, actor) => this.submit(event, actor),
        onMeter: (reading, saidAt) => this.#recorder.intake.meter(reading, saidAt),
        onTelemetry: (telemetry) => {
          this.#recorder.intake.telemetry(telemetry);
          this.#timers.wakeForTelemetry(() => this.#wake());
        },
        onLog: (device, level, message) => options.log?.(`${device} says (${level}): ${message}`),
        onHigherEpoch: (epoch) => this.#raiseEpoch(epoch),
        onSuperseded: (other) => this.#fail(superseded(other)),
        onConnection: (connected) => {
          if (connected && this.#began) this.#gateway.reconcile(this.#openCommands());
        },
      },
    });
  }

  get state(): CoreState {
    return this.#recorder.state;
  }

  /** Opens the campaign if the ledger is new, reconciles what is open, and begins to work. */
  start(definition?: Definition, time?: Pick<Pace, 'origin' | 'anchor'>): void {
    const { clock, settleMs = 0 } = this.#options;
    const { origin, anchor } = time ?? { origin: clock.now(), anchor: clock.now() };
    if (definition !== undefined && this.state.definition === undefined) {
      const { campaign, lab } = definition;
      const data = { campaign: campaign.campaign, definition, clock: { origin, anchor, speed: clock.speed } };
      this.submit({ type: 'campaign.opened', data }, 'controller');
      for (const event of lotsOf(lab)) this.submit(event, 'controller');
    }
    this.#epoch = Math.max(this.#epoch, this.#options.ledger.epoch() + 1);
    if (settleMs === 0) this.#begin();
    else clock.after(clock.networkMs(settleMs), () => this.#begin());
  }

  /** Takes note of something that has happened. It is appended, if it is news, with the next turn of the loop. */
  submit(event: NewEvent, actor: string): void {
    if (this.#closed) return;
    this.#inbox.push({ event, actor });
    // What nothing hangs on shares a transaction with what comes next: every one waits for the disk.
    this.#wake(unhurried.has(event.type) ? this.#options.clock.networkMs(unhurriedMs) : 0);
  }

  /** What a person orders; refused with a sentence where it makes no sense. Taken means that it is in the ledger. */
  order(order: Order, by: string): Result<void> {
    invariant(!this.#turning, 'an order comes from outside the loop');
    const event = eventOf(order, by, this.state, this.#known());
    if (!event.ok) {
      const reason = event.failure.message;
      this.submit({ type: 'order.rejected', data: { by, order: order.op, reason } }, `person/${by}`);
      return failed(event.failure);
    }
    this.submit(event.value, `person/${by}`);
    this.#nextTurn?.cancel();
    this.#turnAt = undefined;
    this.#turn();
    return this.#failure === undefined ? ok(undefined) : failed(this.#failure);
  }

  #known(): Known {
    const { clock, ledger } = this.#options;
    const now = clock.now();
    const planned = () => this.#recorder.dispatching?.planned(this.state) ?? [];
    return { ledger, data: this.#recorder.data.rows(), elapsed: now - (ledger.campaign()?.openedAt ?? now), planned };
  }

  /** Called after every transaction with what was appended. */
  subscribe(listener: (events: readonly LabEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Called when the engine cannot go on; it has stopped by then and a restart continues from the ledger. */
  onFatal(listener: (failure: Failure) => void): void {
    this.#fatalListeners.add(listener);
  }

  status(): EngineStatus {
    const { clock, bus, ledger } = this.#options;
    const durations = [...this.state.durations].flatMap(([key, known]) => disagreement(key, known) ?? []);
    const told = durations.length === 0 ? {} : { durations };
    const base = { now: clock.now(), brokerConnected: bus.connected, ...told };
    const openedAt = ledger.campaign()?.openedAt ?? base.now;
    return this.#recorder.dispatching?.status(base, this.state, openedAt) ?? { ...base, plan: [], waiting: [] };
  }

  close(): void {
    if (this.#closed) return;
    this.kill();
    this.#gateway.close();
  }

  /** Ends without a word to anybody, as a killed process does. */
  kill(): void {
    this.#closed = true;
    this.#timers.close();
    this.#nextTurn?.cancel();
    this.#gateway.silence();
  }

  #begin(): void {
    if (this.#closed) return;
    this.#began = true;
    this.#announce();
    this.#gateway.begin(this.#epoch);
    this.#gateway.reconcile(this.#openCommands());
    const { ask, asking } = this.state.campaign.context;
    if (asking > 0) this.#ask(ask, asking);
    this.#recorder.reserveAgain();
    this.#wake();
  }

  #commandState(key: string): OpenCommand | undefined {
    const snapshot = this.state.commands.get(key);
    return snapshot === undefined ? undefined : { ...snapshot.context, state: String(snapshot.value) };
  }

  /** Those that a device may still have something to say about. */
  #openCommands(device?: string): OpenCommand[] {
    return [...this.state.commands.keys()].flatMap((key) => {
      const open = this.#commandState(key)!;
      const { command, doubtBy } = this.state.commands.get(key)!.context;
      return (device === undefined || command.device === device) && doubtBy !== 'device' ? [open] : [];
    });
  }

  /** Turns the loop, at once or after a while; the sooner of two wishes counts. */
  #wake(delayMs = 0): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    const at = clock.now() + delayMs;
    if (this.#turnAt !== undefined && this.#turnAt <= at) return;
    this.#nextTurn?.cancel();
    this.#turnAt = at;
    this.#nextTurn = clock.after(delayMs, () => {
      this.#turnAt = undefined;
      this.#turn();
    });
  }

  /** One turn of the loop: everything that has come in becomes one transaction; then its effects are carried out. */
  #turn(): void {
    if (this.#closed) return;
    this.#turning = true;
    const inputs = this.#inbox;
    this.#inbox = [];
    try {
      this.#options.ledger.transaction(() => {
        for (const id of this.#rung.splice(0)) this.#options.ledger.deleteTimer(id);
        for (const telemetry of this.#recorder.intake.takeTelemetry()) this.#options.ledger.recordTelemetry(telemetry);
        for (const { event, actor } of inputs) this.#recorder.record(event, actor);
        this.#recorder.reserve();
        this.#dispatch();
        this.#recorder.saveTouched();
      });
    } catch (error) {
      return this.#fail(failureOf(error));
    } finally {
      this.#turning = false;
    }
    const { effects, events } = this.#recorder.take();
    for (const effect of effects) this.#perform(effect);
    this.#search();
    if (events.length > 0) for (const listener of this.#listeners) listener(events);
  }

  #dispatch(): void {
    const { dispatching } = this.#recorder;
    if (!this.#began || dispatching === undefined) return;
    // What starts together was planned together; only an experiment that cannot go on as it was to makes for another plan.
    for (let again = true; again;) {
      const events = dispatching.next(this.state);
      for (const event of events) this.#recorder.record(event, 'controller');
      again = events.some(({ type }) => type === 'experiment.failed' || type === 'experiment.late');
    }
    this.#timers.wakeAt(dispatching.wakeTime, () => this.#wake());
  }

  #dispatchingOf(definition: Definition): Dispatching {
    const { clock, strict = false, searcher } = this.#options;
    const patience = searcher === undefined ? 0 : clock.networkMs(searchLimitMs);
    return new Dispatching(definition, clock, { strict, patience });
  }

  #search(): void {
    const { dispatching } = this.#recorder;
    const wish = dispatching?.takeWish();
    if (dispatching === undefined || wish === undefined) return;
    const { problem, plan } = wish;
    this.#options.searcher?.search({ problem, plan, seed: 1 }, (found) => {
      dispatching.offer(wish, found);
      this.#wake();
    });
  }

  #perform(effect: Outgoing): void {
    switch (effect.do) {
      case 'send_command':
        return this.#gateway.send(effect.command, this.#options.clock.now());
      case 'settle_command':
        return this.#gateway.settle(effect.key, effect.device);
      case 'cancel_command':
        return this.#gateway.cancel(effect.key, effect.device);
      case 'query_command':
        return this.#gateway.query(effect.key, effect.device);
      case 'reconcile_device':
        return this.#gateway.reconcile(this.#openCommands(effect.device));
      case 'halt_devices':
        return this.#gateway.halt(this.state.devices.keys());
      case 'set_timer':
        return this.#timers.set(this.#timers.rowOf(effect, this.#options.clock.now()));
      case 'clear_timer':
        return this.#timers.clear(effect.id);
      case 'ask_optimizer':
        return this.#ask(effect.ask, effect.count);
      case 'reserve':
        this.#recorder.awaitMaterials(effect.experiment);
        return this.#wake();
    }
  }

  #ask(ask: number, count: number): void {
    const { definition } = this.state;
    if (definition === undefined) return;
    const { advisor, ledger } = this.#options;
    const question = questionFor(definition, { state: this.state, data: this.#recorder.data, ledger }, count);
    advisor.ask(question, (advice) => this.submit(answerOf(ask, advice), 'optimizer'));
  }

  #onTimer(timer: TimerRow): void {
    this.#rung.push(timer.id);
    const event = newsOf(timer, this.state, this.#options.clock.now());
    if (event !== undefined) this.submit(event, 'controller');
    this.#wake();
  }

  #raiseEpoch(seen: number): void {
    if (seen < this.#epoch) return;
    this.#epoch = seen + 1;
    if (!this.#began) return;
    this.#announce();
    this.#gateway.raiseEpoch(this.#epoch);
  }

  #announce(): void {
    const { controller = 'main', instance, software } = this.#options;
    const data = { controller: ControllerId.parse(controller), instance, epoch: this.#epoch, software };
    this.submit({ type: 'controller.started', data }, 'controller');
  }

  #fail(reason: Failure): void {
    if (this.#closed) return;
    this.#failure = reason;
    this.close();
    for (const listener of this.#fatalListeners) listener(reason);
  }
}

/** Nothing can start because of these. */
const unhurried = new Set<string>(['command.accepted', 'device.changed', 'message.rejected']);
/** Wall ms that they may wait for company. */
const unhurriedMs = 25;

const superseded = (other: string): Failure =>
  failure('epoch.superseded', `Another controller (${other}) has taken over this site.`, {
    mend: 'Only one controller may run a site; stop one of them.',
  });

function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  throw error;
}
