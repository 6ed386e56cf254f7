import { canonical } from '../../base/canonical.ts';
import { Descriptor } from '../../domain/descriptor.ts';
import { DeviceState } from '../../domain/event.ts';
import { CommandKey, DeviceId } from '../../domain/ids.ts';
import { checked, json, maybe, number, query, text, value, type RowOf } from '../rows.ts';
import type { Connection } from '../sqlite.ts';
import type { Projection } from './projection.ts';

/** What every device last said of itself. */
export const devicesProjection: Projection = {
  schema: `
CREATE TABLE device (
  device TEXT PRIMARY KEY, state TEXT, boot TEXT, changed_at INTEGER, hash TEXT, descriptor TEXT, announced_at INTEGER
) STRICT;`,
  handlers: (db) => {
    const announce = db.prepare(
      `INSERT INTO device (device, hash, descriptor, announced_at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
         hash = excluded.hash, descriptor = excluded.descriptor, announced_at = excluded.announced_at`,
    );
    const change = db.prepare(
      `INSERT INTO device (device, state, boot, changed_at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
         state = excluded.state, boot = excluded.boot, changed_at = excluded.changed_at`,
    );
    return {
      'device.announced': ({ at, data: { device, descriptor } }) =>
        void announce.run(device, descriptor.hash, canonical(descriptor), at),
      'device.changed': ({ at, data: { device, state, boot } }) => void change.run(device, state, boot, at),
    };
  },
};

const shape = {
  device: checked(DeviceId),
  /** Undefined until it has reported. */
  state: maybe(checked(DeviceState)),
  boot: maybe(text),
  changedAt: maybe(number),
  /** Of the descriptor. */
  hash: maybe(text),
  descriptor: maybe(json(Descriptor)),
  announcedAt: maybe(number),
};

export type DeviceRow = RowOf<typeof shape> & {
  /** Commands without an end, the oldest first; the current one is the first. */
  readonly commands: readonly CommandKey[];
};

/** Reads of devices. Times are lab ms. */
export function deviceReads(db: Connection) {
  const all = query(
    db,
    'device',
    `SELECT device, state, boot, changed_at AS changedAt, hash, descriptor, announced_at AS announcedAt FROM device
     ORDER BY device`,
    shape,
  );
  const openKeys = 'SELECT key FROM command WHERE device = ? AND ended_at IS NULL ORDER BY seq';
  const open = value(db, 'command.key', openKeys, checked(CommandKey));
  return {
    devices: (): DeviceRow[] => all.all().map((row) => ({ ...row, commands: open.all(row.device) })),
  };
}
