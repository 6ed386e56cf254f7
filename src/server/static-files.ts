import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, extname, join, normalize, sep } from 'node:path';

/** Serves the built page, and nothing outside its folder. */
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.map': 'application/json',
};

const security = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Labwright</title>
<body><h1>The page has not been built</h1>
<p>The controller is running. Build the page with <code>npx vite build</code> and load this address again.</p></body></html>`;

/** dist/web of the package that this file belongs to, whether it runs from src or from dist. */
export function builtPage(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && readFileSync(manifest, 'utf8').includes('"labwright"'))
      return join(folder, 'dist', 'web');
    if (folder === dirname(folder)) return join(import.meta.dirname, 'web');
  }
}

export async function serveFile(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'Only GET is answered here.');
  const path = fileOf(folder, request.url ?? '/');
  if (path === undefined) return answer(response, 404, 'There is nothing at this address.');
  const content = await readFile(path).catch(() => undefined);
  if (content === undefined) {
    if (path === join(folder, 'index.html')) return answer(response, 503, notBuilt, types['.html']);
    return answer(response, 404, 'There is nothing at this address.');
  }
  // Everything but the entry carries a hash of its content in its name.
  const cache = path.includes(`${sep}assets${sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache';
  response.writeHead(200, {
    ...security,
    'cache-control': cache,
    'content-type': types[extname(path)] ?? 'text/plain',
  });
  response.end(request.method === 'HEAD' ? undefined : content);
}

export function answer(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { ...security, 'cache-control': 'no-store', 'content-type': type });
  response.end(`${text}\n`);
}

function fileOf(folder: string, url: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(url.split(/[?#]/, 1)[0]!);
  } catch {
    return undefined;
  }
  if (path.includes('\0')) return undefined;
  const file = normalize(join(folder, path === '/' ? 'index.html' : path));
  return file.startsWith(folder + sep) ? file : undefined;
}
