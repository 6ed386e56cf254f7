import * as z from 'zod';
import type { Campaign, Definition } from './campaign.ts';
import { CampaignChange } from './change.ts';
import { Descriptor } from './descriptor.ts';
import { CampaignId, CommandKey, ControllerId, DeviceId, ExperimentId, LotId, MaterialId } from './ids.ts';

/**
 * Everything that happens to the lab. An event is appended to the ledger before it has any consequence; its data never
 * changes meaning. `version` grows when the shape of any event does.
 */
export const eventVersion = 4;

const Actor = z.string();
const by = { by: Actor };
const reason = { reason: z.string() };

export const nackCodes = [
  'E_STALE_EPOCH',
  'E_KEY_REUSED',
  'E_EXPIRED',
  'E_UNKNOWN_CAPABILITY',
  'E_BAD_PARAMETERS',
  'E_BUSY',
  'E_UNKNOWN_KEY',
  'E_HALTED',
] as const;
export const NackCode = z.enum(nackCodes);
export type NackCode = z.infer<typeof NackCode>;

export const PointValue = z.union([z.number(), z.string()]);
export const PointRecord = z.record(z.string(), PointValue);

/** An amount of a material in SI (m3, kg or pieces), and its standard uncertainty. */
export const Amount = z.strictObject({ material: MaterialId, amount: z.number(), uncertainty: z.number().optional() });
export type Amount = z.infer<typeof Amount>;

/**
 * Readings of one cumulative meter at the start and the end of a command, in joules. `resetAt` is when the counter began
 * that shows `end`, as in the meter's readings: a counter that began again since its last reading is known by it.
 */
export const MeterSpan = z.strictObject({
  meter: DeviceId,
  start: z.number(),
  end: z.number(),
  resolution: z.number(),
  boot: z.string(),
  resetAt: z.string().optional(),
});
export type MeterSpan = z.infer<typeof MeterSpan>;

/** One message to one device, as it was decided. Times in ms. */
export const Command = z.strictObject({
  key: CommandKey,
  hash: z.string(),
  experiment: ExperimentId,
  stage: z.string(),
  /** Step id; of a move the step that it leads to, or `out`. */
  step: z.string(),
  attempt: z.int().min(1),
  kind: z.enum(['process', 'move']),
  device: DeviceId,
  capability: z.string(),
  parameters: z.record(z.string(), z.json()),
  /** Moves only: resources (devices or racks). */
  from: DeviceId.optional(),
  to: DeviceId.optional(),
  /** Where the sample is while a process runs. */
  at: DeviceId.optional(),
  batch: z.string().optional(),
  consumes: z.array(Amount),
  /** The capability's word on acting again. */
  retry: z.enum(['idempotent', 'safe', 'unsafe']),
  expected: z.strictObject({ low: z.number(), typical: z.number(), high: z.number() }),
  /** From the intention on: not begun by then, it is refused as expired. */
  ttl: z.number(),
  /** From the intention on: no result by then, it is overdue. */
  deadline: z.number(),
});
export type Command = z.infer<typeof Command>;

export const CommandEnd = z.strictObject({
  key: CommandKey,
  outcome: z.enum(['ok', 'failed', 'cancelled', 'indeterminate']),
  /** The device's own clock, ms. */
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  result: z.record(z.string(), z.json()).optional(),
  error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  /** Measured amounts; absent when the device does not know. */
  consumed: z.array(Amount).optional(),
  meters: z.array(MeterSpan),
  /** device: it said so; controller: it never answered; person: resolved by hand. */
  source: z.enum(['device', 'controller', 'person']),
});
export type CommandEnd = z.infer<typeof CommandEnd>;

