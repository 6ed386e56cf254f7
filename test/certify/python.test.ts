import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startBroker, type Broker } from '../../simulators/broker.ts';

/** The Python host and its balance, as processes of their own, judged by the command line. */

const root = resolve(import.meta.dirname, '../..');
const python = '/usr/bin/python3';
const quiet = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
const paho = spawnSync(python, ['-c', 'import paho.mqtt.client'], { stdio: 'ignore' }).status === 0;
if (!paho) process.stderr.write(`Skipped: ${python} with python3-paho-mqtt is not installed.\n`);

let broker: Broker;
let folder: string;
beforeEach(async () => {
  broker = await startBroker();
  folder = mkdtempSync(join(tmpdir(), 'labwright-balance-'));
});
afterEach(async () => {
  const pid = join(folder, 'pid');
  if (existsSync(pid)) process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL');
  await broker.close();
  rmSync(folder, { recursive: true });
});

/** A script that kills the balance, if it runs, and starts it. */
function restartScript(): string {
  const path = join(folder, 'restart.sh');
  const balance = join(root, 'devices/python/balance.py');
  const where = `--broker ${broker.url} --site bench --device balance --state ${folder}`;
  writeFileSync(
    path,
    `[ -f ${folder}/pid ] && kill -9 $(cat ${folder}/pid)
${python} ${balance} ${where} </dev/null >>${folder}/log 2>&1 &
echo $! >${folder}/pid
`,
  );
  return `sh ${path}`;
}

const labwright = (args: readonly string[]): Promise<{ code: number; text: string }> =>
  new Promise((done) => {
    const options = { cwd: root, env: quiet };
    execFile(process.execPath, ['src/cli.ts', ...args], options, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), text: stdout + stderr }),
    );
  });

it.skipIf(!paho)(
  'the balance is certified, with kill -9 and a start',
  async () => {
    const restart = restartScript();
    expect(spawnSync(restart, { shell: true, env: quiet }).status).toBe(0);
    const junit = join(folder, 'report.xml');
    const place = ['--broker', broker.url, '--site', 'bench', '--device', 'balance'];
    const { code, text } = await labwright(['certify', ...place, '--yes', '--restart', restart, '--junit', junit]);
    expect(text).toMatch(/Certified: 32 passed, 0 failed, 0 skipped/);
    expect(code).toBe(0);
    expect(text).toContain('weigh {"readings":4}');
    expect(readFileSync(junit, 'utf8')).toContain('tests="32" failures="0" errors="0" skipped="0"');
    const unclear = await labwright(['certify', ...place]);
    expect(unclear.text).toContain('Say so with --yes.');
    expect(unclear.code).toBe(2);
    expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('');
  },
  120_000,
);

it.skipIf(!paho)('its own tests pass', () => {
  const folderOfTests = join(root, 'devices/python');
  const run = spawnSync(python, ['-m', 'unittest', '-q'], { cwd: folderOfTests, env: quiet, encoding: 'utf8' });
  expect(run.status, run.stderr).toBe(0);
});
