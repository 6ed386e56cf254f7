import type { Definition } from '../../domain/campaign.ts';
import { bestText } from '../report.ts';
import { heldBefore, stagesText } from '../stages.ts';
import { amountText, digits, durationText, energyText, table } from '../text.ts';
import type { Band } from './band.ts';
import { bandOf } from './band.ts';
import type { Bar, Figures } from './figures.ts';
import type { Refill } from './refills.ts';
import { completedOf, type Rehearsal } from './report.ts';
import { instantText } from './times.ts';

const columns = 96;

/** One lane per device: the last digit of the experiment where it works, a dot where it is idle. */
export function gantt(bars: readonly Bar[], makespanMs: number): string {
  const lanes = new Map<string, string[]>();
  for (const { device, experiment, start, end } of bars) {
    const lane = lanes.get(device) ?? Array<string>(columns).fill('.');
    lanes.set(device, lane);
    const from = Math.floor((start / makespanMs) * columns);
    const to = Math.max(from + 1, Math.round((end / makespanMs) * columns));
    for (let i = from; i < Math.min(columns, to); i++) lane[i] = experiment.at(-1)!;
  }
  const width = Math.max(...[...lanes.keys()].map((name) => name.length));
  return [...lanes].map(([name, lane]) => `  ${name.padEnd(width)} ${lane.join('')}`).join('\n');
}

/** Median, and from the 10th to the 90th percentile where there are several replicates. */
export const bandText = ({ median, p10, p90 }: Band, count: number, show: (value: number) => string): string =>
  count === 1 ? show(median) : `${show(median)} (${show(p10)} to ${show(p90)})`;

export function rehearsalText(rehearsal: Rehearsal, definition: Definition): string {
  const { replicates, startAt, timezone } = rehearsal;
  const first = replicates[0]!;
  const count = replicates.length;
  const of = (band: Band, show: (value: number) => string) => bandText(band, count, show);
  const lines = [
    `${rehearsal.campaign}, rehearsed ${count === 1 ? 'once' : `${count} times; medians, with the 10th and the 90th percentile`}`,
    ...rehearsal.warnings.map((warning) => `Warning       ${warning}`),
    `Start         ${instantText(startAt, timezone)} (${timezone})`,
    `End           ${of(rehearsal.makespanMs, (ms) => instantText(startAt + ms, timezone))}`,
    `Makespan      ${of(rehearsal.makespanMs, durationText)}`,
    `Experiments   ${of(rehearsal.completed, digits)} completed of ${definition.campaign.budget.experiments}`,
    ...droppedLines(replicates),
    ...first.report.best.slice(0, 1).map((best) => `Best          ${bestText(definition, best)}`),
    `Energy        ${of(rehearsal.joules, energyText)}`,
    `Emissions     ${of(rehearsal.co2eKg, (kg) => digits(kg * 1000))} gCO2e`,
    `Cost          ${of(rehearsal.cost, digits)} ${definition.lab.currency}`,
    `A person      was asked ${of(rehearsal.questions, digits)} times`,
    ...stagesText(
      first.report.stages,
      definition.lab.currency,
      count === 1 ? 'Stages' : 'Stages of the first rehearsal',
    ),
    'Use of devices',
    table([
      ['  device', 'at work'],
      ...rehearsal.use.map(({ device, share }) => [`  ${device}`, `${digits(100 * share, 2)} %`]),
    ]),
    `  ${bottleneckText(rehearsal)}`,
    ...waitLines(replicates, heldBefore(definition)),
    ...stockLines(rehearsal),
    `Schedule of the first rehearsal, ${durationText(first.report.makespanMs)} from left to right`,
    gantt(first.bars, Math.max(1, first.report.makespanMs)),
  ];
  return lines.join('\n');
}

function waitLines(replicates: readonly Figures[], held: ReadonlySet<string>): string[] {
  const waits = [...new Set(replicates.flatMap(({ longestWaits }) => Object.keys(longestWaits)))];
  if (waits.length === 0) return [];
  const lines = waits.map((step) => {
    const longest = durationText(Math.max(...replicates.map(({ longestWaits }) => longestWaits[step] ?? 0)));
    return `  ${step} ${longest}${held.has(step) ? ', held for a decision' : ''}`;
  });
  return ['Longest wait before a step', ...lines];
}

function stockLines({ replicates, refills, startAt, timezone }: Rehearsal): string[] {
  const { report, stock } = replicates[0]!;
  const when = (at: number) => instantText(startAt + at, timezone);
  const emptied = stock.flatMap(({ material, emptied }) =>
    emptied.map(({ lot, at }) => `  ${lot} of ${material} is used up after ${durationText(at)}, ${when(at)}`),
  );
  const rows = report.materials.map(({ material, used, onHand, unit }) => [
    `  ${material}`,
    amountText(used, unit),
    amountText(onHand, unit),
  ]);
  return [
    'Materials',
    table([['  material', 'used', 'left'], ...rows]),
    ...emptied,
    ...refills.map((refill) => `  ${refillText(refill, when)}`),
  ];
}

/** What is to be refilled until when, and by whom. */
export function refillText({ material, unit, amount, short, due, by }: Refill, when: (at: number) => string): string {
  const what = `Refill ${material} by ${amountText(amount, unit)}`;
  const until = `it is short at ${when(short)}`;
  if (due === undefined) return `${what}: ${until}, and nobody is there.`;
  return `${what} until ${when(due)}${by === undefined ? '' : ` (${by.join(' or ')})`}: ${until}.`;
}

/** How many samples of a staged campaign were given up on the way. */
function droppedLines(replicates: readonly Figures[]): string[] {
  const counts = replicates.flatMap(({ report }) => report.stages?.dropped ?? []);
  return counts.length === 0
    ? []
    : [`Dropped       ${bandText(bandOf(counts), counts.length, digits)} after their proxies`];
}

export function bottleneckText({ bottleneck, relief, replicates }: Rehearsal): string {
  const first = replicates[0]!;
  const saved = first.report.makespanMs - relief.makespanMs;
  const more = relief.completed - completedOf(first);
  const brings = [
    ...(more > 0 ? [`complete ${more} ${more === 1 ? 'experiment' : 'experiments'} more`] : []),
    ...(saved > 0 ? [`end ${durationText(saved)} earlier, after ${durationText(relief.makespanMs)}`] : []),
  ];
  const what = brings.length === 0 ? 'save no time' : brings.join(' and ');
  return `The bottleneck is ${bottleneck}. A second ${relief.device} would let the first rehearsal ${what}.`;
}
