import * as z from 'zod';
import { CampaignId, MaterialId, Name } from './ids.ts';
import { quantity, writtenQuantity } from './quantity.ts';
import { Lab } from './lab.ts';
import { Protocol } from './protocol.ts';
import { ExpectationEntry, SourceEntry, type SourceData } from './source.ts';

/** `campaign.yaml`: what to vary, what to reach and what it may cost. */

const Range = z.strictObject({
  type: z.literal('continuous').default('continuous'),
  min: writtenQuantity(),
  max: writtenQuantity(),
  scale: z.enum(['linear', 'log']).default('linear'),
});
const Integer = z.strictObject({ type: z.literal('integer'), min: z.int(), max: z.int() });
const Ordinal = z.strictObject({ type: z.literal('ordinal'), levels: z.array(writtenQuantity()).min(1) });
const Categorical = z.strictObject({
  type: z.literal('categorical'),
  levels: z.array(z.string()).min(1),
  descriptors: z.record(z.string(), z.array(z.number())).optional(),
  /** Levels that are not tried any more, but that earlier experiments had. */
  retired: z.array(z.string()).optional(),
});

export const SpaceParameter = z.union([Integer, Ordinal, Categorical, Range]);
export type SpaceParameter = z.infer<typeof SpaceParameter>;

/** sum of coefficient times parameter, held equal to, at most or at least a bound. */
export const Constraint = z
  .strictObject({
    sum: z.union([z.array(Name).min(1), z.record(Name, z.number())]),
    equals: writtenQuantity().optional(),
    at_most: writtenQuantity().optional(),
    at_least: writtenQuantity().optional(),
  })
  .refine((c) => [c.equals, c.at_most, c.at_least].filter((bound) => bound !== undefined).length === 1, {
    message: 'needs exactly one of "equals", "at_most" and "at_least".',
  });
export type Constraint = z.infer<typeof Constraint>;

export const Objective = z
  .strictObject({
    name: Name,
    goal: z.enum(['maximize', 'minimize', 'target']),
    target: z.number().optional(),
    /** Worst value worth having; the corner from which the hypervolume is measured. */
    reference: z.number().optional(),
    /** Unit to show and to optimize in; observations are SI. */
    unit: z.string().default(''),
    /** The campaign ends well when the objective is at least this good. */
    stop_at: z.number().optional(),
    /**
     * How much it counts beside the other objectives; 1 when absent. With equal weights the campaign looks for all good
     * compromises, else for those that favour what weighs more. It means nothing where there is one objective.
     */
    weight: z.number().positive().optional(),
  })
  .refine((o) => (o.goal === 'target') === (o.target !== undefined), {
    message: 'needs "target" exactly when its goal is "target".',
  });
export type Objective = z.infer<typeof Objective>;

export const Budget = z.strictObject({
  experiments: z.int().min(1).max(1_000_000),
  time: quantity('s', { positive: true }).optional(),
  energy: quantity('J', { positive: true }).optional(),
  money: quantity('money', { positive: true }).optional(),
  /** Most of a material that may be used: volume in m3, mass in kg or pieces, as the material is measured. */
  materials: z.record(MaterialId, writtenQuantity()).default({}),
});

/** The campaign ends, keeping its results, when the optimizer expects so little more; any one rule is enough. */
export const Stop = z
  .strictObject({
    /** The next batch is expected to gain less than this, in the objective's unit (several: hypervolume). */
    gain_below: z.number().positive().optional(),
    /** The best so far is within the tolerance of the best there is, with at least this probability. */
    regret_probability: z
      .strictObject({ tolerance: z.number().positive(), at_least: z.number().gt(0).lt(1).default(0.95) })
      .optional(),
  })
  .refine((stop) => stop.gain_below !== undefined || stop.regret_probability !== undefined, {
    message: 'needs "gain_below" or "regret_probability".',
  });
export type Stop = z.infer<typeof Stop>;

const StagesEntry = z.strictObject({
  /**
   * after_proxies: parameters of later stages are chosen once the stages before have been measured, and samples that do
   * not promise enough are dropped; at_start: all parameters are chosen at the beginning, and every sample goes through.
   */
  decide: z.enum(['after_proxies', 'at_start']).default('after_proxies'),
  /** What a stage costs, by the ledger: the time of its steps, their energy, or the money for energy and materials. */
  cost: z.enum(['time', 'energy', 'money']).default('time'),
  /** How long a decision waits for samples on their way to it, so that they can share what comes next; at once when absent. */
  gather: quantity('s').optional(),
});

