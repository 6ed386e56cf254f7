import * as z from 'zod';
import { CommandKey } from '../domain/ids.ts';
import { AckEvent, NackEvent, ResultEvent } from './messages.ts';

/**
 * What a device must not forget: one record per fact, written before the fact has any consequence. Times in ms.
 * `expiresAt` is when the command's own ttl refuses it; until well after that a key is remembered even when forgotten.
 */
export const JournalRecord = z.discriminatedUnion('type', [
  z.object({ type: z.literal('epoch'), epoch: z.int() }),
  z.object({
    type: z.literal('accepted'),
    key: CommandKey,
    hash: z.string(),
    capability: z.string(),
    expiresAt: z.number(),
    event: AckEvent,
  }),
  /** From here on the command may have acted. Events up to number `reserved` may have been sent. */
  z.object({ type: z.literal('started'), key: CommandKey, at: z.number(), reserved: z.int() }),
  z.object({ type: z.literal('reserved'), key: CommandKey, reserved: z.int() }),
  z.object({ type: z.literal('done'), key: CommandKey, event: ResultEvent }),
  /** Without hash: cancelled before it came. */
  z.object({
    type: z.literal('refused'),
    key: CommandKey,
    hash: z.string().optional(),
    expiresAt: z.number(),
    event: NackEvent,
  }),
  z.object({ type: z.literal('forgotten'), key: CommandKey, expiresAt: z.number() }),
]);
export type JournalRecord = z.infer<typeof JournalRecord>;

export interface Journal {
  /** Durable when it returns, but for `forgotten`. Throws FailureError (ledger.full) when it cannot be; then nothing was added. */
  append(record: JournalRecord): void;
  records(): readonly JournalRecord[];
  /** Replaces all records by `keep`, entirely or not at all. */
  compact(keep: readonly JournalRecord[]): void;
}

/** Survives the crashes of a simulated device because it is held outside the host. */
export function memoryJournal(): Journal {
  let records: JournalRecord[] = [];
  return {
    append: (record) => void records.push(record),
    records: () => records,
    compact: (keep) => {
      records = [...keep];
    },
  };
}
