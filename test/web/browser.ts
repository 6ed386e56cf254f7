import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const executable = '/usr/bin/chromium';

export const browserPresent = existsSync(executable);

export function launchBrowser(): Promise<Browser> {
  const off = ['quic', 'background-networking', 'component-update', 'sync'].map((name) => `--disable-${name}`);
  return chromium.launch({
    executablePath: executable,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', ...off],
  });
}
