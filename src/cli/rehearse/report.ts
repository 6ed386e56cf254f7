import type { Definition } from '../../domain/campaign.ts';
import { zoneOf } from '../../domain/calendar.ts';
import type { Lab } from '../../domain/lab.ts';
import { shortOf } from '../../engine/reserve.ts';
import { amountText } from '../text.ts';
import { bandOf, type Band } from './band.ts';
import type { Figures } from './figures.ts';
import { stockWatches } from './person.ts';
import { refillsOf, type Refill } from './refills.ts';
import { instantText } from './times.ts';

/** What a second device beside the bottleneck would bring to the first rehearsal. */
export interface Relief {
  readonly device: string;
  readonly makespanMs: number;
  readonly completed: number;
}

/**
 * What `labwright rehearse --json` prints, and all that the page shows. Amounts are SI, energies J, times ms from the start of
 * the campaign unless said otherwise.
 */
export interface Rehearsal {
  readonly campaign: string;
  /** Lab time of the start, ms since 1970. */
  readonly startAt: number;
  /** IANA name; wall-clock times are told in this zone. */
  readonly timezone: string;
  /** By replicate: the first has the campaign's seed, each further one the next. */
  readonly replicates: readonly Figures[];
  readonly makespanMs: Band;
  readonly completed: Band;
  readonly joules: Band;
  readonly co2eKg: Band;
  /** In the currency of the lab. */
  readonly cost: Band;
  /** How often a person was asked. */
  readonly questions: Band;
  /** Median share of the makespan that a device was at work, 0 to 1, the busiest first. */
  readonly use: readonly { readonly device: string; readonly share: number }[];
  /** The busiest. */
  readonly bottleneck: string;
  readonly relief: Relief;
  /** Of the first rehearsal; if stock ended it, by a rehearsal with endless stock. */
  readonly refills: readonly Refill[];
  /** What should be seen to before the campaign begins, in sentences. */
  readonly warnings: readonly string[];
}

/** The device that is at work for the largest share of the time. */
export const bottleneckOf = (replicates: readonly Figures[]): string => usesOf(replicates)[0]!.device;

const usesOf = (replicates: readonly Figures[]): Rehearsal['use'] =>
  Object.keys(replicates[0]!.use)
    .map((device) => ({ device, share: bandOf(replicates.map(({ use }) => use[device] ?? 0)).median }))
    .sort((a, b) => b.share - a.share);

/** The material for want of which a rehearsal ended. */
export const shortageOf = ({ report }: Figures): string | undefined => shortOf(report.reason);

export const completedOf = ({ report }: Figures): number => report.experiments['completed'] ?? 0;

/** Joins the replicates to what is told of them. `ample` is the first rehearsal with endless stock, where it ended for want of it. */
export function rehearsalOf(
  { lab, campaign }: Definition,
  replicates: readonly Figures[],
  relieved: Figures,
  ample?: Figures,
): Rehearsal {
  const first = replicates[0]!;
  const band = (value: (figures: Figures) => number) => bandOf(replicates.map(value));
  const bottleneck = bottleneckOf(replicates);
  const refills = ample === undefined ? [] : refillsFor(lab, first, ample);
  return {
    ...{ campaign: campaign.campaign, startAt: first.startAt, timezone: zoneOf(lab), replicates },
    makespanMs: band(({ report }) => report.makespanMs),
    completed: band(completedOf),
    joules: band(({ report }) => report.joules),
    co2eKg: band(({ report }) => report.co2eKg),
    cost: band(({ report }) => report.cost),
    questions: band(({ questions }) => questions.length),
    use: usesOf(replicates),
    bottleneck,
    relief: { device: bottleneck, makespanMs: relieved.report.makespanMs, completed: completedOf(relieved) },
    refills,
    warnings: [...endings(replicates, refills), ...refillWarnings(lab, first, refills), ...unanswered(first)],
  };
}

function refillsFor(lab: Lab, first: Figures, ample: Figures): Refill[] {
  const { startAt, stock, report } = first;
  const watches = stockWatches(lab, { from: startAt, to: startAt + ample.report.makespanMs })?.map(
    ({ person, from, to }) => ({ person, from: from - startAt, to: to - startAt }),
  );
  const material = shortageOf(first)!;
  return refillsOf(stock, ample.stock, { material, at: first.stoppingAt ?? report.makespanMs }, watches);
}

/** Rehearsals that did not carry out what the campaign asks for. */
function endings(replicates: readonly Figures[], refills: readonly Refill[]): string[] {
  const of = (count: number) =>
    replicates.length === 1 ? 'The rehearsal' : `${count} of ${replicates.length} rehearsals`;
  const stuck = replicates.filter(({ finished }) => !finished).length;
  const short = new Map<string, number>();
  for (const material of replicates.flatMap((figures) => shortageOf(figures) ?? []))
    short.set(material, (short.get(material) ?? 0) + 1);
  const first = replicates[0]!;
  return [
    ...(stuck === 0 ? [] : [`${of(stuck)} did not end: nothing moved any more.`]),
    ...[...short].map(([material, count]) => {
      const refill = refills.find((entry) => entry.material === material);
      const had = first.stock.find((curve) => curve.material === material);
      const enough =
        refill === undefined || had === undefined
          ? ''
          : ` All experiments of the first one need ${amountText(refill.needed, refill.unit)} instead of ${amountText(had.points[0]![1], refill.unit)}.`;
      const done =
        count === replicates.length
          ? `, after ${completedOf(first)} experiments of ${first.report.budgetExperiments}`
          : '';
      return `${of(count)} ended early for want of ${material}${done}.${enough}`;
    }),
  ];
}

function refillWarnings(lab: Lab, { startAt }: Figures, refills: readonly Refill[]): string[] {
  const when = (at: number) => instantText(startAt + at, zoneOf(lab));
  return refills.flatMap(({ material, unit, needed, low, short, due, lastChance }) => {
    if (due !== undefined) return [];
    const larger = `let the lots hold ${amountText(needed, unit)} from the beginning`;
    const mend =
      lastChance === undefined
        ? `${larger[0]!.toUpperCase()}${larger.slice(1)}.`
        : `Refill it before ${when(lastChance)}, or ${larger}.`;
    return [
      `Nobody with the skill stock is there when ${material} runs out: low from ${when(low)}, short at ${when(short)}. ${mend}`,
    ];
  });
}

const unanswered = ({ questions }: Figures): string[] => {
  const open = questions.filter(({ answered }) => answered === undefined).length;
  return open === 0 ? [] : [`${open} questions to a person found no answer before the campaign ended.`];
};
