import * as z from 'zod';
import { canonical } from '../../../base/canonical.ts';
import { present } from '../../../base/invariant.ts';
import { Rates } from '../../../domain/tariff.ts';
import { json, number, query, text, value } from '../../rows.ts';
import type { Connection } from '../../sqlite.ts';
import { wattShape, weightShape, type Weight } from './tables.ts';

/** Where joules come from: a meter of a device, and whether a reading or a power model says so. */
export interface Source {
  readonly device: string;
  readonly meter: string;
  readonly modelled: boolean;
  /** Smallest step of the counter, J. */
  readonly resolution: number;
  /** Lab ms between which the joules were drawn, evenly as far as anybody knows. */
  readonly from: number;
  readonly to: number;
}

const Priced = z.custom<ConstructorParameters<typeof Rates>[0]>((value) => typeof value === 'object' && value !== null);

/** The tariff of the campaign's lab. */
export function energyRates(db: Connection) {
  const put = db.prepare('INSERT INTO energy_tariff (one, lab) VALUES (1, ?)');
  const find = value(db, 'energy_tariff.lab', 'SELECT lab FROM energy_tariff WHERE one = 1', json(Priced));
  let known: Rates | undefined;
  return {
    set({ timezone, tariff }: z.infer<typeof Priced>): void {
      put.run(canonical({ timezone, tariff }));
      known = undefined;
    },
    current: (): Rates => (known ??= new Rates(find.get() ?? {})),
  };
}

export type EnergyRates = ReturnType<typeof energyRates>;

/** Charges joules to commands and occupants. Joules below zero take back what an earlier reading had charged. */
export function energyBookings(db: Connection, rates: EnergyRates) {
  const device = db.prepare(
    `UPDATE energy_device SET measured = measured + @measured, modelled = modelled + @modelled, idle = idle + @idle,
       money = money + @money, co2e = co2e + @co2e WHERE device = @device`,
  );
  const experiment = db.prepare(
    `INSERT INTO energy_experiment (experiment, measured, modelled, idle, money, co2e)
     VALUES (@experiment, @measured, @modelled, @idle, @money, @co2e)
     ON CONFLICT DO UPDATE SET measured = measured + @measured, modelled = modelled + @modelled, idle = idle + @idle,
       money = money + @money, co2e = co2e + @co2e`,
  );
  const command = db.prepare(
    `INSERT INTO energy_command (key, meter, device, experiment, joules, modelled, uncertainty, money)
     VALUES (@key, @meter, @device, @experiment, @joules, @modelled, @uncertainty, @money)
     ON CONFLICT DO UPDATE SET joules = joules + @joules, modelled = modelled + @modelled,
       uncertainty = max(uncertainty, @uncertainty), money = money + @money`,
  );
  const experimentOf = value(db, 'command.experiment', 'SELECT experiment FROM command WHERE key = ?', text);
  const sql = 'SELECT joules FROM energy_command WHERE key = ? AND meter = ?';
  const charged = value(db, 'energy_command.joules', sql, number);

  const rateOf = ({ from, to }: Source) => rates.current().mean(from, to);

  const book = (source: Source, joules: number, owner: string, idle: boolean): void => {
    const parts = source.modelled ? { measured: 0, modelled: joules } : { measured: joules, modelled: 0 };
    const { price, carbon } = rateOf(source);
    const sums = { ...parts, idle: idle ? joules : 0, money: joules * price, co2e: joules * carbon };
    device.run({ ...sums, device: source.device });
    experiment.run({ ...sums, experiment: owner });
  };
  return {
    toIdle: (source: Source, joules: number, occupant: string): void => book(source, joules, occupant, true),
    /** A step has two boundaries, each uncertain by one step of the counter: their root of squares. */
    toCommand(source: Source, joules: number, key: string): void {
      const owner = present(experimentOf.get(key), `the command ${key}`);
      book(source, joules, owner, false);
      const uncertainty = source.modelled ? 0 : Math.SQRT2 * source.resolution;
      const modelled = source.modelled ? joules : 0;
      command.run({
        ...{ key, joules, modelled, uncertainty, money: joules * rateOf(source).price },
        meter: source.meter,
        device: source.device,
        experiment: owner,
      });
    },
    chargedTo: (key: string, meter: string): number => charged.get(key, meter) ?? 0,
  };
}

export type Bookings = ReturnType<typeof energyBookings>;

/** What a device did since the last reading, and how a counter's advance is divided by it. */
export function energyWeights(db: Connection, bookings: Bookings) {
  const add = db.prepare(
    `INSERT INTO energy_weight (device, meter, idle, subject, ms) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET ms = ms + excluded.ms`,
  );
  const all = query(
    db,
    'energy_weight',
    'SELECT idle, subject, ms FROM energy_weight WHERE device = ? AND meter = ? ORDER BY idle, subject',
    weightShape,
  );
  const clear = db.prepare('DELETE FROM energy_weight WHERE device = ? AND meter = ?');
  const drop = db.prepare('DELETE FROM energy_weight WHERE device = ? AND meter = ? AND idle = ? AND subject = ?');
  const watts = query(
    db,
    'energy_device',
    'SELECT active_watt AS activeWatt, idle_watt AS idleWatt FROM energy_device WHERE device = ?',
    wattShape,
  );
  const weights = {
    add: (of: string, meter: string, idle: boolean, subject: string, ms: number) =>
      void add.run(of, meter, Number(idle), subject, ms),
    of: (of: string, meter: string): Weight[] => all.all(of, meter),
    clear: (of: string, meter: string) => void clear.run(of, meter),
    drop: (of: string, meter: string, idle: boolean, subject: string) =>
      void drop.run(of, meter, Number(idle), subject),
    /** Watts of the power model, where there is one. */
    watts(of: string): { active: number; idle: number } | undefined {
      const { activeWatt, idleWatt } = present(watts.get(of), `the energy account of ${of}`);
      return activeWatt === undefined || idleWatt === undefined ? undefined : { active: activeWatt, idle: idleWatt };
    },
  };
  return {
    ...weights,
    /** Divides joules by time, weighted by the power model where there is one; false when there was nothing to divide by. */
    divide(source: Source, joules: number, among: (weight: Weight) => boolean): boolean {
      const watts = weights.watts(source.device) ?? { active: 1, idle: 1 };
      const parts = weights
        .of(source.device, source.meter)
        .filter(among)
        .map(({ idle, subject, ms }) => ({ idle, subject, share: ms * (idle ? watts.idle : watts.active) }));
      const sum = parts.reduce((total, { share }) => total + share, 0);
      if (sum <= 0) return false;
      for (const { idle, subject, share } of parts)
        bookings[idle ? 'toIdle' : 'toCommand'](source, (joules * share) / sum, subject);
      return true;
    },
  };
}

export type Weights = ReturnType<typeof energyWeights>;
