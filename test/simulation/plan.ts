import { stream } from '../../src/base/random.ts';
import type { Definition } from '../../src/domain/campaign.ts';
import { drawDefinition } from './draw-lab.ts';

/** What may go wrong, and how often it does in an ordinary seed: a chance per occasion, or how many times an hour. */
export const faultRates = {
  /** Of the network: chances per message. */
  lost_connection: 0.004,
  delay: 0.05,
  duplicate: 0.05,
  /** Times an hour. */
  broker_restart: 2,
  stale_retained: 1,
  noise: 20,
  /** Of a device, at five points of a command: chances per command. */
  crash_before_ack: 0.03,
  crash_after_ack: 0.03,
  crash_after_start: 0.03,
  crash_after_effect: 0.03,
  crash_after_journal: 0.03,
  /** While it works, or at any time. */
  crash_at_work: 0.05,
  power_cut: 1,
  hang: 0.02,
  refusal: 0.1,
  slow: 0.1,
  lost_reply: 0.1,
  bad_result: 0.03,
  large_result: 0.01,
  journal_full: 1,
  descriptor_change: 0.7,
  meter_reset: 0.7,
  meter_gap: 0.7,
  /** Of the controller: chances per transaction. */
  killed_before_commit: 0.006,
  killed_after_commit: 0.006,
  disk_full: 0.004,
  /** Times an hour. */
  killed: 1,
  suspended: 1,
  second_controller: 0.7,
  clock_jump: 1,
  /** Of the operator: times an hour. */
  pause: 1,
  stop: 0.15,
  abort: 0.05,
  halt: 0.03,
  prioritize: 6,
  pin: 2,
} as const;
export type FaultKind = keyof typeof faultRates;
export const faultKinds = Object.keys(faultRates) as FaultKind[];

const orders = new Set<FaultKind>(['pause', 'stop', 'abort', 'halt', 'prioritize', 'pin']);

type Rates = Readonly<Partial<Record<FaultKind, number>>>;

/** What is taken out of a plan, to see whether the same rule is broken without it; or what goes wrong instead. */
export interface Cuts {
  readonly faults?: Rates;
  readonly experiments?: number;
  readonly without?: readonly FaultKind[];
  /** Lab ms after the start. */
  readonly faultsEnd?: number;
}

/** All that happens in one seed, but for what follows by itself. */
export interface Plan {
  readonly seed: number;
  readonly definition: Definition;
  readonly faults: Rates;
  /** Lab ms after the start at which everything stops going wrong. */
  readonly faultsEnd: number;
  readonly onDisk: boolean;
  /** The real optimizer, rather than a cheap source of points. */
  readonly optimizer: boolean;
  /** How long a search for better plans takes beside the engine, lab ms; absent: there is none. */
  readonly searchMs?: number;
}

export function drawPlan(seed: number, cuts: Cuts = {}): Plan {
  const random = stream(seed, 'plan');
  const faultsEnd = Math.round((10 + 110 * random.next() ** 2) * 60_000);
  const calm = random.chance(0.08);
  const harshness = random.chance(0.15) ? 3 : 1;
  const included = 0.1 + 0.4 * random.next();
  let faults: Partial<Record<FaultKind, number>> = {};
  for (const kind of faultKinds) {
    const [drawn, factor] = [random.next(), 0.3 + 2 * random.next()];
    if (calm || drawn > included || cuts.without?.includes(kind)) continue;
    faults[kind] = faultRates[kind] * factor * (orders.has(kind) ? 1 : harshness);
  }
  if (cuts.faults !== undefined) faults = { ...cuts.faults };
  return {
    seed,
    definition: drawDefinition(seed, cuts.experiments),
    faults,
    faultsEnd: Math.min(faultsEnd, cuts.faultsEnd ?? Infinity),
    onDisk: seed % 50 === 0 || faults.second_controller !== undefined,
    optimizer: seed % 10 === 3,
    ...(seed % 3 === 0 ? {} : { searchMs: stream(seed, 'search').integer(120_000) }),
  };
}
