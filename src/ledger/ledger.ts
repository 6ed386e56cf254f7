import * as z from 'zod';
import { invariant } from '../base/invariant.ts';
import type { Definition } from '../domain/campaign.ts';
import { eventVersion, type EventType, type LabEvent, type NewEvent } from '../domain/event.ts';
import { EventLog, parseEvent, type Tail } from './event-log.ts';
import { corrupt } from './rows.ts';
import { openFile, type Opened, type OpenOptions } from './open.ts';
import {
  accountReads,
  type BalanceRow,
  type PostingFilter,
  type PostingRow,
  type StockRow,
} from './projections/account-reads.ts';
import { projections } from './projections/all.ts';
import { campaignReads, type CampaignRow } from './projections/campaign.ts';
import { commandReads, type CommandFilter, type CommandRow } from './projections/command-reads.ts';
import { costReads, type ExperimentCost, type Totals } from './projections/cost-reads.ts';
import { energyReads, type EnergyReport } from './projections/energy-reads.ts';
import { deviceReads, type DeviceRow } from './projections/devices.ts';
import { stageReads, type StageCost } from './projections/stage-reads.ts';
import { experimentReads, type ExperimentRow, type ObservationRow } from './projections/experiments.ts';
import { replay, type ReplayReport } from './replay.ts';
import { Telemetry, type TelemetryFilter, type TelemetryPoint, type TelemetrySample } from './telemetry.ts';
import { applier } from './projections/projection.ts';
import { explained, explaining, type Statement } from './sqlite.ts';
import { workQueue, type OutboxRow, type SnapshotRow, type TimerRow, type WorkQueue } from './work-queue.ts';

export type { OpenOptions, OutboxRow, SnapshotRow, TimerRow };
export type { BalanceRow, CampaignRow, CommandFilter, CommandRow, DeviceRow, ExperimentRow, ObservationRow };
export type { ReplayReport, TelemetryFilter, TelemetryPoint, TelemetrySample };
export type { EnergyReport, ExperimentCost, PostingFilter, PostingRow, StageCost, StockRow, Totals };

export interface EventRange {
  /** Sequence numbers, both included. */
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
  readonly type?: EventType;
}

type Reads = ReturnType<typeof openReads>;

const openReads = (db: Opened['db'], definition: () => Definition | undefined) => ({
  ...campaignReads(db),
  ...experimentReads(db),
  ...deviceReads(db),
  ...commandReads(db),
  ...accountReads(db),
  ...energyReads(db),
  ...costReads(db, definition),
  ...stageReads(db),
});

const StoredDefinition = z.object({ campaign: z.looseObject({}), protocol: z.looseObject({}), lab: z.looseObject({}) });

/**
 * The log of everything that happened to the lab, and the tables derived from it, in one SQLite file. One process writes;
 * others may look on. Every failure of the file is told as a `FailureError` with the codes `ledger.*`.
 */
export class Ledger {
  readonly #file: Opened;
  readonly #readonly: boolean;
  readonly #log: EventLog;
  readonly #queue: WorkQueue;
  readonly #telemetry: Telemetry;
  readonly #reads: Reads;
  readonly #control: Record<'begin' | 'commit' | 'rollback', Statement>;
  readonly #apply: (event: LabEvent, previousAt: number) => void;
  /** The event that is being appended; still set afterwards when that has failed, and then nothing may be committed. */
  #half: EventType | undefined;
  #definition: Definition | undefined;

