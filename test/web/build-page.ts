import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/**
 * Builds the page into a folder of its own, so that tests neither need nor disturb dist/. A process of its own, because
 * the environment of a test would choose the libraries' development versions.
 */
export async function buildPage(): Promise<{ readonly folder: string; remove(): void }> {
  const root = resolve(import.meta.dirname, '../..');
  const folder = mkdtempSync(join(tmpdir(), 'labwright-page-'));
  const { NODE_ENV: _, ...env } = process.env;
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const options = ['build', '--logLevel', 'error', '--outDir', folder, '--emptyOutDir'];
  await promisify(execFile)(process.execPath, [vite, ...options], { cwd: root, env });
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
