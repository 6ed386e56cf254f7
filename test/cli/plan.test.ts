import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Study } from '../../src/cli/plan/study.ts';

const root = join(import.meta.dirname, '../..');
const file = (protocol: string) => join(root, 'protocols', protocol, 'campaign.yaml');
const args = (protocol: string, ...options: string[]) => [join(root, 'src/cli.ts'), 'plan', file(protocol), ...options];

const plan = (protocol: string, ...options: string[]) =>
  spawnSync(process.execPath, args(protocol, ...options), { encoding: 'utf8', timeout: 60_000 });

test('a batch is planned, searched, and bounded by what a device has to do', () => {
  const { status, stdout, stderr } = plan('colour-match', '--samples', '8', '--seconds', '0.2');
  expect(stderr).toBe('Searching for 0.2 s; Ctrl-C ends it with what has been found.\n');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^colour-match: 8 samples that begin together\nPlanned at once +1\d min/);
  expect(stdout).toMatch(/After 0\.2 s of search +1\d min/);
  expect(stdout).toMatch(/No plan takes less than +1\d min .* handler has that much to do; so this is the best/);
  expect(stdout).toMatch(/At work: handler 9\d %, arm \d+ %, reader \d+ %\nCP-SAT: .+\n$/);
});

test('a search that finds a better plan says by how much, and machines are told the plan', () => {
  const { status, stdout } = plan('crossed-barrel', '--samples', '20', '--seconds', '1', '--json');
  expect(status).toBe(0);
  const study = JSON.parse(stdout) as Study;
  expect(study).toMatchObject({ campaign: 'crossed-barrel', samples: 20, unplanned: [] });
  expect(study.bound!.ms).toBeLessThanOrEqual(study.bestMs);
  expect(study.bestMs).toBeLessThanOrEqual(study.atOnceMs);
  expect(study.saves > 0).toBe(study.by !== 'plan');
  const works = study.assignments.filter(({ kind }) => kind === 'process');
  expect(new Set(works.map(({ sample }) => sample)).size).toBe(20);
  for (const { share } of study.use) expect(share).toBeLessThanOrEqual(1);
});

test('samples that are held are planned as far as that, and it says so', () => {
  const { stdout } = plan('film-anneal', '--samples', '3', '--seconds', '0.1');
  expect(stdout).toMatch(/^film-anneal: 3 samples that begin together, as far as \w+; then the optimizer decides\n/);
});

test('more samples than can begin together are not planned, and it says how many can', () => {
  const none = plan('colour-match', '--samples', '150', '--seconds', '0.1');
  expect(none.status).toBe(3);
  expect(none.stdout).toBe('');
  expect(none.stderr).toMatch(/Of 150 samples none can begin together\. .+ Ask for fewer, or see what they wait for/);
  const some = plan('film-anneal', '--samples', '40', '--seconds', '0.1');
  expect(some.status).toBe(3);
  expect(some.stderr).toMatch(/Of 40 samples only 24 can begin together\. .+ Ask for 24 at most\.\n$/);
});

test('one sample, or no time, is not taken', () => {
  const one = plan('colour-match', '--samples', '1');
  expect(one.status).toBe(1);
  expect(one.stderr).toContain('One sample alone waits for nobody: it must be 2 or more.');
  expect(plan('colour-match', '--seconds', '0').status).toBe(1);
});

test('Ctrl-C ends the search with what it has found', { timeout: 60_000 }, async () => {
  const child = spawn(process.execPath, args('colour-match', '--samples', '4', '--seconds', '50'));
  let [out, told] = ['', false];
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', () => (told = true));
  await expect.poll(() => told, { timeout: 20_000 }).toBe(true);
  child.kill('SIGINT');
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code).toBe(0);
  expect(out).toMatch(/^colour-match: 4 samples/);
  expect(Number(/After ([\d.]+) s of search/.exec(out)![1])).toBeLessThan(40);
});
