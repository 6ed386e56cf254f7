import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, test } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { connectBus } from '../../src/wire/mqtt-bus.ts';
import { startBroker } from '../../simulators/broker.ts';
import { decideAll, labwright, start, workplace } from './command-line.ts';

const short = [
  ['campaign.yaml', 'experiments: 24', 'experiments: 2'],
  ['campaign.yaml', 'size: 4', 'size: 2'],
  ['lab.yaml', 'carbon: 380 g/kWh', 'carbon: 380 g/kWh # as everywhere'],
] as const;

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('a campaign that has ended', () => {
  const folder = workplace('colour-match', short);
  let output = '';
  beforeAll(async () => {
    const { code, stdout } = await labwright(
      folder,
      ...['run', 'campaign.yaml', '--no-page', '--json', '--speed', '600', '--dir', 'kept'],
    );
    expect(code).toBe(0);
    output = stdout;
  });

  test('was told in JSON Lines, event by event, and the report last', () => {
    const told = lines(output);
    const events = told.filter(({ seq }) => seq !== undefined);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.findLast(({ type }) => type === 'campaign.finished')).toMatchObject({
      data: { outcome: 'completed' },
    });
    expect(told.at(-1)).toMatchObject({ type: 'report', campaign: 'colour-match', experiments: { completed: 2 } });
  });

  test('is shown by status, report, export and replay, and by resume at once', async () => {
    const { stdout: status } = await labwright(folder, 'status');
    expect(status).toBe('');
    const [report, csv, events, replay, again] = await Promise.all([
      labwright(folder, 'report', 'kept', '--json'),
      labwright(folder, 'export', 'kept'),
      labwright(folder, 'export', 'kept', '--what', 'events', '--format', 'jsonl'),
      labwright(folder, 'replay', 'kept', '--json'),
      labwright(folder, 'resume', 'kept'),
    ]);
    expect(JSON.parse(report.stdout)).toMatchObject({ outcome: 'completed', experiments: { completed: 2 } });
    expect(csv.stdout.split('\r\n')).toHaveLength(4);
    expect(csv.stdout).toMatch(/^experiment,number,.*objective\.distance\r\n/);
    expect(lines(events.stdout).map(({ type }) => type)).toContain('campaign.finished');
    expect(JSON.parse(replay.stdout)).toMatchObject({ ok: true, differences: [] });
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('2 completed of 2') });
  });

  test('is not begun a second time in its folder', async () => {
    const { code, stderr } = await labwright(folder, 'run', 'campaign.yaml', '--no-page', '--dir', 'kept');
    expect(stderr).toBe(
      'The folder kept holds a campaign already. Continue it with "labwright resume kept", or name another with --dir.\n',
    );
    expect(code).toBe(2);
  });

  test('is not opened by a program of another version', async () => {
    const copy = copyOf(folder, 'newer');
    const db = new Database(copy);
    db.pragma('user_version = 99');
    db.close();
    const { code, stderr } = await labwright(folder, 'resume', 'newer', '--no-page');
    expect(stderr).toMatch(/^newer\/ledger\.sqlite: The ledger has version 99, this program reads version \d+\. Use /);
    expect(code).toBe(5);
  });

  test('is not trusted when one byte has flipped', async () => {
    const copy = copyOf(folder, 'flipped');
    const bytes = readFileSync(copy);
    const at = bytes.lastIndexOf('campaign.finished');
    bytes[at + 3]! ^= 1;
    writeFileSync(copy, bytes);
    for (const command of ['resume', 'replay']) {
      const { code, stderr } = await labwright(folder, command, 'flipped');
      expect(stderr).toMatch(/^flipped\/ledger\.sqlite: The ledger was changed: event \d+ /);
      expect(code).toBe(5);
    }
  });
});

/** A copy of the ledger alone, in one file. */
function copyOf(folder: string, name: string): string {
  cpSync(join(folder, 'kept'), join(folder, name), { recursive: true });
  const path = join(folder, name, 'ledger.sqlite');
  const db = new Database(path);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  return path;
}

