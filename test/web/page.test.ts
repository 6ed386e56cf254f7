import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { failed, failure } from '../../src/base/failure.ts';
import { startServer, type LabServer } from '../../src/server/server.ts';
import { FakeLab } from '../server/fake-lab.ts';
import { origin, writeScript, type Script } from '../server/script.ts';
import { stagedScript } from '../server/staged-script.ts';
import { browserPresent, launchBrowser } from './browser.ts';
import { buildPage } from './build-page.ts';

const minute = 60_000;
/** Patient: a busy machine must not look like a broken page. */
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 15_000 });
let built: Awaited<ReturnType<typeof buildPage>>;
beforeAll(async () => {
  built = await buildPage();
}, 30_000);
afterAll(() => built.remove());

it('is under 60 kB gzipped, without the schemas of the server', () => {
  const assets = join(built.folder, 'assets');
  const texts = readdirSync(assets).map((name) => readFileSync(join(assets, name), 'utf8'));
  const size = texts.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
  expect(size).toBeLessThan(60_000);
  expect(texts.join()).not.toContain('ZodError');
});

if (!browserPresent) console.warn('The page is not tested in a browser: there is no /usr/bin/chromium.');

describe.skipIf(!browserPresent)('the page in a browser', { timeout: 60_000 }, () => {
  let browser: Browser;
  let lab: FakeLab;
  let server: LabServer;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    page = await browser.newPage({ timezoneId: 'UTC' });
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('WebSocket')) complaints.push(message.text());
    });
  }, 30_000);
  afterAll(() => browser.close());
  afterEach(async () => {
    await page.goto('about:blank');
    await server.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  interface Opening {
    script?: Parameters<typeof writeScript>[0];
    events?: Script;
    width?: number;
    viewer?: boolean;
  }

  async function open(options: Opening = {}) {
    lab = new FakeLab(options.events ?? writeScript(options.script));
    lab.playTo(origin + minute);
    server = await startServer({ source: lab, port: 0, web: built.folder });
    await page.setViewportSize({ width: options.width ?? 1280, height: 900 });
    await page.goto(options.viewer ? new URL(server.url).origin : server.url);
    await page.getByRole('heading', { name: 'colour-match' }).waitFor();
  }

  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const says = (text: string | RegExp) => page.getByText(text).first().waitFor();
  const order = async (name: string, confirm: string, op = name.toLowerCase()) => {
    await button(name).click();
    await page.getByRole('dialog').getByRole('button', { name: confirm }).click();
    await eventually(() => lab.orders.at(-1)?.order.op).toBe(op);
  };

  it('shows the devices and three experiments finishing', async () => {
    await open();
    for (const device of ['handler', 'reader', 'arm'])
      await page.locator('.devices').getByText(device, { exact: true }).waitFor();
    await says('Labwright Simulated liquid handler');
    for (let at = 2, done = 0; done < 3; at += 0.5) {
      lab.playTo(origin + at * minute);
      const finished = [...lab.history(0)].filter((event) => event.type === 'experiment.completed').length;
      if (finished === done) continue;
      done = finished;
      await eventually(() => page.locator('.experiments tbody .chip.completed').count()).toBe(done);
      await eventually(() => page.locator('.summary .figure').first().textContent()).toBe(`${done} of 24`);
    }
    expect(await page.locator('.gantt .bar.ok').count()).toBeGreaterThan(8);
    expect(await page.locator('.gantt .bar.planned').count()).toBeGreaterThan(0);
    await page.locator('.plot canvas').waitFor();
    await eventually(() => page.title()).toMatch(/^3\/24 colour-match/);
  });

  it('passes orders on, each after it has said what will happen', async () => {
    await open();
    await button('Pause').click();
    await says('Steps that are running finish. Nothing new starts until you resume.');
    await button('Go back').click();
    expect(lab.orders).toEqual([]);
    await order('Pause', 'Pause');
    await page.locator('.state.paused').waitFor();
    await order('Resume', 'Resume');
    await page.locator('.state.running').waitFor();
    await order('Stop', 'Stop the campaign');
    await page.locator('.state.stopping').waitFor();
    expect(await button('Stop').isDisabled()).toBe(true);
  });

  it('halts only on a second, distinct click, and shows why an order was refused', async () => {
    await open();
    await button('Halt').focus();
    await page.keyboard.press('Enter');
    await says('every device is told to go to its safe state at once');
    await page.keyboard.press('Enter');
    await eventually(() => page.getByRole('dialog').count()).toBe(0);
    expect(lab.orders).toEqual([]);
    lab.answer = () => failed(failure('broker.lost', 'The broker is gone.', { mend: 'Use the switch on the wall.' }));
    await order('Halt', 'Halt every device now');
    await says('The broker is gone. Use the switch on the wall.');
  });

  it('says when the connection is lost, and catches up when it returns', async () => {
    await open();
    const { port } = new URL(server.url);
    await server.close();
    await says(/^Connection lost at 08:0\d:\d\d; showing what was known then\. Reconnecting…$/);
    expect(await button('Pause').isDisabled()).toBe(true);
    lab.playTo(origin + 6 * minute);
    server = await startServer({ source: lab, port: Number(port), token: server.token, web: built.folder });
    await eventually(() => page.getByText('Connection lost').count()).toBe(0);
    const done = [...lab.history(0)].filter((event) => event.type === 'experiment.completed').length;
    await eventually(() => page.locator('.experiments tbody .chip.completed').count()).toBe(done);
    expect(await button('Pause').isEnabled()).toBe(true);
  });

  it('lets a person decide what nobody knows', async () => {
    await open({ script: { indeterminate: 2 } });
    lab.playTo(origin + 4 * minute);
    await says('Experiment 2: did handler dispense?');
    await says(/of Cyan dye, .* are booked as used\. Experiment 2 goes on/);
    await button('It did not happen').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Book it so' }).click();
    await eventually(() => lab.orders.at(-1)?.order).toMatchObject({ op: 'resolve', as: 'not_happened' });
    await eventually(() => page.locator('.person').count()).toBe(0);
  });

  it('tells of every sample what was predicted, decided and why, and where it waits', async () => {
    await open({ events: stagedScript() });
    lab.playAll();
    const row = (number: number) =>
      page.locator('.experiments').getByRole('button', { name: `${number}`, exact: true });
    await page.locator('.experiments tbody tr', { hasText: 'until 16:04' }).locator('.chip.held').waitFor();
    for (const status of ['held', 'dropped', 'completed'])
      await page.locator('.filter').getByText(`${status} 1`).waitFor();
    await row(1).click();
    const turns = page.locator('.turns li');
    expect(await turns.allInnerTexts()).toEqual([
      expect.stringMatching(/starts with mix at cyan 40 uL, magenta 60 uL/),
      expect.stringMatching(
        /goes on with trim at yellow 20 uL\s+Known from mix: shade 0\.1; waited 3 min in rack\s+Predicted: distance 4\.00 ± 1\.5\s+Promises most\. Costs 50 s\./,
      ),
    ]);
    await row(1).click();
    await row(2).click();
    expect((await turns.allInnerTexts()).at(-1)).toMatch(
      /dropped.*Known from mix: shade 0\.2.*Predicted: distance 25\.0 ± 2\.0.*Promises next to nothing/s,
    );
    await row(2).click();
    await row(3).click();
    expect((await turns.allInnerTexts()).at(-1)).toMatch(/waits for a decision in rack until 16:04 at the latest/);
    await page.locator('.links').getByText('from shade and yellow (proxies)').waitFor();
    await page
      .locator('.links')
      .getByText(/12 samples, 71 % explained\..*Parameters alone predict worse \(−8\.6\)/)
      .waitFor();
    expect(await page.locator('.gantt .bar.held').count()).toBe(3);
    await page.locator('.lane-names').getByText('rack', { exact: true }).waitFor();
  });

  it('shows a campaign that was changed', async () => {
    await open();
    const change = { space: { cyan: { max: '90 uL' } }, budget: { experiments: 30 } };
    expect(lab.order({ op: 'change', change }, 'ann').ok).toBe(true);
    await page.getByText('Changed by ann (version 2): cyan max 90 uL, budget experiments 30').waitFor();
    await eventually(() => page.title()).toMatch(/\/30 colour-match/);
    await page.locator('.goal').getByText('version 2').waitFor();
  });

  it('lets an operator pin the plan and give a sample priority, and shows both', async () => {
    await open();
    await order('Pin plan', 'Pin the plan', 'pin');
    await page.getByRole('heading', { name: /^Schedule, pinned by \S+ since \d\d:\d\d$/ }).waitFor();
    await order('Unpin plan', 'Unpin the plan', 'unpin');
    await page.getByRole('heading', { name: 'Schedule', exact: true }).waitFor();
    const row = page.locator('.experiments tbody tr').first();
    await row.getByRole('button').click();
    await page.getByLabel('Priority').selectOption('5');
    await eventually(() => lab.orders.at(-1)?.order).toMatchObject({ op: 'prioritize', priority: 5 });
    await row.getByText('priority 5').waitFor();
    lab.answer = () => failed(failure('input.invalid', 'It is over.'));
    await page.getByLabel('Priority').selectOption('-2');
    await says('It is over.');
    expect(await page.getByLabel('Priority').inputValue()).toBe('5');
  });

  it('draws under every step when it was planned first, and says how far the lab is behind', async () => {
    // At the pace of the wall what is left stays the same text for most of a minute.
    await open({ script: { speed: 1 } });
    lab.more = {
      waiting: [{ sample: 'e-0001', step: 'read', reason: 'The reader is closed.', due: origin + 80.8 * minute }],
    };
    lab.playTo(origin + 10 * minute);
    await eventually(() => page.locator('.gantt .bar.ok rect.first').count()).toBeGreaterThan(8);
    await page
      .locator('.summary')
      .getByText(/; \d+ min behind plan/)
      .waitFor();
    await page.locator('.waiting').getByText('The reader is closed, 1 h 10 min left.').waitFor();
  });

  it('offers viewers no buttons', async () => {
    await open({ viewer: true });
    await says('Viewer');
    expect(await button('Pause').count()).toBe(0);
    await page.locator('.experiments tbody tr').first().getByRole('button').click();
    await page.locator('.facts').waitFor();
    expect(await page.getByLabel('Priority').count()).toBe(0);
  });

  it('fits a phone and can be used without a mouse', async () => {
    await open({ width: 390 });
    lab.playTo(origin + 8 * minute);
    await eventually(() => page.locator('.experiments tbody .chip.completed').count()).toBeGreaterThan(3);
    expect(await page.evaluate(() => document.scrollingElement!.scrollWidth)).toBeLessThanOrEqual(390);
    await page.locator('.gantt svg').focus();
    await page.keyboard.press('ArrowLeft');
    await page.locator('.gantt .detail', { hasText: /^Experiment \d+: / }).waitFor();
    await page.locator('.experiments').getByRole('button', { name: '1', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.facts').getByText('initial design').waitFor();
    const column = page.getByRole('columnheader', { name: 'distance' });
    await column.getByRole('button').press('Enter');
    await eventually(() => column.getAttribute('aria-sort')).toBe('ascending');
  });
});
