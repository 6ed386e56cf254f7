import { isDeepStrictEqual } from 'node:util';
import { breach, demand, inWords, pass, skip, type Check, type Skip, type Trial } from './check.ts';
import { crashAtAck, crashOf, type CrashScene } from './crash-scene.ts';
import { refusal, repeat, resultOf } from './moves.ts';

/** What a device still knows after it was killed. */

const noRestart = skip('say with --restart how to kill the device and start it again, or --ask to do it by hand');

/** A check of what is seen after a kill with a command at work. */
const afterCrash =
  (judge: (trial: Trial, scene: CrashScene) => Promise<string | Skip>): Check['try'] =>
  async (trial) => {
    if (trial.restart === undefined) return noRestart;
    const judged = await judge(trial, await crashOf(trial, trial.restart));
    return typeof judged === 'string' ? pass(judged) : judged;
  };

const needs = ['repeat-running'];

export const lastWill: Check = {
  id: 'last-will',
  section: '1',
  says: 'When the device vanishes the broker says state lost on $state, retained, with seq 0 and the boot that is gone; after the next start it must not stand there.',
  needs,
  try: afterCrash(async ({ bench }, { from, before }) => {
    const lost = await bench.until(() => bench.states(from).find(({ state }) => state === 'lost'));
    const mend = 'Connect with a retained last will on $state, QoS 1: state lost, seq 0, the boot of this start.';
    demand(lost !== undefined, 'The device was killed, and no last will came.', mend);
    const right = lost.seq === 0 && lost.boot === before.boot;
    demand(right, `The will has seq ${lost.seq} and boot ${lost.boot}; the boot was ${before.boot}.`, mend);
    const now = await bench.until(() => (bench.state?.state === 'lost' ? undefined : bench.state?.state));
    demand(
      now !== undefined,
      '$state stays lost although the device is back.',
      'Listen to your own $state; where it says lost, say the state again.',
    );
    return `lost, then ${now}`;
  }),
};

export const newBoot: Check = {
  id: 'new-boot',
  section: '1',
  says: 'Every start has a new boot id.',
  needs,
  try: afterCrash(async (_, { before, after }) => {
    demand(before.boot !== after.boot, `Both starts have boot ${after.boot}.`, 'Draw a random boot id at every start.');
    return `${before.boot}, then ${after.boot}`;
  }),
};

export const indeterminate: Check = {
  id: 'indeterminate',
  section: '8',
  says: 'A command that had started when the device was killed gets the result indeterminate after the next start, with a higher n, and never acts again.',
  needs,
  try: afterCrash(async (trial, { victim, tooShort, from, before }) => {
    const { bench } = trial;
    if (tooShort) return skip('the command ended before the kill; try a longer one with --capability or --parameters');
    const said = resultOf(bench, victim.key, from);
    const mend =
      'Journal started before acting; at boot, turn started without done into the result indeterminate, and say it at the connect.';
    demand(said !== undefined, 'Nothing was said of the command after the restart.', mend);
    demand(
      said.outcome === 'indeterminate',
      `The command was at work when the device was killed; the device says ${inWords(said)}.`,
      mend,
    );
    const highest = Math.max(
      ...bench
        .events(victim.key)
        .filter(({ boot }) => boot === before.boot)
        .map(({ n }) => n),
    );
    demand(
      said.n > highest,
      `Its n is ${said.n}, and n ${highest} was used before.`,
      'Skip the numbers that may have been used.',
    );
    await repeat(trial, victim, said);
    return inWords(said);
  }),
};

export const resend: Check = {
  id: 'resend',
  section: '8',
  says: 'Results are said again at every connect, unchanged, until they are forgotten.',
  needs: [...needs, 'forget'],
  try: afterCrash(async ({ bench, kept, forgotten }, { from }) => {
    const again = await bench.until(() => resultOf(bench, kept!.command.key, from));
    const mend = 'Keep results in the journal until forget, and publish all of them at every connect.';
    demand(again !== undefined, 'A result from before the restart, not forgotten, was not said again.', mend);
    demand(
      isDeepStrictEqual(again, kept!.result),
      `It was said again as ${inWords(again)}, and was ${inWords(kept!.result)} before.`,
      mend,
    );
    const undead = resultOf(bench, forgotten!.command.key, from);
    demand(undead === undefined, 'A forgotten result was said again.', 'Journal the forget.');
    return `${inWords(again)}; nothing of the forgotten one`;
  }),
};

export const epochKept: Check = {
  id: 'epoch-kept',
  section: '5',
  says: 'The highest epoch survives a restart.',
  needs,
  try: afterCrash(async (trial, { after }) => {
    const { bench } = trial;
    const mend = 'Journal a new epoch before obeying its first message, and read it at the start.';
    demand(
      after.epoch === bench.epoch,
      `$state has epoch ${after.epoch} after the restart; it was ${bench.epoch}.`,
      mend,
    );
    const stale = bench.command({ epoch: bench.epoch - 1 });
    const from = bench.mark;
    bench.send(stale);
    return inWords(await refusal(trial, stale.key, from, { code: 'E_STALE_EPOCH', n: 0, mend }));
  }),
};

export const keysKept: Check = {
  id: 'keys-kept',
  section: '3',
  says: 'Keys that are done, refused or forgotten are still known after a restart.',
  needs: [...needs, 'forget', 'expired'],
  try: afterCrash(async (trial) => {
    const { bench, kept, forgotten, refused } = trial;
    await repeat(trial, kept!.command, kept!.result);
    const mend = 'Keep in the journal what was refused or forgotten, for at least a day.';
    for (const [command, code] of [
      [forgotten!.command, 'E_KEY_REUSED'],
      [refused!, undefined],
    ] as const) {
      const from = bench.mark;
      bench.sendAgain(command);
      const known = bench.events(command.key, 0).find(({ kind, n }) => kind === 'nack' && n === 1);
      if (code !== undefined) await refusal(trial, command.key, from, { code, n: 0, mend });
      else
        demand(
          isDeepStrictEqual(await bench.event(command.key, () => true, from), known),
          'A refused command is not known any more.',
          mend,
        );
    }
    return 'done, forgotten and refused keys do not act again';
  }),
};

export const ackJournalled: Check = {
  id: 'ack-journalled',
  section: '2',
  says: 'Whatever was acknowledged is in the journal: after a kill right behind the ack the key is known, and has an honest result.',
  needs,
  async try(trial) {
    if (trial.restart === undefined) return noRestart;
    if (trial.restart.byHand) return skip('a hand is too slow for it; say with --restart how to do it');
    const { bench } = trial;
    const { victim, from } = await crashAtAck(trial, trial.restart);
    const mend = 'Write accepted to the journal, fsync, and only then publish the ack.';
    const asked = bench.mark;
    bench.control('query', victim.key);
    const answer = await bench.event(victim.key, () => true, asked);
    if (answer?.kind !== 'result')
      throw breach(
        `The device acknowledged a command, was killed, and answers a query for it by ${inWords(answer)}.`,
        mend,
      );
    demand(resultOf(bench, victim.key, from) !== undefined, 'It did not say so at the connect.', mend);
    await repeat(trial, victim, answer);
    return pass(inWords(answer));
  },
};
