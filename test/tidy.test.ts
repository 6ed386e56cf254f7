import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

/** The shape of the project, checked: who may import whom, what may be called where, and how long things may get. */

const root = resolve(import.meta.dirname, '..');

interface Source {
  readonly path: string;
  readonly lines: readonly string[];
}

const list = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));

const sources: Source[] = ['src', 'devices', 'simulators'].flatMap(list).map((path) => ({
  path,
  lines: readFileSync(join(root, path), 'utf8').split('\n'),
}));

/** The part of the project that a file belongs to. */
function partOf(path: string): string {
  const [top, part] = path.split('/');
  if (top !== 'src') return top!;
  return part === 'cli' || !path.slice(4).includes('/') ? 'cli' : part!;
}

const middle = ['control', 'scheduling', 'optimizer', 'ledger', 'wire'];
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: ['base'],
  domain: ['base', 'domain'],
  ...Object.fromEntries(middle.map((part) => [part, ['base', 'domain', part]])),
  engine: ['base', 'domain', ...middle, 'engine'],
  server: ['base', 'domain', ...middle, 'engine', 'server'],
  web: ['web'],
  cli: ['base', 'domain', ...middle, 'engine', 'server', 'cli', 'devices', 'simulators'],
  devices: ['base', 'domain', 'wire', 'devices'],
  simulators: ['base', 'domain', 'wire', 'devices', 'simulators'],
};

/** Each outside package has one home. */
const homes: Readonly<Record<string, readonly string[]>> = {
  xstate: ['control'],
  'better-sqlite3': ['ledger'],
  'csv-parse': ['base'],
  mqtt: ['wire'],
  'socket.io': ['server'],
  aedes: ['simulators'],
  commander: ['cli'],
  yaml: ['domain'],
  mathjs: ['domain'],
  'js-quantities': ['domain'],
  preact: ['web'],
  uplot: ['web'],
  'socket.io-client': ['web'],
};

const imports = sources.flatMap(({ path, lines }) =>
  lines.flatMap((line, i) => {
    const match = /^(import|export)\s(type\s)?.*from '([^']+)'|^} from '([^']+)'|(?:^import |\bimport\()'([^']+)'/.exec(
      line,
    );
    if (match === null) return [];
    const target = (match[3] ?? match[4] ?? match[5])!;
    const typeOnly = match[2] !== undefined || (match[4] !== undefined && opensAsType(lines, i));
    return [{ path, where: `${path}:${i + 1}`, target, typeOnly }];
  }),
);

function opensAsType(lines: readonly string[], end: number): boolean {
  for (let i = end; i >= 0; i--)
    if (/^(import|export)\b/.test(lines[i]!)) return /^(import|export) type\b/.test(lines[i]!);
  return false;
}

test('parts import only what lies below them', () => {
  const wrong = imports.flatMap(({ path, where, target, typeOnly }) => {
    if (!target.startsWith('.')) return [];
    const from = partOf(path);
    const to = partOf(relative(root, join(root, dirname(path), target)));
    if (from === 'web' && typeOnly && (to === 'domain' || target.endsWith('server/contract.ts'))) return [];
    return mayImport[from]?.includes(to) ? [] : [`${where}: ${from} must not import ${to} (${target})`];
  });
  expect(wrong).toEqual([]);
});

test('each outside package has one home', () => {
  const wrong = imports.flatMap(({ path, where, target }) => {
    const name = target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : target.split('/')[0]!;
    const home = homes[name];
    if (home === undefined || home.includes(partOf(path))) return [];
    return [`${where}: ${name} belongs to ${home.join()}`];
  });
  expect(wrong).toEqual([]);
});

test('the core is pure', () => {
  const wrong = imports.flatMap(({ path, where, target }) =>
    ['control', 'scheduling', 'optimizer'].includes(partOf(path)) && target.startsWith('node:')
      ? [`${where}: ${target} in the pure core`]
      : [],
  );
  expect(wrong).toEqual([]);
});

