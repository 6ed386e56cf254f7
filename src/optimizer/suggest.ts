import { type Result, failed, failure, ok } from '../base/failure.ts';
import { type Stream, stream } from '../base/random.ts';
import { Acquisition } from './acquisition.ts';
import { checkInput } from './check.ts';
import { type Row, meetsOutcomes, sortedRows } from './data.ts';
import { explain, nearest, worthOf } from './explain.ts';
import { initialCount, initialPoints } from './initial.ts';
import { type Models, buildModels } from './models.ts';
import type { Datum, Point, Problem, SuggestAnswer, SuggestOptions, Suggestion } from './problem.ts';
import { assessRegret } from './regret.ts';
import { samplePoints } from './sample.ts';
import { type Aim, type Batch, addUndecided, scenesOf, startBatch } from './scenes.ts';
import { type Found, maximize } from './search.ts';
import { type Space, compileSpace, decode, encode, modelPoint } from './space.ts';

/** Everything one call works with. */
interface Task {
  readonly problem: Problem;
  readonly space: Space;
  readonly rows: readonly Row[];
  readonly pending: readonly Float64Array[];
  readonly options: SuggestOptions;
  readonly random: (name: string) => Stream;
}

/**
 * Chooses the next `count` experiments. Pure: equal arguments give equal answers, and neither the order of the data nor
 * the unit of an outcome changes them (beyond rounding). While fewer experiments than the initial design exist it fills
 * the space; then a Gaussian process per outcome decides, by the logarithm of the expected improvement (one objective) or
 * hypervolume improvement (several) given everything pending, weighted by the probability that the experiment succeeds
 * and keeps its outcome constraints. Never leaves the space, and repeats nothing pending or observed while anything else
 * is left (`repeats` allows observed points).
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
  const space = compileSpace(problem);
  const random = (name: string) => stream(options.seed, `optimizer/${name}/${data.length}/${pending.length}`);
  if (samplePoints(space, 1, random('feasible')).length === 0) {
    const mend = 'Widen a bound or relax a constraint.';
    return failed(failure('space.infeasible', 'No point satisfies all constraints together.', { mend }));
  }
  const rows = sortedRows(space, data);
  const task = { problem, space, rows, pending: pending.map((point) => encode(space, point)), options, random };
  const missing = (options.initial ?? initialCount(space)) - data.length - pending.length;
  const measured = problem.objectives.every(({ name }) =>
    data.some((datum) => 'values' in datum && datum.values[name] !== undefined),
  );
  const first = measured ? Math.min(options.count, Math.max(0, missing)) : options.count;
  const initial = startingSuggestions(task, first);
  if (!measured || first === options.count) {
    return ok({ suggestions: initial, model: { stage: 'initial', outcomes: [] } });
  }
  return modelSuggestions(task, initial);
}

function startingSuggestions(task: Task, count: number): Suggestion[] {
  const { space, rows, pending, options } = task;
  if (count === 0) return [];
  const known = [...rows.map(({ x }) => x), ...pending];
  // The sequence must go on where it stopped, so its seed does not depend on how much is known.
  const points = initialPoints(space, count, known, stream(options.seed, 'optimizer/initial'), known.length);
  const spare = points.length < count ? samplePoints(space, count - points.length, task.random('spare')) : [];
  return [...points, ...spare].map((x) => ({
    point: decode(space, x),
    ...(known.length > 0 ? { distance: nearest(space, x, known) } : {}),
    reason: 'Initial design: fills the space before the model decides.',
  }));
}

function modelSuggestions(task: Task, initial: readonly Suggestion[]): Result<SuggestAnswer> {
  const { space, problem, rows, options } = task;
  const models = buildModels(problem, space, rows);
  if (models === undefined) {
    const mend = 'Check that every outcome was measured, and for values many orders of magnitude apart.';
    return failed(failure('optimizer.failed', 'The surrogate could not be fitted to the data.', { mend }));
  }
  const known = [...task.pending, ...initial.map(({ point }) => encode(space, point))];
  const incumbents = rows.flatMap((row, i) =>
    meetsOutcomes(problem, row) && models.aims.every(({ outcome }) => outcome.rows.includes(i)) ? [i] : [],
  );
  const room = known.length + options.count;
  const batch = startBatch(models.aims, incumbents, (i) => rows[i]!.model, room, task.random('draws'));
  for (const x of known) addUndecided(batch, modelPoint(space, x));
  const suggestions = [...initial];
  while (suggestions.length < options.count) {
    const found = next(task, models, batch, known, suggestions.length);
    const seen = [...rows.map(({ x }) => x), ...known];
    suggestions.push(explain(problem, space, models, found, seen, incumbents));
    known.push(found.x);
    addUndecided(batch, modelPoint(space, found.x));
  }
  const stage = initial.length > 0 ? 'mixed' : 'model';
  const report = { stage, outcomes: models.report } as const;
  if (incumbents.length === 0) return ok({ suggestions, model: report });
  const expectedGain = gainOf(models.aims, suggestions.slice(initial.length));
  if (models.aims.length > 1) return ok({ suggestions, model: { ...report, expectedGain } });
  const [aim] = models.aims;
  const random = task.random('regret');
  const regret = assessRegret(space, aim!, rows, incumbents, models.chances, random, options.regretTolerance);
  return ok({ suggestions, model: { ...report, expectedGain, regret } });
}

/** Greedy gains add up to the gain of the batch; the cost that divided them is taken out again. */
function gainOf(aims: readonly Aim[], chosen: readonly Suggestion[]): number {
  const unit = aims.reduce((product, { outcome }) => product * Math.abs(outcome.scale), 1);
  return chosen.reduce((sum, { acquisition, cost }) => sum + unit * (cost ?? 1) * Math.exp(acquisition!), 0);
}

/** The best point that is new; then one observed before, then one pending, where nothing else is left. */
function next(task: Task, models: Models, batch: Batch, known: readonly Float64Array[], index: number): Found {
  const { space, rows, options } = task;
  const acquisition = new Acquisition(space, batch.goals, scenesOf(batch), models.gates);
  const surface = (x: Float64Array, gradient?: Float64Array) => acquisition.at(x, gradient);
  const near = bestRows(models.aims, rows);
  const search = (taken: readonly Float64Array[]) =>
    maximize(space, surface, { random: task.random(`search/${index}`), near, taken });
  const observed = options.repeats === true ? [] : rows.map(({ x }) => x);
  return search([...observed, ...known]) ?? search(known) ?? search([])!;
}

/** The five best rows of every objective, by posterior mean. */
function bestRows(aims: readonly Aim[], rows: readonly Row[]): Float64Array[] {
  return aims.flatMap((aim) => {
    const { at, outcome } = aim;
    const order = outcome.rows.map((_, i) => i).sort((a, b) => worthOf(aim, at.mean[b]!) - worthOf(aim, at.mean[a]!));
    return order.slice(0, 5).map((i) => rows[outcome.rows[i]!]!.x);
  });
}
