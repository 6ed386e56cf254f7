import * as z from 'zod';
import { present } from '../../base/invariant.ts';
import { checked, maybe, number, query, text } from '../rows.ts';
import type { Connection } from '../sqlite.ts';
import { ExperimentId } from '../../domain/ids.ts';

/** What the optimizer's process draws while it computes: a guess at one busy core, W. */
export const wattsOfComputing = 10;

export interface Joules {
  /** J by meters, and by power models. Their sum is all. */
  readonly measured: number;
  readonly modelled: number;
  /** The part of it that no step used. */
  readonly idle: number;
}

export interface DeviceEnergy extends Joules {
  readonly device: string;
  readonly source: 'meter' | 'model' | 'none';
  /** Readings after a long silence, and counters that began again. */
  readonly gaps: number;
  readonly resets: number;
}

export interface ExperimentEnergy extends Joules {
  /** Undefined: what stood idle while no sample was there, which the campaign bears. */
  readonly experiment: ExperimentId | undefined;
  /** Standard uncertainty of the metered steps, J. */
  readonly uncertainty: number;
}

export interface EnergyReport {
  readonly devices: readonly DeviceEnergy[];
  readonly experiments: readonly ExperimentEnergy[];
  /** The optimizer's own computing, modelled. */
  readonly optimizer: { readonly cpuSeconds: number; readonly joules: number };
  /** Devices and optimizer together. */
  readonly total: Joules & { readonly joules: number };
}

const sums = { measured: number, modelled: number, idle: number };
const deviceShape = {
  ...sums,
  device: text,
  source: checked(z.enum(['meter', 'model', 'none'])),
  gaps: number,
  resets: number,
};
const experimentShape = { ...sums, experiment: text, variance: maybe(number) };
const totalShape = { ...sums, money: number, co2e: number, cpuSeconds: number };

/** Reads of the energy accounts. */
export function energyReads(db: Connection) {
  const devices = query(
    db,
    'energy_device',
    `SELECT device, measured, modelled, idle, gaps, resets,
       coalesce((SELECT iif(max(meter) = '', 'model', 'meter') FROM energy_meter m WHERE m.device = d.device), 'none') AS source
     FROM energy_device d ORDER BY device`,
    deviceShape,
  );
  const experiments = query(
    db,
    'energy_experiment',
    `SELECT experiment, measured, modelled, idle,
       (SELECT sum(uncertainty * uncertainty) FROM energy_command c WHERE c.experiment = e.experiment) AS variance
     FROM energy_experiment e ORDER BY experiment`,
    experimentShape,
  );
  const total = query(
    db,
    'energy_device',
    `SELECT coalesce(sum(measured), 0.0) AS measured, coalesce(sum(modelled), 0.0) AS modelled,
       coalesce(sum(idle), 0.0) AS idle, coalesce(sum(money), 0.0) AS money, coalesce(sum(co2e), 0.0) AS co2e,
       coalesce((SELECT cpu_seconds FROM campaign), 0.0) AS cpuSeconds FROM energy_device`,
    totalShape,
  );
  const sum = () => {
    const { cpuSeconds, money, co2e, ...devices } = present(total.get(), 'the sum of energies');
    const joules = cpuSeconds * wattsOfComputing;
    const modelled = devices.modelled + joules;
    return {
      charged: { money, co2e },
      optimizer: { cpuSeconds, joules },
      total: { ...devices, modelled, joules: devices.measured + modelled },
    };
  };
  return {
    /** Flat in the length of the campaign, unlike the whole report. `charged` is what the devices' energy cost and emitted. */
    energyTotal: sum,
    energy: (): EnergyReport => {
      const { optimizer, total: all } = sum();
      const byExperiment = experiments.all().map((row) => {
        const { experiment, variance = 0, ...joules } = row;
        return {
          ...joules,
          experiment: experiment === '' ? undefined : ExperimentId.parse(experiment),
          uncertainty: Math.sqrt(variance),
        };
      });
      return { devices: devices.all(), experiments: byExperiment, optimizer, total: all };
    },
  };
}
