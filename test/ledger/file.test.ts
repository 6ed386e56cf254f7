import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { eventVersion } from '../../src/domain/event.ts';
import { parseEvent } from '../../src/ledger/event-log.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { schemaVersion } from '../../src/ledger/schema.ts';
import { loadSqlite } from '../../src/ledger/sqlite.ts';
import { failureFrom, freshPath, lot, opened, suggested, tell } from './support.ts';

/** A closed ledger of 1 + `count` events. */
function written(count = 3): string {
  const path = freshPath();
  const ledger = Ledger.open(path, { create: true });
  tell(ledger, opened, ...Array.from({ length: count }, (_, i) => suggested(`e${i + 1}`, i + 1)));
  ledger.close();
  return path;
}

/** Changes the file behind the ledger's back. */
function tamper(path: string, sql: string): void {
  const Database = loadSqlite();
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

/** What a version with other tables might have left behind. */
const asOfVersion1 = 'DROP TABLE campaign; CREATE TABLE campaign (old INTEGER); PRAGMA user_version = 1';

function tablesOf(path: string): unknown {
  const Database = loadSqlite();
  const db = new Database(path, { readonly: true });
  const version = db.pragma('user_version', { simple: true });
  const campaign = db.prepare(`SELECT name FROM pragma_table_info('campaign')`).pluck().all();
  db.close();
  return { version, campaign };
}

describe('a ledger of an earlier version', () => {
  const outdated = () => {
    const path = written();
    tamper(path, asOfVersion1);
    return path;
  };

  test('is opened, its tables made again from the events', () => {
    const path = outdated();
    const ledger = Ledger.open(path);
    expect(ledger.campaign()).toMatchObject({ status: 'running' });
    expect(ledger.experiments()).toHaveLength(3);
    tell(ledger, suggested('e4', 4));
    expect(ledger.replay()).toMatchObject({ ok: true, events: 5 });
    ledger.close();
    const again = Ledger.open(path);
    expect(again.experiments()).toHaveLength(4);
    again.close();
  });

  test('is read without being changed', () => {
    const path = outdated();
    const ledger = Ledger.open(path, { readonly: true });
    expect(ledger.replay()).toMatchObject({ ok: true, events: 4 });
    expect(ledger.experiments()).toHaveLength(3);
    ledger.close();
    expect(tablesOf(path)).toEqual({ version: 1, campaign: ['old'] });
  });
});

describe('opening fails in one sentence with a mend', () => {
  const missing = { code: 'ledger.missing', mend: expect.stringContaining('labwright run') };

  test('when there is none', () => {
    const path = freshPath();
    expect(failureFrom(() => Ledger.open(path))).toMatchObject({ ...missing, where: path });
    expect(failureFrom(() => Ledger.open(path, { readonly: true, create: true }))).toMatchObject(missing);
    writeFileSync(path, '');
    expect(failureFrom(() => Ledger.open(path))).toMatchObject(missing);
    Ledger.open(path, { create: true }).close();
    Ledger.open(path).close();
  });

  test('when another controller has it, until that one is gone', () => {
    const path = written();
    const first = Ledger.open(path);
    expect(failureFrom(() => Ledger.open(path))).toMatchObject({ code: 'ledger.locked', where: path });
    expect(failureFrom(() => Ledger.open(path, { create: true })).code).toBe('ledger.locked');
    first.close();
    Ledger.open(path).close();
  });

  test('when a newer version wrote it', () => {
    const path = written();
    tamper(path, `PRAGMA user_version = ${schemaVersion + 1}`);
    expect(failureFrom(() => Ledger.open(path))).toMatchObject({
      code: 'ledger.version',
      message: `The ledger has version ${schemaVersion + 1}, this program reads version ${schemaVersion}.`,
    });
  });

  test('when an earlier version wrote it, and its chain is broken: the file stays as it was', () => {
    const path = written();
    tamper(path, `${asOfVersion1}; UPDATE event SET actor = 'eve' WHERE seq = 2`);
    expect(failureFrom(() => Ledger.open(path))).toMatchObject({ code: 'ledger.corrupt', where: path });
    expect(tablesOf(path)).toEqual({ version: 1, campaign: ['old'] });
  });

  test('when it is something else', () => {
    const text = freshPath();
    writeFileSync(text, 'lab: here\n'.repeat(1000));
    expect(failureFrom(() => Ledger.open(text)).code).toBe('ledger.corrupt');
    const foreign = freshPath();
    tamper(foreign, 'CREATE TABLE song (name TEXT)');
    expect(failureFrom(() => Ledger.open(foreign)).message).toContain('another program');
  });

  test('when the path leads nowhere, or to a folder', () => {
    const path = join(freshPath(), 'no', 'such.ledger');
    expect(failureFrom(() => Ledger.open(path, { create: true })).code).toBe('input.unreadable');
    expect(failureFrom(() => Ledger.open(dirname(written()))).code).toBe('input.unreadable');
  });

  test('when Node is too old for its database', () => {
    expect(failureFrom(() => loadSqlite('20.20.2'))).toMatchObject({ code: 'platform.unsupported' });
    expect(failureFrom(() => loadSqlite('22.13.9')).mend).toBe('Use Node 22.14 or newer.');
    expect(loadSqlite('22.14.0')).toBe(loadSqlite());
  });
});

describe('what was changed behind its back is noticed', () => {
  test.each([
    ['an event', `UPDATE event SET data = replace(data, '0.5', '0.6') WHERE seq = 3`],
    ['a space', `UPDATE event SET data = replace(data, ',', ', ') WHERE seq = 3`],
    ['a time', 'UPDATE event SET at = at + 1 WHERE seq = 2'],
    ['an actor', `UPDATE event SET actor = 'person/eva' WHERE seq = 2`],
    ['a version', 'UPDATE event SET version = 0 WHERE seq = 2'],
    ['a hash', `UPDATE event SET hash = replace(hash, substr(hash, 1, 1), 'g') WHERE seq = 2`],
    ['a missing event', 'DELETE FROM event WHERE seq = 2'],
    ['a missing end', 'DELETE FROM event WHERE seq = 4'],
    ['an added end', `INSERT INTO event SELECT 5, at, version, actor, type, data, hash FROM event WHERE seq = 4`],
  ])('%s', (_, sql) => {
    const path = written();
    tamper(path, sql);
    expect(failureFrom(() => Ledger.open(path)).code).toBe('ledger.corrupt');
  });

  test('at open only among the last few hundred events, in a replay anywhere', () => {
    const path = written(1000);
    tamper(path, 'UPDATE event SET at = at + 1 WHERE seq = 10');
    const ledger = Ledger.open(path);
    expect(ledger.replay()).toMatchObject({
      ...{ ok: false, events: 9 },
      broken: { seq: 10, reason: 'event 10 does not match its hash.' },
    });
    ledger.close();
    tamper(path, 'UPDATE event SET at = at + 1 WHERE seq = 900');
    expect(failureFrom(() => Ledger.open(path)).message).toContain('event 900');
  });

  test('any byte of the events themselves', () => {
    const path = written(40);
    tamper(path, 'PRAGMA wal_checkpoint(TRUNCATE)');
    const whole = readFileSync(path);
    const ledger = Ledger.open(path, { readonly: true });
    const { hash } = [...ledger.events({ from: 20, to: 20 })][0]!;
    ledger.close();
    const at = whole.indexOf(hash);
    const row = whole.indexOf('experiment.suggested{"ask"', at - 400);
    expect([at, row].every((offset) => offset > 0)).toBe(true);
    for (const offset of [at, at + 31, at + 63, row + 22, row + 60, row + 80]) {
      const copy = Buffer.from(whole);
      copy[offset] = copy[offset]! ^ 1;
      const damaged = freshPath();
      writeFileSync(damaged, copy);
      expect(failureFrom(() => Ledger.open(damaged)).code).toBe('ledger.corrupt');
    }
  });

  test('a projection that differs from the events', () => {
    const path = written(3);
    tamper(path, `UPDATE experiment SET status = 'held', stage = 'x' WHERE experiment = 'e2'`);
    tamper(path, `DELETE FROM experiment WHERE experiment = 'e1'`);
    tamper(path, `INSERT INTO account VALUES ('supplier', 'red', 7)`);
    const ledger = Ledger.open(path, { readonly: true });
    const report = ledger.replay();
    ledger.close();
    expect(report).toMatchObject({ ok: false, events: 4, differenceCount: 3 });
    expect(report.differences).toEqual([
      { table: 'account', key: '{"account":"supplier","material":"red"}', rebuilt: undefined, stored: '{"quanta":7}' },
      expect.objectContaining({ table: 'experiment', key: '{"experiment":"e1"}', stored: undefined }),
      {
        ...{ table: 'experiment', key: '{"experiment":"e2"}' },
        rebuilt: '{"status":"suggested","stage":null}',
        stored: '{"status":"held","stage":"x"}',
      },
    ]);
  });
});

test('rows that are no events of this program are told as such', () => {
  const row = { seq: 7, at: 0, version: 1, actor: 'controller', type: 'lot.registered', data: '{}', hash: '' };
  const failing = (more: Partial<typeof row>) => failureFrom(() => parseEvent({ ...row, ...more }));
  expect(failing({ version: eventVersion + 1 })).toMatchObject({
    code: 'ledger.version',
    message: `Event 7 has version ${eventVersion + 1}, this program reads up to ${eventVersion}.`,
  });
  expect(failing({ type: 'lot.spilt' })).toMatchObject({ code: 'ledger.corrupt' });
  expect(failing({ data: '{' }).message).toBe('Event 7 is not JSON.');
  expect(failing({}).message).toContain('Event 7 is no lot.registered: material');
});

test('a full disk is told, and the transaction leaves nothing', () => {
  const path = written();
  const ledger = Ledger.open(path);
  const head = ledger.head();
  const small = new (loadSqlite())(':memory:');
  small.pragma('max_page_count = 1');
  const failure = failureFrom(() =>
    ledger.transaction(() => {
      ledger.append(lot('red', 'r1', 1), 0, 'controller');
      small.exec('CREATE TABLE t (x)');
    }),
  );
  expect(failure).toMatchObject({ code: 'ledger.full', mend: 'Free some space and start again.', where: path });
  expect(ledger.head()).toBe(head);
  tell(ledger, lot('red', 'r1', 1));
  expect(ledger.replay().ok).toBe(true);
  ledger.close();
});

test('a reader looks on while the writer goes on, and cannot write', () => {
  const path = written();
  const writer = Ledger.open(path);
  const reader = Ledger.open(path, { readonly: true });
  expect(reader.lastSeq()).toBe(4);
  writer.transaction(() => {
    writer.append(suggested('e9', 9), 0, 'controller');
    expect(reader.lastSeq()).toBe(4);
  });
  expect([reader.lastSeq(), reader.head()]).toEqual([5, writer.head()]);
  expect(reader.experiment('e9')?.number).toBe(9);
  expect(reader.replay().ok).toBe(true);
  expect(() => reader.transaction(() => 1)).toThrow('opened to be read');
  expect(() => reader.putTimer({ id: 't', at: 1, kind: 'k', subject: 's' })).toThrow('opened to be read');
  reader.close();
  writer.close();
});

test('two paths to one file are one ledger', () => {
  const path = written();
  mkdirSync(join(dirname(path), 'sub'));
  const ledger = Ledger.open(path);
  expect(failureFrom(() => Ledger.open(join(dirname(path), 'sub', '..', 'lab.ledger'))).code).toBe('ledger.locked');
  ledger.close();
});

describe('a controller that is killed with SIGKILL', () => {
  const script = join(import.meta.dirname, 'append-forever.ts');

  /** Starts a writer and kills it as soon as it has told of `count` transactions. Returns the last that it told of. */
  async function killed(path: string, count: number): Promise<number> {
    let locked: string | undefined;
    const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    let last = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      told += text;
      const lines = told.split('\n').slice(0, -1);
      last = Number(lines.at(-1) ?? 0);
      if (lines.length < count) return;
      locked ??= failureFrom(() => Ledger.open(path)).code;
      child.kill('SIGKILL');
    });
    await once(child, 'close');
    expect([child.signalCode, locked]).toEqual(['SIGKILL', 'ledger.locked']);
    return last;
  }

  test('leaves a ledger that opens, is whole and has all that was promised', async () => {
    const path = freshPath();
    let before = 0;
    for (const count of [1, 5, 23]) {
      const promised = await killed(path, count);
      expect(promised).toBeGreaterThan(before);
      const reader = Ledger.open(path, { readonly: true });
      expect(reader.lastSeq()).toBeGreaterThanOrEqual(promised);
      reader.close();
      const ledger = Ledger.open(path);
      expect(ledger.lastSeq()).toBeGreaterThanOrEqual(promised);
      // Event and outbox row are of one transaction.
      expect(ledger.outbox()).toHaveLength(ledger.experiments().length);
      expect(ledger.replay().ok).toBe(true);
      before = ledger.lastSeq();
      ledger.close();
    }
  }, 20_000);
});
