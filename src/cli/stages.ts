import type { Campaign, Definition } from '../domain/campaign.ts';
import { isStaged, legsOf, type Leg } from '../domain/stages.ts';
import type { CommandRow, ExperimentRow, Ledger, StageCost } from '../ledger/ledger.ts';
import { digits, durationText, energyText, table } from './text.ts';

/** Device time in s, J, and money for energy and materials. */
export type Cost = Readonly<Record<'time' | 'energy' | 'money', number>>;

export interface LegReport {
  /** Of its last stage. */
  readonly leg: string;
  readonly stages: readonly string[];
  /** Samples that have gone through. */
  readonly samples: number;
  /** Runs of the device that took most samples at once. */
  readonly runs: number;
  /** By the latest runs; absent before the first. */
  readonly perRun?: Cost;
  /** Samples that came no further. */
  readonly dropped: number;
  readonly held: number;
}

/** Samples that a batch device took together. */
export interface BatchReport {
  readonly device: string;
  readonly places: number;
  readonly runs: number;
  readonly samplesPerRun: number;
}

/** What came of stages that were decided one after the other. */
export interface StagesReport {
  readonly legs: readonly LegReport[];
  readonly batches: readonly BatchReport[];
  /** Dropped by decision, and because their shelf life or the campaign ended first. */
  readonly dropped: number;
  readonly spoiled: number;
  readonly held: number;
  /**
   * An estimate of what it would have cost to carry through the samples that were dropped by decision: mean costs of the
   * stages that they did not go through, places in batch devices shared as they were. Absent where none was dropped, or
   * nobody went further.
   */
  readonly saved?: Cost;
}

/** Undefined where nothing is decided between the stages. */
export function stagesOf(ledger: Ledger, definition: Definition): StagesReport | undefined {
  if (!isStaged(definition)) return undefined;
  const legs = legsOf(definition);
  const rows = ledger.experiments();
  const commands = ledger.commands().filter(({ kind, outcome }) => kind === 'process' && outcome === 'ok');
  const costs = new Map(ledger.stageCosts().map((cost) => [cost.stage, cost]));
  const decided = decidedDrops(ledger);
  const dropped = rows.filter(({ status }) => status === 'dropped');
  const byDecision = dropped.filter(({ experiment }) => decided.has(experiment));
  const saved = savedBy(byDecision, legs, costs, commands);
  return {
    legs: legs.map((leg) => legReport(leg, legs, rows, commands, costs)),
    batches: batchesOf(definition, commands),
    dropped: byDecision.length,
    spoiled: dropped.length - byDecision.length,
    held: rows.filter(({ status }) => status === 'held').length,
    ...(saved === undefined ? {} : { saved }),
  };
}

function decidedDrops(ledger: Ledger): ReadonlySet<string> {
  const drops = new Set<string>();
  for (const event of ledger.events({ type: 'suggestions.received' }))
    if (event.type === 'suggestions.received')
      for (const { experiment } of event.data.drops ?? []) drops.add(experiment);
  return drops;
}

const wentThrough = ({ observations }: ExperimentRow, { stages }: Leg): boolean =>
  stages.every(({ id }) => observations[id] !== undefined);

/** The last leg that a sample has gone through. */
const lastLegOf = (row: ExperimentRow, legs: readonly Leg[]): Leg | undefined =>
  legs.findLast((leg) => wentThrough(row, leg));

function legReport(
  leg: Leg,
  legs: readonly Leg[],
  rows: readonly ExperimentRow[],
  commands: readonly CommandRow[],
  costs: ReadonlyMap<string, StageCost>,
): LegReport {
  const ended = rows.filter((row) => lastLegOf(row, legs) === leg);
  const perRun = costOf(leg, costs, () => 1);
  const runs = leg.stages.flatMap(({ id }) => stepsOf(commands, id).map(runsOf));
  return {
    leg: leg.id,
    stages: leg.stages.map(({ id }) => id),
    samples: rows.filter((row) => wentThrough(row, leg)).length,
    runs: runs.length === 0 ? 0 : Math.min(...runs),
    ...(perRun === undefined ? {} : { perRun }),
    dropped: ended.filter(({ status }) => status === 'dropped').length,
    held: ended.filter(({ status }) => status === 'held').length,
  };
}

/** The commands of a stage, by its steps. */
function stepsOf(commands: readonly CommandRow[], stage: string): CommandRow[][] {
  const steps = new Map<string, CommandRow[]>();
  for (const command of commands)
    if (command.stage === stage) steps.set(command.step, [...(steps.get(command.step) ?? []), command]);
  return [...steps.values()];
}

