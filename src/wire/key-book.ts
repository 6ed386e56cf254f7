import type { Clock } from '../base/clock.ts';
import { FailureError } from '../base/failure.ts';
import { invariant, present } from '../base/invariant.ts';
import type { CommandKey } from '../domain/ids.ts';
import type { Journal, JournalRecord } from './journal.ts';
import type { CommandMessage, EventMessage, ResultEvent } from './messages.ts';
import { fromWireTime } from './time.ts';

type RecordOf<T extends JournalRecord['type']> = Extract<JournalRecord, { type: T }>;

/** What a device knows of one key. */
export interface KeyEntry {
  readonly key: CommandKey;
  readonly phase: 'accepted' | 'started' | 'done' | 'refused' | 'forgotten';
  /** Undefined when it was cancelled before it came, or forgotten. */
  readonly hash?: string | undefined;
  readonly expiresAt: number;
  readonly startedAt?: number;
  /** Events up to this number may have been sent. */
  readonly reserved: number;
  /** What is replayed; undefined when forgotten. */
  readonly last?: EventMessage | undefined;
  readonly records: readonly JournalRecord[];
}

/** Progress events that one durable record allows. */
const reservation = 16;
/** A late copy of a forgotten or refused command may still come; clocks may jump. Beyond this its ttl refuses it. */
const memoryMs = 24 * 3600 * 1000;
const compactAfter = 256;

/**
 * The memory of a device: which keys it has seen and how far each came, and the highest epoch. Every change is in the
 * journal before it is in memory, so methods that change something throw FailureError when the disk is full.
 */
export class KeyBook {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #entries = new Map<string, KeyEntry>();
  #epoch = 0;
  #written = 0;
  #kept = 0;

  constructor(journal: Journal, clock: Clock) {
    this.#journal = journal;
    this.#clock = clock;
    for (const record of journal.records()) this.#fold(record);
    this.#written = journal.records().length;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get(key: string): KeyEntry | undefined {
    return this.#entries.get(key);
  }

  entries(): readonly KeyEntry[] {
    return [...this.#entries.values()];
  }

  raiseEpoch(epoch: number): void {
    if (epoch > this.#epoch) this.#write({ type: 'epoch', epoch });
  }

  /** Writes something that is known already, to see whether the disk takes it. */
  probe(): void {
    this.#write({ type: 'epoch', epoch: this.#epoch });
  }

  accept({ key, hash, capability, issuedAt, ttlMs }: CommandMessage, event: RecordOf<'accepted'>['event']): void {
    this.#write({ type: 'accepted', key, hash, capability, expiresAt: fromWireTime(issuedAt) + ttlMs, event });
  }

  start(key: CommandKey): void {
    this.#write({ type: 'started', key, at: this.#clock.now(), reserved: 1 + reservation });
  }

  finish(key: CommandKey, event: ResultEvent): void {
    this.#write({ type: 'done', key, event });
  }

  refuse({ key, hash, issuedAt, ttlMs }: CommandMessage, event: RecordOf<'refused'>['event']): void {
    this.#write({ type: 'refused', key, hash, expiresAt: fromWireTime(issuedAt) + ttlMs, event });
  }

  /** The command may still be on its way; whatever its hash, it will not act. */
  refuseUnseen(key: CommandKey, event: RecordOf<'refused'>['event']): void {
    this.#write({ type: 'refused', key, expiresAt: this.#clock.now(), event });
  }

  /** The event is no longer replayed, but the key still never acts again. */
  forget(key: CommandKey): void {
    this.#write({ type: 'forgotten', key, expiresAt: this.#known(key).expiresAt });
  }

  /** The number of the key's next event while it runs; never one that was used before a crash. */
  nextNumber(key: CommandKey): number {
    const entry = this.#known(key);
    const n = (entry.last?.n ?? 0) + 1;
    if (n > entry.reserved) this.#write({ type: 'reserved', key, reserved: entry.reserved + reservation });
    return n;
  }

  /** The event is what a repeated command is answered with, in this boot. */
  remember(key: CommandKey, event: EventMessage): void {
    this.#entries.set(key, { ...this.#known(key), last: event });
  }

  #known(key: string): KeyEntry {
    return present(this.#entries.get(key), `key ${key}`);
  }

  #write(record: JournalRecord): void {
    this.#journal.append(record);
    this.#fold(record);
    this.#written += 1;
    if (this.#written > Math.max(compactAfter, 2 * this.#kept)) this.#compact();
  }

  #compact(): void {
    const horizon = this.#clock.now() - memoryMs;
    for (const { key, phase, expiresAt } of this.#entries.values())
      if ((phase === 'refused' || phase === 'forgotten') && expiresAt < horizon) this.#entries.delete(key);
    const keep: JournalRecord[] = [{ type: 'epoch', epoch: this.#epoch }];
    for (const { records } of this.#entries.values()) keep.push(...records);
    try {
      this.#journal.compact(keep);
    } catch (error) {
      // The long journal is as good as the short one; there will be another occasion.
      if (!(error instanceof FailureError)) throw error;
    }
    this.#written = keep.length;
    this.#kept = keep.length;
  }

  #fold(record: JournalRecord): void {
    if (record.type === 'epoch') {
      this.#epoch = Math.max(this.#epoch, record.epoch);
      return;
    }
    this.#entries.set(record.key, next(this.#entries.get(record.key), record));
  }
}

/** How one record changes what is known of its key. */
function next(entry: KeyEntry | undefined, record: Exclude<JournalRecord, { type: 'epoch' }>): KeyEntry {
  const { key } = record;
  if (record.type === 'accepted' || record.type === 'refused') {
    const { hash, expiresAt, event, type } = record;
    return { key, phase: type, hash, expiresAt, reserved: 1, last: event, records: [record] };
  }
  if (record.type === 'forgotten')
    return { key, phase: 'forgotten', expiresAt: record.expiresAt, reserved: 0, records: [record] };
  invariant(entry !== undefined, `a journal accepts ${key} before it says more of it`);
  const records = [...entry.records, record];
  if (record.type === 'started')
    return { ...entry, phase: 'started', startedAt: record.at, reserved: record.reserved, records };
  if (record.type === 'reserved') return { ...entry, reserved: record.reserved, records };
  return { ...entry, phase: 'done', last: record.event, records };
}
