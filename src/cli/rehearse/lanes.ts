import type { Bar, Stay } from './figures.ts';

/** A row of the Gantt chart with what is drawn in it. */
export interface Lane {
  readonly name: string;
  readonly marks: readonly string[];
}

/** One working of a device on one or several samples, ms from the start of the campaign. */
export interface Run {
  readonly device: string;
  readonly step: string;
  readonly members: readonly string[];
  readonly start: number;
  readonly end: number;
}

/** Bars of one device, those of one batch joined. */
export function runsOf(bars: readonly Bar[]): Run[] {
  const batches = new Map<string, Bar[]>();
  bars.forEach((bar, i) => {
    const key = bar.batch === undefined ? `/${i}` : bar.batch;
    batches.set(key, [...(batches.get(key) ?? []), bar]);
  });
  return [...batches.values()].map((own) => ({
    ...{ device: own[0]!.device, step: own[0]!.step, members: own.map(({ experiment }) => experiment) },
    start: Math.min(...own.map(({ start }) => start)),
    end: Math.max(...own.map(({ end }) => end)),
  }));
}

/** How many samples stay at a place: [time, count from then on], the last count 0. */
export function occupancyOf(stays: readonly Stay[]): (readonly [at: number, count: number])[] {
  const changes = stays.flatMap(({ start, end }) => [[start, 1] as const, [end, -1] as const]);
  const steps: [number, number][] = [];
  let count = 0;
  for (const [at, change] of changes.sort((a, b) => a[0] - b[0] || b[1] - a[1])) {
    count += change;
    if (steps.at(-1)?.[0] === at) steps.at(-1)![1] = count;
    else steps.push([at, count]);
  }
  return steps;
}
