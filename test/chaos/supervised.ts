import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
}

export interface Ending {
  readonly code: number | null;
  readonly stderr: string;
}

/** Spares every process but the first the compiling. */
const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'labwright-test-compile-cache') };
const longestTail = 4000;

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** A process that is killed and started again, as by a power cut or a service manager. */
export class Supervised {
  readonly name: string;
  readonly #launch: () => Launch;
  /** What it says once it is at work. */
  readonly #ready: RegExp;
  readonly #onEnd: (ending: Ending) => void;
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  isReady = false;
  starts = 0;

  constructor(name: string, launch: () => Launch, ready: RegExp, onEnd: (ending: Ending) => void) {
    this.name = name;
    this.#launch = launch;
    this.#ready = ready;
    this.#onEnd = onEnd;
  }

  get alive(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    clearTimeout(this.#restart);
    if (this.#child !== undefined) return;
    const { program, args } = this.#launch();
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    children.add(child);
    this.starts += 1;
    let stderr = '';
    const hear = (text: string) => {
      if (this.#child === child && this.#ready.test(text)) this.isReady = true;
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-longestTail);
      hear(text);
    });
    child.on('close', (code) => {
      children.delete(child);
      if (this.#child !== child) return;
      this.#gone();
      this.#onEnd({ code, stderr });
    });
  }

  startAfter(ms: number): void {
    clearTimeout(this.#restart);
    this.#restart = setTimeout(() => this.start(), ms);
  }

  /** SIGKILL; done when the operating system has taken it away. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined) return;
    this.#gone();
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill(signal);
    await gone;
  }

  #gone(): void {
    this.#child = undefined;
    this.isReady = false;
  }
}
