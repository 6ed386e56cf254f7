import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';

/** Builds the page into a folder of its own, so that tests neither need nor disturb dist/. */
export async function buildPage(): Promise<{ readonly folder: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'labwright-page-'));
  await build({
    configFile: resolve(import.meta.dirname, '../../vite.config.ts'),
    mode: 'production',
    logLevel: 'error',
    build: { outDir: folder },
  });
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
