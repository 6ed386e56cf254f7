import type { Clock } from '../base/clock.ts';
import { failed, failure, type Result } from '../base/failure.ts';
import { unitOf, weighsUnequally, type Campaign, type Constraint } from '../domain/campaign.ts';
import type { EventData } from '../domain/event.ts';
import { fromSi } from '../domain/quantity.ts';
import type {
  Datum,
  LinearConstraint,
  Parameter,
  Point,
  Problem,
  SuggestAnswer,
  SuggestOptions,
} from '../optimizer/problem.ts';
import { suggest } from '../optimizer/suggest.ts';

export interface Question {
  readonly problem: Problem;
  readonly data: readonly Datum[];
  readonly pending: readonly Point[];
  readonly options: SuggestOptions;
}

export interface Advice extends SuggestAnswer {
  /** CPU time spent, where it could be measured. */
  readonly cpuSeconds?: number;
}

/** Where suggestions come from. Answers once, never from inside `ask`. */
export interface Advisor {
  ask(question: Question, answer: (advice: Result<Advice>) => void): void;
  close(): Promise<void>;
}

/** Advice as it is recorded: the suggestions, and what the model says of itself once there is one. */
export function receivedFrom({
  suggestions,
  model,
  cpuSeconds,
}: Advice): Omit<EventData<'suggestions.received'>, 'ask'> {
  const { stage, outcomes, ...more } = model;
  return {
    suggestions: [...suggestions],
    ...(cpuSeconds === undefined ? {} : { cpuSeconds }),
    ...(stage === 'initial' ? {} : { model: { outcomes: [...outcomes], ...more } }),
  };
}

/** The optimizer in this thread: answers at the same instant of a virtual clock. */
export function inlineAdvisor(clock: Clock): Advisor {
  return {
    ask: ({ problem, data, pending, options }, answer) => {
      clock.after(0, () => {
        let advice: Result<Advice>;
        try {
          advice = suggest(problem, data, pending, options);
        } catch (error) {
          advice = failed(failure('optimizer.failed', `The optimizer failed: ${(error as Error).message}.`));
        }
        answer(advice);
      });
    },
    close: async () => undefined,
  };
}

/** A campaign's search space and objectives in the optimizer's words; values are in the units of the search space. */
export function problemOf(campaign: Campaign): Problem {
  return {
    parameters: Object.entries(campaign.space).map(([name, parameter]): Parameter => {
      switch (parameter.type) {
        case 'continuous': {
          const max = fromSi(parameter.max.si, parameter.min.unit);
          return { name, type: 'continuous', min: parameter.min.value, max, scale: parameter.scale };
        }
        case 'integer':
          return { name, type: 'integer', min: parameter.min, max: parameter.max };
        case 'ordinal':
          return { name, type: 'ordinal', levels: parameter.levels.map(({ si }) => fromSi(si, unitOf(parameter))) };
        case 'categorical': {
          const { levels, descriptors, retired } = parameter;
          const more = {
            ...(descriptors === undefined ? {} : { descriptors }),
            ...(retired === undefined ? {} : { retired }),
          };
          return { name, type: 'categorical', levels, ...more };
        }
      }
    }),
    constraints: campaign.constraints.map((constraint) => linear(constraint, campaign)),
    objectives: campaign.objectives.map(({ name, goal, target, reference, weight }) => ({
      name,
      goal,
      ...(target === undefined ? {} : { target }),
      ...(reference === undefined ? {} : { reference }),
      ...(weight === undefined ? {} : { weight }),
    })),
  };
}

/**
 * How the campaign wants its next experiments chosen. The hypervolume cannot see weights, so where objectives weigh
 * unequally they are joined by Chebyshev scalarisation.
 */
export function optionsOf(campaign: Campaign, count: number): SuggestOptions {
  const { seed, batch, stop } = campaign;
  const tolerance = stop?.regret_probability?.tolerance;
  return {
    count,
    seed,
    ...(batch.initial === undefined ? {} : { initial: batch.initial }),
    ...(tolerance === undefined ? {} : { regretTolerance: tolerance }),
    ...(weighsUnequally(campaign) ? { scalarize: true } : {}),
  };
}

/** Coefficients rescaled from the bound's unit to the unit of each parameter. */
function linear(constraint: Constraint, campaign: Campaign): LinearConstraint {
  const { sum, equals, at_most, at_least } = constraint;
  const weights = Array.isArray(sum) ? sum.map((name) => [name, 1] as const) : Object.entries(sum);
  const bound = (equals ?? at_most ?? at_least)!;
  const unitIn = (name: string) => unitOf(campaign.space[name]!);
  const terms = Object.fromEntries(
    weights.map(([name, weight]) => [name, weight * (scaleOf(unitIn(name)) / scaleOf(bound.unit))]),
  );
  return { terms, relation: equals ? '=' : at_most ? '<=' : '>=', bound: bound.value };
}

const scaleOf = (unit: string): number => 1 / (fromSi(1, unit) - fromSi(0, unit));
