import * as z from 'zod';
import { digest } from '../base/canonical.ts';
import { failed, failure, ok, type Result } from '../base/failure.ts';
import { Capability, Descriptor, MeterDescription, PowerModel } from '../domain/descriptor.ts';
import { DeviceState, NackCode } from '../domain/event.ts';
import { CommandKey, DeviceId, MaterialId } from '../domain/ids.ts';
import { unitScale } from '../domain/quantity.ts';
import { parseTopic, type TopicKind, type TopicOf } from './topics.ts';

/**
 * Every message of wire contract v1. Readers are lenient: fields that a schema does not name are dropped, missing ones
 * make the message malformed.
 */

/** Largest payload in bytes. */
export const payloadLimit = 1024 * 1024;

/** Any JSON value: it came out of a JSON parser, so there is nothing left to check. */
const AnyJson = z.unknown() as unknown as z.ZodType<z.infer<ReturnType<typeof z.json>>>;
const Members = z.record(z.string(), AnyJson);
const Time = z.iso.datetime('is not an RFC 3339 time in UTC, like "2026-01-05T08:00:00.000Z"');
const Count = z.int().min(0);
const Boot = z.string().min(1).max(64);
const Epoch = Count.describe('Grows at every start of the controller; devices refuse lower ones.');

/** `seq` grows with every state of one boot. In a last will (`lost`) it is 0: that is the broker's word, not the device's. */
export const StateMessage = z.object({
  state: DeviceState,
  boot: Boot,
  seq: Count,
  epoch: Epoch,
  running: z.array(CommandKey),
  at: Time,
});
export type StateMessage = z.infer<typeof StateMessage>;

export const DescriptorMessage = z.object({
  ...Descriptor.shape,
  capabilities: z.array(z.object({ ...Capability.shape, parameters: Members, result: Members })).min(1),
  meters: z.array(z.object(MeterDescription.shape)),
  power: z.object(PowerModel.shape).optional(),
});

/** `issuedAt` is the time of the intention: it and `hash` stay the same when the command is sent again. */
export const CommandMessage = z.object({
  key: CommandKey,
  capability: z.string().max(256),
  parameters: Members,
  hash: z.string().min(1).max(128).describe('Of capability and parameters; devices only compare it.'),
  epoch: Epoch,
  issuedAt: Time,
  ttlMs: z.number().nonnegative().describe('Not begun this long after issuedAt, it is refused as expired.'),
  deadlineMs: z.number().nonnegative().describe('No result this long after issuedAt, it is overdue.'),
});
export type CommandMessage = z.infer<typeof CommandMessage>;

/** What binds a key to one meaning. */
export const commandHash = (capability: string, parameters: Readonly<Record<string, unknown>>): string =>
  digest({ capability, parameters });

/**
 * query: the device replays its last event for the key (unknown key: nack E_UNKNOWN_KEY with n 0); without key its state
 * and the last event of every key not forgotten. cancel, pause, resume: of one key, or of all that runs; resume without
 * key also lifts a halt. A cancel of a key that has not come yet refuses it for good (nack E_UNKNOWN_KEY with n 1).
 */
export const controlOps = ['cancel', 'pause', 'resume', 'query', 'forget', 'halt'] as const;
export const ControlMessage = z.object({ op: z.enum(controlOps), key: CommandKey.optional(), epoch: Epoch });
export type ControlMessage = z.infer<typeof ControlMessage>;

export const WireAmount = z.object({
  material: MaterialId,
  amount: z.number(),
  unit: z.string().refine((unit) => unitScale(unit) !== undefined, 'is not a unit that can be read'),
  uncertainty: z.number().nonnegative().optional(),
});
export type WireAmount = z.infer<typeof WireAmount>;

export const WireMeterSpan = z.object({
  meter: DeviceId,
  start: z.number(),
  end: z.number(),
  unit: MeterDescription.shape.unit,
  boot: z.string(),
  resolution: z.number().nonnegative(),
  resetAt: Time.optional().describe('When the counter began that shows `end`, as in its readings.'),
});
export type WireMeterSpan = z.infer<typeof WireMeterSpan>;

const story = {
  n: Count.describe('1, 2, 3, ... per key, the same when sent again; after a boot it may skip. 0: see nack.'),
  boot: Boot,
};

export const AckEvent = z.object({ kind: z.literal('ack'), ...story });

/**
 * n 1: the command is refused for good; this key will never act. n 0: one message was refused (E_STALE_EPOCH,
 * E_KEY_REUSED, or a query's E_UNKNOWN_KEY), which says nothing of the command's fate. `epoch` is that of the refused
 * message, so that a controller does not take for itself what was said to the one before it.
 */
