import { expect, test } from 'vitest';
import { EventLog } from '../../src/ledger/event-log.ts';
import { projections } from '../../src/ledger/projections/all.ts';
import { createTables } from '../../src/ledger/schema.ts';
import { loadSqlite } from '../../src/ledger/sqlite.ts';
import { workQueue } from '../../src/ledger/work-queue.ts';

/** Tables with a row per campaign, device or lot: they do not grow with the events. */
const small = /^(campaign|lot|energy_meter|energy_device|device)$/;

test('no statement that an event runs scans or sorts a table that grows', () => {
  const Database = loadSqlite();
  const db = new Database(':memory:');
  createTables(
    db,
    projections.map(({ schema }) => schema),
  );
  const statements: string[] = [];
  const prepare = db.prepare.bind(db);
  db.prepare = ((sql: string) => {
    statements.push(sql);
    return prepare(sql);
  }) as typeof db.prepare;
  for (const projection of projections) projection.handlers(db);
  new EventLog(db);
  const queue = workQueue(db);
  expect(queue.outbox()).toEqual([]);
  const offending: string[] = [];
  for (const sql of statements) {
    // Read once at a start, and no longer than what is open.
    if (/FROM (outbox|timer|snapshot) /.test(sql)) continue;
    const named = [...sql.matchAll(/@(\w+)/g)].map(([, name]) => [name, null]);
    const count = [...sql.matchAll(/\?/g)].length;
    const bound = named.length > 0 ? [Object.fromEntries(named)] : Array.from({ length: count }, () => null);
    for (const { detail } of prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...bound) as { detail: string }[]) {
      const scanned = /^SCAN (?!CONSTANT)(\w+)(?! USING (COVERING )?INDEX \w+ ORDER)/.exec(detail)?.[1];
      const sorted = detail.includes('TEMP B-TREE') && !/FROM lot /.test(sql);
      const lastRow = sql.includes('ORDER BY seq DESC LIMIT 1');
      if ((scanned !== undefined && !small.test(scanned) && !lastRow) || sorted) offending.push(`${detail}: ${sql}`);
    }
  }
  expect(statements.length).toBeGreaterThan(60);
  expect(offending).toEqual([]);
});
