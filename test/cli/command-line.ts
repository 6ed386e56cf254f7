import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';

/** The command line as a user meets it: processes of their own, in folders of their own. */

const root = join(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** The output so far. */
  stdout(): string;
  stderr(): string;
  /** Done when the output matches; rejects when the process ends before. */
  says(pattern: RegExp): Promise<void>;
}

const folders: string[] = [];
const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A temporary folder with a copy of an example in it; `edits` are [file, find, replace]. */
export function workplace(example = 'colour-match', edits: readonly (readonly [string, string, string])[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'labwright-cli-'));
  folders.push(folder);
  cpSync(join(root, 'protocols', example), folder, { recursive: true });
  for (const [file, find, replace] of edits) edit(join(folder, file), find, replace);
  return folder;
}

export function edit(path: string, find: string, replace: string): void {
  const text = readFileSync(path, 'utf8');
  if (!text.includes(find)) throw new Error(`${path} has no "${find}"`);
  writeFileSync(path, text.replace(find, replace));
}

/** The line on which a text begins. */
export function lineOf(path: string, text: string): number {
  const [before, after] = readFileSync(path, 'utf8').split(text, 2);
  if (after === undefined) throw new Error(`${path} has no "${text}"`);
  return before!.split('\n').length;
}

export function start(cwd: string, ...args: string[]): Running {
  const program = join(root, 'src/bin.js');
  const child = spawn(process.execPath, [program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  const tell = () => listeners.forEach((listener) => listener());
  child.stdout.setEncoding('utf8').on('data', (text: string) => ((stdout += text), tell()));
  child.stderr.setEncoding('utf8').on('data', (text: string) => ((stderr += text), tell()));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, stdout, stderr });
      tell();
    });
  });
  const says = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!pattern.test(stdout + stderr) && running.has(child)) return;
        listeners.delete(look);
        if (pattern.test(stdout + stderr)) resolve();
        else reject(new Error(`ended without saying ${String(pattern)}:\n${stdout}${stderr}`));
      };
      listeners.add(look);
      look();
    });
  return { child, ended, stdout: () => stdout, stderr: () => stderr, says };
}

export const labwright = (cwd: string, ...args: string[]): Promise<Ended> => start(cwd, ...args).ended;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A person decides what the kill has left in doubt, if anything. */
export async function decideAll(resumed: Running, folder: string, run: string): Promise<void> {
  let over = false;
  void resumed.ended.then(() => (over = true));
  await resumed.says(/controller\.started/);
  while (!over) {
    const { stdout } = await labwright(folder, 'status', run, '--json');
    const { waitingForPerson } = JSON.parse(stdout) as { waitingForPerson: { key: string }[] };
    for (const { key } of waitingForPerson) {
      const answer = await labwright(folder, 'resolve', key, 'discard', '--dir', run);
      // Somebody else, the device itself, may have settled it meanwhile; and the campaign may have ended with it.
      if (answer.code === 0) expect(answer.stdout).toBe('The order has been taken.\n');
      else expect(answer.stderr).toMatch(/No open command has the key|No controller runs in/);
    }
  }
}
