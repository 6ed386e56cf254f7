import type { Clock, Timer } from '../base/clock.ts';
import type { ControllerMessage } from './messages.ts';

/**
 * Whether a device still has a controller: one that is online with an epoch at least as high as the device has obeyed.
 * A controller may restart and the broker may blink, so it counts as lost only after a grace (wall milliseconds). Before
 * a controller has been heard of there is none to lose.
 */
export class Presence {
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #onLost: () => void;
  readonly #controllers = new Map<string, ControllerMessage>();
  #had = false;
  #grace: Timer | undefined;

  constructor(clock: Clock, graceMs: number, onLost: () => void) {
    this.#clock = clock;
    this.#graceMs = graceMs;
    this.#onLost = onLost;
  }

  heard(controller: string, message: ControllerMessage, epoch: number): void {
    this.#controllers.set(controller, message);
    this.check(epoch);
  }

  /** The broker is away, and with it every controller until it is heard again. */
  disconnected(epoch: number): void {
    this.#controllers.clear();
    this.check(epoch);
  }

  /** To be called when the epoch has changed, too. */
  check(epoch: number): void {
    const present = [...this.#controllers.values()].some((message) => message.online && message.epoch >= epoch);
    if (present) {
      this.#had = true;
      this.stop();
    } else if (this.#had && this.#grace === undefined) {
      this.#grace = this.#clock.after(this.#clock.networkMs(this.#graceMs), () => {
        this.#had = false;
        this.#grace = undefined;
        this.#onLost();
      });
    }
  }

  stop(): void {
    this.#grace?.cancel();
    this.#grace = undefined;
  }
}
