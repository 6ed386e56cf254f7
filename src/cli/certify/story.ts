import { isDeepStrictEqual } from 'node:util';
import { schemaViolation } from '../../domain/descriptor.ts';
import { fromWireTime } from '../../wire/time.ts';
import { commandHash, type EventMessage } from '../../wire/messages.ts';
import { allInWords, demand, inWords, pass, skip, type Check } from './check.ts';
import { atWork, begin, finish, refusal, repeat, resultOf } from './moves.ts';

/** The story of one command, and what becomes of copies of it. */

const slackMs = 100;

export const ack: Check = {
  id: 'ack',
  section: '2',
  says: 'A command is answered by an ack with n 1 and the boot of the device.',
  needs: ['state'],
  async try(trial) {
    const { bench } = trial;
    if (bench.subject === undefined) return skip('there is no descriptor that could be read');
    const command = await begin(trial);
    const first = bench.events(command.key)[0];
    demand(
      first?.kind === 'ack' && first.n === 1,
      `The first event was ${inWords(first)}.`,
      'Say ack with n 1 first, then progress and the result with n 2, 3 and so on.',
    );
    const boot = bench.state?.boot;
    demand(first.boot === boot, `The ack has boot ${first.boot}, $state has ${boot}.`, 'Use one boot id everywhere.');
    const worked = await atWork(trial, command);
    trial.kept = await finish(trial, command);
    return pass(`ack n 1, ${worked ? '$state running' : 'ended before $state said so'}, ${inWords(trial.kept.result)}`);
  },
};

export const result: Check = {
  id: 'result',
  section: '2',
  says: 'A result has the next n, startedAt before endedAt, and what the schema of the capability asks for; $state then no longer lists the key.',
  needs: ['ack'],
  async try(trial) {
    const { bench, kept } = trial;
    const { command, result: end } = kept!;
    const told = bench.events(command.key);
    const numbers = [...new Set(told.map(({ n }) => n))];
    const right = numbers.every((n, i) => n === i + 1);
    demand(right, `The events of one command were ${allInWords(told)}.`, 'Number the events of a key 1, 2, 3.');
    const { startedAt, endedAt } = end;
    const ordered = startedAt !== undefined && fromWireTime(startedAt) <= fromWireTime(endedAt);
    demand(ordered, `startedAt is ${startedAt}, endedAt ${endedAt}.`, 'Give both, in UTC, in this order.');
    const { capability } = bench.subject!;
    const wrong = end.outcome === 'ok' ? schemaViolation(capability.result, end.result ?? {}) : undefined;
    demand(wrong === undefined, `The result breaks its own schema: ${wrong}.`, 'Mend the result or its schema.');
    const idle = await bench.until(() => (bench.state?.running.includes(command.key) ? undefined : true));
    demand(idle === true, '$state still lists the key after its result.', 'Publish $state whenever running changes.');
    return pass(inWords(end));
  },
};

export const repeatWhileRunning: Check = {
  id: 'repeat-running',
  section: '3',
  says: 'A copy of a command that is at work is answered by its last event; the device acts once.',
  needs: ['ack'],
  async try(trial) {
    const { bench } = trial;
    const command = bench.command();
    const begun = Date.now();
    bench.send(command);
    bench.send(command);
    await bench.event(command.key, () => true);
    bench.send(command);
    const copied = Date.now();
    trial.spare = await finish(trial, command);
    const distinct = () =>
      bench
        .events(command.key)
        .filter((event, i, all) => all.findIndex((other) => isDeepStrictEqual(event, other)) === i);
    await bench.barrier();
    // A second act ends as much later as the copy that caused it came later.
    const second = () => (distinct().filter(({ kind }) => kind === 'result').length > 1 ? true : undefined);
    await bench.until(second, 2 * (copied - begun) + slackMs);
    checkOnce(distinct());
    return pass(`3 copies, one ack, one ${inWords(trial.spare.result)}`);
  },
};

function checkOnce(distinct: readonly EventMessage[]): void {
  const count = (wanted: EventMessage['kind']) => distinct.filter(({ kind }) => kind === wanted).length;
  demand(
    count('ack') === 1 && count('result') === 1 && count('nack') === 0,
    `Three copies gave ${allInWords(distinct)}.`,
    'Look the key up before admitting a command; one that is known is answered, and not started again.',
  );
}

export const repeatWhenDone: Check = {
  id: 'repeat-done',
  section: '3',
  says: 'A copy of a command that has ended is answered by its result, the same as the first time; the device does not act again.',
  needs: ['ack'],
  async try(trial) {
    const { command, result: end } = trial.kept!;
    await repeat(trial, command, end);
    return pass(`the same ${inWords(end)}`);
  },
};

export const keyReused: Check = {
  id: 'key-reused',
  section: '3',
  says: 'The same key with another hash is refused by E_KEY_REUSED with n 0; the story of the key stays as it was.',
  needs: ['ack'],
  async try(trial) {
    const { bench, kept } = trial;
    const { command, result: end } = kept!;
    const from = bench.mark;
    bench.send({ ...command, hash: commandHash('another', command.parameters) });
    const mend = 'Journal the hash with the key, compare it as text, and refuse another one with E_KEY_REUSED, n 0.';
    const nack = await refusal(trial, command.key, from, { code: 'E_KEY_REUSED', n: 0, mend });
    const again = bench.mark;
    bench.control('query', command.key);
    const last = await bench.event(command.key, () => true, again);
    demand(
      isDeepStrictEqual(last, end),
      `Its last event is now ${inWords(last)}.`,
      'A nack with n 0 goes on no record.',
    );
    demand(resultOf(bench, command.key, from) !== undefined, 'The result is lost.', mend);
    return pass(inWords(nack));
  },
};
