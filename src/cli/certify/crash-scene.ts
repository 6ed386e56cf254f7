import type { CommandMessage, StateMessage } from '../../wire/messages.ts';
import { breach, type Restart, type Trial } from './check.ts';
import { atWork, begin, resultOf } from './moves.ts';

/** What was seen when the device was killed with a command at work; several checks judge it. */
export interface CrashScene {
  /** What was heard from here on came after the kill was asked for. */
  readonly from: number;
  readonly victim: CommandMessage;
  /** Whether the command had ended before the kill. */
  readonly tooShort: boolean;
  readonly before: StateMessage;
  readonly after: StateMessage;
}

/** How long a device may take to be back, in ms. */
const bootMs = 20_000;
const bootByHandMs = 300_000;

/** Once per trial, when the first check asks for it. */
export const crashOf = (trial: Trial, restart: Restart): Promise<CrashScene> =>
  (trial.crash ??= stage(trial, restart, async (victim) => void (await atWork(trial, victim))));

/** Starts a device again that has died on its own. */
export async function revive(trial: Trial, restart: Restart): Promise<void> {
  await comeBack(trial, restart, trial.bench.state!, trial.bench.mark);
}

/** Kills the device as soon as it has acknowledged a command. */
export const crashAtAck = (trial: Trial, restart: Restart): Promise<CrashScene> =>
  stage(trial, restart, () => Promise.resolve());

async function stage(
  trial: Trial,
  restart: Restart,
  ripen: (victim: CommandMessage) => Promise<void>,
): Promise<CrashScene> {
  const { bench } = trial;
  const before = bench.state!;
  const victim = await begin(trial);
  await ripen(victim);
  const from = bench.mark;
  const after = await comeBack(trial, restart, before, from);
  const tooShort = bench.events(victim.key).some(({ kind, boot }) => kind === 'result' && boot === before.boot);
  await bench.until(() => resultOf(bench, victim.key, from));
  await bench.barrier();
  return { from, victim, tooShort, before, after };
}

/** The first state that the device says of itself after the kill. */
async function comeBack(
  { bench }: Trial,
  restart: Restart,
  { boot }: StateMessage,
  from: number,
): Promise<StateMessage> {
  const back = (): StateMessage | undefined => {
    const states = bench.states(from);
    const will = states.findIndex(({ state }) => state === 'lost');
    return states.find((state, i) => state.state !== 'lost' && (state.boot !== boot || (will >= 0 && i > will)));
  };
  await restart.perform();
  const after = await bench.until(back, restart.byHand ? bootByHandMs : bootMs);
  if (after !== undefined) return after;
  throw breach(
    `The device did not say a new state within ${bootMs / 1000} s of its restart.`,
    'The restart command must kill the device (kill -9) and start it again in the background; the device must take a new boot id.',
  );
}
