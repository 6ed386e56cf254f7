import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { withTwin } from '../../src/cli/rehearse/twin.ts';
import { definitionOf } from '../engine/whole-lab.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'labwright-rehearse-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

cpSync(join(root, 'protocols/colour-match'), folder, { recursive: true });
const campaign = join(folder, 'campaign.yaml');
writeFileSync(
  campaign,
  readFileSync(campaign, 'utf8').replace('experiments: 24', 'experiments: 6').replace('time: 8 h', 'time: 8 d'),
);

const rehearse = (...options: string[]) => {
  const run = spawnSync(process.execPath, [join(root, 'src/cli.ts'), 'rehearse', campaign, ...options], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { ...run, code: run.status };
};

test('a dry run tells makespan, use of devices, materials and the schedule', () => {
  const { code, stdout, stderr } = rehearse();
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toMatch(/Makespan {6}\d+ min/);
  expect(stdout).toContain('6 completed of 6');
  expect(stdout).toContain('The bottleneck is handler.');
  expect(stdout).toMatch(/ {2}handler [\d.]{96}\n/);
});

test('the same seed rehearses the same campaign, also where much goes wrong', () => {
  const runs = [1, 2].map(() => rehearse('--json', '--faults', 'harsh', '--replicates', '2', '--seed', '3'));
  expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  expect(runs[0]!.stdout).toBe(runs[1]!.stdout);
  const { replicates } = JSON.parse(runs[0]!.stdout) as {
    replicates: { finished: boolean; report: { joules: number } }[];
  };
  expect(replicates.map(({ finished }) => finished)).toEqual([true, true]);
  expect(replicates[0]!.report.joules).toBeGreaterThan(0);
  expect(replicates[0]!.report).not.toEqual(replicates[1]!.report);
});

test('a page shows schedule and stock, and needs nothing but itself', () => {
  const page = join(folder, 'rehearsal.html');
  const { code, stdout, stderr } = rehearse('--html', page, '--replicates', '2');
  expect([code, stderr]).toEqual([0, `Written to ${page}.\n`]);
  expect(stdout).toMatch(/A second handler would let the first rehearsal end .* earlier/);
  const html = readFileSync(page, 'utf8');
  // Two steps and three moves of each experiment.
  expect(html.match(/<rect /g)).toHaveLength(6 * 5);
  expect(html.match(/class="curve"/g)).toHaveLength(4);
  expect(html.match(/<circle /g)).toHaveLength(2);
  expect(html).not.toMatch(/(src|href)=|@import|url\(/);
});

test('a lab with hours is rehearsed from a time that is named, or from now on', () => {
  const lab = join(folder, 'hours.yaml');
  const closed = 'hours: [{ days: [mon], from: "08:00", to: "08:06" }, { days: [fri], from: "09:00", to: "17:00" }]';
  const text = readFileSync(join(folder, 'lab.yaml'), 'utf8');
  writeFileSync(lab, text.replace('  reader:\n', `  reader:\n    ${closed}\n`));
  const named = ['--lab', lab, '--start', '2026-11-23T08:00Z'];
  const runs = [1, 2].map(() => rehearse(...named));
  expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  expect(runs[0]!.stdout).toBe(runs[1]!.stdout);
  expect(runs[0]!.stdout).toContain('6 completed of 6');
  // From Monday to Friday nothing happens, and that is no reason to give up.
  expect(runs[0]!.stdout).toMatch(/Makespan {6}4 d/);
  expect(rehearse('--lab', lab).stderr).toMatch(/^The rehearsal begins now, on \w+day \d{4}-\d\d-\d\d at \d\d:\d\d; /);
  const wrong = rehearse('--start', 'tomorrow');
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('Write a time such as 2026-11-23T08:00Z.')]);
});

test('a page that cannot be written is said, with its place', () => {
  const { code, stderr } = rehearse('--html', join(folder, 'nowhere', 'x.html'));
  expect(code).toBe(2);
  expect(stderr).toMatch(/The page cannot be written: .*nowhere/s);
});

test('a twin does what its like does: it carries, and takes the steps that name the other', () => {
  const definition = definitionOf('colour-match', ({ protocol }) => {
    Object.assign(protocol.stages[0]!.steps[0]!, { on: ['handler'] });
  });
  const arms = withTwin(definition, 'arm');
  expect(arms.lab.transport!.by).toEqual(['arm', 'arm-2']);
  expect(withTwin(arms, 'arm').lab.transport!.by).toEqual(['arm', 'arm-2', 'arm-3']);
  const handlers = withTwin(definition, 'handler');
  expect(handlers.protocol.stages[0]!.steps[0]!.on).toEqual(['handler', 'handler-2']);
  expect(handlers.lab.devices['handler-2' as never]).not.toHaveProperty('meter');
  expect(definition.lab.devices).not.toHaveProperty('handler-2');
});
