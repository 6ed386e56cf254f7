import { canonical } from '../base/canonical.ts';
import { failure, FailureError } from '../base/failure.ts';
import { invariant } from '../base/invariant.ts';
import {
  eventSchemas,
  eventVersion,
  isEventType,
  type EventType,
  type LabEvent,
  type NewEvent,
} from '../domain/event.ts';
import { breakIn, chained, genesis } from './chain.ts';
import { corrupt, number, query, text, type Query, type RowOf } from './rows.ts';
import type { Connection, Statement } from './sqlite.ts';

/** Events that are chained to each other again whenever a ledger is opened; `replay` takes all. */
const verifiedAtOpen = 256;
const pageSize = 512;

export interface Tail {
  readonly seq: number;
  readonly hash: string;
  /** Lab time of the last event, ms; 0 before the first. */
  readonly at: number;
}

const rowShape = { seq: number, at: number, version: number, actor: text, type: text, data: text, hash: text };
export type EventRow = RowOf<typeof rowShape>;

/** The append-only table of events: numbered without gaps, chained by hash, parsed on the way out. */
export class EventLog {
  readonly #db: Connection;
  readonly #insert: Statement;
  readonly #setHead: Statement;
  readonly #last: Query<typeof rowShape>;
  readonly #pages = new Map<boolean, Query<typeof rowShape>>();
  #tail: Tail;

  constructor(db: Connection) {
    this.#db = db;
    this.#insert = db.prepare(
      'INSERT INTO event (seq, at, version, actor, type, data, hash) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#setHead = db.prepare(
      'INSERT INTO head (one, seq, hash) VALUES (1, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash',
    );
    this.#last = query(db, 'event', 'SELECT * FROM event ORDER BY seq DESC LIMIT 1', rowShape);
    this.#tail = this.readTail();
  }

  get tail(): Tail {
    return this.#tail;
  }

  /** The tail as it stands in the file, where another process may be writing. */
  readTail(): Tail {
    const row = this.#last.get();
    return row ?? { seq: 0, hash: genesis, at: 0 };
  }

  /** Takes back what a transaction that was rolled back had appended. */
  restore(tail: Tail): void {
    this.#tail = tail;
  }

  /** An event that does not fit its schema is a defect of the program that decided it. */
  append(event: NewEvent, at: number, actor: string, version: number): LabEvent {
    invariant(Number.isSafeInteger(at), 'the time of an event is a whole number of milliseconds');
    const parsed = eventSchemas[event.type].safeParse(event.data);
    invariant(parsed.success, `${event.type} is malformed: ${parsed.error?.message}`);
    const data = canonical(parsed.data);
    const link = { seq: this.#tail.seq + 1, at, version, actor, type: event.type };
    const hash = chained(this.#tail.hash, { ...link, data });
    this.#insert.run(link.seq, at, link.version, actor, link.type, data, hash);
    this.#tail = { seq: link.seq, hash, at };
    return { ...link, hash, data: parsed.data } as LabEvent;
  }

  /** Notes the last event apart from the events themselves, so that a cut-off end is noticed. */
  writeHead(): void {
    this.#setHead.run(this.#tail.seq, this.#tail.hash);
  }

  /** The last event as it was noted apart from the events. */
  readHead(): { readonly seq: number; readonly hash: string } {
    const shape = { seq: number, hash: text };
    return query(this.#db, 'head', 'SELECT seq, hash FROM head', shape).get() ?? { seq: 0, hash: genesis };
  }

  /** Checks the head and the last few hundred links. Throws `ledger.corrupt`. */
  verifyEnd(where: string): void {
    this.#tail = this.readTail();
    const noted = this.readHead();
    if (noted.seq !== this.#tail.seq || noted.hash !== this.#tail.hash)
      throw corrupt(`The ledger ends at event ${this.#tail.seq}, but ${noted.seq} were written.`, where);
    let before = this.#tail.seq <= verifiedAtOpen ? { seq: 0, hash: genesis } : undefined;
    for (const row of this.rows({ from: Math.max(1, this.#tail.seq - verifiedAtOpen) })) {
      const broken = before && breakIn(before, row);
      if (broken !== undefined) throw corrupt(`The ledger was changed: ${broken}`, where);
      before = row;
    }
  }

  /** Rows as stored, page by page, so that the connection is free between them. */
  *rows(range: { from?: number; to?: number; limit?: number; type?: EventType } = {}): IterableIterator<EventRow> {
    const { to = Number.MAX_SAFE_INTEGER, type } = range;
    let { from = 1, limit = Infinity } = range;
    const page = this.#page(type !== undefined);
    while (limit > 0) {
      const size = Math.min(pageSize, limit);
      const found = page.all(...(type === undefined ? [] : [type]), from, to, size);
      yield* found;
      if (found.length < size) return;
      limit -= size;
      from = found.at(-1)!.seq + 1;
    }
  }

  #page(byType: boolean): Query<typeof rowShape> {
    let page = this.#pages.get(byType);
    if (page === undefined) {
      const where = `${byType ? 'type = ? AND ' : ''} seq BETWEEN ? AND ?`;
      page = query(this.#db, 'event', `SELECT * FROM event WHERE ${where} ORDER BY seq LIMIT ?`, rowShape);
      this.#pages.set(byType, page);
    }
    return page;
  }
}

/** A stored row as an event. Throws `ledger.version` for events of a newer program and `ledger.corrupt` for nonsense. */
export function parseEvent(row: EventRow): LabEvent {
  const { seq, at, version, actor, type, hash } = row;
  if (version > eventVersion)
    throw new FailureError(
      failure('ledger.version', `Event ${seq} has version ${version}, this program reads up to ${eventVersion}.`, {
        mend: 'Use the version of Labwright that wrote it.',
      }),
    );
  if (!isEventType(type)) throw corrupt(`Event ${seq} is of the unknown type "${type}".`);
  let data: unknown;
  try {
    data = JSON.parse(row.data);
  } catch {
    throw corrupt(`Event ${seq} is not JSON.`);
  }
  const parsed = eventSchemas[type].safeParse(data);
  if (!parsed.success)
    throw corrupt(
      `Event ${seq} is no ${type}: ${parsed.error.issues[0]!.path.join('.')} ${parsed.error.issues[0]!.message}`,
    );
  return { type, data: parsed.data, seq, at, version, actor, hash } as LabEvent;
}
