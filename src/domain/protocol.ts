import * as z from 'zod';
import { checkExpression } from './expression.ts';
import { DeviceId, Name } from './ids.ts';
import { quantity } from './quantity.ts';

/** `protocol.yaml`: the stages of an experiment and the steps of each, in the order in which a sample visits them. */

const Expression = z
  .string()
  .startsWith('=', 'must be an expression, beginning with "=".')
  .superRefine((text, context) => {
    const checked = checkExpression(text);
    if (!checked.ok) context.addIssue({ code: 'custom', message: checked.failure.message });
  });

const ParameterValue: z.ZodType<ParameterValue> = z.lazy(() =>
  z.union([z.number(), z.boolean(), z.string(), z.array(ParameterValue), z.record(z.string(), ParameterValue)]),
);
export type ParameterValue =
  number | boolean | string | readonly ParameterValue[] | { readonly [name: string]: ParameterValue };

/**
 * discard: the experiment fails, not to be tried again. ask: a person decides. Anything else is a later step of the same stage
 * that the sample goes on with at once; the steps between are left out.
 */
const Exception = z.union([z.enum(['discard', 'ask']), Name]);

export const Step = z.strictObject({
  id: Name,
  capability: z.string(),
  /** Devices that may do it; all that have the capability when absent. */
  on: z.array(DeviceId).min(1).optional(),
  /** Numbers, quantities ("80 degC"), expressions ("=red") or maps of them. */
  parameters: z.record(z.string(), ParameterValue).default({}),
  /** Time from the end of the step before to the start of this one. */
  wait: z
    .strictObject({ min: quantity('s', { min: 0 }).optional(), max: quantity('s', { min: 0 }).optional() })
    .optional(),
  /** What becomes of a sample whose maximum wait before this step has been missed for good; its experiment fails when absent. */
  late: Exception.optional(),
  /** What becomes of a sample for which this step has taken longer than its device declares; nothing when absent. */
  overrun: Exception.optional(),
  /** Steps on a batch device run together only with equal values of this expression. */
  recipe: Expression.optional(),
  /** Attempts in all when the device says that acting again is allowed. */
  attempts: z.int().min(1).max(10).default(3),
});
export type Step = z.infer<typeof Step>;

/** A sample may wait after the stage until it is decided whether, and how, it goes on. */
const Hold = z.strictObject({
  /** Rack in which it waits; the first rack of the lab when absent. */
  in: DeviceId.optional(),
  /** Its shelf life: longest time from the end of the stage to the first step after it. */
  for: quantity('s', { positive: true }).optional(),
});

export const Stage = z.strictObject({
  id: Name,
  steps: z.array(Step).min(1),
  /** Name of the observation to the expression that computes it from parameters and results (step.name). */
  observes: z.record(Name, Expression),
  hold: Hold.optional(),
});
export type Stage = z.infer<typeof Stage>;

export const Protocol = z
  .strictObject({
    protocol: z.string(),
    description: z.string().optional(),
    /** Parameter name to the unit that its dimension is checked against ("" for plain numbers and categories). */
    parameters: z.record(Name, z.string()),
    /** Named numbers for the expressions. */
    constants: z.record(Name, z.union([z.number(), z.string()])).default({}),
    stages: z.array(Stage).min(1),
  })
  .superRefine((protocol, context) => {
    const seen = new Set<string>();
    protocol.stages.forEach((stage, i) =>
      stage.steps.forEach((step, j) => {
        if (seen.has(step.id))
          context.addIssue({
            code: 'custom',
            message: `the step id "${step.id}" is used twice.`,
            path: ['stages', i, 'steps', j, 'id'],
          });
        seen.add(step.id);
      }),
    );
  });
export type Protocol = z.infer<typeof Protocol>;
