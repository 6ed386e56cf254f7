import * as z from 'zod';
import type { Datum, Problem } from '../../optimizer/problem.ts';
import type { Expectation, Source } from '../../optimizer/warm/source.ts';

/** What may be asked of `labwright optimize --stdio`: one JSON object a line, told apart by `request`. */

const Name = z.string().min(1);
const Numbers = z.record(z.string(), z.number());

const Parameter = z.discriminatedUnion('type', [
  z.strictObject({
    name: Name,
    type: z.literal('continuous'),
    min: z.number(),
    max: z.number(),
    scale: z.enum(['linear', 'log']).exactOptional(),
  }),
  z.strictObject({ name: Name, type: z.literal('integer'), min: z.int(), max: z.int() }),
  z.strictObject({ name: Name, type: z.literal('ordinal'), levels: z.array(z.number()).min(1) }),
  z.strictObject({
    name: Name,
    type: z.literal('categorical'),
    levels: z.array(z.string()).min(1),
    descriptors: z.record(z.string(), z.array(z.number())).exactOptional(),
    retired: z.array(z.string()).exactOptional().describe('Levels no longer allowed, which old data may have.'),
  }),
]);

const Constraint = z.strictObject({ terms: Numbers, relation: z.enum(['<=', '>=', '=']), bound: z.number() });

const Objective = z.strictObject({
  name: Name,
  goal: z.enum(['maximize', 'minimize', 'target']),
  target: z.number().exactOptional(),
  reference: z.number().exactOptional(),
  weight: z.number().positive().exactOptional().describe('Beside the others when they are scalarised; 1 when absent.'),
});

const Part = z.union([
  z.strictObject({ in: z.array(z.union([z.number(), z.string()])).min(1) }),
  z.strictObject({ min: z.number().exactOptional(), max: z.number().exactOptional() }),
]);

export const PointRequest = z.record(z.string(), z.union([z.number(), z.string()]));

export const ProblemRequest = z.strictObject({
  parameters: z.array(Parameter).min(1).max(1000),
  constraints: z.array(Constraint).default([]),
  cardinality: z
    .array(z.strictObject({ parameters: z.array(Name).min(1), atMost: z.int().min(0) }))
    .exactOptional()
    .describe('At most so many of these parameters differ from zero.'),
  forbidden: z
    .array(z.record(Name, Part))
    .exactOptional()
    .describe('Combinations that must not be tried: every named parameter has one of the values, or is in the range.'),
  objectives: z.array(Objective).min(1).max(4),
  outcomes: z
    .array(z.strictObject({ name: Name, relation: z.enum(['<=', '>=']), bound: z.number() }))
    .exactOptional()
    .describe('Measured values that must keep a bound for an experiment to count.'),
  designs: z
    .array(PointRequest)
    .max(100_000)
    .exactOptional()
    .describe('The only points allowed, where the space is a table.'),
  cost: z
    .strictObject({
      base: z.number(),
      terms: Numbers.exactOptional(),
      levels: z.record(z.string(), Numbers).exactOptional(),
    })
    .exactOptional()
    .describe('Where given, experiments are chosen by expected gain per cost.'),
}) satisfies z.ZodType<Problem>;

const Observation = z.union([
  z.strictObject({ point: PointRequest, values: Numbers, noise: Numbers.exactOptional() }),
  z.strictObject({ point: PointRequest, failed: z.literal(true) }),
]) satisfies z.ZodType<Datum>;

const SourceRequest = z.strictObject({
  name: Name,
  data: z.array(Observation),
  renames: z
    .record(Name, Name)
    .exactOptional()
    .describe('Name in the source by present name, for parameters and outcomes that were called otherwise.'),
  levels: z
    .record(Name, z.record(z.string(), z.string()))
    .exactOptional()
    .describe("Present level by the source's level, by parameter."),
  held: PointRequest.exactOptional().describe('Values of parameters that only one side varied, on the other side.'),
  cap: z.number().min(0).max(1).exactOptional().describe('Largest trust; 0 removes the source; 1 when absent.'),
}) satisfies z.ZodType<Source>;

const ExpectationRequest = z.strictObject({
  parameters: z.record(
    Name,
    z.union([
      z.strictObject({ near: z.number(), within: z.number() }),
      z.strictObject({ weights: z.record(z.string(), z.number()) }),
    ]),
  ),
  strength: z.number().exactOptional().describe('Observations after which it enters with power 1; 5 when absent.'),
}) satisfies z.ZodType<Expectation>;

const id = {
  id: z.union([z.string(), z.number()]).exactOptional().describe('Comes back with the answer.'),
};

export const requestSchemas = {
  problem: z.strictObject({
    ...id,
    request: z.literal('problem'),
    problem: ProblemRequest,
    seed: z.union([z.int(), z.string()]).exactOptional().describe('1 when absent.'),
    initial: z.int().min(0).exactOptional().describe('Experiments before the model decides; a default by dimension.'),
    repeats: z.boolean().exactOptional().describe('Lets an observed point be suggested again.'),
    acquisition: z.enum(['gain', 'ucb', 'thompson']).exactOptional().describe('"gain" when absent.'),
    confidence: z.number().min(0).exactOptional().describe('Standard deviations that ucb adds to the mean; 2.'),
    scalarize: z.boolean().exactOptional().describe('Several objectives by Chebyshev scalarisation.'),
    design: z.enum(['sobol', 'latin', 'maximin']).exactOptional().describe('Initial design; "sobol" when absent.'),
    sources: z.array(SourceRequest).exactOptional().describe('Earlier campaigns that may help.'),
    expectation: ExpectationRequest.exactOptional().describe('Where an expert expects the optimum.'),
  }),
  tell: z.strictObject({ ...id, request: z.literal('tell'), observations: z.array(Observation).min(1) }),
  ask: z.strictObject({
    ...id,
    request: z.literal('ask'),
    batch: z.int().min(1).max(1000).default(1),
    regretTolerance: z
      .number()
      .min(0)
      .exactOptional()
      .describe('Asks how probable it is that the best so far is within this of the best there is.'),
  }),
  pending: z.strictObject({ ...id, request: z.literal('pending'), points: z.array(PointRequest) }),
  forget: z.strictObject({
    ...id,
    request: z.literal('forget'),
    what: z.enum(['points', 'pending', 'observations', 'all']).default('points'),
    points: z.array(PointRequest).exactOptional().describe('Observed or pending points, with "what": "points".'),
  }),
  explain: z.strictObject({ ...id, request: z.literal('explain'), points: z.array(PointRequest).exactOptional() }),
  state: z.strictObject({ ...id, request: z.literal('state') }),
} as const;

export const requestNames = Object.keys(requestSchemas) as (keyof typeof requestSchemas)[];

export const Request = z.discriminatedUnion('request', [
  requestSchemas.problem,
  requestSchemas.tell,
  requestSchemas.ask,
  requestSchemas.pending,
  requestSchemas.forget,
  requestSchemas.explain,
  requestSchemas.state,
]);
export type Request = z.infer<typeof Request>;