/** What only some files may call, and what to use instead. */
const banned: readonly { pattern: RegExp; instead: string; allowed: RegExp }[] = [
  {
    pattern: /\bDate\.now\(|\bnew Date\(\)/,
    instead: 'the Clock port (base/clock.ts)',
    allowed: /^src\/(base\/clock|wire\/mqtt-|server\/|web\/|cli)/,
  },
  {
    pattern: /\bMath\.random\(|\brandomUUID\(|\brandomBytes\(/,
    instead: 'stream(seed, name) (base/random.ts)',
    allowed: /^src\/(base\/random|wire\/mqtt-|server\/|web\/|cli)/,
  },
  {
    pattern: /\bset(Timeout|Interval|Immediate)\(/,
    instead: 'Clock.after (base/clock.ts)',
    allowed: /^(src\/(base\/clock|wire\/mqtt-|server\/|web\/|cli)|simulators\/main)/,
  },
  { pattern: /\bprocess\.env\b/, instead: 'an option of the command line', allowed: /^src\/cli/ },
  { pattern: /\bconsole\./, instead: 'a returned value or a log port', allowed: /^(src\/(cli|web)|simulators\/main)/ },
  { pattern: /\beval\(|\bnew Function\(/, instead: 'domain/expression.ts', allowed: /^$/ },
  { pattern: /\b(TODO|FIXME|XXX)\b|@ts-ignore/, instead: 'finishing it', allowed: /^$/ },
];

test('time, randomness and the environment come in by their doors', () => {
  const wrong = sources.flatMap(({ path, lines }) =>
    lines.flatMap((line, i) => {
      const code = line.replace(/^\s*(\*|\/\/|\/\*\*).*$/, (comment) =>
        /(TODO|FIXME|XXX)/.test(comment) ? comment : '',
      );
      return banned
        .filter(({ pattern, allowed }) => pattern.test(code) && !allowed.test(path))
        .map(({ instead }) => `${path}:${i + 1}: use ${instead}`);
    }),
  );
  expect(wrong).toEqual([]);
});

const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))] ?? 0;

test('files stay rooms, not halls', () => {
  const lengths = sources.map(({ lines }) => lines.length);
  const long = sources
    .filter(({ lines }) => lines.length > 600)
    .map(({ path, lines }) => `${path}: ${lines.length} lines`);
  expect(long).toEqual([]);
  expect(quantile(lengths, 0.5)).toBeLessThanOrEqual(150);
});

/** Lines of every function of a file, by matching braces; strings and comments are blanked first. */
function functionsOf({ path, lines }: Source): { where: string; length: number }[] {
  const text = lines
    .join('\n')
    .replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, (part) =>
      part.replace(/[^\n]/g, ' '),
    );
  const open: { line: number; isFunction: boolean }[] = [];
  const found: { where: string; length: number }[] = [];
  let line = 1;
  let statement = '';
  for (const letter of text) {
    if (letter === '\n') line += 1;
    if (letter === '{') {
      const head = statement.trimEnd();
      const isFunction =
        /=>$/.test(head) ||
        (/\)(\s*:\s*[^;{}=]+)?$/.test(head) && !/\b(if|for|while|switch|catch|with)\s*\([^]*$/.test(head.slice(-200)));
      open.push({ line, isFunction });
      statement = '';
    } else if (letter === '}') {
      const start = open.pop();
      if (start?.isFunction) found.push({ where: `${path}:${start.line}`, length: line - start.line + 1 });
      statement = '';
    } else if (letter === ';') statement = '';
    else statement += letter;
  }
  return found;
}

test('functions stay short', () => {
  const functions = sources.flatMap(functionsOf);
  expect(functions.length).toBeGreaterThan(100);
  expect(functions.filter(({ length }) => length > 70)).toEqual([]);
  expect(
    quantile(
      functions.map(({ length }) => length),
      0.95,
    ),
  ).toBeLessThanOrEqual(40);
});
