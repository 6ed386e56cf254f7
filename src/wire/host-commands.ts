import { invariant } from '../base/invariant.ts';
import { capabilityOf, schemaViolation } from '../domain/descriptor.ts';
import type { NackCode } from '../domain/event.ts';
import type { CommandKey } from '../domain/ids.ts';
import type { DeviceReport, DriverOutcome, DriverReport } from './driver.ts';
import { journalRetryMs, type HostCore, type Work } from './host-core.ts';
import { crashedDriver, interrupted, neverStarted, resultEvent } from './host-result.ts';
import type { CommandMessage, EventMessage, ResultEvent } from './messages.ts';
import { fromWireTime } from './time.ts';

interface Refusal {
  readonly code: NackCode;
  readonly message: string;
}

const longestReason = 1024;

/** The story of each command, from its arrival to its result on record. */
export class Commands {
  readonly #core: HostCore;

  constructor(core: HostCore) {
    this.#core = core;
  }

  /** Duty 4: what had started is indeterminate; what had not is failed with nothing done. */
  settleEarlierBoot(): void {
    const { book, options } = this.#core;
    const { clock, boot } = options;
    for (const { key, phase, reserved, startedAt } of book.entries()) {
      if (phase !== 'accepted' && phase !== 'started') continue;
      const outcome = phase === 'accepted' ? neverStarted : interrupted;
      book.finish(key, resultEvent({ n: reserved + 1, boot, startedAt, endedAt: clock.now(), outcome }));
    }
  }

  /** Duties 1 to 3. The caller has seen to the epoch. */
  obey(command: CommandMessage): void {
    const { key, hash, epoch } = command;
    const known = this.#core.book.get(key);
    if (known === undefined) return this.#admit(command);
    if (known.last === undefined)
      return this.#core.nack(key, epoch, 'E_KEY_REUSED', 'The command was done and forgotten.');
    if (known.hash !== undefined && known.hash !== hash)
      return this.#core.nack(key, epoch, 'E_KEY_REUSED', 'The key belongs to a command with another hash.');
    this.#core.say(key, known.last);
  }

  #admit(command: CommandMessage): void {
    const { book, options } = this.#core;
    const { key, epoch } = command;
    const refusal = this.#refusal(command);
    if (refusal !== undefined) {
      const message = refusal.message.slice(0, longestReason);
      // On record, because a late copy of the command must not act after its controller was told that it did not.
      const nack: EventMessage = { kind: 'nack', n: 1, boot: options.boot, code: refusal.code, message, epoch };
      if (this.#core.write(() => book.refuse(command, nack))) this.#core.say(key, nack);
      return;
    }
    const ack: EventMessage = { kind: 'ack', n: 1, boot: options.boot };
    if (!this.#core.write(() => book.accept(command, ack)) || this.#core.crashes('before_ack', key)) return;
    this.#core.say(key, ack);
    if (!this.#core.crashes('after_ack', key)) this.#start(command);
  }

  #refusal({ key, capability: name, parameters, issuedAt, ttlMs }: CommandMessage): Refusal | undefined {
    const { halted, options, descriptor, work, driver } = this.#core;
    if (halted) return { code: 'E_HALTED', message: 'The device was halted.' };
    const late = options.clock.now() - fromWireTime(issuedAt) - ttlMs;
    if (late > 0) return { code: 'E_EXPIRED', message: `The command came ${late} ms after it had expired.` };
    const capability = capabilityOf(descriptor, name);
    if (capability === undefined) return { code: 'E_UNKNOWN_CAPABILITY', message: `There is no capability "${name}".` };
    const violation = schemaViolation(capability.parameters, parameters);
    if (violation !== undefined) return { code: 'E_BAD_PARAMETERS', message: violation };
    if (work.size >= driver.concurrency)
      return { code: 'E_BUSY', message: `The device works on ${[...work.keys()].join(', ')}.` };
    return driver.refuse?.({ key, capability: name, parameters });
  }

  #start({ key, capability: name, parameters }: CommandMessage): void {
    const { book, descriptor, driver } = this.#core;
    const capability = capabilityOf(descriptor, name);
    invariant(capability !== undefined, 'an admitted command has a capability');
    const work: Work = { key, capability, parameters, ended: false };
    this.#core.work.set(key, work);
    if (!this.#core.write(() => book.start(key))) return this.end(work, neverStarted);
    if (this.#core.crashes('after_start', key)) return;
    this.#core.sayState();
    try {
      driver.start({ key, capability: name, parameters }, this.#reportOn(work));
    } catch (error) {
      if (!work.ended) this.end(work, crashedDriver(error));
    }
  }

  /** What a driver may say at any time, of a command or of none. */
  report(key?: CommandKey): DeviceReport {
    const core = this.#core;
    return {
      telemetry: (channel, values, unit) => core.voice.telemetry(channel, values, unit),
      meter: (meter, total, resetAt) => {
        const description = core.descriptor.meters.find(({ id }) => id === meter);
        invariant(description !== undefined, `meter ${meter} is not in the descriptor`);
        const { unit, resolution } = description;
        core.voice.meter(meter, { total, unit, resolution, resetAt });
      },
      log: (level, message) => core.voice.log(level, message, key),
    };
  }

  #reportOn(work: Work): DriverReport {
    const core = this.#core;
    const { key } = work;
    return {
      ...this.report(key),
      progress: (fraction, message) => {
        if (!core.dead && !work.ended) this.#progress(key, fraction, message);
      },
      end: (outcome) => {
        if (work.ended) core.voice.log('warn', 'The driver ended a command that had ended before.', key);
        else if (!core.dead && !core.crashes('after_effect', key)) this.end(work, outcome);
      },
    };
  }

  #progress(key: CommandKey, fraction: number, message: string | undefined): void {
    const { book, options } = this.#core;
    this.#core.write(() => {
      const event: EventMessage = {
        kind: 'progress',
        n: book.nextNumber(key),
        boot: options.boot,
        fraction: Math.min(1, Math.max(0, fraction)),
        ...(message === undefined ? {} : { message: message.slice(0, longestReason) }),
      };
      book.remember(key, event);
      this.#core.say(key, event);
    });
  }

  end(work: Work, outcome: DriverOutcome): void {
    const { book, options, descriptor } = this.#core;
    const { boot, clock } = options;
    work.ended = true;
    const { last, startedAt } = book.get(work.key)!;
    const ending = { n: last!.n + 1, boot, startedAt, endedAt: clock.now(), outcome };
    this.#record(work, resultEvent(ending, { ...work, meters: descriptor.meters }));
  }

  /** A result that cannot be journalled is kept, and tried again, rather than said without being on record. */
  #record(work: Work, event: ResultEvent): void {
    const { dead, book, options } = this.#core;
    const { key } = work;
    if (dead) return;
    if (!this.#core.write(() => book.finish(key, event))) {
      const { clock } = options;
      clock.after(clock.networkMs(journalRetryMs), () => this.#record(work, event));
      return;
    }
    if (this.#core.crashes('after_journal', key)) return;
    this.#core.work.delete(key);
    this.#core.say(key, event);
    this.#core.sayState();
  }
}
