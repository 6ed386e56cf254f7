import type { Connection } from '../../sqlite.ts';
import { number, text, value } from '../../rows.ts';
import type { Activity } from './activity.ts';
import type { Bookings, Source, Weights } from './bookings.ts';
import { model } from './tables.ts';

/**
 * Devices without a meter: watts of the descriptor times what the device did. A command that had the device for itself
 * takes as long as the device says; otherwise the time between its events counts. Time in which no controller looked on
 * and nothing ran is not charged to anybody.
 */
export function powerModel(db: Connection, weights: Weights, bookings: Bookings, activity: Activity) {
  const { isModelled, settleIdle, settleCommand } = settling(db, weights, bookings, activity);
  const metered = value(db, 'energy_meter', 'SELECT count(*) FROM energy_meter WHERE device = ?', number);
  const add = db.prepare('INSERT INTO energy_meter (device, meter) VALUES (?, ?)');
  const remove = db.prepare('DELETE FROM energy_meter WHERE device = ? AND meter = ?');
  const setWatts = db.prepare('UPDATE energy_device SET active_watt = ?, idle_watt = ? WHERE device = ?');
  const modelled = value(db, 'energy_meter', 'SELECT device FROM energy_meter WHERE meter = ? ORDER BY device', text);

  return {
    settleCommand,
    settleIdle(device: string, at: number): void {
      if (isModelled(device)) settleIdle(device, at);
    },
    setWatts(device: string, active: number | undefined, idle: number | undefined, at: number): void {
      const before = weights.watts(device);
      if (before?.active === active && before?.idle === idle) return;
      settleIdle(device, at);
      setWatts.run(active ?? null, idle ?? null, device);
    },
    /** No meter is known: the model counts from now on. */
    takeOver(device: string): void {
      if (metered.get(device) === 0) add.run(device, model);
    },
    /** A meter has been heard: from now on it counts. */
    giveUp(device: string, at: number): void {
      if (!isModelled(device)) return;
      settleIdle(device, at);
      for (const { subject } of weights.of(device, model)) settleCommand(device, subject, '', undefined, at);
      remove.run(device, model);
    },
    /** Charges all idle time until `at`, and lets the time until `resume` pass unwatched. */
    pause(at: number, resume: number): void {
      for (const device of modelled.all(model)) {
        if (activity.works(device).length > 0) continue;
        settleIdle(device, at);
        activity.skip(device, resume);
      }
    },
  };
}

/** Charges what a device did, and the time in which it did nothing. */
function settling(db: Connection, weights: Weights, bookings: Bookings, activity: Activity) {
  const has = value(db, 'energy_meter', 'SELECT count(*) FROM energy_meter WHERE device = ? AND meter = ?', number);
  const isModelled = (device: string): boolean => has.get(device, model) === 1;
  const sourceOf = (device: string, to: number, ms: number): Source => ({
    ...{ device, meter: model, modelled: true, resolution: 0 },
    ...{ from: to - ms, to },
  });

  /** Charges the idle time until `to`. */
  const settleIdle = (device: string, to: number): void => {
    activity.advance(device, to);
    const watts = weights.watts(device);
    const rests = weights.of(device, model).filter(({ idle }) => idle !== 0);
    const whole = rests.reduce((sum, { ms }) => sum + ms, 0);
    for (const { subject, ms } of rests) {
      bookings.toIdle(sourceOf(device, to, whole), (ms / 1000) * (watts?.idle ?? 0), subject);
      weights.drop(device, model, true, subject);
    }
  };

  /** Charges a command that has ended. `duration`: by the device's own clock, ms. */
  const settleCommand = (
    device: string,
    key: string,
    experiment: string,
    duration: number | undefined,
    to: number,
  ): void => {
    if (!isModelled(device)) return;
    const known = weights.of(device, model).find(({ idle, subject }) => idle === 0 && subject === key)?.ms ?? 0;
    const own = activity.works(device).find((work) => work.key === key);
    const exact = own?.shared !== 1 && duration !== undefined;
    const ms = exact ? duration : known;
    // A command that was given up as indeterminate has been charged for the time until then.
    const charged = exact ? bookings.chargedTo(key, model) : 0;
    weights.drop(device, model, false, key);
    if (known > ms) weights.add(device, model, true, experiment, known - ms);
    bookings.toCommand(sourceOf(device, to, ms), (ms / 1000) * (weights.watts(device)?.active ?? 0) - charged, key);
    settleIdle(device, to);
  };

  return { isModelled, settleIdle, settleCommand };
}

export type PowerModel = ReturnType<typeof powerModel>;