const runsOf = (commands: readonly CommandRow[]): number =>
  new Set(commands.map(({ batch, key }) => batch ?? key)).size;

/** Cost of one run of all stages of a leg, each divided by the samples that it counts for; undefined if one is unknown. */
function costOf(
  { stages }: Leg,
  costs: ReadonlyMap<string, StageCost>,
  samplesPerRun: (stage: string) => number,
): Cost | undefined {
  const sum = { time: 0, energy: 0, money: 0 };
  for (const { id } of stages) {
    const cost = costs.get(id);
    if (cost === undefined) return undefined;
    const share = samplesPerRun(id);
    sum.time += cost.time / share;
    sum.energy += cost.energy / share;
    sum.money += cost.money / share;
  }
  return sum;
}

/** Careful: a stage that is shared in one step counts as shared in all of them. */
function savedBy(
  dropped: readonly ExperimentRow[],
  legs: readonly Leg[],
  costs: ReadonlyMap<string, StageCost>,
  commands: readonly CommandRow[],
): Cost | undefined {
  const sharing = (stage: string) => Math.max(1, ...stepsOf(commands, stage).map((step) => step.length / runsOf(step)));
  const each = new Map(legs.map((leg) => [leg, costOf(leg, costs, sharing)]));
  const spared = dropped.flatMap((row) => {
    const last = lastLegOf(row, legs);
    return legs.slice(last === undefined ? 0 : legs.indexOf(last) + 1).flatMap((leg) => each.get(leg) ?? []);
  });
  if (spared.length === 0) return undefined;
  return spared.reduce((a, b) => ({ time: a.time + b.time, energy: a.energy + b.energy, money: a.money + b.money }));
}

function batchesOf({ lab }: Definition, commands: readonly CommandRow[]): BatchReport[] {
  return Object.entries(lab.devices).flatMap(([device, { batch, places }]) => {
    const own = commands.filter((command) => command.device === device);
    if (!batch || own.length === 0) return [];
    const runs = runsOf(own);
    return [{ device, places, runs, samplesPerRun: own.length / runs }];
  });
}

const samplesText = (count: number): string => `${count} sample${count === 1 ? '' : 's'}`;

/** Empty where nothing is decided between the stages. */
export function stagesText(report: StagesReport | undefined, currency: string, title = 'Stages'): string[] {
  if (report === undefined) return [];
  const { legs, batches, dropped, spoiled, held, saved } = report;
  const rows = legs.map(({ leg, samples, runs, perRun, dropped, held }) => [
    `  ${leg}`,
    String(samples),
    String(runs),
    perRun === undefined ? '-' : durationText(perRun.time * 1000),
    perRun === undefined ? '-' : energyText(perRun.energy),
    perRun === undefined ? '-' : `${digits(perRun.money)} ${currency}`,
    String(dropped),
    String(held),
  ]);
  return [
    title,
    table([['  up to', 'samples', 'runs', 'time/run', 'energy/run', 'cost/run', 'dropped', 'held'], ...rows]),
    `  ${dropped === 0 ? 'No sample' : samplesText(dropped)} dropped by decision, ${held} waiting for one.`,
    ...(spoiled > 0 ? [`  ${samplesText(spoiled)} dropped because the shelf life or the campaign ended first.`] : []),
    ...(saved === undefined
      ? []
      : [
          `  Against carrying every sample through this saved about ${durationText(saved.time * 1000)} of device time, ` +
            `${energyText(saved.energy)} and ${digits(saved.money)} ${currency} (an estimate from mean costs).`,
        ]),
    ...batches.map(
      ({ device, places, runs, samplesPerRun }) =>
        `  ${device}: ${runs} run${runs === 1 ? '' : 's'}, ${digits(samplesPerRun)} samples each on average, ` +
        `${digits((100 * samplesPerRun) / places, 2)} % of ${places} places.`,
    ),
  ];
}

/** Steps before which samples may have been held. */
export const heldBefore = (definition: Definition): ReadonlySet<string> =>
  new Set(
    legsOf(definition)
      .slice(1)
      .map(({ stages }) => stages[0]!.steps[0]!.id),
  );

/** distance 0.4 +- 0.1, in the words of a suggestion. */
export const predictedText = (
  campaign: Campaign,
  predicted: Readonly<Record<string, { readonly mean: number; readonly sd: number }>>,
): string =>
  Object.entries(predicted)
    .map(([name, { mean, sd }]) => {
      const unit = campaign.objectives.find((objective) => objective.name === name)?.unit ?? '';
      return `${name} ${digits(mean)} ± ${digits(sd, 2)} ${unit}`.trim();
    })
    .join(', ');
