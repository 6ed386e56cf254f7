import * as z from 'zod';
import { checked, flag, number, query, text } from './rows.ts';
import type { Connection } from './sqlite.ts';

/** A command that must reach its device: written with its event, deleted when the device has taken it. */
export interface OutboxRow {
  readonly key: string;
  readonly device: string;
  /** JSON of the command. */
  readonly payload: string;
}

/** Something to be done at a time, so that deadlines outlive the process. */
export interface TimerRow {
  readonly id: string;
  /** Lab time, ms. */
  readonly at: number;
  readonly kind: string;
  readonly subject: string;
}

export const entities = [
  'campaign',
  'plan',
  'experiment',
  'device',
  'command',
  'controller',
  'duration',
  'use',
] as const;

/** The state of one machine. Terminal ones are kept but never loaded again. */
export interface SnapshotRow {
  readonly entity: (typeof entities)[number];
  readonly id: string;
  /** JSON. */
  readonly state: string;
  readonly terminal: boolean;
}

const outboxShape = { key: text, device: text, payload: text };
const timerShape = { id: text, at: number, kind: text, subject: text };
const snapshotShape = { entity: checked(z.enum(entities)), id: text, state: text, terminal: flag };

/** What the engine still has to do, kept in the same file and the same transactions as the events. */
export function workQueue(db: Connection) {
  const putOutbox = db.prepare(
    'INSERT INTO outbox (key, device, payload) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET device = excluded.device, payload = excluded.payload',
  );
  const deleteOutbox = db.prepare('DELETE FROM outbox WHERE key = ?');
  const outbox = query(db, 'outbox', 'SELECT key, device, payload FROM outbox ORDER BY rowid', outboxShape);
  const putTimer = db.prepare(
    'INSERT INTO timer (id, at, kind, subject) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at, kind = excluded.kind, subject = excluded.subject',
  );
  const deleteTimer = db.prepare('DELETE FROM timer WHERE id = ?');
  const timers = query(db, 'timer', 'SELECT id, at, kind, subject FROM timer ORDER BY at, id', timerShape);
  const putSnapshot = db.prepare(
    'INSERT INTO snapshot (entity, id, state, terminal) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state, terminal = excluded.terminal',
  );
  const snapshots = query(
    db,
    'snapshot',
    'SELECT entity, id, state, terminal FROM snapshot WHERE terminal = 0 ORDER BY entity, id',
    snapshotShape,
  );
  return {
    putOutbox: (row: OutboxRow) => void putOutbox.run(row.key, row.device, row.payload),
    deleteOutbox: (key: string) => void deleteOutbox.run(key),
    outbox: (): OutboxRow[] => outbox.all(),
    putTimer: (row: TimerRow) => void putTimer.run(row.id, row.at, row.kind, row.subject),
    deleteTimer: (id: string) => void deleteTimer.run(id),
    timers: (): TimerRow[] => timers.all(),
    putSnapshot: (row: SnapshotRow) => void putSnapshot.run(row.entity, row.id, row.state, Number(row.terminal)),
    snapshots: (): SnapshotRow[] => snapshots.all(),
  };
}

export type WorkQueue = ReturnType<typeof workQueue>;
