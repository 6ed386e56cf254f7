import type { CommandRow, Ledger } from '../../ledger/ledger.ts';
import { reportOf, type Report } from '../report.ts';
import { stockCurves, type StockCurve } from './stock.ts';

/** Working of one device or arm on the time axis, ms from the start of the campaign. */
export interface Bar {
  readonly device: string;
  readonly experiment: string;
  readonly step: string;
  readonly start: number;
  readonly end: number;
}

export interface Figures {
  readonly report: Report;
  readonly questions: number;
  readonly finished: boolean;
  /** Share of the makespan that a device was at work, 0 to 1. */
  readonly use: Readonly<Record<string, number>>;
  /** Longest time from the end of a step to the start of the next, by the step that waited, ms. */
  readonly longestWaits: Readonly<Record<string, number>>;
  readonly stock: readonly StockCurve[];
  readonly bars: readonly Bar[];
}

/** What one rehearsal shows. */
export function figuresOf(ledger: Ledger, { questions, finished }: { questions: number; finished: boolean }): Figures {
  const report = reportOf(ledger)!;
  const begun = ledger.campaign()!.openedAt;
  const bars = ledger.commands().flatMap((row) => barOf(row, begun));
  const makespan = Math.max(1, report.makespanMs);
  const use: Record<string, number> = {};
  for (const id of Object.keys(ledger.definition()!.lab.devices)) use[id] = 0;
  for (const { device, start, end } of merged(bars)) use[device] = (use[device] ?? 0) + (end - start) / makespan;
  return {
    report,
    questions,
    finished,
    use,
    longestWaits: waitsOf(ledger.commands()),
    stock: stockCurves(ledger, begun),
    bars,
  };
}

function barOf(row: CommandRow, begun: number): Bar[] {
  const { device, experiment, step, capability, kind, acceptedAt, endedAt } = row;
  if (acceptedAt === undefined || endedAt === undefined) return [];
  return [
    { device, experiment, step: kind === 'move' ? capability : step, start: acceptedAt - begun, end: endedAt - begun },
  ];
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
