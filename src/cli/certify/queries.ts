import { isDeepStrictEqual } from 'node:util';
import { demand, inWords, pass, skip, type Check } from './check.ts';
import { atWork, begin, finish, refusal, repeat, resultOf } from './moves.ts';

/** What a controller asks after its own restart, and what it says when a result is in its ledger. */

export const queryKnown: Check = {
  id: 'query-known',
  section: '6',
  says: 'query with a key is answered by the last event of the key.',
  needs: ['ack'],
  async try({ bench, kept }) {
    const from = bench.mark;
    bench.control('query', kept!.command.key);
    const answer = await bench.event(kept!.command.key, () => true, from);
    const same = isDeepStrictEqual(answer, kept!.result);
    demand(
      same,
      `Expected the result once more; came ${inWords(answer)}.`,
      'Keep the last event of every key, and repeat it.',
    );
    return pass(inWords(answer));
  },
};

export const queryUnknown: Check = {
  id: 'query-unknown',
  section: '6',
  says: 'query with a key that never came is answered by E_UNKNOWN_KEY with n 0; the key may still come.',
  needs: ['ack'],
  async try(trial) {
    const { bench } = trial;
    const command = bench.command();
    const from = bench.mark;
    bench.control('query', command.key);
    const mend = 'Answer by nack E_UNKNOWN_KEY with n 0, and write nothing down: the command may be on its way.';
    const nack = await refusal(trial, command.key, from, { code: 'E_UNKNOWN_KEY', n: 0, mend });
    return pass(inWords(nack));
  },
};

export const queryAll: Check = {
  id: 'query-all',
  section: '6',
  says: 'query without key is answered by $state and by the last event of every key that is not forgotten.',
  needs: ['repeat-running'],
  async try({ bench, kept, spare }) {
    const from = bench.mark;
    bench.control('query');
    const stories = [kept!, spare!];
    const all = () =>
      stories.every(({ command, result }) => isDeepStrictEqual(resultOf(bench, command.key, from), result));
    const complete = await bench.until(() => (all() && bench.states(from).length > 0 ? true : undefined));
    const missing = stories.filter(({ command }) => resultOf(bench, command.key, from) === undefined).length;
    const seen = `${bench.states(from).length} $state, ${missing} of ${stories.length} results missing`;
    demand(complete === true, `Came: ${seen}.`, 'Publish $state and then the last event of every key in the journal.');
    return pass(seen);
  },
};

export const forget: Check = {
  id: 'forget',
  section: '6',
  says: 'After forget a query is answered by E_UNKNOWN_KEY; a late copy of the command is refused by E_KEY_REUSED with n 0 and does not act.',
  needs: ['repeat-running'],
  async try(trial) {
    const { bench, spare } = trial;
    const { key } = spare!.command;
    bench.control('forget', key);
    const from = bench.mark;
    bench.control('query', key);
    const silent = 'Drop the result at a forget, and answer a query for it as if the key were unknown.';
    await refusal(trial, key, from, { code: 'E_UNKNOWN_KEY', n: 0, mend: silent });
    const later = bench.mark;
    bench.sendAgain(spare!.command);
    const mend = 'Forget the result, not the key: for a day it must be refused, because a late copy may still come.';
    const nack = await refusal(trial, key, later, { code: 'E_KEY_REUSED', n: 0, mend });
    trial.forgotten = spare!;
    return pass(`a late copy got ${inWords(nack)}`);
  },
};

export const forgetAtWork: Check = {
  id: 'forget-running',
  section: '6',
  says: 'A command that has not ended cannot be forgotten: its result is kept and said.',
  needs: ['ack'],
  async try(trial) {
    const { bench } = trial;
    const command = await begin(trial);
    if (!(await atWork(trial, command))) return skip('the command ended before it could be forgotten');
    bench.control('forget', command.key);
    await bench.barrier();
    // Nobody can say whether the forget came before the end.
    if (resultOf(bench, command.key) !== undefined) return skip('the command ended before it could be forgotten');
    bench.control('cancel', command.key);
    const { result } = await finish(trial, command);
    await repeat(trial, command, result);
    return pass(`${inWords(result)}, also to a later copy`);
  },
};
