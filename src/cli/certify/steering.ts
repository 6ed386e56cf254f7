import { demand, inWords, pass, skip, type Check, type Trial } from './check.ts';
import { answerMs } from './bench.ts';
import { atWork, begin, finish, refusal, repeat } from './moves.ts';

/** Cancel, halt and resume. */

/** A command that ends well this long after it was told to end may just have been done. */
const promptSeconds = 0.5;

export const cancelAtWork: Check = {
  id: 'cancel-running',
  section: '7',
  says: 'cancel ends an interruptible command early, with a result that says what has happened; one that is not interruptible is carried to its end.',
  needs: ['ack'],
  async try(trial) {
    const { bench } = trial;
    const command = await begin(trial);
    if (!(await atWork(trial, command))) return skip('the command ended before it could be cancelled');
    const asked = Date.now();
    bench.control('cancel', command.key);
    const { interruptible } = bench.subject!.capability;
    const { result } = await finish(trial, command);
    const seconds = (Date.now() - asked) / 1000;
    const late = result.outcome === 'ok' && seconds > promptSeconds;
    demand(
      interruptible ? !late : result.outcome !== 'cancelled',
      `The command is ${interruptible ? '' : 'not '}interruptible, and ended ${seconds.toFixed(1)} s after the cancel as ${inWords(result)}.`,
      'End an interruptible command as cancelled (or ok, when it was done already); leave the others alone.',
    );
    await repeat(trial, command, result);
    return pass(`${interruptible ? 'interruptible' : 'not interruptible'}: ${inWords(result)}`);
  },
};

export const cancelUnseen: Check = {
  id: 'cancel-unseen',
  section: '7',
  says: 'cancel of a key that has not come is answered by E_UNKNOWN_KEY with n 1: when the command comes after all, it gets the same answer and does not act.',
  needs: ['ack'],
  async try(trial) {
    const { bench } = trial;
    const command = bench.command();
    const from = bench.mark;
    bench.control('cancel', command.key);
    const mend = 'Journal the key as refused when its cancel comes first, and answer by nack E_UNKNOWN_KEY with n 1.';
    const nack = await refusal(trial, command.key, from, { code: 'E_UNKNOWN_KEY', n: 1, mend });
    await repeat(trial, command, nack);
    return pass(`${inWords(nack)}, also to the command`);
  },
};

const halted = (trial: Trial): Promise<true | undefined> =>
  trial.bench.until(() => (trial.bench.state?.state === 'error' ? true : undefined));

export const halt: Check = {
  id: 'halt',
  section: '7',
  says: 'halt is obeyed at any epoch: to the safe state at once, $state error, commands at work end, new ones are refused by E_HALTED with n 1.',
  needs: ['ack'],
  async try(trial) {
    const { bench } = trial;
    const command = await begin(trial);
    const worked = await atWork(trial, command);
    const asked = Date.now();
    bench.control('halt', undefined, Math.max(0, bench.epoch - 1));
    demand(
      (await halted(trial)) === true,
      `$state says ${bench.state?.state} after a halt of an older epoch.`,
      'Obey a halt before looking at its epoch, and say error in $state.',
    );
    const { result } = await finish(trial, command);
    const seconds = (Date.now() - asked) / 1000;
    demand(
      !worked || result.outcome !== 'ok' || seconds < promptSeconds,
      `The command at work went on for ${seconds.toFixed(1)} s after the halt, and ended ok.`,
      'Stop the instrument at a halt, whatever it does; the command ends as failed, cancelled or indeterminate.',
    );
    const next = bench.command();
    const from = bench.mark;
    bench.send(next);
    const mend = 'Refuse every command with E_HALTED, n 1, until a resume without key.';
    const nack = await refusal(trial, next.key, from, { code: 'E_HALTED', n: 1, mend });
    return pass(`$state error, ${worked ? `at work: ${inWords(result)}` : 'nothing at work'}, then ${inWords(nack)}`);
  },
};

export const resume: Check = {
  id: 'resume',
  section: '7',
  says: 'resume without key lifts a halt: $state ready, and commands are taken again.',
  needs: ['halt'],
  async try(trial) {
    const { bench } = trial;
    bench.control('halt');
    await halted(trial);
    bench.control('resume', undefined, Math.max(0, bench.epoch - 1));
    await bench.barrier();
    demand(
      bench.state?.state === 'error',
      'A resume of an older epoch lifted the halt.',
      'Only halt is obeyed at any epoch.',
    );
    bench.control('resume');
    const ready = await bench.until(() => (bench.state?.state === 'ready' ? true : undefined));
    const late = `$state says ${bench.state?.state} ${answerMs / 1000} s after the resume.`;
    demand(ready === true, late, 'Lift the halt at a resume without key, and publish $state.');
    const command = await begin(trial);
    bench.control('cancel', command.key);
    const { result } = await finish(trial, command);
    return pass(`ready, then ${inWords(result)}`);
  },
};
