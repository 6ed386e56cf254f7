import * as z from 'zod';
import type { Campaign, Definition } from '../domain/campaign.ts';
import { unitOf } from '../domain/campaign.ts';
import { describeChange } from '../domain/change.ts';
import { disagreement, Experience } from '../domain/durations.ts';
import type { ExperimentRow, Ledger } from '../ledger/ledger.ts';
import { stagesOf, stagesText, type StagesReport } from './stages.ts';
import { amountText, clockText, digits, durationText, energyText, table } from './text.ts';

export interface Best {
  readonly experiment: ExperimentRow['experiment'];
  readonly parameters: Readonly<Record<string, number | string>>;
  readonly objectives: Readonly<Record<string, number>>;
}

/** What a campaign has come to: the same figures in text and in JSON. */
export interface Report {
  readonly campaign: string;
  readonly status: string;
  readonly outcome: string | undefined;
  readonly reason: string | undefined;
  readonly experiments: Readonly<Record<string, number>>;
  readonly budgetExperiments: number;
  /** What people have changed of the campaign while it ran. */
  readonly changes: readonly { readonly at: number; readonly by: string; readonly text: string }[];
  /** One for a single objective; all that no other experiment beats for several. */
  readonly best: readonly Best[];
  /** What the last batch trusted of earlier campaigns, 0 to 1, by outcome. */
  readonly sources: readonly { readonly name: string; readonly outcome: string; readonly trust: number }[];
  /** Where stages are decided one after the other. */
  readonly stages?: StagesReport;
  readonly makespanMs: number;
  /** Where experiments are due: how many were, or still are, open for longer, and by how much the worst of them. */
  readonly overdue?: { readonly experiments: number; readonly worstMs: number };
  /** Where durations differ from what is declared, in sentences. */
  readonly durations: readonly string[];
  readonly materials: readonly { material: string; used: number; waste: number; onHand: number; unit: string }[];
  readonly joules: number;
  readonly modelledJoules: number;
  readonly optimizerCpuSeconds: number;
  readonly co2eKg: number;
  readonly cost: number;
  readonly currency: string;
  /** Who has pinned the plan of an open campaign, and since when. */
  readonly pinned?: { readonly by: string; readonly since: number };
  /** Of open experiments, where it is not 0. */
  readonly priorities: readonly { readonly experiment: string; readonly priority: number }[];
  readonly waitingForPerson: readonly { key: string; device: string; capability: string; experiment: string }[];
  /** Samples of which a person has to say whether they go on. */
  readonly lateSamples: readonly { experiment: string; reason: string }[];
}

export function reportOf(ledger: Ledger): Report | undefined {
  const definition = ledger.definition();
  const campaign = ledger.campaign();
  if (definition === undefined || campaign === undefined) return undefined;
  const rows = ledger.experiments();
  const totals = ledger.totals();
  const stages = stagesOf(ledger, definition);
  const counts: Record<string, number> = {};
  for (const { status } of rows) counts[status] = (counts[status] ?? 0) + 1;
  return {
    campaign: campaign.campaign,
    status: campaign.status,
    outcome: campaign.outcome,
    reason: campaign.reason,
    experiments: counts,
    budgetExperiments: definition.campaign.budget.experiments,
    changes: changesOf(ledger),
    best: bestOf(definition.campaign, rows),
    sources: definition.sources === undefined ? [] : sourcesOf(ledger),
    ...(stages === undefined ? {} : { stages }),
    makespanMs: (campaign.finishedAt ?? ledger.lastAt()) - campaign.openedAt,
    ...overdueOf(definition.campaign, rows, ledger.lastAt()),
    durations: durationsOf(ledger),
    materials: materialsOf(ledger),
    joules: totals.energy.joules,
    modelledJoules: totals.energy.modelled,
    optimizerCpuSeconds: campaign.cpuSeconds,
    co2eKg: totals.co2e,
    cost: totals.cost,
    currency: definition.lab.currency,
    ...(campaign.status === 'finished' ? { priorities: [] } : ordersOf(ledger)),
    waitingForPerson: doubtful(ledger),
    lateSamples: rows
      .filter(({ status, indeterminateKey }) => status === 'indeterminate' && indeterminateKey === undefined)
      .map(({ experiment, reason = '' }) => ({ experiment, reason })),
  };
}

