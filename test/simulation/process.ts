import type { Clock, Timer } from '../../src/base/clock.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import type { Bus, BusMessage } from '../../src/wire/bus.ts';

/** The clock that all machines of a site agree on. It may leap forward: timers keep how long they still have to wait. */
export class SiteClock implements Clock {
  readonly speed = 1;
  readonly timeline = new VirtualClock();
  readonly start = this.timeline.now();
  #ahead = 0;

  now(): number {
    return this.timeline.now() + this.#ahead;
  }

  networkMs(wallMs: number): number {
    return wallMs;
  }

  after(delayMs: number, action: () => void): Timer {
    return this.timeline.after(delayMs, action);
  }

  leap(ms: number): void {
    this.#ahead += ms;
  }
}

/** A process that may be suspended, as on a machine that is put to sleep: what concerns it waits until it wakes. */
export class SleepyProcess {
  readonly #clock: Clock;
  #waiting: (() => void)[] | undefined;
  #stops = 0;
  readonly #onWake: () => void;

  constructor(clock: Clock, onWake: () => void) {
    this.#clock = clock;
    this.#onWake = onWake;
  }

  get asleep(): boolean {
    return this.#waiting !== undefined;
  }

  suspend(ms: number): void {
    const wake = this.freeze();
    this.#clock.after(ms, wake);
  }

  /** Stops it until the function is called that this returns; of several stops the last to end counts. */
  freeze(): () => void {
    this.#waiting ??= [];
    this.#stops += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#stops -= 1;
      if (this.#stops === 0) this.#wake();
    };
  }

  run(action: () => void): void {
    if (this.#waiting === undefined) action();
    else this.#waiting.push(action);
  }

  /** One by one, so that a process that dies of one thing does not see the next. */
  #wake(): void {
    this.#onWake();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const action of waiting) this.#clock.after(0, action);
  }

  clock(): Clock {
    const base = this.#clock;
    return {
      speed: base.speed,
      now: () => base.now(),
      networkMs: (ms) => base.networkMs(ms),
      after: (ms, action) => {
        let cancelled = false;
        const timer = base.after(ms, () =>
          this.run(() => {
            if (!cancelled) action();
          }),
        );
        return {
          cancel: () => {
            cancelled = true;
            timer.cancel();
          },
        };
      },
    };
  }

  bus(bus: Bus): Bus {
    return {
      publish: (...message) => bus.publish(...message),
      subscribe: (pattern, handler) => {
        let open = true;
        const stop = bus.subscribe(pattern, (message: BusMessage) =>
          this.run(() => {
            if (open) handler(message);
          }),
        );
        return () => {
          open = false;
          stop();
        };
      },
      onConnect: (listener) => bus.onConnect(() => this.run(listener)),
      onDisconnect: (listener) => bus.onDisconnect(() => this.run(listener)),
      get connected() {
        return bus.connected;
      },
      close: () => bus.close(),
    };
  }
}
