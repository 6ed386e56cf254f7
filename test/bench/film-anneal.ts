/**
 * What deciding after proxies saves in a laboratory:
 * `npm run bench -- film-anneal [--seeds N] [--first N] [--arms after_proxies,at_start,warm] [--json FILE]`.
 * Whole campaigns of protocols/film-anneal by the real controller against its simulated instruments on a virtual clock, until
 * both objectives are as good as `stop_at` or a budget is used up. Every seed runs each arm:
 *
 * - after_proxies: annealing is decided on after the look at the coated film (the campaign as it is written);
 * - at_start: all parameters are chosen at the beginning and every film is annealed (final-only optimization);
 * - warm: after_proxies, with the campaign of seed 0 as a source.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { SourceEntry, type SourceData } from '../../src/domain/source.ts';
import { definitionOf, WholeLab } from '../engine/whole-lab.ts';
import { quantile, show } from './shared/figures.ts';

const arms = ['after_proxies', 'at_start', 'warm'] as const;

interface Outcome {
  readonly seed: number;
  readonly arm: (typeof arms)[number];
  readonly reached: boolean;
  readonly films: number;
  readonly annealed: number;
  readonly furnaceRuns: number;
  readonly furnaceHours: number;
  readonly kWh: number;
  readonly labHours: number;
}

/** The campaign of seed 0 as the command line would read it from its ledger. */
let earlier: SourceData | undefined;

function sources(): SourceData {
  earlier ??= {
    before: perform(0, 'after_proxies')
      .ledger.experiments()
      .map(({ parameters: point, objectives: values, observations }) => ({
        ...{ point, observations, ...(values === undefined ? {} : { values }) },
      })),
  };
  return earlier;
}

function perform(seed: number, arm: Outcome['arm']): WholeLab {
  const definition = definitionOf('film-anneal', ({ campaign }) => {
    const decide = arm === 'at_start' ? arm : 'after_proxies';
    Object.assign(campaign, { seed, stages: { ...campaign.stages, decide } });
    if (arm === 'warm') Object.assign(campaign, { sources: { before: SourceEntry.parse({ ledger: 'before' }) } });
  });
  const lab = new WholeLab(arm === 'warm' ? { ...definition, sources: sources() } : definition);
  lab.startController();
  lab.run(24 * 30);
  if (!lab.finished) throw new Error(`seed ${seed}, ${arm}: the campaign has not ended`);
  return lab;
}

function play(seed: number, arm: Outcome['arm']): Outcome {
  const lab = perform(seed, arm);
  const runs = new Map<string, number>();
  let annealed = 0;
  for (const { key, batch, kind, device, outcome, deviceStartedAt, deviceEndedAt } of lab.ledger.commands()) {
    if (kind !== 'process' || device !== 'furnace' || outcome !== 'ok') continue;
    annealed += 1;
    runs.set(batch ?? key, ((deviceEndedAt ?? 0) - (deviceStartedAt ?? 0)) / 3_600_000);
  }
  const { openedAt } = lab.ledger.campaign()!;
  const reached = lab.ledger.experiments().some(({ objectives }) =>
    lab.definition.campaign.objectives.every(({ name, goal, stop_at: stop }) => {
      const value = objectives?.[name];
      return value !== undefined && (goal === 'maximize' ? value >= stop! : value <= stop!);
    }),
  );
  return {
    ...{ seed, arm, reached, annealed },
    films: lab.ledger.experiments().filter(({ startedAt }) => startedAt !== undefined).length,
    furnaceRuns: runs.size,
    furnaceHours: [...runs.values()].reduce((sum, hours) => sum + hours, 0),
    kWh: lab.ledger.energy().total.joules / 3_600_000,
    labHours: (lab.ledger.lastAt() - openedAt) / 3_600_000,
  };
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    first: { type: 'string', default: '1' },
    arms: { type: 'string', default: arms.join() },
    json: { type: 'string' },
  },
});
const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}`;
console.log(machine);
const outcomes: Outcome[] = [];
const chosen = arms.filter((arm) => values.arms.split(',').includes(arm));
for (let i = 0; i < Number(values.seeds); i++)
  for (const arm of chosen) {
    const outcome = play(Number(values.first) + i, arm);
    outcomes.push(outcome);
    const { seed, reached, films, annealed, furnaceRuns, furnaceHours, kWh } = outcome;
    const end = reached ? 'goal' : 'budget';
    console.log(
      `seed ${seed} ${arm}: ${end}, ${films} films, ${annealed} annealed in ${furnaceRuns} runs, ${show(furnaceHours)} h of furnace, ${show(kWh)} kWh`,
    );
  }
const figures = ['films', 'annealed', 'furnaceRuns', 'furnaceHours', 'kWh', 'labHours'] as const;
for (const arm of chosen) {
  const own = outcomes.filter((outcome) => outcome.arm === arm);
  const reached = own.filter((outcome) => outcome.reached).length;
  const medians = figures.map((name) => {
    const list = own.map((outcome) => outcome[name]);
    return `${name} ${show(quantile(list, 0.5))} [${show(quantile(list, 0.25))}, ${show(quantile(list, 0.75))}]`;
  });
  console.log(`${arm}: goal reached by ${reached} of ${own.length}; medians [quartiles]: ${medians.join(', ')}`);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, outcomes }, null, 2)}\n`);
