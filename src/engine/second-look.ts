import type { Clock, Timer } from '../base/clock.ts';
import type { Bus } from '../wire/bus.ts';
import { topics } from '../wire/topics.ts';

/** Wall ms between two looks. */
const everyMs = 30_000;

interface Looking {
  timer: Timer;
  stop?: () => void;
}

/**
 * Asks the broker again for the retained state of devices that are said to be lost: subscribing brings it. A last will may
 * come later than the word of the device that is back, and would otherwise stand until the device has something to say.
 */
export class SecondLook {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #site: string;
  readonly #looking = new Map<string, Looking>();

  constructor(bus: Bus, clock: Clock, site: string) {
    this.#bus = bus;
    this.#clock = clock;
    this.#site = site;
  }

  note(device: string, lost: boolean): void {
    const looking = this.#looking.get(device);
    if (!lost) this.#end(device, looking);
    else if (looking === undefined) this.#looking.set(device, { timer: this.#later(device) });
  }

  close(): void {
    for (const [device, looking] of this.#looking) this.#end(device, looking);
  }

  #later(device: string): Timer {
    return this.#clock.after(this.#clock.networkMs(everyMs), () => {
      const looking = this.#looking.get(device)!;
      looking.stop?.();
      // Whoever listens to the states of all devices hears the answer.
      looking.stop = this.#bus.subscribe(topics.state(this.#site, device), () => undefined);
      looking.timer = this.#later(device);
    });
  }

  #end(device: string, looking: Looking | undefined): void {
    looking?.timer.cancel();
    looking?.stop?.();
    this.#looking.delete(device);
  }
}
