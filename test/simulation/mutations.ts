import type { FaultKind } from './plan.ts';

/**
 * Every protection, and the line without which it is gone. A child process loads the program with that line exchanged;
 * among the seeds from the named one on is one in which a rule is broken then, and none otherwise. Any change of the
 * program changes what a seed leads to, so rare cases name the faults that provoke them.
 */
export interface Mutation {
  readonly protection: string;
  readonly file: string;
  readonly line: string;
  readonly instead: string;
  readonly seed: number;
  readonly faults?: Readonly<Partial<Record<FaultKind, number>>>;
}

export const mutations: readonly Mutation[] = [
  {
    protection: 'a device journals a command before it acknowledges it',
    file: 'src/wire/host-commands.ts',
    line: "if (!this.#core.write(() => book.accept(command, ack)) || this.#core.crashes('before_ack', key)) return;",
    instead:
      "this.#core.say(key, ack); if (this.#core.crashes('before_ack', key) || !this.#core.write(() => book.accept(command, ack))) return;",
    seed: 12,
  },
  {
    protection: 'a device journals the start before it acts',
    file: 'src/wire/host-commands.ts',
    line: 'if (!this.#core.write(() => book.start(key))) return this.end(work, neverStarted);',
    instead: '',
    seed: 5,
  },
  {
    protection: 'a device refuses lower epochs',
    file: 'src/wire/host.ts',
    line: 'if (epoch <= book.epoch) return epoch === book.epoch;',
    instead: 'if (epoch <= book.epoch) return true;',
    seed: 93,
    faults: { second_controller: 6, delay: 0.3, killed: 2 },
  },
  {
    protection: 'a device does not act again on a key that it knows',
    file: 'src/wire/host-commands.ts',
    line: 'if (known === undefined) return this.#admit(command);',
    instead: 'if (true) return this.#admit(command);',
    seed: 11,
  },
  {
    protection: 'what had started is indeterminate after a boot',
    file: 'src/wire/host-commands.ts',
    line: "const outcome = phase === 'accepted' ? neverStarted : interrupted;",
    instead: "const outcome = phase === 'accepted' ? neverStarted : neverStarted; void interrupted;",
    seed: 5,
  },
  {
    protection: 'a device says its results at every connection until they are forgotten',
    file: 'src/wire/host.ts',
    line: "for (const { key, phase, last } of book.entries()) if (phase === 'done') this.#core.say(key, last!);",
    instead: 'void book;',
    seed: 17,
  },
  {
    protection: 'the engine takes a result once',
    file: 'src/engine/intake.ts',
    line: 'return state.commands.get(event.data.key)?.can(event as LabEvent as never) ?? false;',
    instead: 'return true;',
    seed: 1,
  },
  {
    protection: 'snapshots are committed with their events',
    file: 'src/engine/engine.ts',
    line: 'this.#recorder.saveTouched();\n      });',
    instead: '});\n      this.#options.ledger.transaction(() => this.#recorder.saveTouched());',
    seed: 5,
  },
  {
    protection: 'the books know a command before it is sent',
    file: 'src/engine/engine.ts',
    line: 'this.#recorder.saveTouched();\n      });',
    instead:
      'for (const effect of this.#recorder.take().effects) this.#perform(effect);\n        this.#recorder.saveTouched();\n      });',
    seed: 59,
    faults: { killed_before_commit: 0.06, killed: 2 },
  },
  {
    protection: 'the waiter stands before the command leaves',
    file: 'src/engine/gateway.ts',
    line: 'this.#sending.set(command.key, sending);\n    this.#transmit(sending);',
    instead:
      'this.#transmit(sending);\n    this.#options.clock.after(5, () => this.#sending.set(command.key, sending));',
    seed: 7,
  },
  {
    protection: 'open commands are asked for at the start',
    file: 'src/engine/engine.ts',
    line: 'this.#gateway.begin(this.#epoch);\n    this.#gateway.reconcile(this.#openCommands());',
    instead: 'this.#gateway.begin(this.#epoch);',
    seed: 6,
  },
  {
    protection: 'a controller gives way to its successor',
    file: 'src/engine/engine.ts',
    line: 'onSuperseded: (other) => this.#fail(superseded(other)),',
    instead: 'onSuperseded: () => undefined,',
    seed: 23,
    faults: { second_controller: 6, delay: 0.1, broker_restart: 4 },
  },
  {
    protection: 'a place is free when the sample before has left for certain',
    file: 'src/engine/dispatching.ts',
    line: 'return free > 0;',
    instead: 'return free > -1e9;',
    seed: 56,
    faults: { hang: 0.15, suspended: 10, delay: 0.2 },
  },
  {
    protection: 'maximum waits count as the devices tell them',
    file: 'src/control/experiment.ts',
    line: "{ guard: 'late', target: 'running', actions: 'exceptLate' },",
    instead: '',
    seed: 15,
    faults: { lost_reply: 0.5, suspended: 6, broker_restart: 6, power_cut: 2, crash_after_effect: 0.2 },
  },
  {
    protection: 'a late sample of which a person is asked waits for the answer',
    file: 'src/control/experiment.ts',
    line: "{ guard: 'asks', target: 'late', actions: 'noteLate' },",
    instead: '',
    seed: 50,
    faults: { slow: 0.6, hang: 0.1 },
  },
  {
    protection: 'a step that overruns is given time',
    file: 'src/engine/lab-problem.ts',
    line: 'return now + Math.max(leastPatienceMs, Math.round((now - start) / 10));',
    instead: 'return now + 1;',
    seed: 70,
    faults: { slow: 0.5 },
  },
  {
    protection: 'a device that is said to be lost is looked at again',
    file: 'src/engine/gateway.ts',
    line: "this.#secondLook.note(id, body.state === 'lost');",
    instead: '',
    seed: 42,
    faults: { lost_connection: 0.06, delay: 0.4 },
  },
  {
    protection: 'nothing begins on what is closed',
    file: 'src/engine/opening-hours.ts',
    line: 'if (device === undefined || !hasCalendar(device)) return always;',
    instead: 'if (device !== undefined) return always;',
    seed: 37,
  },
  {
    protection: 'devices are set up between recipes',
    file: 'src/engine/lab-problem.ts',
    line: 'const setUp = setupOf(device, state.uses.get(id));',
    instead: 'const setUp = {}; void setupOf;',
    seed: 20_004,
  },
];
