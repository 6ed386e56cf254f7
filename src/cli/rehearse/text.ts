import type { Definition } from '../../domain/campaign.ts';
import { bestText } from '../report.ts';
import { heldBefore, stagesText } from '../stages.ts';
import { amountText, digits, durationText, energyText, table } from '../text.ts';
import type { Bar, Figures } from './figures.ts';

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

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Median, and the band where there are several replicates. */
function band(values: readonly number[], show: (value: number) => string): string {
  const text = show(median(values));
  return values.length === 1 ? text : `${text} (${show(Math.min(...values))} to ${show(Math.max(...values))})`;
}

/** Devices and the share of the time that they are at work, the busiest first. */
function usesOf(all: readonly Figures[]): (readonly [device: string, share: number])[] {
  return Object.keys(all[0]!.use)
    .map((device) => [device, median(all.map(({ use }) => use[device] ?? 0))] as const)
    .sort((a, b) => b[1] - a[1]);
}

/** The device that is at work for the largest share of the time. */
export const bottleneckOf = (all: readonly Figures[]): string => usesOf(all)[0]![0];

/** What a second device beside the bottleneck would bring. */
export interface Relief {
  readonly device: string;
  readonly makespanMs: number;
}

export function rehearsalText(all: readonly Figures[], definition: Definition, relief?: Relief): string {
  const [first] = all as readonly [Figures, ...Figures[]];
  const of = (value: (figures: Figures) => number) => all.map(value);
  const percent = (share: number) => `${digits(100 * share, 2)} %`;
  const waits = [...new Set(all.flatMap(({ longestWaits }) => Object.keys(longestWaits)))];
  const lots = first.stock.flatMap(({ material, emptied }) =>
    emptied.map(({ lot, at }) => `  ${lot} of ${material} is used up after ${durationText(at)}`),
  );
  const held = heldBefore(definition);
  const completed = (figures: Figures) => figures.report.experiments['completed'] ?? 0;
  const stuck = all.filter(({ finished }) => !finished).length;
  const lines = [
    `${definition.campaign.campaign}, rehearsed ${all.length === 1 ? 'once' : `${all.length} times`}; medians, with the least and the most`,
    `Makespan      ${band(
      of(({ report }) => report.makespanMs),
      durationText,
    )}`,
    `Experiments   ${band(of(completed), digits)} completed of ${definition.campaign.budget.experiments}`,
    ...droppedLines(all),
    ...first.report.best.slice(0, 1).map((best) => `Best          ${bestText(definition, best)}`),
    `Energy        ${band(
      of(({ report }) => report.joules),
      energyText,
    )}`,
    `Emissions     ${band(
      of(({ report }) => report.co2eKg * 1000),
      digits,
    )} gCO2e`,
    `Cost          ${band(
      of(({ report }) => report.cost),
      digits,
    )} ${definition.lab.currency}`,
    `A person      was asked ${band(
      of(({ questions }) => questions),
      digits,
    )} times`,
    ...(stuck > 0 ? [`Not finished  ${stuck} of ${all.length} before nothing moved any more`] : []),
    ...stagesText(
      first.report.stages,
      definition.lab.currency,
      all.length === 1 ? 'Stages' : 'Stages of the first rehearsal',
    ),
    'Use of devices',
    table([['  device', 'at work'], ...usesOf(all).map(([device, share]) => [`  ${device}`, percent(share)])]),
    `  The bottleneck is ${bottleneckOf(all)}.${relief === undefined ? '' : ` ${reliefText(relief, first)}`}`,
    ...(waits.length === 0 ? [] : ['Longest wait before a step']),
    ...waits.map((step) => {
      const longest = durationText(Math.max(...of(({ longestWaits }) => longestWaits[step] ?? 0)));
      return `  ${step} ${longest}${held.has(step) ? ', held for a decision' : ''}`;
    }),
    'Materials',
    table([
      ['  material', 'used', 'left'],
      ...first.report.materials.map(({ material, used, onHand, unit }) => [
        `  ${material}`,
        amountText(used, unit),
        amountText(onHand, unit),
      ]),
    ]),
    ...lots,
    `Schedule of the first rehearsal, ${durationText(first.report.makespanMs)} from left to right`,
    gantt(first.bars, Math.max(1, first.report.makespanMs)),
  ];
  return lines.join('\n');
}

/** How many samples of a staged campaign were given up on the way. */
function droppedLines(all: readonly Figures[]): string[] {
  const counts = all.flatMap(({ report }) => report.stages?.dropped ?? []);
  return counts.length === 0 ? [] : [`Dropped       ${band(counts, digits)} after their proxies`];
}

const reliefText = ({ device, makespanMs }: Relief, { report }: Figures): string => {
  const saved = report.makespanMs - makespanMs;
  const brings = saved > 0 ? `end ${durationText(saved)} earlier, after ${durationText(makespanMs)}` : 'save no time';
  return `A second ${device} would let the first rehearsal ${brings}.`;
};
