import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { Rehearsal } from '../../src/cli/rehearse/report.ts';
import { withTwin } from '../../src/cli/rehearse/twin.ts';
import { definitionOf } from '../engine/whole-lab.ts';
import { browserPresent, launchBrowser } from '../web/browser.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'labwright-rehearse-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

cpSync(join(root, 'protocols/colour-match'), folder, { recursive: true });
const campaign = join(folder, 'campaign.yaml');
writeFileSync(
  campaign,
  readFileSync(campaign, 'utf8').replace('experiments: 24', 'experiments: 6').replace('time: 8 h', 'time: 8 d'),
);

const rehearse = (...options: string[]) => rehearseFile(campaign, ...options);

const rehearseFile = (file: string, ...options: string[]) => {
  const run = spawnSync(process.execPath, [join(root, 'src/cli.ts'), 'rehearse', file, ...options], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { ...run, code: run.status };
};

/** A rehearsal on a busy machine tells of its progress. */
const quiet = (stderr: string): string => stderr.replace(/^Rehearsal .*: \d+\/\d+\n/gm, '');

test('a dry run tells makespan, use of devices, materials and the schedule', () => {
  const { code, stdout, stderr } = rehearse();
  expect(quiet(stderr)).toBe('');
  expect(code).toBe(0);
  expect(stdout).toMatch(/Makespan {6}\d+ min/);
  expect(stdout).toContain('6 completed of 6');
  expect(stdout).toContain('The bottleneck is handler.');
  expect(stdout).toMatch(/ {2}handler [\d.]{96}\n/);
});

const start = ['--start', '2026-11-20T16:00Z'];

test('the same seed and start rehearse the same campaign, also where much goes wrong', () => {
  const runs = [1, 2].map(() => rehearse('--json', '--faults', 'harsh', '--replicates', '2', '--seed', '3', ...start));
  expect(runs.map(({ code, stderr }) => [code, quiet(stderr)])).toEqual([
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

test('a page shows schedule, stock and energy, and needs nothing but itself', () => {
  const page = join(folder, 'rehearsal.html');
  const { code, stdout, stderr } = rehearse('--html', page, '--replicates', '2', ...start);
  expect([code, quiet(stderr)]).toEqual([0, `Written to ${page}.\n`]);
  expect(stdout).toMatch(/A second handler would let the first rehearsal end .* earlier/);
  expect(stdout).toMatch(/^End +Fri 20 Nov, 16:\d\d \(/m);
  const html = readFileSync(page, 'utf8');
  // Two steps and three moves of each experiment.
  expect(html.match(/<rect /g)).toHaveLength(6 * 5);
  // Four materials; energy, emissions and cost; power of the two devices with a meter.
  expect(html.match(/class="curve"/g)).toHaveLength(4 + 3);
  expect(html.match(/class="power"/g)).toHaveLength(2);
  expect(html.match(/<circle /g)).toHaveLength(2);
  expect(html).not.toMatch(/(src|href)=|@import|url\(/);
});

test.skipIf(!browserPresent)('a browser opens the page without complaint, and loads nothing', async () => {
  const page = join(folder, 'opened.html');
  expect(rehearse('--html', page, ...start).code).toBe(0);
  const browser = await launchBrowser();
  try {
    const tab = await browser.newPage();
    const complaints: string[] = [];
    const loaded: string[] = [];
    tab.on('console', (message) => complaints.push(message.text()));
    tab.on('pageerror', (error) => complaints.push(error.message));
    tab.on('request', (request) => loaded.push(request.url()));
    await tab.goto(pathToFileURL(page).href);
    expect(complaints).toEqual([]);
    expect(loaded).toEqual([pathToFileURL(page).href]);
    expect(await tab.getByRole('img', { name: 'Gantt chart' }).isVisible()).toBe(true);
  } finally {
    await browser.close();
  }
});

test('a campaign that ends for want of stock says so, what would have sufficed, and who refills when', () => {
  const scarce = join(folder, 'scarce.yaml');
  const inPairs = join(folder, 'in-pairs.yaml');
  writeFileSync(
    inPairs,
    readFileSync(campaign, 'utf8').replace('size: 4', 'size: 2').replace('initial: 8', 'initial: 2'),
  );
  const people = `people: { ada: { skills: [stock], hours: [{ days: [fri], from: '08:00', to: '16:01' }] } }`;
  const text = readFileSync(join(folder, 'lab.yaml'), 'utf8').replace('amount: 8 mL', 'amount: 600 uL');
  writeFileSync(scarce, text.replace('currency: EUR', `currency: EUR\n${people}`));
  const of = (from: string): Rehearsal => {
    const { stdout } = rehearseFile(inPairs, '--json', '--lab', scarce, '--start', from);
    return JSON.parse(stdout) as Rehearsal;
  };
  const nobody = of('2026-11-20T16:00Z');
  expect(nobody.warnings[0]).toMatch(
    /^The rehearsal ended early for want of water, after \d experiments of 6\. .* need \d+ uL instead of 600 uL\.$/,
  );
  expect(nobody.warnings[1]).toMatch(
    /Nobody with the skill stock .* water .*Refill it before Fri 20 Nov, 16:01, or let/,
  );
  const somebody = of('2026-11-20T12:00Z');
  expect(somebody.refills).toEqual([expect.objectContaining({ material: 'water', by: ['ada'] })]);
  expect(somebody.refills[0]!.due).toBe(somebody.refills[0]!.short);
  expect(somebody.warnings).toHaveLength(1);
});

/** The lab of the campaign with hours of its reader. */
function labWithHours(name: string, hours: string): string {
  const lab = join(folder, name);
  const text = readFileSync(join(folder, 'lab.yaml'), 'utf8');
  writeFileSync(lab, text.replace('  reader:\n', `  reader:\n    hours: ${hours}\n`));
  return lab;
}

test('a lab with hours is rehearsed from a time that is named', { timeout: 120_000 }, () => {
  const hours = '[{ days: [mon], from: "08:00", to: "08:06" }, { days: [fri], from: "09:00", to: "17:00" }]';
  const named = ['--lab', labWithHours('hours.yaml', hours), '--start', '2026-11-23T08:00Z'];
  const runs = [1, 2].map(() => rehearse(...named));
  expect(runs.map(({ code, stderr }) => [code, quiet(stderr)])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  expect(runs[0]!.stdout).toBe(runs[1]!.stdout);
  expect(runs[0]!.stdout).toContain('6 completed of 6');
  // From Monday to Friday nothing happens, and that is no reason to give up.
  expect(runs[0]!.stdout).toMatch(/Makespan {6}4 d/);
});

test('a lab with hours is rehearsed from now on where no time is named', () => {
  const { stderr } = rehearse('--lab', labWithHours('always.yaml', '[{ from: "00:00", to: "24:00" }]'));
  expect(stderr).toMatch(/^It begins now, on \w+day \d{4}-\d\d-\d\d at \d\d:\d\d; /);
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
