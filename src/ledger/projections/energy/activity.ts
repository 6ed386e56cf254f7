import { number, query, text, value } from '../../rows.ts';
import type { Connection } from '../../sqlite.ts';
import { nobody, workShape, type Work } from './tables.ts';
import type { Weights } from './bookings.ts';

/** What each device works on and which samples stand at it, integrated over lab time. */
export function energyActivity(db: Connection, weights: Weights) {
  const times = deviceTimes(db);
  const working = query(
    db,
    'energy_work',
    'SELECT key, experiment, batch, shared FROM energy_work WHERE device = ? ORDER BY key',
    workShape,
  );
  const begin = db.prepare('INSERT INTO energy_work (key, device, experiment, batch, shared) VALUES (?, ?, ?, ?, ?)');
  const share = db.prepare('UPDATE energy_work SET shared = 1 WHERE device = ?');
  const end = db.prepare('DELETE FROM energy_work WHERE device = ? AND key = ?');
  const here = 'SELECT experiment FROM energy_place WHERE device = ? ORDER BY experiment';
  const occupants = value(db, 'energy_place.experiment', here, text);
  const works = (device: string): Work[] => working.all(device);

  /** Adds the time since the last call to the weights of what went on; does nothing when `to` is not later. */
  const advance = (device: string, to: number, now: readonly Work[] = works(device)): void => {
    const ms = to - times.of(device, to);
    if (ms <= 0) return;
    times.set(device, to);
    const idle = now.length === 0;
    const charged = idle ? occupants.all(device) : now.map(({ key }) => key);
    const subjects = charged.length === 0 ? [nobody] : charged;
    for (const meter of times.meters(device))
      for (const subject of subjects) weights.add(device, meter, idle, subject, ms / subjects.length);
  };

  return {
    advance,
    /** Lab time up to which the device's activity is known, ms. */
    knownUntil: times.of,
    /** Lets time pass that nobody watched. */
    skip: times.set,
    works,
    begin(device: string, at: number, { key, experiment, batch }: Omit<Work, 'shared'>): void {
      const before = works(device);
      advance(device, at, before);
      const alone = before.length === 0;
      begin.run(key, device, experiment, batch ?? null, Number(!alone));
      if (!alone) share.run(device);
    },
    end: (device: string, key: string) => void end.run(device, key),
    ...places(db, advance),
  };
}

export type Activity = ReturnType<typeof energyActivity>;

function deviceTimes(db: Connection) {
  const ensure = db.prepare('INSERT INTO energy_device (device, at) VALUES (?, ?)');
  const find = value(db, 'energy_device.at', 'SELECT at FROM energy_device WHERE device = ?', number);
  const set = db.prepare('UPDATE energy_device SET at = ? WHERE device = ?');
  const sql = 'SELECT meter FROM energy_meter WHERE device = ? ORDER BY meter';
  const meters = value(db, 'energy_meter.meter', sql, text);
  return {
    /** A device that was not known yet is known from `first` on. */
    of(device: string, first: number): number {
      const found = find.get(device);
      if (found !== undefined) return found;
      ensure.run(device, first);
      return first;
    },
    set: (device: string, at: number) => void set.run(at, device),
    meters: (device: string): string[] => meters.all(device),
  };
}

function places(db: Connection, advance: (device: string, to: number) => void) {
  const put = db.prepare(
    'INSERT INTO energy_place (experiment, device) VALUES (?, ?) ON CONFLICT DO UPDATE SET device = excluded.device',
  );
  const remove = db.prepare('DELETE FROM energy_place WHERE experiment = ?');
  const find = value(db, 'energy_place.device', 'SELECT device FROM energy_place WHERE experiment = ?', text);
  const known = value(db, 'energy_device.device', 'SELECT device FROM energy_device WHERE device = ?', text);
  return {
    /** The sample stands at `place`, a device or a rack, from now on; nowhere when undefined. */
    place(experiment: string, place: string | undefined, at: number): void {
      const before = find.get(experiment);
      if (before === place) return;
      for (const device of [before, place])
        if (device !== undefined && known.get(device) !== undefined) advance(device, at);
      if (place === undefined) remove.run(experiment);
      else put.run(experiment, place);
    },
  };
}
