import type { Definition } from '../../src/domain/campaign.ts';
import type { LabEvent } from '../../src/domain/event.ts';
import type { Effect } from '../../simulators/effects.ts';
import { booksOf, checkVolumes } from './oracle-books.ts';
import { checkEnergy } from './oracle-energy.ts';
import { checkChain, checkEvents, checkExceptions, checkHolds, checkSuggestions, checkTalk } from './oracle-events.ts';
import { checkHours } from './oracle-hours.ts';
import { checkSetups } from './oracle-setups.ts';
import { checkActs, checkPlaces, checkWaits } from './oracle-lab.ts';

/** A rule that was broken, and by what. */
export interface Violation {
  readonly rule: string;
  readonly sentence: string;
}

/** A command as it was seen by somebody who stood beside the instruments. */
export interface SeenAct {
  readonly device: string;
  readonly key: string;
  readonly startedAt: number;
  readonly endedAt?: number;
}

/**
 * All that is judged: what the ledger says, and what the world has seen. The judge shares nothing with the program but
 * the words of its events.
 */
export interface Evidence {
  readonly definition: Definition;
  readonly events: readonly LabEvent[];
  readonly effects: readonly Effect[];
  readonly acts: readonly SeenAct[];
  readonly answers: ReadonlyMap<string, { readonly as: string; readonly at: number }>;
  readonly stock: readonly { readonly material: string; readonly used: number }[];
  readonly energy: {
    readonly devices: readonly {
      readonly device: string;
      readonly measured: number;
      readonly modelled: number;
      readonly source: string;
      readonly gaps: number;
      readonly resets: number;
    }[];
  };
  readonly experiments: readonly { readonly experiment: string; readonly status: string }[];
  readonly replay: { readonly ok: boolean; readonly differences: readonly unknown[]; readonly broken?: unknown };
  readonly meters: { readonly resets: ReadonlyMap<string, unknown>; readonly gaps: ReadonlySet<string> };
  readonly accidents: readonly { readonly device: string; readonly message: string }[];
  /** What controllers have said to devices of their commands. */
  readonly mentions: readonly {
    readonly at: number;
    readonly key: string;
    readonly epoch: number;
    readonly kind: string;
  }[];
  /** When controllers that had slept woke up: what had come meanwhile they hear before they can say a word. */
  readonly wakings: readonly number[];
  readonly now: number;
  readonly drawn: (device: string, at: number) => number;
}

/** Everything that is wrong; empty when all rules hold. */
export function judge(evidence: Evidence): Violation[] {
  const books = booksOf(evidence.events);
  return [
    ...checkActs(evidence, books),
    ...checkPlaces(evidence),
    ...checkVolumes(evidence, books),
    ...checkEnergy(evidence),
    ...checkSuggestions(evidence),
    ...checkHolds(evidence),
    ...checkExceptions(evidence),
    ...checkWaits(evidence),
    ...checkHours(evidence),
    ...checkSetups(evidence),
    ...checkChain(evidence.events),
    ...checkEvents(evidence),
    ...checkTalk(evidence),
    ...checkEnd(evidence),
    ...evidence.accidents.map(({ device, message }) => ({ rule: 'no accidents', sentence: `${device}: ${message}` })),
  ];
}

const open = new Set(['suggested', 'planned', 'running', 'indeterminate', 'held']);

function checkEnd({ events, experiments, replay }: Evidence): Violation[] {
  const found: Violation[] = [];
  const finished = events.find((event) => event.type === 'campaign.finished');
  if (finished === undefined)
    found.push({
      rule: 'the campaign finishes',
      sentence: 'Two days after the last fault the campaign is still open.',
    });
  // An emergency stop leaves everything where it is.
  if (finished?.type !== 'campaign.finished' || finished.data.outcome !== 'halted')
    for (const { experiment, status } of experiments)
      if (open.has(status))
        found.push({ rule: 'every experiment ends', sentence: `${experiment} is still ${status} at the end.` });
  if (!replay.ok) {
    const what = JSON.stringify(replay.broken ?? replay.differences[0]).slice(0, 400);
    found.push({ rule: 'projections can be rebuilt', sentence: `Rebuilt from the events a table differs: ${what}` });
  }
  return found;
}
