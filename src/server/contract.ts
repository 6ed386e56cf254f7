import type { DeviceState } from '../domain/event.ts';
import type { Order } from '../domain/order.ts';

/**
 * What the server and the page say to each other; types only, so that nothing of it reaches the browser's bundle.
 *
 * The read model is a set of sections, each a set of entities with an id. A snapshot holds all of them; a patch holds
 * those that have changed since the sequence number that the viewer already knows. Quantities are SI, times lab time in
 * milliseconds since 1970; the page chooses what to show them in.
 */

/**
 *   suggested -> planned -> running -> observed -> { running | held | dropped } -> completed
 *   running -> failed | lost | indeterminate;  any that has not ended -> cancelled
 */
export type LifeCycle =
  | 'suggested'
  | 'planned'
  | 'running'
  | 'observed'
  | 'held'
  | 'dropped'
  | 'completed'
  | 'failed'
  | 'lost'
  | 'indeterminate'
  | 'cancelled';

export type CampaignState = 'running' | 'paused' | 'stopping' | 'aborted' | 'halted' | 'finished';

export interface ParameterView {
  readonly name: string;
  /** As written in the campaign; points are in it. */
  readonly unit: string;
}

export interface ObjectiveView {
  readonly name: string;
  readonly goal: 'maximize' | 'minimize' | 'target';
  readonly target?: number;
  readonly unit: string;
  /** The campaign ends well at this value. */
  readonly stopAt?: number;
}

export interface BudgetView {
  readonly experiments: number;
  /** Seconds. */
  readonly time?: number;
  /** Joules. */
  readonly energy?: number;
  readonly money?: number;
}

/** What the campaign is to do, as it was opened or last changed, and its state. */
export interface CampaignView {
  readonly id: string;
  readonly site: string;
  readonly protocol: string;
  readonly description?: string;
  readonly currency: string;
  readonly state: CampaignState;
  readonly outcome?: 'completed' | 'stopped' | 'aborted' | 'halted';
  readonly reason?: string;
  readonly by?: string;
  readonly parameters: readonly ParameterView[];
  readonly objectives: readonly ObjectiveView[];
  readonly stages: readonly string[];
  readonly batch: { readonly size: number; readonly mode: 'together' | 'rolling' };
  readonly budget: BudgetView;
  /** 1 as it was opened, one more with every change. */
  readonly version: number;
  readonly openedAt: number;
  readonly finishedAt?: number;
  /** Lab time per wall time. */
  readonly speed: number;
}

export interface BestView {
  readonly value: number;
  readonly number: number;
}

/** An earlier campaign that the optimizer may learn from. */
export interface SourceView {
  readonly name: string;
  /** 0 (ignored) to 1, one for every batch; with several objectives their mean. */
  readonly trust: readonly number[];
  /** The most that it may be trusted. */
  readonly cap: number;
}

/** What changes as the campaign goes on. */
export interface ProgressView {
  readonly id: string;
  readonly counts: Readonly<Record<LifeCycle, number>>;
  /** By objective. */
  readonly best: Readonly<Record<string, BestView>>;
  readonly joules: number;
  /** Cost and emissions of materials used and of energy; absent when neither lots nor tariff tell. */
  readonly money?: number;
  readonly co2eKg?: number;
  /** Absent in a campaign without. */
  readonly sources?: readonly SourceView[];
}

export interface ExperimentView {
  readonly id: string;
  readonly number: number;
  readonly status: LifeCycle;
  readonly stage?: string;
  readonly step?: string;
  readonly point: Readonly<Record<string, number | string>>;
  readonly predicted?: Readonly<Record<string, { readonly mean: number; readonly sd: number }>>;
  /** Why this point was suggested. */
  readonly why: string;
  readonly observations: Readonly<Record<string, number>>;
  readonly objectives?: Readonly<Record<string, number>>;
  /** Why it was held, dropped, cancelled, or how it failed. */
  readonly reason?: string;
  readonly suggestedAt: number;
  readonly changedAt: number;
}

/** Objective values of one completed experiment; kept for all of them, however many. */
export interface ResultView {
  readonly id: string;
  readonly number: number;
  readonly at: number;
  readonly values: Readonly<Record<string, number>>;
}

export interface CurrentCommand {
  readonly key: string;
  readonly capability: string;
  readonly number: number;
  readonly step: string;
  readonly since: number;
  readonly expectedEnd: number;
  readonly overdue: boolean;
}

export interface DeviceView {
  readonly id: string;
  readonly kind: string;
  readonly vendor?: string;
  readonly model?: string;
  readonly firmware?: string;
  /** Absent until the device has been heard. */
  readonly state?: DeviceState;
  readonly since?: number;
  readonly places: number;
  readonly concurrency: number;
  readonly batch: boolean;
  readonly transporter: boolean;
  readonly current: readonly CurrentCommand[];
}

