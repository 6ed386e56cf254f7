import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { browserPresent, launchBrowser } from '../web/browser.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'labwright-e2e-'));
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 40_000 });

interface Run {
  readonly process: ChildProcess;
  readonly page: Promise<string>;
  readonly ended: Promise<number | null>;
  output: string;
}

/** `labwright run` of the example, as a person starts it; faster than it is shown. */
function startRun(speed: number): Run {
  const campaign = join(root, 'protocols/colour-match/campaign.yaml');
  const options = ['--port', '0', '--no-stay', '--speed', String(speed), '--dir', join(folder, 'run')];
  const child = spawn(process.execPath, [join(root, 'src/cli.ts'), 'run', campaign, ...options], { cwd: root });
  const run: Run = {
    process: child,
    output: '',
    page: new Promise((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        run.output += chunk.toString();
        const [, url] = /Page: (\S+)/.exec(run.output) ?? [];
        if (url !== undefined) resolve(url);
      });
      child.once('exit', () => reject(new Error(run.output)));
    }),
    ended: new Promise((resolve) => child.once('exit', resolve)),
  };
  child.stderr.on('data', (chunk: Buffer) => (run.output += chunk.toString()));
  return run;
}

describe.skipIf(!browserPresent)('a campaign, watched and ordered in a browser', () => {
  let browser: Browser;
  let page: Page;
  let run: Run;
  beforeAll(async () => {
    run = startRun(120);
    browser = await launchBrowser();
    page = await browser.newPage();
    page.setDefaultTimeout(40_000);
  });
  afterAll(async () => {
    await browser?.close();
    if (run.process.exitCode === null) run.process.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const order = async (name: string, confirm: string) => {
    await button(name).click();
    await page.getByRole('dialog').getByRole('button', { name: confirm }).click();
  };
  /** Gives the last open experiment priority; fails where that one ends meanwhile. */
  const prioritize = async () => {
    const soon = { timeout: 5_000 };
    const open = page.locator('.experiments tbody tr', { has: page.locator('.chip.running, .chip.planned') });
    await open.last().locator('[aria-expanded=false]').click(soon);
    await page.getByLabel('Priority').last().selectOption('7', soon);
    await page.locator('.experiments').getByText('priority 7').first().waitFor(soon);
  };
  const completed = () => page.locator('.experiments tbody .chip.completed').count();

  test('three experiments finish; pause, resume and stop do what they say', async () => {
    await page.goto(await run.page);
    await page.getByRole('heading', { name: 'colour-match' }).waitFor();
    for (const device of ['handler', 'arm', 'reader'])
      await page.locator('.devices').getByText(device, { exact: true }).waitFor();
    await eventually(completed).toBeGreaterThanOrEqual(3);
    await order('Pause', 'Pause');
    await page.locator('.state.paused').waitFor();
    await order('Resume', 'Resume');
    await page.locator('.state.running').waitFor();
    await order('Pin plan', 'Pin the plan');
    await page.getByRole('heading', { name: /^Schedule, pinned by operator since/ }).waitFor();
    await vi.waitFor(prioritize, { timeout: 40_000 });
    await page.reload();
    await page.locator('.experiments').getByText('priority 7').first().waitFor();
    await order('Unpin plan', 'Unpin the plan');
    await page.getByRole('heading', { name: 'Schedule', exact: true }).waitFor();
    expect(await page.locator('.gantt .bar.ok rect.first').count()).toBeGreaterThan(3);
    await order('Stop', 'Stop the campaign');
    expect(await run.ended, run.output).toBe(0);
    expect(run.output).toContain('colour-match: stopped: ordered by operator');
    expect(run.output).toMatch(/Best {10}distance/);
    await page.getByText('Connection lost').first().waitFor();
  }, 120_000);
});