const changesOf = (ledger: Ledger): Report['changes'] =>
  [...ledger.events({ type: 'campaign.changed' })].flatMap(({ at, type, data }) =>
    type === 'campaign.changed' ? [{ at, by: data.by, text: describeChange(data.change) }] : [],
  );

function overdueOf({ schedule }: Campaign, rows: readonly ExperimentRow[], now: number): Pick<Report, 'overdue'> {
  const { due } = schedule ?? {};
  if (due === undefined) return {};
  const late = rows
    .map(({ suggestedAt, endedAt = now }) => endedAt - suggestedAt - due * 1000)
    .filter((beyond) => beyond > 0);
  return { overdue: { experiments: late.length, worstMs: Math.max(0, ...late) } };
}

const durationsOf = (ledger: Ledger): string[] =>
  ledger
    .snapshots()
    .filter(({ entity }) => entity === 'duration')
    .flatMap(({ id, state }) => disagreement(id, Experience.parse(JSON.parse(state))) ?? []);

const Doubt = z.object({
  value: z.string(),
  context: z.object({
    command: z.object({ key: z.string(), device: z.string(), capability: z.string(), experiment: z.string() }),
  }),
});

const Pin = z.object({ value: z.string(), context: z.object({ by: z.string(), since: z.number() }) });
const Ranked = z.object({ context: z.object({ priority: z.number().default(0) }) });

/** What people have ordered of the plan and its samples. */
function ordersOf(ledger: Ledger): Pick<Report, 'pinned' | 'priorities'> {
  const snapshots = ledger
    .snapshots()
    .map(({ entity, id, state }) => ({ entity, id, state: JSON.parse(state) as unknown }));
  const pin = snapshots.filter(({ entity }) => entity === 'plan').map(({ state }) => Pin.parse(state));
  const priorities = snapshots
    .filter(({ entity }) => entity === 'experiment')
    .map(({ id, state }) => ({ experiment: id, priority: Ranked.parse(state).context.priority }))
    .filter(({ priority }) => priority !== 0);
  return { ...(pin[0]?.value === 'pinned' ? { pinned: pin[0].context } : {}), priorities };
}

/** Commands that only a person can decide on. */
function doubtful(ledger: Ledger): Report['waitingForPerson'] {
  return ledger
    .snapshots()
    .filter(({ entity }) => entity === 'command')
    .map(({ state }) => Doubt.parse(JSON.parse(state)))
    .filter(({ value }) => value === 'doubtful')
    .map(({ context }) => context.command);
}

function materialsOf(ledger: Ledger): Report['materials'] {
  const sums = new Map<string, Report['materials'][number]>();
  for (const { material, used, waste, onHand, unit } of ledger.stock()) {
    const sum = sums.get(material) ?? { material, used: 0, waste: 0, onHand: 0, unit };
    sums.set(material, { ...sum, used: sum.used + used, waste: sum.waste + waste, onHand: sum.onHand + onHand });
  }
  return [...sums.values()];
}

/** Smaller is better, whatever the goal. */
const lossOf = (campaign: Campaign, objectives: Readonly<Record<string, number>>): number[] =>
  campaign.objectives.map(({ name, goal, target }) => {
    const value = objectives[name] ?? Infinity;
    if (goal === 'target') return Math.abs(value - target!);
    return goal === 'maximize' ? -value : value;
  });

/** Completed experiments that no other one beats in every objective (Pareto), the best first. */
export function bestOf(
  campaign: Campaign,
  rows: readonly Pick<ExperimentRow, 'status' | 'experiment' | 'parameters' | 'objectives'>[],
): Best[] {
  const done = rows.flatMap(({ status, experiment, parameters, objectives }) =>
    status === 'completed' && objectives !== undefined
      ? [{ experiment, parameters, objectives, loss: lossOf(campaign, objectives) }]
      : [],
  );
  const dominates = (a: number[], b: number[]) => a.every((x, i) => x <= b[i]!) && a.some((x, i) => x < b[i]!);
  const front = done.filter(({ loss }) => !done.some((other) => dominates(other.loss, loss)));
  return front
    .sort((a, b) => a.loss[0]! - b.loss[0]!)
    .slice(0, campaign.objectives.length === 1 ? 1 : undefined)
    .map(({ experiment, parameters, objectives }) => ({ experiment, parameters, objectives }));
}

function sourcesOf(ledger: Ledger): Report['sources'] {
  let last: Report['sources'] = [];
  for (const event of ledger.events({ type: 'suggestions.received' }))
    if (event.type === 'suggestions.received') last = event.data.model?.sources ?? last;
  return last.map(({ name, outcome, trust }) => ({ name, outcome, trust }));
}

