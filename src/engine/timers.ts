import type { Clock, Timer } from '../base/clock.ts';
import type { Effect, TimerKind } from '../domain/effect.ts';

export interface TimerRow {
  readonly id: string;
  readonly at: number;
  readonly kind: string;
  readonly subject: string;
}

type SetTimer = Extract<Effect, { do: 'set_timer' }>;

/** Wall ms that a message may be under way; after a restart devices get as long to come back with their results. */
const allowanceMs = 10_000;
/** Wall ms between two writings of telemetry. */
const flushMs = 1000;
const waitsForNetwork = (kind: string): boolean => kind === ('deadline' satisfies TimerKind) || kind === 'grace';

/** The ledger's timers, armed on the clock. Rows are the truth; this only rings. */
export class Timers {
  readonly #clock: Clock;
  readonly #ring: (timer: TimerRow) => void;
  readonly #armed = new Map<string, Timer>();
  #wake: Timer | undefined;
  #flush: Timer | undefined;

  constructor(clock: Clock, ring: (timer: TimerRow) => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** The row of a timer that is set now. */
  rowOf({ id, afterMs, kind, subject }: SetTimer, now: number): TimerRow {
    const allowance = waitsForNetwork(kind) ? this.#clock.networkMs(allowanceMs) : 0;
    return { id, kind, subject, at: Math.round(now + afterMs + allowance) };
  }

  set(row: TimerRow): void {
    this.clear(row.id);
    const timer = this.#clock.after(row.at - this.#clock.now(), () => {
      this.#armed.delete(row.id);
      this.#ring(row);
    });
    this.#armed.set(row.id, timer);
  }

  clear(id: string): void {
    this.#armed.get(id)?.cancel();
    this.#armed.delete(id);
  }

  /** Arms what the ledger holds; what fell due meanwhile first leaves the devices time to speak. */
  restore(rows: readonly TimerRow[]): void {
    const earliest = this.#clock.now() + this.#clock.networkMs(allowanceMs);
    for (const row of rows) this.set(waitsForNetwork(row.kind) ? { ...row, at: Math.max(row.at, earliest) } : row);
  }

  /** Wakes the loop once at a time; replaces the wake-up before. */
  wakeAt(at: number | undefined, action: () => void): void {
    this.#wake?.cancel();
    this.#wake = at === undefined ? undefined : this.#clock.after(at - this.#clock.now(), action);
  }

  /** Telemetry is written in bundles. */
  wakeForTelemetry(action: () => void): void {
    this.#flush ??= this.#clock.after(this.#clock.networkMs(flushMs), () => {
      this.#flush = undefined;
      action();
    });
  }

  close(): void {
    this.#wake?.cancel();
    this.#flush?.cancel();
    for (const timer of this.#armed.values()) timer.cancel();
    this.#armed.clear();
  }
}
