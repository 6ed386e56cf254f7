import { failure, FailureError } from '../base/failure.ts';
import { corrupt } from './rows.ts';
import type { Connection } from './sqlite.ts';

/** Grows when a projection's table changes its shape. Tables of earlier versions are made again, from the events. */
export const schemaVersion = 2;

/** "Labw": tells a ledger from another program's database. */
const applicationId = 0x4c616277;

/** What the engine writes itself. Projections bring their own tables. */
const coreTables = `
CREATE TABLE event (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, version INTEGER NOT NULL, actor TEXT NOT NULL, type TEXT NOT NULL,
  data TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE INDEX event_type ON event (type, seq);
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE TABLE outbox (key TEXT PRIMARY KEY, device TEXT NOT NULL, payload TEXT NOT NULL) STRICT;
CREATE TABLE timer (id TEXT PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL) STRICT;
CREATE INDEX timer_at ON timer (at, id);
CREATE TABLE snapshot (
  entity TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, terminal INTEGER NOT NULL, PRIMARY KEY (entity, id)
) STRICT;
CREATE INDEX snapshot_live ON snapshot (entity, id) WHERE terminal = 0;
CREATE TABLE telemetry (
  device TEXT NOT NULL, channel TEXT NOT NULL, name TEXT NOT NULL, bucket INTEGER NOT NULL, unit TEXT NOT NULL,
  least REAL NOT NULL, mean REAL NOT NULL, most REAL NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (device, channel, name, bucket)
) STRICT, WITHOUT ROWID;
`;

const coreNames = new Set([...coreTables.matchAll(/CREATE TABLE (\w+)/g)].map(([, name]) => name));

const pragma = (db: Connection, name: string): unknown => db.pragma(name, { simple: true });

/** Whether the database has no table yet: a new file, or one whose first transaction never came through. */
export const isEmpty = (db: Connection): boolean =>
  db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;

/** Whether the tables of the projections are those of an earlier version of this program. */
export const isOutdated = (db: Connection): boolean =>
  pragma(db, 'application_id') === applicationId && Number(pragma(db, 'user_version')) < schemaVersion;

/** Makes the tables of the projections anew and lets `fill` write them; all of it happens or nothing. */
export function remakeTables(db: Connection, projections: readonly string[], fill: () => void): void {
  db.transaction(() => {
    const names = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all() as string[];
    for (const name of names) if (!coreNames.has(name)) db.exec(`DROP TABLE "${name}"`);
    for (const tables of projections) db.exec(tables);
    fill();
    db.pragma(`user_version = ${schemaVersion}`);
  }).exclusive();
}

/** Makes all tables in one transaction, so that a killed process leaves an empty file or a whole ledger. */
export function createTables(db: Connection, projections: readonly string[]): void {
  db.transaction(() => {
    db.exec(coreTables);
    for (const tables of projections) db.exec(tables);
    db.pragma(`application_id = ${applicationId}`);
    db.pragma(`user_version = ${schemaVersion}`);
  }).exclusive();
}

/** Throws `ledger.corrupt` for a foreign database and `ledger.version` for a ledger of another version. */
export function checkVersion(db: Connection, where: string): void {
  if (pragma(db, 'application_id') !== applicationId)
    throw corrupt('The file is a database of another program.', where);
  const found = pragma(db, 'user_version');
  if (found === schemaVersion) return;
  throw new FailureError(
    failure('ledger.version', `The ledger has version ${String(found)}, this program reads version ${schemaVersion}.`, {
      where,
      mend: 'Use the version of Labwright that wrote it, or start a new campaign.',
    }),
  );
}
