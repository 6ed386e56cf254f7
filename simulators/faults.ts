import { stream } from '../src/base/random.ts';
import type { Fault } from '../src/domain/lab.ts';

/** What goes wrong with one command. */
export interface Misfortune {
  /** Factor on the duration; 1 when nothing slows it. */
  readonly slow: number;
  /** It begins and never ends. */
  readonly hang: boolean;
  /** It is done, but the answer is not heard. */
  readonly lostReply: boolean;
  /** The process dies when this share of the work is done. */
  readonly crashAt: number | undefined;
  /** It says no. */
  readonly refusal: boolean;
  /** Relative change of a reading per hour since the device was switched on. */
  readonly drift: number;
}

const slowByDefault = 3;
const driftByDefault = 0.05;

/**
 * Draws the misfortunes of one command. Each command has its own stream, so neither the order of commands nor a restart
 * of the process changes what befalls it.
 */
export function misfortuneOf(faults: readonly Fault[], seed: number, device: string, key: string): Misfortune {
  const struck = (kind: Fault['kind']): Fault | undefined =>
    faults.find(
      (fault, i) => fault.kind === kind && stream(seed, `fault/${device}/${i}/${key}`).chance(fault.probability),
    );
  return {
    slow: struck('slow') === undefined ? 1 : (struck('slow')!.amount ?? slowByDefault),
    hang: struck('hang') !== undefined,
    lostReply: struck('lost_reply') !== undefined,
    crashAt: struck('crash') === undefined ? undefined : stream(seed, `crash/${device}/${key}`).next(),
    refusal: struck('refusal') !== undefined,
    drift: struck('drift') === undefined ? 0 : (struck('drift')!.amount ?? driftByDefault),
  };
}
