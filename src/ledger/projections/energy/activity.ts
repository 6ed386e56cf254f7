import { number, rows, text } from '../../rows.ts';
import type { Connection } from '../../sqlite.ts';
import { nobody, readDevice, readWork, type Work } from './tables.ts';
import type { Weights } from './bookings.ts';

const readOccupant = rows('energy_place', { experiment: text });
const readPlace = rows('energy_place', { device: text });

/** What each device works on and which samples stand at it, integrated over lab time. */
export function energyActivity(db: Connection, weights: Weights) {
  const times = deviceTimes(db);
  const working = db.prepare('SELECT key, experiment, batch, shared FROM energy_work WHERE device = ? ORDER BY key');
  const begin = db.prepare('INSERT INTO energy_work (key, device, experiment, batch, shared) VALUES (?, ?, ?, ?, ?)');
  const share = db.prepare('UPDATE energy_work SET shared = 1 WHERE device = ?');
  const end = db.prepare('DELETE FROM energy_work WHERE key = ?');
  const occupants = db.prepare('SELECT experiment FROM energy_place WHERE device = ? ORDER BY experiment');
  const works = (device: string): Work[] => working.all(device).map(readWork);

  /** Adds the time since the last call to the weights of what went on; does nothing when `to` is not later. */
  const advance = (device: string, to: number): void => {
    const ms = to - times.of(device, to);
    if (ms <= 0) return;
    times.set(device, to);
    const now = works(device);
    const here = now.length > 0 ? [] : occupants.all(device).map((row) => readOccupant(row).experiment);
    const idle = now.length === 0;
    const subjects = idle ? (here.length === 0 ? [nobody] : here) : now.map(({ key }) => key);
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
      advance(device, at);
      const alone = works(device).length === 0;
      begin.run(key, device, experiment, batch ?? null, Number(!alone));
      if (!alone) share.run(device);
    },
    end: (key: string) => void end.run(key),
    ...places(db, advance),
  };
}

export type Activity = ReturnType<typeof energyActivity>;

function deviceTimes(db: Connection) {
  const ensure = db.prepare('INSERT INTO energy_device (device, at) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const find = db.prepare(
    'SELECT at, active_watt AS activeWatt, idle_watt AS idleWatt FROM energy_device WHERE device = ?',
  );
  const set = db.prepare('UPDATE energy_device SET at = ? WHERE device = ?');
  const meters = db.prepare('SELECT meter FROM energy_meter WHERE device = ? ORDER BY meter').pluck();
  return {
    /** A device that was not known yet is known from `first` on. */
    of(device: string, first: number): number {
      ensure.run(device, first);
      return readDevice(find.get(device)).at;
    },
    set: (device: string, at: number) => void set.run(at, device),
    meters: (device: string): string[] => meters.all(device).map((meter) => text(meter, 'energy_meter.meter')),
  };
}

function places(db: Connection, advance: (device: string, to: number) => void) {
  const put = db.prepare(
    'INSERT INTO energy_place (experiment, device) VALUES (?, ?) ON CONFLICT DO UPDATE SET device = excluded.device',
  );
  const remove = db.prepare('DELETE FROM energy_place WHERE experiment = ?');
  const find = db.prepare('SELECT device FROM energy_place WHERE experiment = ?');
  const isDevice = db.prepare('SELECT count(*) FROM energy_device WHERE device = ?').pluck();
  return {
    /** The sample stands at `place`, a device or a rack, from now on; nowhere when undefined. */
    place(experiment: string, place: string | undefined, at: number): void {
      const row = find.get(experiment);
      const before = row === undefined ? undefined : readPlace(row).device;
      if (before === place) return;
      for (const device of [before, place])
        if (device !== undefined && number(isDevice.get(device), 'count') > 0) advance(device, at);
      if (place === undefined) remove.run(experiment);
      else put.run(experiment, place);
    },
  };
}
