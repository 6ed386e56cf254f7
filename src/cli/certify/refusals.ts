import type { CommandMessage } from '../../wire/messages.ts';
import { toWireTime } from '../../wire/time.ts';
import type { NackCode } from '../../domain/event.ts';
import { demand, inWords, pass, skip, type Check, type Trial } from './check.ts';
import { refusedBy } from './instance.ts';
import { refusal, repeat } from './moves.ts';

/** Commands that must not be carried out. */

/** Refused with n 1, and so for good: what is said to the first copy is said to the second, and nothing is done. */
async function refusedForGood(trial: Trial, command: CommandMessage, code: NackCode, mend: string): Promise<string> {
  const { bench } = trial;
  const from = bench.mark;
  bench.send(command);
  const nack = await refusal(trial, command.key, from, { code, n: 1, mend });
  await repeat(trial, command, nack);
  trial.refused = command;
  return `${inWords(nack)}, twice the same`;
}

export const expired: Check = {
  id: 'expired',
  section: '4',
  says: 'A command that comes later than ttlMs after issuedAt is refused by E_EXPIRED with n 1.',
  needs: ['ack'],
  async try(trial) {
    const issuedAt = toWireTime(Date.now() - 3_600_000);
    const command = trial.bench.command({ issuedAt, ttlMs: 1_000 });
    const mend = 'Compare issuedAt plus ttlMs with the clock of the device before accepting, and journal the refusal.';
    return pass(await refusedForGood(trial, command, 'E_EXPIRED', mend));
  },
};

export const unknownCapability: Check = {
  id: 'unknown-capability',
  section: '4',
  says: 'A capability that the descriptor does not name is refused by E_UNKNOWN_CAPABILITY with n 1.',
  needs: ['ack'],
  async try(trial) {
    const command = trial.bench.command({ capability: 'certify_not_a_capability' });
    const mend = 'Look the capability up before accepting, and journal the refusal.';
    return pass(await refusedForGood(trial, command, 'E_UNKNOWN_CAPABILITY', mend));
  },
};

export const badParameters: Check = {
  id: 'bad-parameters',
  section: '4',
  says: 'Parameters that break the schema of the capability are refused by E_BAD_PARAMETERS with n 1.',
  needs: ['ack'],
  async try(trial) {
    const { capability, parameters } = trial.bench.subject!;
    const wrong = refusedBy(capability.parameters, parameters);
    if (wrong === undefined) return skip('the schema of the parameters accepts everything that was thought of');
    const command = trial.bench.command({ parameters: wrong as CommandMessage['parameters'] });
    const mend = `Check the parameters by the schema before accepting; these break it: ${JSON.stringify(wrong)}.`;
    return pass(await refusedForGood(trial, command, 'E_BAD_PARAMETERS', mend));
  },
};

export const staleEpoch: Check = {
  id: 'stale-epoch',
  section: '5',
  says: 'Commands and controls of a lower epoch than the highest seen are refused by E_STALE_EPOCH with n 0, and leave no trace of the key.',
  needs: ['ack'],
  async try(trial) {
    const { bench } = trial;
    bench.epoch += 1;
    const raised = bench.mark;
    bench.control('query', trial.kept!.command.key);
    const said = await bench.until(() => bench.states(raised).find(({ epoch }) => epoch === bench.epoch));
    demand(
      said !== undefined,
      `$state has epoch ${bench.state?.epoch}, not ${bench.epoch}.`,
      'Keep the highest epoch, and say it in $state.',
    );
    bench.announce();
    const mend = 'Keep the highest epoch in the journal; compare it with that of every command and control.';
    const stale = bench.command({ epoch: bench.epoch - 1 });
    const from = bench.mark;
    bench.send(stale);
    const nack = await refusal(trial, stale.key, from, { code: 'E_STALE_EPOCH', n: 0, mend });
    const asked = bench.mark;
    bench.control('query', trial.kept!.command.key, bench.epoch - 1);
    await refusal(trial, trial.kept!.command.key, asked, { code: 'E_STALE_EPOCH', n: 0, mend });
    const later = bench.mark;
    bench.control('query', stale.key);
    const trace = 'A message of a stale epoch must change nothing: the new controller may use the same key.';
    await refusal(trial, stale.key, later, { code: 'E_UNKNOWN_KEY', n: 0, mend: trace });
    return pass(`${inWords(nack)}; $state has epoch ${bench.epoch}`);
  },
};
