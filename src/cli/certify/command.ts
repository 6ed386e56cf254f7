import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { failure, FailureError } from '../../base/failure.ts';
import { DeviceId, SiteId } from '../../domain/ids.ts';
import { certify, type Plan, type Report } from './certify.ts';
import type { Restart } from './check.ts';
import { junit } from './junit.ts';
import { planText, summaryText, verdictText } from './text.ts';

/** `labwright certify`: asks, tries, and tells. */

export interface CertifyCommand {
  readonly broker: string;
  readonly site: string;
  readonly device: string;
  readonly capability?: string;
  readonly parameters?: string;
  readonly restart?: string;
  readonly ask?: boolean;
  readonly yes?: boolean;
  readonly limit?: number;
  readonly junit?: string;
  readonly json?: boolean;
}

export async function certifyDevice(options: CertifyCommand): Promise<number> {
  const { broker: url, site, device, capability, json } = options;
  for (const [schema, id] of [
    [SiteId, site],
    [DeviceId, device],
  ] as const)
    if (!schema.safeParse(id).success) throw invalid(`"${id}" is no id.`, 'Use 1 to 64 of a-z, 0-9, "-" and "_".');
  const parameters = readParameters(options.parameters);
  const restart = restartOf(options);
  const { limit } = options;
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const report = await certify({
    stop: stop.signal,
    ...{ url, site, device, agree: (plan) => agreed(plan, options) },
    ...(limit === undefined ? {} : { limitMs: 1000 * limit }),
    ...(capability === undefined ? {} : { capability }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(restart === undefined ? {} : { restart }),
    onVerdict: (verdict) => json || process.stdout.write(`${verdictText(verdict)}\n`),
  });
  process.off('SIGINT', interrupt);
  if (report === undefined) return 1;
  process.stdout.write(`${json ? JSON.stringify(report) : summaryText(report)}\n`);
  if (options.junit !== undefined) save(options.junit, junit(device, report));
  return stop.signal.aborted ? stoppedByCtrlC : exitOf(report);
}

const stoppedByCtrlC = 130;
const exitOf = ({ passed }: Report): number => (passed ? 0 : 1);

function readParameters(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below, as anything else that is no object.
  }
  throw invalid(`The parameters ${text} are no JSON object.`, 'Write them like \'{"seconds": 2}\'.');
}

async function agreed(plan: Plan, { yes, json }: CertifyCommand): Promise<boolean> {
  if (!json) process.stdout.write(`${planText(plan)}\n`);
  if (yes) return true;
  if (!process.stdin.isTTY)
    throw invalid('The device will really act, and nobody is here to agree.', 'Say so with --yes.');
  const answer = await asked('The device will really act. Is it safe, and shall it? [y/N] ');
  return /^y(es)?$/i.test(answer.trim());
}

async function asked(question: string): Promise<string> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await prompt.question(question);
  } finally {
    prompt.close();
  }
}

function restartOf({ restart, ask }: CertifyCommand): Restart | undefined {
  if (restart !== undefined) return { byHand: false, perform: () => runShell(restart) };
  if (!ask) return undefined;
  if (!process.stdin.isTTY) throw invalid('Nobody is here to be asked.', 'Use --restart instead of --ask.');
  const perform = async () => {
    await asked('Pull the plug of the device now (or kill -9 it), start it again, then press Enter. ');
  };
  return { byHand: true, perform };
}

const shellMs = 20_000;

/** Its children may live on: only its own end is waited for. */
function runShell(command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const shell = spawn(command, { shell: true, stdio: ['ignore', 'ignore', 'inherit'] });
    const fail = (what: string) => {
      clearTimeout(timer);
      reject(
        new FailureError(
          failure('lab.incapable', `The restart command ${what}.`, {
            mend: 'It must kill the device, start it again in the background, and end with exit code 0.',
          }),
        ),
      );
    };
    const timer = setTimeout(() => {
      shell.kill('SIGKILL');
      fail(`did not end within ${shellMs / 1000} s`);
    }, shellMs);
    shell.once('error', (error) => fail(`could not be run: ${error.message}`));
    shell.once('exit', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else fail(`ended with exit code ${code}`);
    });
  });
}

function save(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new FailureError(
      failure('input.unreadable', `The file cannot be written: ${(error as Error).message}.`, {
        where: path,
        mend: 'Name a file in a folder that exists and may be written.',
      }),
    );
  }
}

const invalid = (message: string, mend: string): FailureError =>
  new FailureError(failure('input.invalid', message, { mend }));
