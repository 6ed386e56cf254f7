import { maybe, number, text, type RowOf } from '../../rows.ts';

/**
 * Joules come from two kinds of source. A meter is a cumulative counter: what it advances by between two readings is
 * divided among what the device did meanwhile. A device without one has the source `model` (an empty meter id): watts of
 * its descriptor times what it did. Either way every joule of a device is booked once: to a command, or as idle energy to
 * the experiments whose samples stood at the device, or to the campaign (an empty experiment id) when nobody was there.
 */
export const model = '';
export const nobody = '';

/**
 * energy_device: its account; `at` is the lab time up to which its activity is known.
 * energy_meter: last reading; `previous_*` is the life of the counter before its last reset.
 * energy_work: commands that it works on now. energy_place: where samples stand.
 * energy_weight: ms of activity since the last reading that advanced, by command and by occupant.
 * energy_command, energy_experiment: the accounts that were charged; money and kg of CO2 equivalent by the tariff of the
 * time in which the energy was drawn. energy_tariff: that tariff and its time zone, as JSON.
 */
export const energyTables = `
CREATE TABLE energy_device (
  device TEXT PRIMARY KEY, at REAL NOT NULL, active_watt REAL, idle_watt REAL, measured REAL NOT NULL DEFAULT 0,
  modelled REAL NOT NULL DEFAULT 0, idle REAL NOT NULL DEFAULT 0, money REAL NOT NULL DEFAULT 0,
  co2e REAL NOT NULL DEFAULT 0, gaps INTEGER NOT NULL DEFAULT 0, resets INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE energy_meter (
  device TEXT NOT NULL, meter TEXT NOT NULL, total REAL, read_total REAL, resolution REAL NOT NULL DEFAULT 0, boot TEXT,
  reset_at TEXT, previous_boot TEXT, previous_total REAL, read_at REAL, power REAL, PRIMARY KEY (device, meter)
) STRICT, WITHOUT ROWID;
CREATE TABLE energy_work (
  device TEXT NOT NULL, key TEXT NOT NULL, experiment TEXT NOT NULL, batch TEXT, shared INTEGER NOT NULL,
  PRIMARY KEY (device, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE energy_place (experiment TEXT PRIMARY KEY, device TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX energy_place_device ON energy_place (device, experiment);
CREATE TABLE energy_weight (
  device TEXT NOT NULL, meter TEXT NOT NULL, idle INTEGER NOT NULL, subject TEXT NOT NULL, ms REAL NOT NULL,
  PRIMARY KEY (device, meter, idle, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE energy_command (
  key TEXT NOT NULL, meter TEXT NOT NULL, device TEXT NOT NULL, experiment TEXT NOT NULL, joules REAL NOT NULL,
  modelled REAL NOT NULL, uncertainty REAL NOT NULL, money REAL NOT NULL, PRIMARY KEY (key, meter)
) STRICT, WITHOUT ROWID;
CREATE INDEX energy_command_experiment ON energy_command (experiment);
CREATE TABLE energy_experiment (
  experiment TEXT PRIMARY KEY, measured REAL NOT NULL, modelled REAL NOT NULL, idle REAL NOT NULL, money REAL NOT NULL,
  co2e REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE energy_tariff (one INTEGER PRIMARY KEY CHECK (one = 1), lab TEXT NOT NULL) STRICT;`;

export const wattShape = { activeWatt: maybe(number), idleWatt: maybe(number) };

export const meterShape = {
  total: maybe(number),
  readTotal: maybe(number),
  resolution: number,
  boot: maybe(text),
  resetAt: maybe(text),
  previousBoot: maybe(text),
  previousTotal: maybe(number),
  readAt: maybe(number),
  power: maybe(number),
};
export type Meter = RowOf<typeof meterShape>;

export const workShape = { key: text, experiment: text, batch: maybe(text), shared: number };
export type Work = RowOf<typeof workShape>;

export const weightShape = { idle: number, subject: text, ms: number };
export type Weight = RowOf<typeof weightShape>;
