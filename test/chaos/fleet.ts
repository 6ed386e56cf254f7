import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { loadLab } from '../../src/domain/load.ts';
import type { Lab } from '../../src/domain/lab.ts';
import { writeExample } from './example.ts';
import { Supervised, type Ending, type Launch } from './supervised.ts';

export type BrokerKind = 'mosquitto' | 'embedded';
export const mosquittoPath = '/usr/sbin/mosquitto';

export interface FleetOptions {
  readonly folder: string;
  readonly broker: BrokerKind;
  readonly experiments: number;
  readonly speed: number;
  readonly seed: number;
}

const cli = join(import.meta.dirname, '../../src/cli.ts');
const labwright = (...args: string[]): Launch => ({ program: process.execPath, args: [cli, ...args] });

/** Exit codes of a process that could not go on for want of its surroundings, and may be started again. */
const lacking = new Set([4, 5]);
/** Wall ms before a process that has ended by itself is started again. */
const pauseMs = 300;

/** Controller, broker and each simulated instrument, all as processes of their own. */
export class Fleet {
  readonly lab: Lab;
  readonly run: string;
  readonly world: string;
  readonly processes: readonly Supervised[];
  /** Processes that have ended although nobody had killed them, and should not have. */
  readonly crashes: string[] = [];
  readonly #controller: Supervised;
  readonly #instruments: readonly Supervised[];
  #over = false;
  /** The controller's exit code, once the campaign is over. */
  exit: number | undefined;

  private constructor({ folder, broker, experiments, speed, seed }: FleetOptions, port: number) {
    const example = join(folder, 'example');
    writeExample(example, experiments);
    this.run = join(folder, 'run');
    this.world = join(folder, 'simulated', 'world');
    const lab = loadLab(join(example, 'lab.yaml'), readText);
    if (!lab.ok) throw new Error(JSON.stringify(lab.failures));
    this.lab = lab.value;
    const url = `mqtt://127.0.0.1:${port}`;
    const shared = ['--broker', url, '--port', '0', '--json'];
    const begin = ['run', join(example, 'campaign.yaml'), '--dir', this.run];
    const opened = () => existsSync(join(this.run, 'opened'));
    const controller = () =>
      labwright(
        ...(opened() ? ['resume', this.run] : [...begin, '--speed', `${speed}`, '--seed', `${seed}`]),
        ...shared,
      );
    this.#controller = new Supervised('controller', controller, /"Page: /, (ending) => this.#controllerEnded(ending));
    const simulated = ['simulate', join(example, 'lab.yaml'), '--broker', url, '--state', join(folder, 'simulated')];
    this.#instruments = Object.keys(this.lab.devices).map((device) =>
      this.#keep(device, () => labwright(...simulated, '--only', device, '--seed', `${seed}`), /Simulating/),
    );
    const ready = broker === 'mosquitto' ? /running/ : /Listening/;
    this.processes = [
      this.#controller,
      this.#keep('broker', () => brokerLaunch(broker, folder, port), ready),
      ...this.#instruments,
    ];
  }

  static async start(options: FleetOptions): Promise<Fleet> {
    mkdirSync(options.folder, { recursive: true });
    const fleet = new Fleet(options, await freePort());
    const [controller, ...others] = fleet.processes;
    for (const process of others) process.start();
    controller!.start();
    return fleet;
  }

  get over(): boolean {
    return this.#over;
  }

  /** From now on the controller is started with `resume`. */
  markOpened(): void {
    writeFileSync(join(this.run, 'opened'), '');
  }

  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all([this.#controller.kill(), ...this.#instruments.map((process) => process.kill('SIGTERM'))]);
    await Promise.all(this.processes.map((process) => process.kill()));
  }

  #keep(name: string, launch: () => Launch, ready: RegExp): Supervised {
    const process: Supervised = new Supervised(name, launch, ready, ({ code, stderr }) => {
      if (this.#over) return;
      if (!lacking.has(code ?? -1)) this.crashes.push(`${name} ended by itself with ${code}: ${stderr.trim()}`);
      process.startAfter(pauseMs);
    });
    return process;
  }

  #controllerEnded({ code, stderr }: Ending): void {
    if (this.#over) return;
    if (lacking.has(code ?? -1)) return this.#controller.startAfter(pauseMs);
    this.exit = code ?? -1;
    this.#over = true;
    if (code !== 0 && code !== 8) this.crashes.push(`controller ended by itself with ${code}: ${stderr.trim()}`);
  }
}

const readText = (path: string): string => readFileSync(path, 'utf8');

function brokerLaunch(kind: BrokerKind, folder: string, port: number): Launch {
  if (kind === 'embedded')
    return { program: process.execPath, args: [join(import.meta.dirname, 'broker.ts'), String(port)] };
  const config = join(folder, 'mosquitto.conf');
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n`);
  return { program: mosquittoPath, args: ['-c', config] };
}

/** Below those from which the system takes the ports of connections: nobody else can come upon it while it is free. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (free) return port;
  }
}