describe('a campaign that is running', () => {
  test('can be looked at, has one controller, and goes on after SIGKILL', async () => {
    const folder = workplace('colour-match', short);
    const controller = start(folder, 'run', 'campaign.yaml', '--no-page', '--json', '--speed', '30', '--dir', 'kept');
    await controller.says(/command\.accepted/);
    const [status, replay, second] = await Promise.all([
      labwright(folder, 'status', 'kept', '--json'),
      labwright(folder, 'replay', 'kept'),
      labwright(folder, 'resume', 'kept', '--no-page'),
    ]);
    expect(JSON.parse(status.stdout)).toMatchObject({ status: 'running', experiments: expect.anything() });
    expect(replay).toMatchObject({ code: 0, stdout: expect.stringContaining('the chain is whole') });
    expect(second.stderr).toMatch(/kept\/ledger\.sqlite: Another controller has this ledger open\. Stop it first/);
    expect(second.code).toBe(5);
    controller.child.kill('SIGKILL');
    await controller.ended;
    const resumed = start(folder, 'resume', 'kept', '--json', '--port', '0');
    await decideAll(resumed, folder, 'kept');
    const { code, stdout } = await resumed.ended;
    expect(code).toBe(0);
    const report = lines(stdout).at(-1) as { experiments: Record<string, number> };
    expect(Object.values(report.experiments).reduce((a, b) => a + b)).toBe(2);
  });

  test('throws out what nobody can understand, and ends well', async () => {
    const folder = workplace('colour-match', short);
    const broker = await startBroker();
    const simulators = start(folder, 'simulate', 'lab.yaml', '--broker', broker.url, '--state', 'simulated');
    await simulators.says(/Simulating/);
    const how = ['--broker', broker.url, '--no-page', '--json', '--speed', '200', '--dir', 'kept'];
    const controller = start(folder, 'run', 'campaign.yaml', ...how);
    await controller.says(/command\.accepted/);
    const stranger = await connectBus({ url: broker.url, clientId: 'stranger' });
    const device = 'labwright/1/colour-lab/dev/handler';
    const nonsense = {
      [`${device}/$state`]: 'not JSON',
      [`${device}/evt/some_key`]: '{"kind":"explosion","n":1,"boot":"b"}',
      [`${device}/tele/heat`]: 'x'.repeat(10_000_000),
      [`${device}/cmd`]: '{"key":"some_key"}',
      [`${device}/log`]: '{"level":7}',
    };
    for (const [topic, payload] of Object.entries(nonsense)) stranger.publish(topic, payload);
    const { code, stdout } = await controller.ended;
    await stranger.close();
    simulators.child.kill('SIGTERM');
    expect((await simulators.ended).code).toBe(0);
    await broker.close();
    expect(code).toBe(0);
    expect(lines(stdout).at(-1)).toMatchObject({ type: 'report', experiments: { completed: 2 } });
    const ledger = Ledger.open(join(folder, 'kept/ledger.sqlite'), { readonly: true });
    const rejected = [...ledger.events({ type: 'message.rejected' })].map(({ data }) => data);
    ledger.close();
    const reasons = [/state.*not JSON/, /evt.*malformed/, /tele.*10000000 bytes/, /log.*malformed/];
    for (const reason of reasons) expect(rejected.map((data) => JSON.stringify(data)).join('\n')).toMatch(reason);
  });
});

test('every command says what it takes, with an example where there is more to say', async () => {
  const { stdout } = await labwright(workplace(), '--help');
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name!).filter((name) => name !== 'help');
  expect(commands).toEqual(expect.arrayContaining(['run', 'resume', 'check', 'status', 'export', 'resolve']));
  expect(stdout).toContain('Exit codes: 0 well ended');
  const helps = await Promise.all(commands.map((name) => labwright(workplace(), name, '--help')));
  for (const { stdout: help, code } of helps) {
    expect(help).toMatch(/Examples?\b.*:\n {2}labwright /);
    expect(code).toBe(0);
  }
});
