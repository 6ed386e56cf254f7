import { isDeepStrictEqual } from 'node:util';
import type { CommandMessage, EventMessage } from '../../wire/messages.ts';
import { answerMs, type Bench } from './bench.ts';
import { allInWords, demand, inWords, pass, skip, type Check } from './check.ts';
import { nonsense } from './nonsense.ts';
import { resultOf } from './moves.ts';

/** Nonsense, far too much, and many at once. */

/** Alive: it answers, in the boot that it was in. */
async function alive(bench: Bench, boot: string | undefined, after: string): Promise<void> {
  const answers = await bench.barrier(answerMs);
  const same = bench.state?.boot === boot && bench.state?.state !== 'lost';
  demand(
    answers && same,
    answers ? `After ${after} the device had restarted.` : `After ${after} the device no longer answers.`,
    'Catch every error while reading a message; log it, and go on.',
  );
}

export const malformed: Check = {
  id: 'malformed',
  section: '9',
  says: 'Messages that are not JSON, lack fields, or have fields of wrong type are ignored, whatever they hold; the device goes on.',
  needs: ['ack'],
  async try({ bench }) {
    const { boot } = bench.state!;
    const key = bench.key();
    const messages = nonsense(bench.command({ key }));
    for (const { branch, text, what } of messages) {
      const from = bench.mark;
      bench.raw(branch, text);
      await alive(bench, boot, what);
      const answer = bench.events(key, from)[0];
      demand(
        answer === undefined && bench.state?.state === 'ready',
        answer === undefined
          ? `After ${what} $state says ${bench.state?.state}.`
          : `To ${what} it answered ${inWords(answer)}.`,
        'Check every field against docs/asyncapi.json before using any; a malformed message has no effect.',
      );
    }
    return pass(`${messages.length} kinds of nonsense`);
  },
};

export const oversize: Check = {
  id: 'oversize',
  section: '9',
  says: 'A message of more than 1 MiB is ignored; the device goes on.',
  needs: ['ack'],
  async try({ bench }) {
    const { boot } = bench.state!;
    const command = bench.command();
    const text = JSON.stringify({ ...command, padding: 'x'.repeat(1.2 * 1024 * 1024) });
    if (!(await bench.sendLarge(text))) return skip('the broker does not take messages of 1.2 MiB');
    await alive(bench, boot, 'a message of 1.2 MiB');
    const answer = bench.events(command.key)[0];
    demand(answer === undefined, `It answered ${inWords(answer)}.`, 'Look at the length before reading the message.');
    return pass('1.2 MiB ignored');
  },
};

const inFlight = 16;

export const sixteen: Check = {
  id: 'sixteen',
  section: '9',
  says: 'Of 16 commands at once each gets an ack, or E_BUSY with n 1; none is lost, and none acts twice.',
  needs: ['ack'],
  async try({ bench, longestMs }) {
    const commands = Array.from({ length: inFlight }, () => bench.command());
    for (const command of commands) bench.send(command);
    const firstOf = (key: string): EventMessage | undefined => bench.events(key)[0];
    await bench.until(() => (commands.every(({ key }) => firstOf(key) !== undefined) ? true : undefined), 2 * answerMs);
    const lost = commands.filter(({ key }) => firstOf(key) === undefined).length;
    demand(
      lost === 0,
      `${lost} of ${inFlight} commands were not answered.`,
      'Answer every command, also while one is at work.',
    );
    const taken = commands.filter(({ key }) => firstOf(key)?.kind === 'ack');
    for (const { key } of commands) checkFirst(firstOf(key)!);
    bench.control('cancel');
    const ended = () => (taken.every(({ key }) => resultOf(bench, key) !== undefined) ? true : undefined);
    const all = await bench.until(ended, longestMs * taken.length);
    demand(
      all === true,
      `Of ${taken.length} acknowledged commands some gave no result.`,
      'Say a result for every ack.',
    );
    const last = new Map(commands.map(({ key }) => [key, bench.events(key).at(-1)!]));
    const from = bench.mark;
    for (const command of commands) bench.send(command);
    const repeated = ({ key }: CommandMessage) =>
      bench.events(key, from).some((event) => isDeepStrictEqual(event, last.get(key)));
    await bench.until(() => (commands.every(repeated) ? true : undefined));
    for (const { key } of commands) checkRepeated(bench.events(key, from), last.get(key)!);
    return pass(`${taken.length} acknowledged, ${inFlight - taken.length} E_BUSY, all repeated when sent again`);
  },
};

function checkFirst(event: EventMessage): void {
  const fine = event.n === 1 && (event.kind === 'ack' || (event.kind === 'nack' && event.code === 'E_BUSY'));
  demand(fine, `One of 16 commands was answered by ${inWords(event)}.`, 'Answer by an ack, or by E_BUSY with n 1.');
}

function checkRepeated(events: readonly EventMessage[], last: EventMessage): void {
  const same = events.length > 0 && events.every((event) => isDeepStrictEqual(event, last));
  demand(
    same,
    `A copy of a command that had got ${inWords(last)} was answered by ${allInWords(events)}.`,
    'Keep the last event of every key, also of refused ones, and answer copies with it.',
  );
}
