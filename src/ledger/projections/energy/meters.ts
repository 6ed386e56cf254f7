import type { EventData, MeterSpan } from '../../../domain/event.ts';
import { present } from '../../../base/invariant.ts';
import { query } from '../../rows.ts';
import type { Connection } from '../../sqlite.ts';
import type { Activity } from './activity.ts';
import type { Bookings, Source, Weights } from './bookings.ts';
import { meterShape, nobody, type Meter, type Work } from './tables.ts';

/** A meter that was silent for longer than this has a gap, lab ms. */
const longestSilence = 5 * 60_000;

type Reading = EventData<'meter.read'>;

/**
 * Cumulative counters.
 *
 * - Reset: the counter's own reset time moved or its total fell. What was counted since is the advance, never less than
 *   zero. After a silence the energy that the reset swallowed is estimated from the power before and after it, as far as
 *   the new total does not cover it, and booked as modelled.
 * - Gap: a reading after more than five minutes of silence is flagged. Without a reset nothing is missing but the hour.
 * - A counter that moves in coarse steps keeps what was done until it moves.
 */
export function energyMeters(db: Connection, weights: Weights, bookings: Bookings, activity: Activity) {
  const store = meterStore(db);

  const divide = (source: Source, joules: number): void => {
    if (joules > 0 && !weights.divide(source, joules, () => true)) bookings.toIdle(source, joules, nobody);
  };

  /**
   * Charges a command by its own readings. Alone at its device it is charged exactly their difference; what an ordinary
   * reading had charged differently meanwhile is put right with the idle energy. Together with others it is charged its
   * share of every advance.
   */
  const span = (device: string, { key, experiment }: Charged, readings: MeterSpan, at: number): void => {
    const { meter, resolution, start, end } = readings;
    store.ensure(device, meter);
    const { row, from, past, reset } = continued(store.find(device, meter), readings);
    const source: Source = { device, meter, modelled: false, resolution, from: row.readAt ?? at, to: at };
    const begin = end < start ? 0 : start;
    const before = Math.max(0, Math.min(begin, end) - from);
    const during = Math.max(0, end - Math.max(begin, from));
    const { alone, mates } = company(activity.works(device), key);
    if (before > 0 && !weights.divide(source, before, ({ idle, subject }) => idle === 1 || !mates.has(subject)))
      bookings.toIdle(source, before, nobody);
    if (alone || !weights.divide(source, during, ({ idle }) => idle === 0)) bookings.toCommand(source, during, key);
    if (alone) {
      const correction = end - begin - bookings.chargedTo(key, meter);
      bookings.toCommand(source, correction, key);
      bookings.toIdle(source, -correction, experiment);
    }
    if (before + during > 0) weights.clear(device, meter);
    else if (alone) weights.drop(device, meter, false, key);
    if (reset || end < start) store.flag(device, 0, 1);
    const advanced = Math.max(from, end);
    if (!past) store.put(device, meter, { ...row, resolution, total: advanced, readAt: at });
    else if (row.previousTotal !== undefined) store.put(device, meter, { ...row, previousTotal: advanced });
  };

  return {
    ensure: store.ensure,
    read(reading: Reading, at: number): void {
      const { device, meter, total, resolution, boot, resetAt, power } = reading;
      activity.advance(device, at);
      store.ensure(device, meter);
      const before = store.find(device, meter);
      const source: Source = { device, meter, modelled: false, resolution, from: before.readAt ?? at, to: at };
      const { delta, reset, gap, bridged } = compare(before, reading, at);
      divide(source, delta);
      divide({ ...source, modelled: true }, bridged);
      if (delta > 0 || reset || before.total === undefined) weights.clear(device, meter);
      if (gap || reset) store.flag(device, Number(gap), Number(reset));
      store.put(device, meter, {
        ...{ readTotal: total, resolution, boot, resetAt, readAt: at, power },
        total: reset ? total : Math.max(before.total ?? total, total),
        ...formerLife(before, boot, reset),
      });
    },
    span,
  };
}

interface Charged {
  readonly key: string;
  readonly experiment: string;
}

/** Whether a command had its device for itself, and the commands of its batch, itself included. */
function company(works: readonly Work[], key: string): { alone: boolean; mates: ReadonlySet<string> } {
  const own = works.find((work) => work.key === key);
  const mates = works.filter((work) => work.key === key || (own?.batch !== undefined && work.batch === own.batch));
  return {
    alone: own === undefined ? works.length === 0 : own.shared === 0,
    mates: new Set(mates.map((mate) => mate.key)),
  };
}