export type BarState = 'intended' | 'running' | 'ok' | 'failed' | 'cancelled' | 'indeterminate';

/** One command on the lane of its device. */
export interface BarView {
  readonly id: string;
  readonly device: string;
  readonly kind: 'process' | 'move';
  readonly number: number;
  readonly step: string;
  readonly capability: string;
  readonly from?: string;
  readonly to?: string;
  readonly state: BarState;
  readonly start: number;
  /** Expected while it runs. */
  readonly end: number;
}

/** One lot; amounts in `unit`. */
export interface LotView {
  readonly id: string;
  readonly material: string;
  readonly name: string;
  readonly lot: string;
  readonly unit: 'm3' | 'kg' | '1';
  readonly hazard?: string;
  readonly registered: number;
  readonly used: number;
  /** Promised to experiments and not used yet. */
  readonly reserved: number;
  readonly cost?: number;
  readonly co2e?: number;
  readonly expires?: string;
}

export interface EnergyView {
  /** Device. */
  readonly id: string;
  readonly joules: number;
  readonly basis: 'measured' | 'modelled';
  /** Watts when last told. */
  readonly power?: number;
}

export type Reading = 'happened' | 'not_happened' | 'discard';

/** What the books will say, and what follows, when a person chooses this reading. */
export interface ReadingView {
  readonly books: readonly BookedAmount[];
  readonly follows: string;
}

export interface BookedAmount {
  readonly name: string;
  readonly amount: number;
  readonly unit: LotView['unit'];
}

/** A command of which nobody knows whether it happened; a person decides. */
export interface IndeterminateView {
  readonly id: string;
  readonly number: number;
  readonly device: string;
  readonly capability: string;
  readonly step: string;
  readonly attempt: number;
  readonly since: number;
  readonly reason: string;
  readonly readings: Readonly<Record<Reading, ReadingView>>;
}

export interface LogLine {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  readonly actor: string;
  readonly text: string;
  /** detail: what goes on all the time. */
  readonly level: 'detail' | 'info' | 'warning' | 'error';
}

export interface Sections {
  readonly campaign: CampaignView;
  readonly progress: ProgressView;
  readonly experiments: ExperimentView;
  readonly results: ResultView;
  readonly devices: DeviceView;
  readonly bars: BarView;
  readonly lots: LotView;
  readonly energy: EnergyView;
  readonly indeterminate: IndeterminateView;
}
export type Section = keyof Sections;

export interface LabView {
  /** Hash of the first event: another ledger has another. */
  readonly ledger: string;
  /** The last event that is in it. */
  readonly seq: number;
  readonly sections: { readonly [S in Section]: readonly Sections[S][] };
  /** The last events, oldest first. */
  readonly log: readonly LogLine[];
}

export interface Patch {
  /** Applies to a view of this sequence number, or a later one. */
  readonly from: number;
  readonly to: number;
  readonly put: { readonly [S in Section]?: readonly Sections[S][] };
  readonly removed: { readonly [S in Section]?: readonly string[] };
  readonly log: readonly LogLine[];
}

export interface PlannedBar {
  readonly number: number;
  readonly device: string;
  readonly kind: 'process' | 'move';
  readonly step: string;
  readonly from?: string;
  readonly to?: string;
  readonly start: number;
  readonly end: number;
}

/** What the ledger does not know: the future as planned, and why things wait. */
export interface StatusView {
  readonly now: number;
  readonly eta?: number;
  readonly planEnd?: number;
  readonly plan: readonly PlannedBar[];
  readonly waiting: readonly { readonly number: number; readonly step: string; readonly reason: string }[];
  readonly brokerConnected: boolean;
}

export interface Welcome {
  readonly role: 'operator' | 'viewer';
  /** Why the viewer is no operator although it sent a token. */
  readonly refusal?: string;
}

/** Sent by the page at every (re)connection. */
export interface Handshake {
  readonly token?: string;
  readonly ledger?: string;
  readonly seq?: number;
}

export type OrderAnswer = { readonly ok: true } | { readonly ok: false; readonly sentence: string };

/** The page acknowledges what it was sent; until then the server keeps nothing more for it. */
export interface ServerMessages {
  welcome: (welcome: Welcome) => void;
  snapshot: (view: LabView, done: () => void) => void;
  patch: (patch: Patch, done: () => void) => void;
  status: (status: StatusView) => void;
}

export interface PageMessages {
  order: (order: Order, done: (answer: OrderAnswer) => void) => void;
  /** Lines before a sequence number, oldest first. */
  log: (before: number, done: (lines: readonly LogLine[]) => void) => void;
}
