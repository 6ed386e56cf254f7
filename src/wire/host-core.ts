import { describeFailure, FailureError } from '../base/failure.ts';
import { invariant } from '../base/invariant.ts';
import { DescriptorBody, type Capability } from '../domain/descriptor.ts';
import type { DeviceState, NackCode } from '../domain/event.ts';
import type { CommandKey } from '../domain/ids.ts';
import type { Driver } from './driver.ts';
import { Voice, type VoiceOptions } from './host-voice.ts';
import type { Journal } from './journal.ts';
import { KeyBook } from './key-book.ts';
import type { EventMessage } from './messages.ts';

/** Where a simulated crash may strike a command; each lies between two steps that the contract orders. */
export type CrashPoint =
  /** accepted is journalled, the ack not sent */
  | 'before_ack'
  /** the ack is sent, started not journalled */
  | 'after_ack'
  /** started is journalled, the driver has not begun */
  | 'after_start'
  /** the driver is done, the result not journalled */
  | 'after_effect'
  /** the result is journalled, not sent */
  | 'after_journal';

export interface HostFaults {
  crashAt?: (point: CrashPoint, key: string) => boolean;
  /** An event that gets lost on its way. */
  dropPublish?: (kind: EventMessage['kind'], key: string) => boolean;
}

export interface HostOptions extends VoiceOptions {
  readonly driver: Driver;
  readonly journal: Journal;
  /** Read at the start and at every `announce`; the driver's own descriptor when left out. */
  readonly describe?: () => DescriptorBody;
  /** How long the controller may be away before it counts as lost, in wall ms. */
  readonly controllerGraceMs?: number;
  readonly faults?: HostFaults;
  /** After `crashAt` struck and the host went silent: the owner kills the bus client and the driver's world. */
  readonly onCrash?: (point: CrashPoint, key: string) => void;
}

/** A command that has been accepted and has not ended on record. */
export interface Work {
  readonly key: CommandKey;
  readonly capability: Capability;
  readonly parameters: Readonly<Record<string, unknown>>;
  ended: boolean;
}

/** Wall ms between attempts to write to a disk that was full. */
export const journalRetryMs = 1_000;

/** What the parts of a host share: its memory, its voice, and the state that both depend on. */
export class HostCore {
  readonly options: HostOptions;
  readonly driver: Driver;
  readonly book: KeyBook;
  readonly voice: Voice;
  readonly work = new Map<string, Work>();
  descriptor: DescriptorBody;
  dead = false;
  halted = false;
  /** The journal could not be written. */
  #stuck = false;
  #probing = false;

  constructor(options: HostOptions) {
    this.options = options;
    this.driver = options.driver;
    this.descriptor = this.readDescriptor();
    this.book = new KeyBook(options.journal, options.clock);
    this.voice = new Voice(options);
  }

  get state(): DeviceState {
    if (this.dead) return 'disconnected';
    if (this.halted || this.#stuck) return 'error';
    return this.work.size > 0 ? 'busy' : 'ready';
  }

  readDescriptor(): DescriptorBody {
    const body = this.options.describe?.() ?? this.driver.descriptor;
    const read = DescriptorBody.safeParse(body);
    invariant(read.success, `the descriptor of ${this.options.device} is not valid: ${read.error?.message}`);
    return body;
  }

  sayState(done?: () => void): void {
    const running = [...this.work.values()].map(({ key }) => key);
    this.voice.state(this.state, this.book.epoch, running, done);
  }

  say(key: CommandKey, event: EventMessage): void {
    if (!this.options.faults?.dropPublish?.(event.kind, key)) this.voice.event(key, event);
  }

  /** Refuses one message, without a word on the fate of its key. */
  nack(key: CommandKey, epoch: number, code: NackCode, message: string): void {
    this.say(key, { kind: 'nack', n: 0, boot: this.options.boot, code, message, epoch });
  }

  nackStale(key: CommandKey | undefined, epoch: number): void {
    const message = `Epoch ${epoch} has been followed by epoch ${this.book.epoch}.`;
    if (key === undefined) this.voice.log('warn', message);
    else this.nack(key, epoch, 'E_STALE_EPOCH', message);
  }

  /** Changes the journal. False when it cannot be written: the change has not happened then, and must have no effect. */
  write(change: () => void): boolean {
    const before = this.#stuck;
    try {
      change();
      this.#stuck = false;
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      this.#stuck = true;
      this.#probeLater();
      if (!before) this.voice.log('error', describeFailure(error.failure));
    }
    if (before !== this.#stuck) this.sayState();
    return !this.#stuck;
  }

  /** Nobody sends commands to a device in error, so nothing else would find out that its disk has room again. */
  #probeLater(): void {
    if (this.#probing) return;
    this.#probing = true;
    const { clock } = this.options;
    clock.after(clock.networkMs(journalRetryMs), () => {
      this.#probing = false;
      if (!this.dead && this.#stuck) this.write(() => this.book.probe());
    });
  }

  /** A driver that throws when it is asked to do something must not keep the host from doing the rest. */
  ask(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.voice.log('error', `The driver could not ${what}: ${(error as Error).message}.`);
    }
  }

  /** Whether a simulated crash strikes here; the host is silent then, and its caller must do nothing more. */
  crashes(point: CrashPoint, key: string): boolean {
    if (!this.options.faults?.crashAt?.(point, key)) return false;
    this.kill();
    this.options.onCrash?.(point, key);
    return true;
  }

  kill(): void {
    this.dead = true;
    this.voice.silent = true;
  }
}
