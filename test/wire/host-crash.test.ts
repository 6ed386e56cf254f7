import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failure, FailureError } from '../../src/base/failure.ts';
import { openFileJournal } from '../../src/wire/file-journal.ts';
import type { CrashPoint } from '../../src/wire/host.ts';
import { memoryJournal, type Journal } from '../../src/wire/journal.ts';
import type { EventMessage } from '../../src/wire/messages.ts';
import { createRig, type Rig } from './bench.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'labwright-host-'));
  path = join(folder, 'pump.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const told = (events: EventMessage[]): string[] =>
  events.map((event) => {
    if (event.kind === 'result') return `${event.n} ${event.outcome}${event.error ? ` ${event.error.code}` : ''}`;
    return `${event.n} ${event.kind}`;
  });

const crashOnce = (rig: Rig, at: CrashPoint): void => {
  rig.faults = {
    crashAt: (point) => {
      if (point !== at) return false;
      rig.faults = {};
      return true;
    },
  };
};

describe('a crash', () => {
  const points: [CrashPoint, acts: number, before: string[], after: string][] = [
    ['before_ack', 0, [], '2 failed not_started'],
    ['after_ack', 0, ['1 ack'], '2 failed not_started'],
    ['after_start', 0, ['1 ack'], '18 indeterminate restarted'],
    ['after_effect', 1, ['1 ack'], '18 indeterminate restarted'],
    ['after_journal', 1, ['1 ack'], '2 ok'],
  ];

  it.each(points)('%s: %i acts, and an honest result after the next boot', (point, acts, before, after) => {
    const rig = createRig({ journal: openFileJournal(path) });
    crashOnce(rig, point);
    const command = rig.send({ key: 'k1' });
    rig.pass(5000);
    expect(told(rig.events('k1'))).toEqual(before);
    expect(rig.states().at(-1)).toMatchObject({ state: 'lost' });
    const from = rig.heard.length;
    rig.boot({ journal: openFileJournal(path) });
    rig.pass(10);
    rig.send({ ...command });
    rig.pass(5000);
    expect(told(rig.events('k1', from))).toEqual([after, after]);
    expect(rig.events('k1', from)[0]).toEqual(rig.events('k1', from)[1]);
    expect(rig.world.acts.get('k1') ?? 0).toBe(acts);
    rig.send({ key: 'k2' });
    rig.pass(5000);
    expect(told(rig.events('k2'))).toEqual(['1 ack', '2 ok']);
  });

  it('never makes the device use an event number twice', () => {
    const rig = createRig();
    rig.send({ key: 'k1' });
    rig.pass(10);
    for (let i = 0; i < 40; i++) rig.pump.report('k1').progress(i / 40);
    rig.pass(10);
    rig.crash();
    rig.boot();
    rig.pass(10);
    const numbers = rig.events('k1').map(({ n }) => n);
    expect(numbers.slice(0, 41)).toEqual(Array.from({ length: 41 }, (_, i) => i + 1));
    expect(numbers.slice(41)).toEqual([50]);
  });

  it('leaves no room for a driver that ends late', () => {
    const rig = createRig();
    rig.send({ key: 'k1' });
    rig.pass(10);
    const report = rig.pump.report('k1');
    report.end({ outcome: 'ok', result: { dispensed: 1 } });
    report.end({ outcome: 'failed' });
    report.progress(1);
    rig.pass(10);
    expect(told(rig.events('k1'))).toEqual(['1 ack', '2 ok']);
    expect(rig.logs()).toEqual(['The driver ended a command that had ended before.']);
    rig.crash();
    report.progress(1);
    report.end({ outcome: 'ok' });
    rig.pass(10);
    expect(told(rig.events('k1'))).toEqual(['1 ack', '2 ok']);
  });

  it('may tear the last line of the journal', () => {
    const rig = createRig({ journal: openFileJournal(path) });
    rig.send({ key: 'k1' });
    rig.pass(10);
    rig.crash();
    const text = readFileSync(path, 'utf8');
    expect(text.trimEnd().split('\n').at(-1)).toContain('started');
    writeFileSync(path, text.slice(0, -5));
    rig.boot({ journal: openFileJournal(path) });
    rig.pass(5000);
    expect(told(rig.events('k1')).at(-1)).toBe('2 failed not_started');
  });

  it('loses events on their way without losing the result', () => {
    const rig = createRig();
    rig.faults = { dropPublish: (kind) => kind === 'result' };
    const command = rig.send({ key: 'k1' });
    rig.pass(5000);
    expect(told(rig.events('k1'))).toEqual(['1 ack']);
    rig.faults = {};
    rig.send({ ...command });
    rig.pass(10);
    expect(told(rig.events('k1'))).toEqual(['1 ack', '2 ok']);
  });
});

describe('a full disk', () => {
  /** A journal on a disk that is full while `full.now`. */
  const fillable = (): { journal: Journal; full: { now: boolean } } => {
    const inner = memoryJournal();
    const full = { now: false };
    const guard = (): void => {
      if (full.now) throw new FailureError(failure('ledger.full', 'The disk is full.', { where: 'pump.jsonl' }));
    };
    const journal: Journal = {
      records: () => inner.records(),
      append: (record) => {
        guard();
        inner.append(record);
      },
      compact: (keep) => {
        guard();
        inner.compact(keep);
      },
    };
    return { journal, full };
  };

  it('keeps the device from taking commands, and says why', () => {
    const { journal, full } = fillable();
    const rig = createRig({ journal });
    full.now = true;
    const command = rig.send({ key: 'k1' });
    rig.pass(5000);
    expect(rig.events('k1')).toEqual([]);
    expect(rig.host.state).toBe('error');
    expect(rig.logs()[0]).toBe('pump.jsonl: The disk is full.');
    full.now = false;
    rig.send({ ...command });
    rig.pass(5000);
    expect(told(rig.events('k1'))).toEqual(['1 ack', '2 ok']);
    expect(rig.host.state).toBe('ready');
  });

  it('holds a result back until it is on record', () => {
    const { journal, full } = fillable();
    const rig = createRig({ journal });
    rig.send({ key: 'k1' });
    rig.pass(10);
    full.now = true;
    rig.pass(10_000);
    expect(told(rig.events('k1'))).toEqual(['1 ack']);
    expect(rig.host.running).toEqual(['k1']);
    full.now = false;
    rig.pass(2000);
    expect(told(rig.events('k1'))).toEqual(['1 ack', '2 ok']);
    expect(rig.host.state).toBe('ready');
  });

  it('between acceptance and start ends the command with nothing done', () => {
    const { journal, full } = fillable();
    const rig = createRig({ journal });
    rig.control('query');
    rig.pass(10);
    rig.faults = {
      crashAt: (point) => {
        if (point === 'after_ack') full.now = true;
        return false;
      },
    };
    rig.send({ key: 'k1' });
    rig.pass(1500);
    rig.faults = {};
    full.now = false;
    rig.pass(5000);
    expect(told(rig.events('k1'))).toEqual(['1 ack', '2 failed not_started']);
    expect(rig.world.acts.size).toBe(0);
  });
});

describe('the journal of a long life', () => {
  it('still knows what it has refused today', () => {
    const rig = createRig();
    rig.send({ key: 'working' });
    const refused = rig.send({ key: 'refused' });
    rig.pass(5000);
    for (let i = 0; i < 150; i++) {
      rig.send({ key: `k${i}` });
      rig.pass(4000);
      rig.control('forget', `k${i}`);
    }
    rig.send({ ...refused });
    rig.pass(5000);
    expect(told(rig.events('refused'))).toEqual(['1 nack', '1 nack']);
    expect(rig.world.acts.has('refused')).toBe(false);
  });

  it('stays short, and keeps what still matters', () => {
    const rig = createRig();
    rig.send({ key: 'first' });
    rig.pass(5000);
    for (let i = 0; i < 300; i++) {
      rig.send({ key: `k${i}` });
      rig.pass(4000);
      rig.control('forget', `k${i}`);
      rig.pass(10);
      if (i % 100 === 99) rig.pass(30 * 3600 * 1000);
    }
    expect(rig.journal.records().length).toBeLessThan(600);
    rig.crash();
    const from = rig.heard.length;
    rig.boot();
    rig.pass(10);
    expect(told(rig.events('first', from))).toEqual(['2 ok']);
    expect(rig.world.acts.size).toBe(301);
  });
});
