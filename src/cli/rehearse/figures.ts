import type { Lab } from '../../domain/lab.ts';
import type { CommandRow, Ledger } from '../../ledger/ledger.ts';
import { closedSpans } from '../../domain/calendar.ts';
import type { Span } from '../../domain/hours.ts';
import { reportOf, type Report } from '../report.ts';
import type { EnergyPoint } from './energy.ts';
import { staffed } from './person.ts';
import type { PersonQuestion } from './questions.ts';
import type { Rehearsed } from './rehearsal.ts';
import { stockCurves, type StockCurve } from './stock.ts';

/** Working of one device or arm on the time axis, ms from the start of the campaign. */
export interface Bar {
  readonly device: string;
  readonly experiment: string;
  readonly step: string;
  readonly start: number;
  readonly end: number;
  /** The same for all samples that share one run of a batch device. */
  readonly batch?: string;
}

/** A sample that stands at a place with nothing being done to it, ms from the start of the campaign. */
export interface Stay {
  readonly experiment: string;
  /** A device, or the rack where it is held. */
  readonly place: string;
  readonly start: number;
  readonly end: number;
}

/** What one rehearsal shows; times are ms from the start of the campaign. */
export interface Figures {
  /** The same report that a campaign ends with. */
  readonly report: Report;
  /** Lab time of the start, ms since 1970. */
  readonly startAt: number;
  /** False: nothing moved any more before the campaign had ended. */
  readonly finished: boolean;
  /** When it was decided to begin no further experiment, for want of stock, a used-up budget or a goal. */
  readonly stoppingAt?: number;
  /** What a person had to decide. */
  readonly questions: readonly PersonQuestion[];
  /** Share of the makespan that a device was at work, 0 to 1. */
  readonly use: Readonly<Record<string, number>>;
  /** Longest time from the end of a step to the start of the next, by the step that waited, ms. */
  readonly longestWaits: Readonly<Record<string, number>>;
  readonly stock: readonly StockCurve[];
  readonly energy: readonly EnergyPoint[];
  /** Devices whose energy is measured; that of the others is modelled, and their idle time booked with the next command. */
  readonly metered: readonly string[];
  readonly bars: readonly Bar[];
  readonly stays: readonly Stay[];
  /** When devices with hours, maintenance or somebody to attend them must not work. */
  readonly closed: Readonly<Record<string, readonly Span[]>>;
  /** When somebody of the lab file is there; absent where it names nobody. */
  readonly staffed?: readonly Span[];
}

/** What one rehearsal shows. */
export function figuresOf(ledger: Ledger, { questions, finished, energy }: Omit<Rehearsed, 'ledger'>): Figures {
  const report = reportOf(ledger)!;
  const begun = ledger.campaign()!.openedAt;
  const rows = ledger.commands();
  const bars = rows.flatMap((row) => barOf(row, begun));
  const makespan = Math.max(1, report.makespanMs);
  const { lab } = ledger.definition()!;
  const use: Record<string, number> = {};
  for (const id of Object.keys(lab.devices)) use[id] = 0;
  for (const { device, start, end } of merged(bars)) use[device] = (use[device] ?? 0) + (end - start) / makespan;
  return {
    ...{ report, startAt: begun, finished, questions, use },
    ...stoppingOf(ledger, begun),
    longestWaits: waitsOf(rows),
    stock: stockCurves(ledger, begun),
    ...{ energy, metered: meteredOf(ledger), bars, stays: staysOf(rows, begun) },
    ...hoursOf(lab, { from: begun, to: begun + makespan }),
  };
}

const meteredOf = (ledger: Ledger): string[] =>
  ledger.energy().devices.flatMap(({ device, source }) => (source === 'meter' ? [device] : []));

function stoppingOf(ledger: Ledger, begun: number): Pick<Figures, 'stoppingAt'> {
  const [stopping] = ledger.events({ type: 'campaign.stopping', limit: 1 });
  return stopping === undefined ? {} : { stoppingAt: stopping.at - begun };
}

function hoursOf(lab: Lab, within: Span): Pick<Figures, 'closed' | 'staffed'> {
  const shifted = (spans: readonly Span[]) =>
    spans.map(({ from, to }) => ({ from: from - within.from, to: to - within.from }));
  const closed = Object.keys(lab.devices).map((id) => [id, shifted(closedSpans(lab, id, within))] as const);
  const spans = staffed(lab, within);
  return {
    closed: Object.fromEntries(closed.filter(([, list]) => list.length > 0)),
    ...(spans === undefined ? {} : { staffed: shifted(spans) }),
  };
}

function barOf(row: CommandRow, begun: number): Bar[] {
  const { device, experiment, step, capability, kind, acceptedAt, endedAt, batch } = row;
  if (acceptedAt === undefined || endedAt === undefined) return [];
  const name = kind === 'move' ? capability : step;
  const times = { start: acceptedAt - begun, end: endedAt - begun };
  return [{ device, experiment, step: name, ...times, ...(batch === undefined ? {} : { batch }) }];
}

/** What samples wait for between their commands, and where. Before the first and after the last they are nobody's concern. */
export function staysOf(
  rows: readonly Pick<CommandRow, 'experiment' | 'device' | 'to' | 'place' | 'acceptedAt' | 'endedAt'>[],
  begun: number,
): Stay[] {
  const last = new Map<string, { place: string; end: number }>();
  return rows.flatMap(({ experiment, device, to, place, acceptedAt, endedAt }): Stay[] => {
    if (acceptedAt === undefined || endedAt === undefined) return [];
    const before = last.get(experiment);
    last.set(experiment, { place: to ?? place ?? device, end: endedAt });
    if (before === undefined || acceptedAt <= before.end) return [];
    return [{ experiment, place: before.place, start: before.end - begun, end: acceptedAt - begun }];
  });
}

/** Working times of each device without counting twice what overlaps. */
function merged(bars: readonly Bar[]): { device: string; start: number; end: number }[] {
  const last = new Map<string, { device: string; start: number; end: number }>();
  const result: { device: string; start: number; end: number }[] = [];
  for (const { device, start, end } of [...bars].sort((a, b) => a.start - b.start)) {
    const open = last.get(device);
    if (open !== undefined && start <= open.end) open.end = Math.max(open.end, end);
    else {
      const span = { device, start, end };
      last.set(device, span);
      result.push(span);
    }
  }
  return result;
}

function waitsOf(rows: readonly CommandRow[]): Record<string, number> {
  const ends = new Map<string, number>();
  const waits: Record<string, number> = {};
  for (const { kind, experiment, step, acceptedAt, endedAt } of rows) {
    if (kind !== 'process' || acceptedAt === undefined) continue;
    const before = ends.get(experiment);
    if (before !== undefined) waits[step] = Math.max(waits[step] ?? 0, acceptedAt - before);
    if (endedAt !== undefined) ends.set(experiment, endedAt);
  }
  return waits;
}
