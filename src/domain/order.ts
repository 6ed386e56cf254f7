import * as z from 'zod';
import { CampaignChange } from './change.ts';
import { Priority } from './event.ts';
import { CommandKey, ExperimentId } from './ids.ts';

/** What a person may order, from the page or the command line. */
export const Order = z.discriminatedUnion('op', [
  /** Finish running steps, then wait. */
  z.strictObject({ op: z.literal('pause') }),
  z.strictObject({ op: z.literal('resume') }),
  /** End cleanly: no new experiments, running ones are carried to their end. */
  z.strictObject({ op: z.literal('stop') }),
  /** End now: cancel what runs, discard unfinished samples. */
  z.strictObject({ op: z.literal('abort') }),
  /** Emergency: devices to their safe state, whatever the books say. */
  z.strictObject({ op: z.literal('halt') }),
  /** Another problem from now on; what has been measured stays, and what has been suggested is carried out. */
  z.strictObject({ op: z.literal('change'), change: CampaignChange }),
  /** One experiment before the others, or after them. */
  z.strictObject({ op: z.literal('prioritize'), experiment: ExperimentId, priority: Priority }),
  /** Keep the order of what is planned, whatever would be gained by another. */
  z.strictObject({ op: z.literal('pin') }),
  z.strictObject({ op: z.literal('unpin') }),
  /** The word of a person on an indeterminate command. */
  z.strictObject({ op: z.literal('resolve'), key: CommandKey, as: z.enum(['happened', 'not_happened', 'discard']) }),
  /** The word of a person on a sample that has missed a limit of time. */
  z.strictObject({ op: z.literal('decide'), experiment: ExperimentId, as: z.enum(['continue', 'discard']) }),
]);
export type Order = z.infer<typeof Order>;