export const SuggestionRecord = z.strictObject({
  point: PointRecord,
  predicted: z.record(z.string(), z.strictObject({ mean: z.number(), sd: z.number() })).optional(),
  acquisition: z.number().optional(),
  distance: z.number().optional(),
  reason: z.string(),
  /** The held experiment that is to go on with these parameters; a new one when absent. */
  resumes: ExperimentId.optional(),
  /** Where stages are decided one after the other: the last stage that these parameters are for. */
  stage: z.string().optional(),
  /** Expected gain per cost, and the cost of the stage to be run now. */
  value: z.number().optional(),
  cost: z.number().optional(),
  /** By objective and source: what the source adds to the predicted mean. */
  sources: z.record(z.string(), z.record(z.string(), z.number())).optional(),
});

/** A held experiment that is given up: what was predicted had it gone on, and the gain per cost that this promised. */
const Drop = z.strictObject({
  experiment: ExperimentId,
  ...reason,
  predicted: SuggestionRecord.shape.predicted,
  value: SuggestionRecord.shape.value,
});
export type Drop = z.infer<typeof Drop>;

/** Where stages are decided one after the other: what an output of a stage is predicted from, and by what evidence. */
export const LinkRecord = z.strictObject({
  stage: z.string(),
  output: z.string(),
  inputs: z.enum(['proxies', 'proxies and parameters', 'parameters']),
  observations: z.int(),
  /** Log posterior of every choice's fit, in nats. */
  evidence: z.record(z.string(), z.number()),
  explained: z.number(),
});
export type LinkRecord = z.infer<typeof LinkRecord>;

/** How well every outcome is predicted (leave-one-out, in its own unit), and what there is still to gain. */
export const ModelRecord = z.strictObject({
  outcomes: z.array(
    z.strictObject({
      name: z.string(),
      observations: z.number(),
      sensitivity: z.record(z.string(), z.number()),
      noiseSd: z.number(),
      leaveOneOutError: z.number(),
      explained: z.number(),
      coverage: z.number(),
    }),
  ),
  links: z.array(LinkRecord).optional(),
  expectedGain: z.number().optional(),
  regret: z
    .strictObject({ ninety: z.number(), tolerance: z.number().optional(), probability: z.number().optional() })
    .optional(),
  /** What every source was worth for every outcome: `trust` 0 (ignored) to 1, never above `cap`. */
  sources: z
    .array(
      z.strictObject({
        name: z.string(),
        outcome: z.string(),
        trust: z.number(),
        cap: z.number(),
        observations: z.int(),
        ignored: z.int(),
        ranking: z.number().optional(),
      }),
    )
    .optional(),
});
export type ModelRecord = z.infer<typeof ModelRecord>;

/** How urgent an experiment is: 0 is usual, larger goes first. */
export const Priority = z.int().min(-9).max(9);

/** When a plan has a step that runs or is to come, or a move that is to come. Times in lab ms. */
export const PlannedAct = z.strictObject({
  sample: ExperimentId,
  /** Step id; of a move the step that it leads to, or `out`. */
  step: z.string(),
  kind: z.enum(['process', 'move']),
  resource: DeviceId,
  /** Moves only. */
  from: DeviceId.optional(),
  to: DeviceId.optional(),
  start: z.number(),
  end: z.number(),
  batch: z.string().optional(),
});
export type PlannedAct = z.infer<typeof PlannedAct>;

export const deviceStates = ['init', 'ready', 'busy', 'error', 'maintenance', 'disconnected', 'lost'] as const;
export const DeviceState = z.enum(deviceStates);
export type DeviceState = z.infer<typeof DeviceState>;

/** Amount of a material promised to an experiment, from one lot. SI. */
export const Reservation = z.strictObject({ material: MaterialId, lot: LotId, amount: z.number() });
export type Reservation = z.infer<typeof Reservation>;

