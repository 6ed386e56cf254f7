import type { Timer } from '../src/base/clock.ts';
import { stream } from '../src/base/random.ts';
import { capabilityOf } from '../src/domain/descriptor.ts';
import type { DescriptorBody } from '../src/domain/descriptor.ts';
import type { Driver, DriverCommand, DriverOutcome, DriverReport } from '../src/wire/driver.ts';
import { misfortuneOf, type Misfortune } from './faults.ts';
import type { Act, Activity, Instrument, Surroundings, Trouble } from './instrument.ts';
import { Mains } from './mains.ts';

interface Running {
  readonly command: DriverCommand;
  readonly report: DriverReport;
  readonly activity: Activity;
  readonly timers: Timer[];
  readonly joulesAtStart: number;
  watt: number;
}

const sampleEverySeconds = 30;
const progressFractions = [0.25, 0.5, 0.75];

/** A driver whose instrument is simulated: it spends the time, draws the power and has the faults that the lab declares. */
export class SimulatedDriver implements Driver {
  readonly descriptor: DescriptorBody;
  readonly concurrency: number;
  readonly #place: Surroundings;
  readonly #instrument: Instrument;
  readonly #mains: Mains;
  readonly #onCrash: () => void;
  readonly #running = new Map<string, Running>();
  /** How often each work has been begun, by capability and sample. */
  readonly #begun = new Map<string, number>();

  /** `onCrash` is called when a fault kills the process. */
  constructor(place: Surroundings, instrument: Instrument, boot: string, onCrash: () => void) {
    this.descriptor = place.descriptor;
    this.concurrency = place.device.batch ? place.device.places : place.device.concurrency;
    this.#place = place;
    this.#instrument = instrument;
    this.#onCrash = onCrash;
    this.#mains = new Mains(place, boot);
    this.#draw();
  }

  refuse(command: DriverCommand): ReturnType<NonNullable<Driver['refuse']>> {
    if (this.#misfortune(command.key).refusal)
      return { code: 'E_BUSY', message: `${this.#place.id} refuses, for no reason that it knows.` };
    return this.#instrument.refuse?.(command);
  }

  start(command: DriverCommand, report: DriverReport): void {
    const bad = this.#misfortune(command.key);
    const act = this.#actOf(command, bad);
    const absent = this.#missing(command);
    const activity: Activity | Trouble =
      absent === undefined
        ? this.#instrument.begin(command, act)
        : { trouble: { code: 'E_SAMPLE_ABSENT', message: absent } };
    if ('trouble' in activity) {
      report.end({ outcome: 'failed', error: activity.trouble, consumed: [], meters: [] });
      return;
    }
    act.record({ kind: 'began', capability: command.capability });
    const running = { command, report, activity, timers: [], joulesAtStart: this.#mains.counter(), watt: 0 };
    this.#running.set(command.key, running);
    this.#schedule(running, bad);
  }

  cancel(key: string): void {
    const act = this.#running.get(key);
    if (act === undefined || !capabilityOf(this.descriptor, act.command.capability)?.interruptible) return;
    this.#endEarly(act, 'cancelled', 'E_CANCELLED', 'Cancelled on request.');
  }

  halt(): void {
    for (const act of [...this.#running.values()]) this.#endEarly(act, 'failed', 'E_HALTED', 'Emergency stop.');
    this.#instrument.halt?.();
  }

  /** The process dies: nothing more happens, and nobody is told. What it had switched on stays on. */
  die(): void {
    for (const { timers } of this.#running.values()) for (const timer of timers) timer.cancel();
    this.#running.clear();
  }

  /** The end of a process that was asked to end: the device is switched off. */
  switchOff(): void {
    this.die();
    this.#mains.draw(0);
  }

  #misfortune(key: string): Misfortune {
    return misfortuneOf(this.#place.device.faults, this.#place.seed, this.#place.id, key);
  }

  /**
   * Keys differ from campaign to campaign: chance goes by what is done to which sample for the n-th time since the process
   * began, so that a campaign measures what its rehearsal with the same seed has measured.
   */
  #actOf({ key, capability, parameters: { sample } }: DriverCommand, { drift }: Misfortune): Act {
    const { world, clock, id, seed } = this.#place;
    const work = `${id}/${capability}/${String(sample)}`;
    const times = (this.#begun.get(work) ?? 0) + 1;
    this.#begun.set(work, times);
    const hours = (clock.now() - (world.onSince(id) ?? clock.now())) / 3_600_000;
    return {
      random: stream(seed, `${work}/${times}`),
      gain: 1 + drift * hours,
      record: (happening) => world.record(id, clock.now(), happening, key),
    };
  }

  /** A sample that is not there cannot be worked on; in a lab without transport it appears where it is needed. */
  #missing({ capability, parameters }: DriverCommand): string | undefined {
    const { id, lab, world } = this.#place;
    const { sample } = parameters;
    if (typeof sample !== 'string' || lab.transport === undefined || capability === 'move') return undefined;
    const where = world.placeOf(sample);
    if (where === id) return undefined;
    return `The sample ${sample} is not at ${id}: it is ${where === undefined ? 'nowhere in the lab' : `at ${where}`}.`;
  }

  #schedule(act: Running, bad: Misfortune): void {
    const { clock } = this.#place;
    const { phases, events = [] } = act.activity;
    const at = (seconds: number, action: () => void) => act.timers.push(clock.after(seconds * 1000, action));
    let total = 0;
    for (const { seconds, watt } of phases) {
      if (total === 0) act.watt = watt;
      else at(total, () => this.#switch(act, watt));
      total += seconds * bad.slow;
    }
    this.#switch(act, act.watt);
    if (bad.hang) return;
    for (const event of events) at(event.at * total, () => event.happen());
    if (total >= 10) for (const share of progressFractions) at(share * total, () => act.report.progress(share));
    this.#scheduleSamples(act, total, bad.slow, at);
    if (bad.crashAt !== undefined) at(bad.crashAt * total, this.#onCrash);
    at(total, () => this.#complete(act));
  }

  #scheduleSamples(act: Running, total: number, slow: number, at: (seconds: number, action: () => void) => void): void {
    const { sample } = act.activity;
    if (sample === undefined) return;
    for (let seconds = 0; seconds < total; seconds += sampleEverySeconds)
      at(seconds, () => {
        const { channel, values, unit } = sample(seconds / slow);
        act.report.telemetry(channel, values, unit);
      });
  }

  #switch(act: Running, watt: number): void {
    act.watt = watt;
    this.#draw();
    this.#mains.show(act.report);
  }

  #draw(): void {
    const watts = [...this.#running.values()].map((act) => act.watt);
    this.#mains.draw(Math.max(this.#instrument.idleWatt, ...watts));
  }

  #complete(act: Running): void {
    const finished = act.activity.finish();
    const { world, clock, id } = this.#place;
    if (finished.error === undefined) world.record(id, clock.now(), { kind: 'finished' }, act.command.key);
    this.#end(act, { outcome: finished.error === undefined ? 'ok' : 'failed', ...finished });
  }

  #endEarly(act: Running, outcome: 'cancelled' | 'failed', code: string, message: string): void {
    this.#end(act, { outcome, error: { code, message }, consumed: act.activity.consumed?.() ?? [] });
  }

  #end(act: Running, outcome: DriverOutcome): void {
    for (const timer of act.timers) timer.cancel();
    this.#running.delete(act.command.key);
    this.#draw();
    this.#mains.show(act.report);
    act.report.end({ ...outcome, meters: this.#mains.span(act.joulesAtStart) });
  }
}
