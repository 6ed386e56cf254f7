import type { Check } from './check.ts';
import { malformed, oversize, sixteen } from './load.ts';
import { descriptor, state } from './presentation.ts';
import { forget, forgetAtWork, queryAll, queryKnown, queryUnknown } from './queries.ts';
import { badParameters, expired, staleEpoch, unknownCapability } from './refusals.ts';
import { ackJournalled, epochKept, indeterminate, keysKept, lastWill, newBoot, resend } from './restart.ts';
import { cancelAtWork, cancelUnseen, halt, resume } from './steering.ts';
import { ack, keyReused, repeatWhenDone, repeatWhileRunning, result } from './story.ts';
import { numbers, wellFormed } from './whole.ts';

/** In the order in which they are tried: later ones use what earlier ones have left behind. */
export const checks: readonly Check[] = [
  ...[descriptor, state],
  ...[ack, result, repeatWhileRunning, repeatWhenDone, keyReused],
  ...[unknownCapability, badParameters, expired, staleEpoch],
  ...[queryKnown, queryUnknown, queryAll, forget, forgetAtWork],
  ...[cancelAtWork, cancelUnseen, halt, resume],
  ...[malformed, oversize, sixteen],
  ...[lastWill, newBoot, indeterminate, resend, epochKept, keysKept, ackJournalled],
  ...[wellFormed, numbers],
];
