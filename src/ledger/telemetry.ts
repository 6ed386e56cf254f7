import { number, selector, text } from './rows.ts';
import type { Connection } from './sqlite.ts';

/** One message on a telemetry channel. */
export interface TelemetrySample {
  readonly device: string;
  readonly channel: string;
  /** Lab time, ms. */
  readonly at: number;
  readonly values: Readonly<Record<string, number>>;
  readonly unit: string;
}

/** What was kept of one second of lab time. */
export interface TelemetryPoint {
  readonly device: string;
  readonly channel: string;
  readonly name: string;
  /** Begin of the second, lab ms. */
  readonly at: number;
  readonly unit: string;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly count: number;
}

export interface TelemetryFilter {
  readonly device?: string;
  readonly channel?: string;
  /** Lab ms, both included. */
  readonly from?: number;
  readonly to?: number;
}

const bucketMs = 1000;
/** Seconds held in memory before they are written without waiting for a transaction. */
const mostHeld = 1000;

const pointShape = {
  ...{ device: text, channel: text, name: text, unit: text },
  ...{ at: number, min: number, mean: number, max: number, count: number },
};

/**
 * Down-sampled measurements, apart from the events: one point per second, channel and value. Points are held in memory and
 * written with the next transaction, so that a chatty instrument costs no disk flush of its own; a killed process loses
 * those that were not written yet.
 */
export class Telemetry {
  readonly #held = new Map<string, TelemetryPoint>();
  readonly #db: Connection;
  readonly #write;
  readonly #find;

  constructor(db: Connection) {
    this.#db = db;
    this.#write = db.prepare(
      `INSERT INTO telemetry (device, channel, name, bucket, unit, least, mean, most, count)
       VALUES (@device, @channel, @name, @at, @unit, @min, @mean, @max, @count)
       ON CONFLICT DO UPDATE SET least = min(least, @min), most = max(most, @max), count = count + @count,
         mean = mean + (@mean - mean) * @count / (count + @count), unit = @unit`,
    );
    this.#find = selector(
      db,
      'telemetry',
      'SELECT device, channel, name, bucket AS at, unit, least AS min, mean, most AS max, count FROM telemetry',
      pointShape,
      'ORDER BY device, channel, name, bucket',
    );
  }

  /** Values that are not finite are left out. */
  record({ device, channel, at, values, unit }: TelemetrySample): void {
    const second = Math.floor(at / bucketMs) * bucketMs;
    for (const [name, value] of Object.entries(values)) {
      if (!Number.isFinite(value)) continue;
      const key = JSON.stringify([device, channel, name, second]);
      const held = this.#held.get(key);
      const count = (held?.count ?? 0) + 1;
      this.#held.set(key, {
        ...{ device, channel, name, at: second, unit, count },
        min: Math.min(held?.min ?? value, value),
        mean: (held?.mean ?? 0) + (value - (held?.mean ?? 0)) / count,
        max: Math.max(held?.max ?? value, value),
      });
    }
    if (this.#held.size >= mostHeld && !this.#db.inTransaction) this.flush();
  }

  /** Writes what is held as part of the open transaction; it is to be forgotten once that has been committed. */
  write(): void {
    for (const point of this.#held.values()) this.#write.run(point);
  }

  forget(): void {
    this.#held.clear();
  }

  flush(): void {
    this.#db.transaction(() => this.write())();
    this.forget();
  }

  points({ device, channel, from, to }: TelemetryFilter = {}): TelemetryPoint[] {
    return this.#find({ 'device = ?': device, 'channel = ?': channel, 'bucket >= ?': from, 'bucket <= ?': to });
  }
}
