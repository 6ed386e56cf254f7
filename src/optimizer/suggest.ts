import { type Result, failed, failure, ok } from '../base/failure.ts';
import { type Stream, stream } from '../base/random.ts';
import { checkInput } from './check.ts';
import { type Choice, type Chooser, chooserOf } from './choose.ts';
import { type Row, meetsOutcomes, sortedRows } from './data.ts';
import { expectedGain } from './expected-gain.ts';
import { explain, nearest } from './explain.ts';
import { initialCount, initialPoints } from './initial.ts';
import { type Models, buildModels } from './models.ts';
import type { Gate } from './acquisition.ts';
import type { Datum, ModelReport, Point, Problem, SuggestAnswer, SuggestOptions, Suggestion } from './problem.ts';
import { assessRegret } from './regret.ts';
import { samplePoints } from './sample.ts';
import type { Found } from './search.ts';
import { type Space, compileSpace, decode, encode, modelPoint } from './space.ts';
import { checkWarm } from './warm/check.ts';
import { expectationGate, expectedPoints } from './warm/expectation.ts';
import type { SourceReport } from './warm/source.ts';
import { type WarmStart, reportSources, warmStart, withSources } from './warm/start.ts';

/** Everything one call works with. */
interface Task {
  readonly problem: Problem;
  readonly space: Space;
  readonly rows: readonly Row[];
  readonly pending: readonly Float64Array[];
  readonly options: SuggestOptions;
  readonly random: (name: string) => Stream;
  readonly sources?: readonly SourceReport[];
}

/**
 * Chooses the next `count` experiments. Pure: equal arguments give equal answers, and neither the order of the data nor
 * the unit of an outcome changes them (beyond rounding). While fewer experiments than the initial design exist it fills
 * the space; then a Gaussian process per outcome decides, by the logarithm of the expected improvement (one objective) or
 * hypervolume improvement (several) given everything pending, weighted by the probability that the experiment succeeds
 * and keeps its outcome constraints (other rules by `acquisition`). Never leaves the space, and repeats nothing pending or observed while anything else
 * is left (`repeats` allows observed points). Sources that are trusted take the place of the initial design.
 *
 * Failures: `input.invalid` for input that makes no sense, `space.infeasible` where no point satisfies the constraints,
 * `optimizer.failed` where the model cannot be built from the data.
 */
export function suggest(
  problem: Problem,
  data: readonly Datum[],
  pending: readonly Point[],
  options: SuggestOptions,
): Result<SuggestAnswer> {
  const checked = checkInput(problem, data, pending, options);
  if (!checked.ok) return checked;
  const unfit = checkWarm(problem, options);
  if (unfit !== undefined) return failed(unfit);
  const space = compileSpace(problem);
  const random = (name: string) => stream(options.seed, `optimizer/${name}/${data.length}/${pending.length}`);
  if (samplePoints(space, 1, random('feasible')).length === 0) {
    const mend = 'Widen a bound or relax a constraint.';
    return failed(failure('space.infeasible', 'No point satisfies all constraints together.', { mend }));
  }
  const rows = sortedRows(space, data);
  const warm = warmStart(problem, space, rows, options.sources ?? [], random);
  const task = {
    ...{ problem, space, rows, pending: pending.map((point) => encode(space, point)), options, random },
    ...(options.sources === undefined ? {} : { sources: reportSources(problem, options.sources, warm) }),
  };
  const missing = (options.initial ?? initialCount(space)) - data.length - pending.length;
  const measured = problem.objectives.every(({ name }) =>
    data.some((datum) => 'values' in datum && datum.values[name] !== undefined),
  );
  const due = Math.min(options.count, Math.max(0, missing));
  if (warm !== undefined && warm.probability > least) {
    const filling = due - guidedCount(warm, due, data.length + pending.length);
    if (filling < options.count) return modelSuggestions(task, startingSuggestions(task, filling), warm);
  }
  const first = measured ? due : options.count;
  const initial = startingSuggestions(task, first);
  if (!measured || first === options.count) {
    return ok({ suggestions: initial, model: { stage: 'initial', outcomes: [], ...reportOf(task) } });
  }
  return modelSuggestions(task, initial);
}

/** Probability of the sources from which they replace the initial design, and below which they take no part. */
const sure = 0.9;
const least = 0.01;

/**
 * How many experiments of the initial design sources take the place of: all where they are sure to help, every second
 * while that is open (the others then tell), none where they are less probable than not.
 */
function guidedCount({ probability }: WarmStart, due: number, known: number): number {
  if (probability < 0.5) return 0;
  return probability > sure ? due : Math.floor((due + ((known + 1) % 2)) / 2);
}

function startingSuggestions(task: Task, count: number): Suggestion[] {
  const { space, rows, pending, options } = task;
  if (count === 0) return [];
  const known = [...rows.map(({ x }) => x), ...pending];
  // The sequence must go on where it stopped, so its seed does not depend on how much is known.
  const expected = fromExpectation(task, count, known);
  const free = count - expected.length;
  const points = initialPoints(space, free, [...known, ...expected], stream(options.seed, 'optimizer/initial'), {
    ...{ skip: known.length, size: options.initial ?? initialCount(space), design: options.design ?? 'sobol' },
  });
  const spare = points.length < free ? samplePoints(space, free - points.length, task.random('spare')) : [];
  return [...expected, ...points, ...spare].map((x) => ({
    point: decode(space, x),
    ...(known.length > 0 ? { distance: nearest(space, x, known) } : {}),
    reason: 'Initial design: fills the space before the model decides.',
  }));
}