export const NackEvent = z.object({
  kind: z.literal('nack'),
  ...story,
  code: NackCode,
  message: z.string(),
  epoch: Epoch,
});

export const ProgressEvent = z.object({
  kind: z.literal('progress'),
  ...story,
  fraction: z.number().min(0).max(1),
  message: z.string().optional(),
});

export const ResultEvent = z.object({
  kind: z.literal('result'),
  ...story,
  outcome: z.enum(['ok', 'failed', 'cancelled', 'indeterminate']),
  startedAt: Time.optional().describe('Absent when it never started.'),
  endedAt: Time,
  result: Members.optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  consumed: z.array(WireAmount).optional().describe('Measured; absent when the device does not know.'),
  meters: z.array(WireMeterSpan),
});
export type ResultEvent = z.infer<typeof ResultEvent>;

export const EventMessage = z.discriminatedUnion('kind', [AckEvent, NackEvent, ProgressEvent, ResultEvent]);
export type EventMessage = z.infer<typeof EventMessage>;

const reading = { at: Time, boot: Boot, seq: Count, unit: z.string() };
export const TelemetryMessage = z.union([
  z.object({ ...reading, values: z.record(z.string(), z.number()) }),
  z.object({ ...reading, value: z.number() }),
]);

/** A cumulative counter in its own unit, counted from `resetAt`. */
export const MeterMessage = z.object({
  total: z.number(),
  unit: MeterDescription.shape.unit,
  boot: Boot,
  resetAt: Time,
  resolution: z.number().nonnegative(),
  seq: Count,
  at: Time,
});
export type MeterMessage = z.infer<typeof MeterMessage>;

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export const LogMessage = z.object({ level: z.enum(logLevels), message: z.string(), key: CommandKey.optional() });

const Pace = z.object({ origin: z.number(), anchor: z.number(), speed: z.number().positive() });
export const ControllerMessage = z.object({
  online: z.boolean(),
  epoch: Epoch,
  instance: z.string(),
  at: Time,
  pace: Pace.optional().describe('How lab time follows wall time (ms): simulators live in it, instruments ignore it.'),
});
export type ControllerMessage = z.infer<typeof ControllerMessage>;

/** Kind of topic to the schema of its payload. */
export const messageSchemas = {
  state: StateMessage,
  descriptor: DescriptorMessage,
  command: CommandMessage,
  control: ControlMessage,
  event: EventMessage,
  telemetry: TelemetryMessage,
  meter: MeterMessage,
  log: LogMessage,
  controller: ControllerMessage,
  campaign: AnyJson,
} as const satisfies Record<TopicKind, z.ZodType>;

export type BodyOf<K extends TopicKind> = z.infer<(typeof messageSchemas)[K]>;
export type MessageOf<K extends TopicKind> = { readonly kind: K; readonly topic: TopicOf<K>; readonly body: BodyOf<K> };
export type Message = { [K in TopicKind]: MessageOf<K> }[TopicKind];

const malformed = (where: string, message: string, mend?: string): Result<never> =>
  failed(failure('message.malformed', message, mend === undefined ? { where } : { where, mend }));

/** Reads a message. Fails as message.malformed in one sentence that names the topic. `size` is in bytes. */
export function parseMessage(topic: string, payload: string, size = Buffer.byteLength(payload)): Result<Message> {
  const parsed = parseTopic(topic);
  if (parsed === undefined) return malformed(topic, 'The topic is not part of wire contract v1.');
  if (size > payloadLimit)
    return malformed(
      topic,
      `The message has ${size} bytes, more than the ${payloadLimit} that are allowed.`,
      'Send large data elsewhere and a reference to it here.',
    );
  let json: unknown;
  try {
    json = JSON.parse(payload);
  } catch {
    return malformed(topic, payload === '' ? 'The message is empty.' : 'The message is not JSON.');
  }
  const read = messageSchemas[parsed.kind].safeParse(json);
  if (read.success) return ok({ kind: parsed.kind, topic: parsed, body: read.data } as Message);
  const { path, message } = firstIssue(read.error.issues);
  return malformed(topic, `The ${parsed.kind} message is malformed: ${path} ${message}.`);
}

/** The issue to tell: of a union, that of the variant that came closest. */
function firstIssue(
  issues: readonly z.core.$ZodIssue[],
  prefix: PropertyKey[] = [],
): { path: string; message: string } {
  const issue = issues[0]!;
  const path = [...prefix, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0)
    return firstIssue(
      issue.errors.reduce((best, other) => (other.length < best.length ? other : best)),
      path,
    );
  const message = issue.message.replace(/\.$/, '').replace(/^Invalid input: /, '');
  return { path: path.length === 0 ? 'the payload:' : `"${path.map(String).join('.')}"`, message };
}
