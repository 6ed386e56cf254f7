import type { Clock } from '../../src/base/clock.ts';
import type { Driver, DriverCommand, DriverOutcome } from '../../src/wire/driver.ts';
import type { Misfortune } from '../../simulators/faults.ts';
import type { Misfortunes } from './misfortunes.ts';

/** What an instrument was seen doing for one command. Ends without `endedAt` when its process has died. */
export interface Act {
  readonly device: string;
  readonly key: string;
  readonly startedAt: number;
  endedAt?: number;
  readonly hangs: boolean;
}

/** Somebody who stands beside the instruments and sees when they begin and end. */
export class Watch {
  readonly acts: Act[] = [];
  readonly #clock: Clock;
  readonly #misfortunes: Misfortunes;
  readonly #misfortuneOf: (device: string, key: string) => Misfortune;

  constructor(clock: Clock, misfortunes: Misfortunes, misfortuneOf: (device: string, key: string) => Misfortune) {
    this.#clock = clock;
    this.#misfortunes = misfortunes;
    this.#misfortuneOf = misfortuneOf;
  }

  /** What a device is at work on, as far as anybody can see. */
  running(device: string): Act[] {
    return this.acts.filter((act) => act.device === device && act.endedAt === undefined);
  }

  /** Called once for every start of a device: whatever it was doing has ended with the process before. */
  over(device: string, driver: Driver): Driver {
    for (const act of this.running(device)) act.endedAt = this.#clock.now();
    const refuse = driver.refuse?.bind(driver);
    const [cancel, pause, resume] = [
      driver.cancel?.bind(driver),
      driver.pause?.bind(driver),
      driver.resume?.bind(driver),
    ];
    return {
      descriptor: driver.descriptor,
      concurrency: driver.concurrency,
      halt: () => driver.halt(),
      ...(refuse === undefined ? {} : { refuse: (command: DriverCommand) => this.#refuse(device, command, refuse) }),
      ...(cancel === undefined ? {} : { cancel }),
      ...(pause === undefined ? {} : { pause }),
      ...(resume === undefined ? {} : { resume }),
      start: (command, report) => {
        const bad = this.#misfortuneOf(device, command.key);
        for (const kind of ['hang', 'slow'] as const)
          if (kind === 'hang' ? bad.hang : bad.slow !== 1) this.#misfortunes.hit(kind);
        if (bad.crashAt !== undefined && !bad.hang) this.#misfortunes.hit('crash_at_work');
        const act: Act = { device, key: command.key, startedAt: this.#clock.now(), hangs: bad.hang };
        this.acts.push(act);
        const end = (outcome: DriverOutcome) => {
          act.endedAt = this.#clock.now();
          if (bad.lostReply) this.#misfortunes.hit('lost_reply');
          report.end(this.#misfortunes.outcome(command.key, outcome));
        };
        driver.start(command, { ...report, end });
      },
    };
  }

  #refuse(device: string, command: DriverCommand, refuse: NonNullable<Driver['refuse']>): ReturnType<typeof refuse> {
    if (this.#misfortuneOf(device, command.key).refusal) this.#misfortunes.hit('refusal');
    return refuse(command);
  }
}