/** Type of event to the schema of its data. */
export const eventSchemas = {
  'controller.started': z.strictObject({
    controller: ControllerId,
    instance: z.string(),
    epoch: z.int(),
    software: z.string(),
  }),
  'campaign.opened': z.strictObject({
    campaign: CampaignId,
    definition: z.custom<Definition>((value) => typeof value === 'object' && value !== null),
    /** Lab time: ms at the wall time `anchor`, and how fast it runs. */
    clock: z.strictObject({ origin: z.number(), anchor: z.number(), speed: z.number() }),
  }),
  /** A person has changed the problem: bounds, levels, objectives, batch, budget or stop rule. */
  'campaign.changed': z.strictObject({
    ...by,
    /** Of the campaign: 1 as it was opened, 2 after the first change, and so on. */
    version: z.int().min(2),
    change: CampaignChange,
    /** The campaign from here on. */
    campaign: z.custom<Campaign>((value) => typeof value === 'object' && value !== null),
    /** Lab ms since the campaign was opened. */
    elapsed: z.number().min(0),
  }),
  'campaign.paused': z.strictObject({ ...by }),
  'campaign.resumed': z.strictObject({ ...by }),
  /** No new experiments; running ones are carried to their end. */
  'campaign.stopping': z.strictObject({ ...by, ...reason }),
  /** Running commands are cancelled, unfinished samples discarded. */
  'campaign.aborted': z.strictObject({ ...by, ...reason }),
  'campaign.halted': z.strictObject({ ...by, ...reason }),
  'campaign.finished': z.strictObject({ outcome: z.enum(['completed', 'stopped', 'aborted', 'halted']), ...reason }),

  'suggestions.requested': z.strictObject({ ask: z.int(), count: z.int().min(1) }),
  'suggestions.received': z.strictObject({
    ask: z.int(),
    /** Empty only where held samples are dropped and nothing else is left to do. */
    suggestions: z.array(SuggestionRecord),
    drops: z.array(Drop).optional(),
    cpuSeconds: z.number().optional(),
    /** What the model says of itself; absent while the initial design is drawn. */
    model: ModelRecord.optional(),
  }),
  'suggestions.refused': z.strictObject({ ask: z.int(), ...reason }),

  'experiment.suggested': z.strictObject({
    experiment: ExperimentId,
    number: z.int().min(1),
    ask: z.int(),
    suggestion: SuggestionRecord,
  }),
  /** Its materials are reserved; from here on the scheduler knows it. */
  'experiment.planned': z.strictObject({ experiment: ExperimentId, reservations: z.array(Reservation) }),
  /** When its next steps were to run as they were planned first; told anew with the steps that follow a hold. */
  'experiment.scheduled': z.strictObject({
    experiment: ExperimentId,
    steps: z.array(z.strictObject({ step: z.string(), device: DeviceId, start: z.number(), end: z.number() })),
  }),
  'experiment.prioritized': z.strictObject({ experiment: ExperimentId, priority: Priority, ...by }),
  'experiment.observed': z.strictObject({
    experiment: ExperimentId,
    stage: z.string(),
    observations: z.record(z.string(), z.number()),
    /** In a sentence, which limit of time its sample has not kept on the way. */
    late: z.string().optional(),
  }),
  /** A limit of time was not kept at `step`; its sample goes on with the step `then`, or waits for a person where that is `ask`. */
  'experiment.late': z.strictObject({
    experiment: ExperimentId,
    step: z.string(),
    then: z.string(),
    ...reason,
  }),
  /** The person's word on a sample that is late. */
  'experiment.decided': z.strictObject({ experiment: ExperimentId, as: z.enum(['continue', 'discard']), ...by }),
  /** It waits for a decision: in a rack, if the lab has any, and `until` its shelf life ends, lab ms. */
  'experiment.held': z.strictObject({
    experiment: ExperimentId,
    ...reason,
    stage: z.string().optional(),
    place: DeviceId.optional(),
    until: z.number().optional(),
  }),
  /** A held sample is to go on, with parameters for its next stages. */
  'experiment.resumed': z.strictObject({ experiment: ExperimentId, suggestion: SuggestionRecord }),
  /** What its next stages use is reserved, too; from here on it is held no more. */
  'experiment.provided': z.strictObject({ experiment: ExperimentId, reservations: z.array(Reservation) }),
  'experiment.dropped': Drop,
  'experiment.completed': z.strictObject({
    experiment: ExperimentId,
    /** Objective values, in the objective's unit. */
    objectives: z.record(z.string(), z.number()),
    /** Which limit of time was not kept on the way. */
    late: z.string().optional(),
  }),
  'experiment.failed': z.strictObject({ experiment: ExperimentId, ...reason, retryable: z.boolean() }),
  'experiment.lost': z.strictObject({ experiment: ExperimentId, ...reason }),
  'experiment.became_indeterminate': z.strictObject({ experiment: ExperimentId, key: CommandKey, ...reason }),
  /** The doubt is over: a person has decided, or the device has come back with the truth. */
  'experiment.resolved': z.strictObject({ experiment: ExperimentId, ...reason }),
  'experiment.cancelled': z.strictObject({ experiment: ExperimentId, ...reason }),

  /** Its sample has left the devices (or a person has taken it away): nothing of it is in the way any more. */
  'experiment.cleared': z.strictObject({ experiment: ExperimentId, ...reason }),

  /** A person keeps the order of what is planned; what comes later is planned around it. */
  'plan.pinned': z.strictObject({ ...by, order: z.array(PlannedAct) }),
  /** What the pinned plan is from here on: samples came in, or it could not hold and some have lost their places. */
  'plan.changed': z.strictObject({
    came: z.array(ExperimentId),
    displaced: z.array(ExperimentId),
    order: z.array(PlannedAct),
  }),
  'plan.unpinned': z.strictObject({ ...by }),
  /** A search has found a better plan: when all that is planned ended by the old one and by this, lab ms, and how many of its steps it moves. */
  'plan.improved': z.strictObject({ endsBefore: z.int(), ends: z.int(), moved: z.int().min(0), of: z.int().min(0) }),

  'command.intended': z.strictObject({ command: Command }),
  'command.accepted': z.strictObject({ key: CommandKey, boot: z.string() }),
  /** The device did nothing and said so. */
  'command.refused': z.strictObject({ key: CommandKey, code: NackCode, message: z.string() }),
  'command.overdue': z.strictObject({ key: CommandKey }),
  'command.ended': CommandEnd,
  /** A person's word on an indeterminate command. */
  'command.resolved': z.strictObject({ key: CommandKey, as: z.enum(['happened', 'not_happened', 'discard']), ...by }),

  'device.announced': z.strictObject({ device: DeviceId, descriptor: Descriptor }),
  'device.changed': z.strictObject({ device: DeviceId, state: DeviceState, boot: z.string() }),

  /** A cumulative counter as normalised by the gateway: joules since `resetAt`. */
  'meter.read': z.strictObject({
    device: DeviceId,
    meter: DeviceId,
    total: z.number(),
    resolution: z.number(),
    boot: z.string(),
    resetAt: z.string(),
    /** Watts at the time of reading, where the meter tells. */
    power: z.number().optional(),
  }),

  'lot.registered': z.strictObject({
    material: MaterialId,
    lot: LotId,
    amount: z.number(),
    cost: z.number().optional(),
    co2e: z.number().optional(),
    expires: z.string().optional(),
  }),
  'message.rejected': z.strictObject({ topic: z.string(), ...reason }),
  'order.rejected': z.strictObject({ ...by, order: z.string(), ...reason }),
} as const;

export type EventType = keyof typeof eventSchemas;
export type EventData<T extends EventType> = z.infer<(typeof eventSchemas)[T]>;

/** An event as the core decides it, before the ledger numbers and chains it. */
export type NewEvent = { [T in EventType]: { readonly type: T; readonly data: EventData<T> } }[EventType];

export interface Stamp {
  /** 1, 2, 3, ... without gaps. */
  readonly seq: number;
  /** Lab time, ms. */
  readonly at: number;
  readonly version: number;
  /** controller, device/ID, person/NAME. */
  readonly actor: string;
  /** SHA-256 over the hash before and the canonical form of this event. */
  readonly hash: string;
}

export type LabEvent = NewEvent & Stamp;
export type EventOf<T extends EventType> = Extract<LabEvent, { type: T }>;

export const isEventType = (type: string): type is EventType => Object.hasOwn(eventSchemas, type);
