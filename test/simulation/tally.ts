import * as z from 'zod';
import { faultKinds, type FaultKind } from './plan.ts';
import type { Outcome } from './run.ts';

const Counts = z.record(z.string(), z.int());

/** What many seeds came to. */
export const Tally = z.object({
  seeds: z.int(),
  experiments: z.int(),
  completed: z.int(),
  doubts: z.int(),
  late: z.int(),
  events: z.int(),
  hits: Counts,
  ends: Counts,
  failed: z.array(z.object({ seed: z.int(), rule: z.string(), sentence: z.string() })),
});
export type Tally = z.infer<typeof Tally>;

const numbers = ['seeds', 'experiments', 'completed', 'doubts', 'late', 'events'] as const;

export const emptyTally = (): Tally => ({
  ...{ seeds: 0, experiments: 0, completed: 0, doubts: 0, late: 0, events: 0 },
  ...{ hits: {}, ends: {}, failed: [] },
});

export function tallyOf({ seed, experiments, completed, doubts, late, events, hits, end, violations }: Outcome): Tally {
  const [first] = violations;
  return {
    ...{ seeds: 1, experiments, completed, doubts, late, events: events.length },
    hits: { ...hits },
    ends: { [end]: 1 },
    failed: first === undefined ? [] : [{ seed, ...first }],
  };
}

export function merge(into: Tally, part: Tally): void {
  for (const name of numbers) into[name] += part[name];
  for (const name of ['hits', 'ends'] as const)
    for (const [kind, count] of Object.entries(part[name])) into[name][kind] = (into[name][kind] ?? 0) + count;
  into.failed.push(...part.failed);
}

export function describe({ seeds, experiments, completed, doubts, late, events, hits, ends, failed }: Tally): string {
  const struck = (kind: FaultKind) => hits[kind] !== undefined;
  return [
    `${seeds} seeds: ${experiments} experiments, ${completed} completed, ${doubts} doubts, ${late} late, ${events} events`,
    `ends: ${Object.entries(ends)
      .map(([end, count]) => `${count} ${end}`)
      .join(', ')}`,
    'faults:',
    ...faultKinds.filter(struck).map((kind) => `  ${kind.padEnd(22)} ${hits[kind]}`),
    failed.length === 0
      ? 'no rule was broken'
      : `broken in ${failed.length} seeds: ${failed.map(({ seed }) => seed).join(', ')}`,
  ].join('\n');
}