/** Every second point of the initial design comes from an expert's expectation, where there is one. */
function fromExpectation({ space, options, random }: Task, count: number, known: readonly Float64Array[]) {
  if (options.expectation === undefined) return [];
  const share = Math.floor((count + ((known.length + 1) % 2)) / 2);
  return expectedPoints(space, options.expectation, share, known, random('expectation'));
}

const reportOf = ({ sources }: Task): Pick<ModelReport, 'sources'> => (sources === undefined ? {} : { sources });

function modelSuggestions(task: Task, initial: readonly Suggestion[], warm?: WarmStart): Result<SuggestAnswer> {
  const { space, problem, rows, options } = task;
  const models = warm?.models ?? buildModels(problem, space, rows);
  if (models === undefined) {
    const mend = 'Check that every outcome was measured, and for values many orders of magnitude apart.';
    return failed(failure('optimizer.failed', 'The surrogate could not be fitted to the data.', { mend }));
  }
  const known = [...task.pending, ...initial.map(({ point }) => encode(space, point))];
  const incumbents = rows.flatMap((row, i) =>
    meetsOutcomes(problem, row) && models.aims.every(({ outcome }) => outcome.rows.includes(i)) ? [i] : [],
  );
  const room = known.length + options.count;
  const belief = beliefOf(task);
  const chooser = chooserOf(
    {
      ...task,
      models: withBelief(models, belief),
      ...besides(warm, belief),
      incumbents,
      options: ruleFor(task, models),
    },
    room,
  );
  for (const x of known) chooser.add(x);
  const suggestions = [...initial];
  while (suggestions.length < options.count) {
    const found = next(task, chooser, known, suggestions.length);
    const seen = [...rows.map(({ x }) => x), ...known];
    const value = found.value - (belief?.(modelPoint(space, found.x)) ?? 0);
    const suggestion = explain(problem, space, models, { ...found, value }, seen, incumbents);
    suggestions.push(warm !== undefined ? withSources(suggestion, warm, modelPoint(space, found.x)) : suggestion);
    known.push(found.x);
    chooser.add(found.x);
  }
  const stage = initial.length > 0 ? 'mixed' : 'model';
  const report = { stage, outcomes: models.report, ...reportOf(task) } as const;
  if (incumbents.length === 0) return ok({ suggestions, model: report });
  return ok({
    suggestions,
    model: { ...report, ...outlook(task, models, incumbents, suggestions.slice(initial.length)) },
  });
}

const beliefOf = ({ options: { expectation }, space, rows }: Task): Gate | undefined =>
  expectation === undefined ? undefined : expectationGate(space, expectation, rows.length);

const withBelief = (models: Models, belief: Gate | undefined): Models =>
  belief === undefined ? models : { ...models, gates: [...models.gates, belief] };

const besides = (warm: WarmStart | undefined, belief: Gate | undefined): Pick<Choice, 'other'> =>
  warm?.other === undefined ? {} : { other: { ...warm.other, models: withBelief(warm.other.models, belief) } };

/**
 * Before anything was measured there is nothing to improve on: one experiment is chosen by its confidence bound, several
 * by draws of what the function may be, which spreads them as far as the sources leave open.
 */
function ruleFor({ options, pending }: Task, { aims }: Models): SuggestOptions {
  const blind = aims.some(({ outcome }) => outcome.rows.length === 0);
  if (!blind || (options.acquisition ?? 'gain') !== 'gain') return options;
  const several = options.count + pending.length > 1;
  return several ? { ...options, acquisition: 'thompson' } : { ...options, acquisition: 'ucb', confidence: 1 };
}

/** What there is still to gain: by the batch, and (one objective) at most. */
function outlook(
  { space, rows, options, random }: Task,
  { aims, chances }: Models,
  incumbents: readonly number[],
  chosen: readonly Suggestion[],
): Pick<ModelReport, 'expectedGain' | 'regret'> {
  const byGain = (options.acquisition ?? 'gain') === 'gain' && (aims.length === 1 || options.scalarize !== true);
  const gain = byGain ? { expectedGain: expectedGain(space, aims, incumbents, chosen) } : {};
  if (aims.length > 1) return gain;
  const { regretTolerance } = options;
  return {
    ...gain,
    regret: assessRegret(space, aims[0]!, rows, incumbents, chances, random('regret'), regretTolerance),
  };
}

/** The best point that is new; then one observed before, then one pending, where nothing else is left. */
function next({ rows, options }: Task, chooser: Chooser, known: readonly Float64Array[], index: number): Found {
  const observed = options.repeats === true ? [] : rows.map(({ x }) => x);
  const choose = (taken: readonly Float64Array[]) => chooser.choose(taken, index);
  return choose([...observed, ...known]) ?? choose(known) ?? choose([])!;
}
