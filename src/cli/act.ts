import { Command, InvalidArgumentError } from 'commander';
import { describeFailure, exitCodeOf, FailureError, type Failure } from '../base/failure.ts';

/** What every command of the command line shares: reading its numbers, telling its failures, its exit code. */

export const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number.');
  return value;
};

export const portNumber = (text: string): number => {
  const value = wholeNumber(text);
  if (value > 65_535) throw new InvalidArgumentError('Ports end at 65535.');
  return value;
};

export const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('It must be more than zero.');
  return value;
};

export const brokerUrl = (text: string): string => {
  if (!/^(mqtts?|wss?):\/\/./.test(text) || !URL.canParse(text))
    throw new InvalidArgumentError('It must be an address like mqtt://127.0.0.1:1883.');
  return text;
};

/** Many failures at once; the first decides the exit code. */
export class Failures extends Error {
  readonly failures: readonly Failure[];
  constructor(failures: readonly Failure[]) {
    super(failures.map(describeFailure).join('\n'));
    this.failures = failures;
  }
}

/** Prints failures and gives the exit code that the documentation promises for the first. */
export function failWith(failures: readonly Failure[], json: boolean): number {
  for (const one of failures)
    process.stderr.write(json ? `${JSON.stringify({ type: 'failure', ...one })}\n` : `${describeFailure(one)}\n`);
  return exitCodeOf(failures[0]!);
}

/** A command's action: sets the exit code, and tells expected failures in a sentence each. */
export const act =
  <A extends unknown[]>(work: (...args: A) => number | Promise<number>) =>
  async (...args: unknown[]): Promise<void> => {
    const options = args.find((arg) => arg !== null && typeof arg === 'object' && !(arg instanceof Command));
    const asJson = (options as { json?: boolean } | undefined)?.json === true;
    try {
      process.exitCode = await work(...(args as A));
    } catch (error) {
      if (error instanceof Failures) process.exitCode = failWith(error.failures, asJson);
      else if (error instanceof FailureError) process.exitCode = failWith([error.failure], asJson);
      else throw error;
    }
  };

/** A reader that has gone, such as `head`, stops neither a campaign nor the writing of the rest to nobody. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
}