/** Parameters with their units, those that have been chosen. */
export const pointText = (campaign: Campaign, parameters: Best['parameters']): string =>
  Object.entries(campaign.space)
    .filter(([name]) => parameters[name] !== undefined)
    .map(([name, parameter]) => {
      const value = parameters[name];
      const text = typeof value === 'number' ? digits(value, 4) : String(value);
      return `${name} ${text}${unitOf(parameter) === '' ? '' : ` ${unitOf(parameter)}`}`;
    })
    .join(', ');

export const objectivesText = (campaign: Campaign, objectives: Best['objectives']): string =>
  campaign.objectives
    .map(({ name, unit }) => `${name} ${digits(objectives[name] ?? NaN, 4)}${unit === '' ? '' : ` ${unit}`}`)
    .join(', ');

export const bestText = ({ campaign }: Definition, { experiment, parameters, objectives }: Best): string =>
  `${objectivesText(campaign, objectives)}   (${experiment}: ${pointText(campaign, parameters)})`;

export function reportText(report: Report, definition: Definition): string {
  const counts = Object.entries(report.experiments)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ');
  const state = report.outcome === undefined ? report.status : `${report.outcome}: ${report.reason ?? ''}`;
  const materials = report.materials.map(({ material, used, waste, onHand, unit }) => [
    `  ${material}`,
    amountText(used, unit),
    waste > 0 ? amountText(waste, unit) : '-',
    amountText(onHand, unit),
  ]);
  const modelled = report.modelledJoules > 0 ? ` (${energyText(report.modelledJoules)} of it modelled)` : '';
  const lines = [
    `${report.campaign}: ${state}`,
    ...(report.best.length === 0 ? ['Best          nothing completed yet'] : []),
    ...report.best.slice(0, 8).map((best, i) => `${i === 0 ? 'Best ' : '     '}         ${bestText(definition, best)}`),
    ...(report.best.length > 8 ? [`              and ${report.best.length - 8} more that none other beats`] : []),
    `Experiments   ${counts || 'none'} of ${report.budgetExperiments}`,
    ...report.changes.map(({ at, by, text }) => `Changed       ${clockText(at)} by ${by}: ${text}`),
    ...(report.pinned === undefined
      ? []
      : [`Plan          pinned by ${report.pinned.by} since ${clockText(report.pinned.since)}`]),
    ...report.priorities.map(({ experiment, priority }) => `Priority      ${experiment}: ${priority}`),
    ...report.sources.map(
      ({ name, outcome, trust }) =>
        `Source        ${name}: trusted ${Math.round(100 * trust)} % on ${outcome} at the end`,
    ),
    `Makespan      ${durationText(report.makespanMs)} of lab time`,
    ...overdueText(report, definition),
    ...report.durations.map((sentence) => `Duration      ${sentence}`),
    `Energy        ${energyText(report.joules)}${modelled}; the optimizer computed for ${digits(report.optimizerCpuSeconds)} s`,
    `Emissions     ${digits(report.co2eKg * 1000)} gCO2e`,
    `Cost          ${digits(report.cost)} ${report.currency}`,
    ...stagesText(report.stages, report.currency),
    ...(materials.length === 0
      ? []
      : ['Materials', table([['  material', 'used', 'of it waste', 'left'], ...materials])]),
    ...report.waitingForPerson.map(
      ({ key, device, capability, experiment }) =>
        `A person must decide: ${device} does not know whether "${capability}" for ${experiment} happened.\n` +
        `  labwright resolve ${key} happened|not_happened|discard`,
    ),
    ...report.lateSamples.map(
      ({ experiment, reason }) =>
        `A person must decide whether ${experiment} goes on: ${reason}\n  labwright decide ${experiment} continue|discard`,
    ),
  ];
  return lines.join('\n');
}

function overdueText({ overdue }: Report, { campaign: { schedule } }: Definition): string[] {
  if (overdue === undefined || schedule?.due === undefined) return [];
  const within = `within ${durationText(schedule.due * 1000)}`;
  const { experiments, worstMs } = overdue;
  return [
    experiments === 0
      ? `Due           every experiment ${within}, and none was late`
      : `Due           every experiment ${within}; ${experiments} took longer, by ${durationText(worstMs)} at most`,
  ];
}
