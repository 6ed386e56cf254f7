import type { Clock } from '../base/clock.ts';
import { failed, failure, ok, type Result } from '../base/failure.ts';
import { unitOf, weighsUnequally, type Campaign, type Constraint, type Definition } from '../domain/campaign.ts';
import type { EventData } from '../domain/event.ts';
import { fromSi, readQuantity } from '../domain/quantity.ts';
import type { ExpectationEntry, SourceData, SourceEntry, SourceRow } from '../domain/source.ts';
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
import { Shelf } from './shelf.ts';
import { answerStaged, type StagedQuestion } from './staging.ts';
import type { Expectation, Source } from '../optimizer/warm/source.ts';

/** Whole experiments, or stages that are decided one after the other. */
export type Question = WholeQuestion | StagedQuestion;

export interface WholeQuestion {
  readonly problem: Problem;
  readonly data: readonly Datum[];
  readonly pending: readonly Point[];
  readonly options: SuggestOptions;
}

/** Advice as it is recorded: the suggestions, and what the model says of itself once there is one. */
export type Advice = Omit<EventData<'suggestions.received'>, 'ask'>;

/** Where suggestions come from. Answers once, never from inside `ask`. */
export interface Advisor {
  ask(question: Question, answer: (advice: Result<Advice>) => void): void;
  close(): Promise<void>;
}

function recordOf({ suggestions, model }: SuggestAnswer): Advice {
  const { stage, outcomes, sources, ...more } = model;
  const told = { outcomes: [...outcomes], ...more, ...(sources === undefined ? {} : { sources: [...sources] }) };
  return {
    suggestions: [...suggestions],
    ...(stage === 'initial' && sources === undefined ? {} : { model: told }),
  };
}

/** The optimizer in this thread: on a virtual clock it answers at the same instant, or after `takesMs` of lab time. */
export function inlineAdvisor(clock: Clock, takesMs = 0): Advisor {
  const shelf = new Shelf();
  return {
    ask: (question, answer) => {
      clock.after(takesMs, () => answer(answerTo(question, shelf)));
    },
    close: async () => undefined,
  };
}

/** What the optimizer says to a question; a defect of it is a failure, not the end of the process. */
export function answerTo(question: Question, shelf: Shelf): Result<Advice> {
  try {
    return 'rows' in question ? answerStaged(question) : answerWhole(question, shelf);
  } catch (error) {
    return failed(failure('optimizer.failed', `The optimizer failed: ${(error as Error).message}.`));
  }
}

function answerWhole({ problem, data, pending, options }: WholeQuestion, shelf: Shelf): Result<Advice> {
  const { sources, ...rest } = options;
  const known = sources === undefined ? rest : { ...rest, sources: sources.map((source) => shelf.same(source)) };
  const answer = suggest(problem, data, pending, known);
  return answer.ok ? ok(recordOf(answer.value)) : answer;
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
export function optionsOf({ campaign, sources: data = {} }: Definition, count: number): SuggestOptions {
  const { seed, batch, stop, expectation } = campaign;
  const sources = Object.entries(campaign.sources ?? {}).map(([name, entry]) => sourceOf(name, entry, data, campaign));
  const tolerance = stop?.regret_probability?.tolerance;
  return {
    count,
    seed,
    ...(batch.initial === undefined ? {} : { initial: batch.initial }),
    ...(tolerance === undefined ? {} : { regretTolerance: tolerance }),
    ...(weighsUnequally(campaign) ? { scalarize: true } : {}),
    ...(sources.length === 0 ? {} : { sources }),
    ...(expectation === undefined ? {} : { expectation: expectationOf(expectation, campaign) }),
  };
}

function sourceOf(name: string, entry: SourceEntry, data: SourceData, campaign: Campaign): Source {
  const { renames, levels, held, cap } = entry;
  const inUnit = ([parameter, value]: readonly [string, number | string]) => {
    const known = campaign.space[parameter];
    const read = typeof value === 'string' && known?.type !== 'categorical' ? readQuantity(value) : undefined;
    return [
      parameter,
      read?.ok === true ? fromSi(read.value.si, known === undefined ? read.value.unit : unitOf(known)) : value,
    ];
  };
  return {
    ...{ name, cap, data: (data[name] ?? []).flatMap(wholeRow) },
    ...(renames === undefined ? {} : { renames }),
    ...(levels === undefined ? {} : { levels }),
    ...(held === undefined ? {} : { held: Object.fromEntries(Object.entries(held).map(inUnit)) as typeof held }),
  };
}

/** What an optimizer of whole experiments learns from. */
function wholeRow(row: SourceRow): Source['data'][number][] {
  if ('failed' in row) return [row];
  return row.values === undefined ? [] : [{ point: row.point, values: row.values }];
}

/** Means and spreads in the unit of their parameter. */
function expectationOf({ parameters, strength }: ExpectationEntry, campaign: Campaign): Expectation {
  const inUnit = ([name, expected]: readonly [string, ExpectationEntry['parameters'][string]]) => {
    if ('weights' in expected) return [name, expected];
    const unit = unitOf(campaign.space[name]!);
    const near = fromSi(expected.near.si, unit);
    // A spread is a difference: the zero of a scale such as degC is no part of it.
    return [name, { near, within: Math.abs(expected.within.value * (scaleOf(unit) / scaleOf(expected.within.unit))) }];
  };
  return {
    parameters: Object.fromEntries(Object.entries(parameters).map(inUnit)) as Expectation['parameters'],
    ...(strength === undefined ? {} : { strength }),
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
