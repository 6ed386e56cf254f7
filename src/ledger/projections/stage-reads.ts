import { number, query, text } from '../rows.ts';
import type { Connection } from '../sqlite.ts';

/**
 * What one run of all steps of a stage has cost in the latest experiments: s at the devices, J by meter or model, money for
 * energy and materials. Samples that a device took together share one run.
 */
export interface StageCost {
  readonly stage: string;
  readonly time: number;
  readonly energy: number;
  readonly money: number;
}

/** Commands that are looked at: the latest, so that the price of asking does not grow with the campaign. */
const latest = 400;

const shape = { stage: text, step: text, run: text, ms: number, joules: number, energyCost: number, materials: number };

/** Reads of what stages cost. */
export function stageReads(db: Connection) {
  const latestRuns = query(
    db,
    'command',
    `SELECT stage, step, coalesce(batch, key) AS run, coalesce(device_ended_at - device_started_at, ended_at - intended_at) AS ms,
       coalesce((SELECT sum(joules) FROM energy_command e WHERE e.key = command.key), 0.0) AS joules,
       coalesce((SELECT sum(money) FROM energy_command e WHERE e.key = command.key), 0.0) AS energyCost,
       coalesce((SELECT sum(1.0 * quanta / nullif(registered, 0) * cost) FROM posting p JOIN lot USING (material, lot)
         WHERE p.experiment = command.experiment AND p.key = command.key AND p.debit = 'sample:' || p.experiment), 0.0) AS materials
     FROM command WHERE kind = 'process' AND outcome = 'ok' ORDER BY rowid DESC LIMIT ${latest}`,
    shape,
  );
  return {
    stageCosts: (): StageCost[] => {
      const steps = new Map<string, StepRuns>();
      for (const { stage, step, run, ms, joules, energyCost, materials } of latestRuns.all()) {
        const known = steps.get(step) ?? { stage, runs: new Set(), commands: 0, ms: 0, joules: 0, money: 0 };
        steps.set(step, known);
        known.runs.add(run);
        known.commands += 1;
        known.ms += ms;
        known.joules += joules;
        known.money += materials + energyCost;
      }
      const stages = new Map<string, StageCost>();
      for (const { stage, runs, commands, ms, joules, money } of steps.values()) {
        const before = stages.get(stage) ?? { stage, time: 0, energy: 0, money: 0 };
        stages.set(stage, {
          stage,
          // Samples of one run take the same time, and share the rest.
          time: before.time + ms / 1000 / commands,
          energy: before.energy + joules / runs.size,
          money: before.money + money / runs.size,
        });
      }
      return [...stages.values()];
    },
  };
}

interface StepRuns {
  readonly stage: string;
  readonly runs: Set<string>;
  commands: number;
  ms: number;
  joules: number;
  money: number;
}