/** What a plan of the lab can be judged by; the less the better. */
export const PlanAim = z.enum(['makespan', 'completion', 'waiting', 'lateness', 'energy_cost', 'energy_co2e']);
export type PlanAim = z.infer<typeof PlanAim>;

const Weight = z.number().positive().optional();
const PlanWeights = z
  .strictObject({
    makespan: Weight,
    completion: Weight,
    waiting: Weight,
    lateness: Weight,
    energy_cost: Weight,
    energy_co2e: Weight,
  } satisfies Record<PlanAim, typeof Weight>)
  .refine((weights) => Object.keys(weights).length > 0, { message: 'needs at least one weight.' });

const ScheduleEntry = z
  .strictObject({
    /** How long after its beginning an experiment should be over; never late when absent. */
    due: quantity('s', { positive: true }).optional(),
    /**
     * A list: the most important first, a later one chooses between plans that are equal in those before. Or weights: makespan,
     * completion, waiting and lateness per hour, energy_cost per unit of the currency, energy_co2e per kg.
     */
    minimize: z.union([z.array(PlanAim).min(1), PlanWeights]).optional(),
  })
  .refine(({ due, minimize }) => due !== undefined || minimize !== undefined, {
    message: 'needs "due", "minimize" or both.',
  });

export const Campaign = z
  .strictObject({
    campaign: CampaignId,
    description: z.string().optional(),
    /** Paths relative to this file. */
    lab: z.string().default('lab.yaml'),
    protocol: z.string().default('protocol.yaml'),
    space: z.record(Name, SpaceParameter),
    constraints: z.array(Constraint).default([]),
    objectives: z.array(Objective).min(1).max(4),
    batch: z
      .strictObject({
        size: z.int().min(1).max(1000),
        /** together: the next batch is chosen when the last has ended; rolling: a new sample whenever one has ended. */
        mode: z.enum(['together', 'rolling']).default('together'),
        /** Experiments of the initial design; a default by dimension when absent. */
        initial: z.int().min(1).optional(),
      })
      .prefault({ size: 1 }),
    budget: Budget,
    stop: Stop.optional(),
    /** What counts where the protocol has stages after which samples may be held. */
    stages: StagesEntry.optional(),
    /** What plans are to serve; absent: samples early on average, and the last one not late. */
    schedule: ScheduleEntry.optional(),
    /** Earlier campaigns that may help, by a name of your own. How much each is trusted the data decide. */
    sources: z.record(Name, SourceEntry).optional(),
    /** Where somebody who knows expects the optimum. */
    expectation: ExpectationEntry.optional(),
    seed: z.int().min(0).default(1),
  })
  .refine(({ stop, objectives }) => stop?.regret_probability === undefined || objectives.length === 1, {
    path: ['stop', 'regret_probability'],
    message: 'needs a campaign with one objective; with several use "gain_below".',
  });
export type Campaign = z.infer<typeof Campaign>;

/** The three files, checked against each other: all that a ledger needs to continue without them. */
export const Definition = z.object({
  campaign: z.custom<Campaign>(),
  protocol: z.custom<Protocol>(),
  lab: z.custom<Lab>(),
});
export interface Definition {
  readonly campaign: Campaign;
  readonly protocol: Protocol;
  readonly lab: Lab;
  /** What the campaign's sources had to tell when it was opened. */
  readonly sources?: SourceData;
}

/** Whether some objectives weigh more than others, so that not all good compromises are equally welcome. */
export const weighsUnequally = ({ objectives }: Pick<Campaign, 'objectives'>): boolean =>
  new Set(objectives.map(({ weight = 1 }) => weight)).size > 1;

/** The unit of a parameter of the search space, as it was written; "" for categories and integers. */
export function unitOf(parameter: SpaceParameter): string {
  if (parameter.type === 'continuous') return parameter.min.unit;
  return parameter.type === 'ordinal' ? parameter.levels[0]!.unit : '';
}

/** All that plans are judged by; nothing where the campaign leaves that to the scheduler. */
export const aimsOf = (schedule: Campaign['schedule']): readonly PlanAim[] =>
  Array.isArray(schedule?.minimize) ? schedule.minimize : (Object.keys(schedule?.minimize ?? {}) as PlanAim[]);