/** What is known of a counter's life before this boot; `previousTotal` only when the counter did not go on. */
function formerLife(before: Meter, boot: string, reset: boolean): Pick<Meter, 'previousBoot' | 'previousTotal'> {
  if (boot === before.boot) return { previousBoot: before.previousBoot, previousTotal: before.previousTotal };
  return { previousBoot: before.boot, previousTotal: reset ? before.total : undefined };
}

/**
 * Where a command's readings join the counter: `from` is the total up to which all is charged. Readings of the boot before
 * the present one may come late (`past`), and so may those of a counter that has begun again since: what it had not told
 * by then is not known. A boot that is not known yet and ends below the total has begun at zero.
 */
function continued(row: Meter, { start, end, boot, resetAt }: MeterSpan) {
  const first = end < start ? 0 : start;
  if (row.total === undefined) return { row: { ...row, boot }, from: first, past: false, reset: false };
  if (boot === row.previousBoot && row.previousTotal !== undefined)
    return { row, from: row.previousTotal, past: true, reset: false };
  const life = resetAt === undefined || row.resetAt === undefined ? 0 : Date.parse(resetAt) - Date.parse(row.resetAt);
  if (life < 0)
    return { row: { ...row, previousTotal: undefined }, from: Math.max(first, end), past: true, reset: false };
  if (life > 0) {
    const next = { ...row, boot, ...formerLife(row, boot, true), resetAt, readTotal: undefined };
    return { row: next, from: 0, past: false, reset: true };
  }
  if (boot === row.boot) return { row, from: row.total, past: false, reset: false };
  if (boot === row.previousBoot) return { row, from: row.total, past: true, reset: false };
  const reset = end < row.total;
  const next = { ...row, boot, ...formerLife(row, boot, reset) };
  if (!reset) return { row: next, from: row.total, past: false, reset };
  // The next ordinary reading brings another reset time, but the reset is known already.
  return { row: { ...next, resetAt: undefined, readTotal: undefined }, from: 0, past: false, reset };
}

export type Meters = ReturnType<typeof energyMeters>;

function compare(before: Meter, { total, resetAt, power }: Reading, at: number) {
  if (before.total === undefined) return { delta: 0, reset: false, gap: false, bridged: 0 };
  const moved = before.resetAt !== undefined && before.resetAt !== resetAt;
  const reset = moved || (before.readTotal !== undefined && total < before.readTotal);
  const silence = before.readAt === undefined ? 0 : at - before.readAt;
  const gap = silence > longestSilence;
  const watts = [before.power, power].filter((watt) => watt !== undefined);
  const mean = watts.length === 0 ? 0 : watts.reduce((sum, watt) => sum + watt, 0) / watts.length;
  const bridged = reset && gap ? Math.max(0, (mean * silence) / 1000 - total) : 0;
  return { delta: reset ? total : Math.max(0, total - before.total), reset, gap, bridged };
}

function meterStore(db: Connection) {
  const ensure = db.prepare('INSERT INTO energy_meter (device, meter) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const find = query(
    db,
    'energy_meter',
    `SELECT total, read_total AS readTotal, resolution, boot, reset_at AS resetAt, previous_boot AS previousBoot,
       previous_total AS previousTotal, read_at AS readAt, power FROM energy_meter WHERE device = ? AND meter = ?`,
    meterShape,
  );
  const put = db.prepare(
    `UPDATE energy_meter SET total = @total, read_total = @readTotal, resolution = @resolution, boot = @boot,
       reset_at = @resetAt, previous_boot = @previousBoot, previous_total = @previousTotal, read_at = @readAt, power = @power
     WHERE device = @device AND meter = @meter`,
  );
  const flag = db.prepare('UPDATE energy_device SET gaps = gaps + ?, resets = resets + ? WHERE device = ?');
  return {
    ensure: (device: string, meter: string) => void ensure.run(device, meter),
    find: (device: string, meter: string): Meter => present(find.get(device, meter), `the meter ${meter} of ${device}`),
    put(device: string, meter: string, row: Meter): void {
      const columns = Object.entries(row).map(([name, value]) => [name, value ?? null]);
      put.run({ ...Object.fromEntries(columns), device, meter });
    },
    flag: (device: string, gaps: number, resets: number) => void flag.run(gaps, resets, device),
  };
}
