import { isDeepStrictEqual } from 'node:util';
import type { NackCode } from '../../domain/event.ts';
import type { CommandMessage, EventMessage, ResultEvent } from '../../wire/messages.ts';
import { answerMs, type Bench } from './bench.ts';
import { allInWords, breach, demand, inWords, type Story, type Trial } from './check.ts';

/** What most checks begin or end with. */

const isResult = (event: EventMessage): event is ResultEvent => event.kind === 'result';

export const resultOf = (bench: Bench, key: string, from = 0): ResultEvent | undefined =>
  bench.events(key, from).find(isResult);

/** Sends a command that the device must accept, and waits for its ack. */
export async function begin({ bench }: Trial): Promise<CommandMessage> {
  const command = bench.send(bench.command());
  const first = await bench.event(command.key, () => true);
  demand(
    first !== undefined,
    `A command was sent; within ${answerMs / 1000} s came ${inWords(first)}.`,
    'Subscribe to cmd before $state says ready, and answer every command with an ack or a nack.',
  );
  if (first.kind === 'nack')
    throw breach(
      `A command was refused: ${first.code}, ${first.message}`,
      'If these parameters cannot be carried out, say better ones with --parameters; if the device was not ready, $state must not say ready.',
    );
  return command;
}

/** Waits for the result of a command. */
export async function finish({ bench, longestMs }: Trial, command: CommandMessage): Promise<Story> {
  const result = await bench.until(() => resultOf(bench, command.key), longestMs);
  demand(
    result !== undefined,
    `No result came within ${longestMs / 1000} s; heard: ${allInWords(bench.events(command.key))}.`,
    'Publish a result when the command has ended, and declare a duration.high that is long enough.',
  );
  return { command, result };
}

/** Waits until the device says that it works on the command; false when the command ended first. */
export async function atWork({ bench, longestMs }: Trial, { key }: CommandMessage): Promise<boolean> {
  const seen = await bench.until(() => {
    if (resultOf(bench, key) !== undefined) return 'ended';
    return bench.state?.running.includes(key) ? 'running' : undefined;
  }, longestMs);
  return seen === 'running';
}

/** Waits for a nack, and demands its code and its number. */
export async function refusal(
  { bench }: Trial,
  key: string,
  from: number,
  { code, n, mend }: { code: NackCode; n: 0 | 1; mend: string },
): Promise<EventMessage> {
  const event = await bench.event(key, () => true, from);
  demand(
    event?.kind === 'nack' && event.code === code && event.n === n,
    `Expected nack ${code} with n ${n}; ${event === undefined ? `nothing came within ${answerMs / 1000} s` : `came ${inWords(event)}`}.`,
    mend,
  );
  return event;
}

/** Sends a command again, and demands that the device answers with `last` and does nothing else. */
export async function repeat({ bench }: Trial, command: CommandMessage, last: EventMessage): Promise<void> {
  const from = bench.mark;
  bench.sendAgain(command);
  const answer = await bench.event(command.key, () => true, from);
  demand(
    isDeepStrictEqual(answer, last),
    `The command was sent again after ${inWords(last)}; ${answer === undefined ? 'nothing came' : `came ${inWords(answer)}${sameKind(answer, last)}`}.`,
    'Keep the last event of every key in the journal, and answer the same key and hash with exactly that event.',
  );
  await bench.barrier();
  const more = bench.events(command.key, from).find((event) => !isDeepStrictEqual(event, last));
  const works = bench.states(from).some(({ running }) => running.includes(command.key));
  demand(
    more === undefined && !works,
    `The command was sent again after it had ended, and the device acted again: ${works ? '$state says that it runs' : inWords(more)}.`,
    'Look the key up in the journal before anything else; a key that is there never acts again.',
  );
}

const sameKind = (answer: EventMessage, last: EventMessage): string =>
  answer.kind === last.kind && answer.n === last.n ? ', but with another content' : '';

/**
 * Before a check: nothing at work and not halted, whatever the check before has left behind. A device that has once not
 * come to rest is not waited for again.
 */
export async function rest(trial: Trial): Promise<void> {
  const { bench, longestMs } = trial;
  const idle = () => (bench.state?.running.length === 0 && bench.state.state === 'ready' ? true : undefined);
  if (trial.restless || idle() || (await bench.until(idle, answerMs / 3))) return;
  bench.control('resume');
  bench.control('cancel');
  trial.restless = (await bench.until(idle, longestMs)) !== true;
}
