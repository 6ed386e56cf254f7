import type { CommandKey } from '../domain/ids.ts';
import type { Commands } from './host-commands.ts';
import type { HostCore, Work } from './host-core.ts';
import { unansweredHalt } from './host-result.ts';
import type { ControlMessage, EventMessage } from './messages.ts';

/** Lab ms that a driver has to say what came of its commands after a halt. */
const haltPatienceMs = 10_000;

/** What is asked of a device on `ctl`. The caller has seen to the epoch. */
export class Controls {
  readonly #core: HostCore;
  readonly #commands: Commands;

  constructor(core: HostCore, commands: Commands) {
    this.#core = core;
    this.#commands = commands;
  }

  obey({ op, key, epoch }: ControlMessage): void {
    if (op === 'halt') return this.halt();
    if (op === 'query') return key === undefined ? this.#sayEverything() : this.#replay(key, epoch);
    if (op === 'forget') return this.#forget(key);
    if (key !== undefined) return this.#steerOne(op, key, epoch);
    if (op === 'resume') this.#liftHalt();
    this.steerAll(op);
  }

  steerAll(op: 'cancel' | 'pause' | 'resume'): void {
    for (const work of [...this.#core.work.values()]) this.#steer(op, work);
  }

  #steerOne(op: 'cancel' | 'pause' | 'resume', key: CommandKey, epoch: number): void {
    const work = this.#core.work.get(key);
    if (work !== undefined) this.#steer(op, work);
    else if (op === 'cancel' && this.#core.book.get(key) === undefined) this.#refuseUnseen(key, epoch);
    else this.#replay(key, epoch);
  }

  #steer(op: 'cancel' | 'pause' | 'resume', { key, capability }: Work): void {
    const { driver, voice } = this.#core;
    const able = driver[op] !== undefined && (op !== 'cancel' || capability.interruptible);
    if (!able) voice.log('warn', `The device cannot ${op} ${capability.name}.`, key);
    else this.#core.ask(op, () => driver[op]?.(key));
  }

  #replay(key: CommandKey, epoch: number): void {
    const last = this.#core.book.get(key)?.last;
    if (last === undefined) this.#core.nack(key, epoch, 'E_UNKNOWN_KEY', 'The device does not know the key.');
    else this.#core.say(key, last);
  }

  #sayEverything(): void {
    this.#core.sayState();
    for (const { key, last } of this.#core.book.entries()) if (last !== undefined) this.#core.say(key, last);
  }

  #forget(key: CommandKey | undefined): void {
    const { book, voice } = this.#core;
    if (key === undefined) return voice.log('warn', 'A forget without key was ignored.');
    const phase = book.get(key)?.phase;
    if (phase === 'done' || phase === 'refused') this.#core.write(() => book.forget(key));
    else if (phase === 'accepted' || phase === 'started')
      voice.log('warn', 'A command at work cannot be forgotten.', key);
  }

  /** A cancel has overtaken its command: the command must not act when it comes. */
  #refuseUnseen(key: CommandKey, epoch: number): void {
    const { book, options } = this.#core;
    const message = 'The command was cancelled before it came.';
    const nack: EventMessage = { kind: 'nack', n: 1, boot: options.boot, code: 'E_UNKNOWN_KEY', message, epoch };
    if (this.#core.write(() => book.refuseUnseen(key, nack))) this.#core.say(key, nack);
  }

  halt(): void {
    const core = this.#core;
    if (core.dead) return;
    core.halted = true;
    core.ask('halt', () => core.driver.halt());
    core.voice.log('warn', 'The device was halted.');
    core.sayState();
    for (const work of core.work.values())
      core.options.clock.after(haltPatienceMs, () => {
        if (!core.dead && !work.ended) this.#commands.end(work, unansweredHalt);
      });
  }

  #liftHalt(): void {
    if (!this.#core.halted) return;
    this.#core.halted = false;
    this.#core.sayState();
  }
}