  private constructor(file: Opened, options: OpenOptions) {
    this.#file = file;
    this.#readonly = options.readonly === true;
    this.#log = new EventLog(file.db);
    this.#control = {
      begin: file.db.prepare('BEGIN IMMEDIATE'),
      commit: file.db.prepare('COMMIT'),
      rollback: file.db.prepare('ROLLBACK'),
    };
    this.#queue = workQueue(file.db);
    this.#telemetry = new Telemetry(file.db);
    this.#reads = openReads(file.db, () => this.definition());
    this.#apply = applier(file.db, projections);
  }

  /** Opens a ledger file, or ":memory:". Throws `ledger.missing`, `.locked`, `.version`, `.corrupt` and `.full`. */
  static open(path: string, options: OpenOptions = {}): Ledger {
    const file = openFile(path, options);
    try {
      return explaining(path, () => {
        const ledger = new Ledger(file, options);
        ledger.#consistently(() => ledger.#log.verifyEnd(path));
        return ledger;
      });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** All of `work` or nothing of it. Throws what `work` throws, after taking back what it did. */
  transaction<T>(work: () => T): T {
    const { db, path } = this.#file;
    invariant(!this.#readonly, 'a ledger that was opened to be read is not written');
    invariant(!db.inTransaction, 'transactions of the ledger do not nest');
    const before: Tail = this.#log.tail;
    try {
      this.#control.begin.run();
      const result = work();
      invariant(!isThenable(result), 'a transaction of the ledger does not wait for a promise');
      invariant(this.#half === undefined, `${this.#half} was not appended, so its transaction cannot be kept`);
      if (this.#log.tail.seq !== before.seq) this.#log.writeHead();
      this.#telemetry.write();
      this.#control.commit.run();
      this.#telemetry.forget();
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (db.inTransaction) this.#control.rollback.run();
      this.#log.restore(before);
      this.#half = undefined;
      this.#definition = undefined;
      throw explained(error, path);
    }
  }

  /** Numbers, chains and stores an event and applies it to every projection. `at`: lab time, whole ms. */
  append(event: NewEvent, at: number, actor: string, version = eventVersion): LabEvent {
    invariant(this.#file.db.inTransaction, 'an event is appended inside a transaction');
    const previousAt = this.#log.tail.at;
    this.#half = event.type;
    const appended = this.#log.append(event, at, actor, version);
    this.#apply(appended, previousAt);
    this.#half = undefined;
    if (event.type === 'campaign.changed') this.#definition = undefined;
    return appended;
  }

  putOutbox(row: OutboxRow): void {
    this.#write(() => this.#queue.putOutbox(row));
  }
  deleteOutbox(key: string): void {
    this.#write(() => this.#queue.deleteOutbox(key));
  }
  /** In the order in which they were put. */
  outbox(): OutboxRow[] {
    return this.#queue.outbox();
  }

  putTimer(row: TimerRow): void {
    this.#write(() => this.#queue.putTimer(row));
  }
  deleteTimer(id: string): void {
    this.#write(() => this.#queue.deleteTimer(id));
  }
  /** By time, then id. */
  timers(): TimerRow[] {
    return this.#queue.timers();
  }

  putSnapshot(row: SnapshotRow): void {
    this.#write(() => this.#queue.putSnapshot(row));
  }
  /** Those that are not terminal. */
  snapshots(): SnapshotRow[] {
    return this.#queue.snapshots();
  }

  /** Number of the last event; 0 before the first. */
  lastSeq(): number {
    return this.#tail().seq;
  }
  /** Hash of the last event. */
  head(): string {
    return this.#tail().hash;
  }
  /** Lab time of the last event, ms; 0 before the first. */
  lastAt(): number {
    return this.#tail().at;
  }

  /** Events in order, parsed. Throws `ledger.corrupt` and `ledger.version` at a row that is no event of this program. */
  *events(range: EventRange = {}): IterableIterator<LabEvent> {
    for (const row of this.#log.rows(range)) yield parseEvent(row);
  }

  /** The files that the campaign was opened with, and the campaign as it was last changed; undefined before. */
  definition(): Definition | undefined {
    if (this.#definition !== undefined) return this.#definition;
    const [opened] = this.events({ type: 'campaign.opened', limit: 1 });
    if (opened?.type !== 'campaign.opened') return undefined;
    const checked = StoredDefinition.safeParse(opened.data.definition);
    if (!checked.success) throw corrupt('The campaign was opened without its files.', this.#file.path);
    let { definition } = opened.data;
    for (const event of this.events({ type: 'campaign.changed' }))
      if (event.type === 'campaign.changed') definition = { ...definition, campaign: event.data.campaign };
    return (this.#definition = definition);
  }

  campaign(): CampaignRow | undefined {
    return this.#reads.campaign();
  }
  /** The highest epoch so far; 0 before the first controller. */
  epoch(): number {
    return this.#reads.epoch();
  }

  experiments(): ExperimentRow[] {
    return this.#reads.experiments();
  }
  experiment(id: string): ExperimentRow | undefined {
    return this.#reads.experiment(id);
  }
  /** Completed and failed experiments by number. With names, only those objectives. */
  observationsFor(objectives?: readonly string[]): ObservationRow[] {
    return this.#reads.observationsFor(objectives);
  }

  devices(): DeviceRow[] {
    return this.#reads.devices();
  }
  commands(filter?: CommandFilter): CommandRow[] {
    return this.#reads.commands(filter);
  }

  stock(): StockRow[] {
    return this.#reads.stock();
  }
  /** Unreserved amounts (SI) of lots that have not expired at lab time `at` (ms), the first to expire first. */
  available(material: string, at: number): { lot: StockRow['lot']; amount: number }[] {
    return this.#reads.available(material, at);
  }
  balances(): BalanceRow[] {
    return this.#reads.balances();
  }
  postings(filter?: PostingFilter): PostingRow[] {
    return this.#reads.postings(filter);
  }

  /** Energy by device and experiment. */
  energy(): EnergyReport {
    return this.#reads.energy();
  }
  /** Money, emissions and energy of every experiment. */
  costs(): ExperimentCost[] {
    return this.#reads.costs();
  }
  /** What one run of every stage costs, by the latest of them. */
  stageCosts(): StageCost[] {
    return this.#reads.stageCosts();
  }
  /** Costs of the whole campaign, at a price that does not grow with it. */
  totals(): Totals {
    return this.#reads.totals();
  }

  /** Keeps one point per second of lab time; written with the next transaction, apart from the events. */
  recordTelemetry(sample: TelemetrySample): void {
    this.#write(() => this.#telemetry.record(sample));
  }
  telemetry(filter?: TelemetryFilter): TelemetryPoint[] {
    if (!this.#readonly && !this.#file.db.inTransaction) this.#write(() => this.#telemetry.flush());
    return this.#telemetry.points(filter);
  }

  /** Verifies the whole chain and rebuilds every projection; takes time in proportion to the events. */
  replay(): ReplayReport {
    invariant(!this.#file.db.inTransaction, 'a ledger is not replayed inside a transaction');
    return this.#consistently(() => replay(this.#file.db, this.#log));
  }

  /** Writes the telemetry that is held and lets go of the file. */
  close(): void {
    try {
      if (!this.#readonly) this.#write(() => this.#telemetry.flush());
    } finally {
      this.#file.close();
    }
  }

  #tail(): Tail {
    return this.#readonly ? this.#log.readTail() : this.#log.tail;
  }

  #write(work: () => void): void {
    invariant(!this.#readonly, 'a ledger that was opened to be read is not written');
    explaining(this.#file.path, work);
  }

  /** Several reads of one state of the file, whatever a writer does meanwhile. */
  #consistently<T>(work: () => T): T {
    const { db } = this.#file;
    if (db.inTransaction) return work();
    db.exec('BEGIN');
    try {
      return work();
    } finally {
      db.exec('COMMIT');
    }
  }
}

const isThenable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
