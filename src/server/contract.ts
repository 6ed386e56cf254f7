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
  /** Absent where nothing is decided between the stages. */
  readonly legs?: readonly LegView[];
  /** What the cost of a decision counts: seconds, joules or money. */
  readonly costs?: 'time' | 'energy' | 'money';
  readonly batch: { readonly size: number; readonly mode: 'together' | 'rolling' };
  readonly budget: BudgetView;
  /** Who has pinned the plan, and since when. */
  readonly pinned?: { readonly by: string; readonly since: number } | undefined;
  /** 1 as it was opened, one more with every change. */
  readonly version: number;
  readonly openedAt: number;
  readonly finishedAt?: number;
  /** Lab time per wall time. */
  readonly speed: number;
}

/** Stages that a sample goes through without a decision in between. */
export interface LegView {
  /** Of its last stage. */
  readonly id: string;
  /** Names that it is the first to need. */
  readonly parameters: readonly string[];
  /** What is known after it: proxies, or the objectives after the last. */
  readonly outputs: readonly string[];
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

/** What was decided on a sample, or that it waits for the next decision. */
export interface DecisionView {
  readonly at: number;
  readonly kind: 'start' | 'hold' | 'resume' | 'drop';
  readonly reason: string;
  /** Of a start or a resumption: the last stage that was decided on. Of a hold: the stage that has been measured. */
  readonly stage?: string;
  /** The parameters that were chosen, where others are left for later. */
  readonly point?: Readonly<Record<string, number | string>>;
  /** By objective; `compromise` where several are joined to one number. */
  readonly predicted?: Readonly<Record<string, { readonly mean: number; readonly sd: number }>>;
  /** Expected gain per cost, and the cost. */
  readonly value?: number;
  readonly cost?: number;
  /** Of a hold: where it waits, and when its shelf life ends. */
  readonly place?: string;
  readonly until?: number;
}

export interface ExperimentView {
  readonly id: string;
  readonly number: number;
  readonly status: LifeCycle;
  /** Set by a person: -9 to 9, larger goes first; 0 when absent. */
  readonly priority?: number;
  readonly stage?: string;
  /** Of the last command; undefined from a decision to the next one. */
  readonly step?: string | undefined;
  readonly point: Readonly<Record<string, number | string>>;
  /** In their order; the first is its start. */
  readonly decisions: readonly DecisionView[];
  /** By stage. */
  readonly observations: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly objectives?: Readonly<Record<string, number>>;
  /** Why it was dropped, cancelled or lost, or how it failed. */
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

/** What an output of a stage is predicted from, as the last answer of the optimizer has it. */
export interface LinkView {
  readonly id: string;
  readonly stage: string;
  readonly output: string;
  readonly inputs: LinkInputs;
  readonly observations: number;
  /** Log posterior of every choice's fit, in nats: the more, the better. */
  readonly evidence: Readonly<Partial<Record<LinkInputs, number>>>;
  /** Share of the variance, leave-one-out; 1 at most. */
  readonly explained: number;
}
export type LinkInputs = 'proxies' | 'proxies and parameters' | 'parameters';

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
  /** What it takes usually, ms. */
  readonly typical: number;
  readonly planned?: FirstPlan;
}

/** When a step was to run as its sample was planned first. */
export interface FirstPlan {
  readonly start: number;
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

/** A sample that has missed a limit of time; a person decides whether it goes on. */
export interface LateView {
  /** Of the experiment. */
  readonly id: string;
  readonly number: number;
  readonly step: string;
  readonly since: number;
  /** Which limit, with the figures. */
  readonly reason: string;
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
  readonly links: LinkView;
  readonly devices: DeviceView;
  readonly bars: BarView;
  readonly lots: LotView;
  readonly energy: EnergyView;
  readonly indeterminate: IndeterminateView;
  readonly late: LateView;
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
  readonly planned?: FirstPlan;
}

export interface WaitingView {
  readonly number: number;
  readonly step: string;
  /** One sentence. */
  readonly reason: string;
  /** When what it waits for is expected to be over, where that is known. */
  readonly due?: number;
}

/** What the ledger does not know: the future as planned, and why things wait. */
export interface StatusView {
  readonly now: number;
  readonly eta?: number;
  readonly planEnd?: number;
  /** How much later than first planned the samples that are planned end, ms on average; negative: earlier. */
  readonly behind?: number;
  readonly plan: readonly PlannedBar[];
  readonly waiting: readonly WaitingView[];
  /** Where durations differ from what is declared, in sentences; absent where they do not. */
  readonly durations?: readonly string[];
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
