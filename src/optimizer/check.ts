import { type Failure, type Result, failed, failure, ok } from '../base/failure.ts';
import { checkExclusions } from './check-exclusions.ts';
import { leastCost } from './cost.ts';
import type { Datum, LinearConstraint, Objective, Parameter, Point, Problem, SuggestOptions } from './problem.ts';
import { boundsOf } from './space.ts';

const invalid = (message: string, mend: string): Failure => failure('input.invalid', message, { mend });

/** Runs the checks one after the other; the first failure found, or undefined. */
const first = (checks: readonly (() => Failure | undefined)[]): Failure | undefined => {
  for (const check of checks) {
    const found = check();
    if (found !== undefined) return found;
  }
  return undefined;
};

function repeated(names: readonly string[], what: string): Failure | undefined {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  return twice === undefined
    ? undefined
    : invalid(`There are two ${what} called "${twice}".`, 'Give each its own name.');
}

/** Refuses what no search could be run on: one sentence that says what is wrong and one that says how to mend it. */
export function checkInput(
  problem: Problem,
  data: readonly Datum[],
  pending: readonly Point[],
  options: SuggestOptions,
): Result<undefined> {
  const found = first([
    () => checkOptions(options),
    () => checkParameters(problem.parameters),
    () => checkObjectives(problem),
    ...problem.constraints.map((constraint) => () => checkConstraint(constraint, problem.parameters)),
    () => checkExclusions(problem),
    () => checkCost(problem),
    () => checkDesigns(problem),
    ...data.map((datum, i) => () => checkDatum(problem, datum, i)),
    ...pending.map((point, i) => () => checkPoint(problem, point, `Pending point ${i + 1}`)),
  ]);
  return found === undefined ? ok(undefined) : failed(found);
}

function checkOptions({ count, initial, regretTolerance, confidence }: SuggestOptions): Failure | undefined {
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    return invalid(`The count of suggestions is ${count}.`, 'Ask for a whole number from 1 to 1000.');
  }
  if (initial !== undefined && (!Number.isInteger(initial) || initial < 0)) {
    return invalid(`The size of the initial design is ${initial}.`, 'Give a whole number, 0 or more.');
  }
  if (confidence !== undefined && !(confidence >= 0 && Number.isFinite(confidence))) {
    return invalid(
      `The confidence of ucb is ${confidence}.`,
      'Give a finite number of standard deviations, 0 or more.',
    );
  }
  if (regretTolerance !== undefined && !(regretTolerance >= 0)) {
    return invalid(`The tolerance of regret is ${regretTolerance}.`, 'Give a number, 0 or more.');
  }
  return undefined;
}

function checkParameters(parameters: readonly Parameter[]): Failure | undefined {
  if (parameters.length === 0) return invalid('The search space has no parameter.', 'Declare at least one.');
  const names = parameters.map(({ name }) => name);
  return repeated(names, 'parameters') ?? first(parameters.map((parameter) => () => checkParameter(parameter)));
}

function checkParameter(parameter: Parameter): Failure | undefined {
  const what = `Parameter "${parameter.name}"`;
  if (parameter.type === 'categorical') return checkCategories(what, parameter);
  if (parameter.type === 'ordinal') {
    if (parameter.levels.length === 0) return invalid(`${what} has no level.`, 'List at least one.');
    if (!parameter.levels.every(Number.isFinite))
      return invalid(`${what} has a level that is no finite number.`, 'Mend it.');
    return repeated(parameter.levels.map(String), `levels of "${parameter.name}"`);
  }
  const { min, max } = parameter;
  if (!Number.isFinite(min) || !Number.isFinite(max)) {
    return invalid(`${what} ranges from ${min} to ${max}.`, 'Give two finite bounds.');
  }
  if (min > max) return invalid(`${what} has min ${min} above max ${max}.`, 'Swap the bounds.');
  if (parameter.type === 'integer' && !(Number.isInteger(min) && Number.isInteger(max))) {
    return invalid(`${what} is an integer but its bounds are ${min} and ${max}.`, 'Give whole bounds.');
  }
  if (parameter.type === 'continuous' && parameter.scale === 'log' && min <= 0) {
    return invalid(`${what} has a logarithmic scale but starts at ${min}.`, 'Give a positive min or a linear scale.');
  }
  return undefined;
}

function checkCategories(what: string, parameter: Parameter & { type: 'categorical' }): Failure | undefined {
  const { descriptors, retired = [] } = parameter;
  if (parameter.levels.length === 0) return invalid(`${what} has no level.`, 'List at least one.');
  const levels = [...parameter.levels, ...retired];
  const twice = repeated(levels, `levels of "${parameter.name}"`);
  if (twice !== undefined || descriptors === undefined) return twice;
  const length = descriptors[levels[0]!]?.length ?? 0;
  const odd = levels.find(
    (level) => !(descriptors[level]?.length === length && descriptors[level].every(Number.isFinite)),
  );
  if (odd === undefined && length > 0) return undefined;
  return invalid(
    `${what} has no complete descriptor for level "${odd ?? levels[0]}".`,
    'Give every level a vector of the same length, all finite numbers.',
  );
}

function checkObjectives({ objectives, outcomes = [] }: Problem): Failure | undefined {
  if (objectives.length === 0) return invalid('There is no objective.', 'Declare at least one.');
  if (objectives.length > 4) return invalid(`There are ${objectives.length} objectives.`, 'Declare at most four.');
  const bound = outcomes.find((outcome) => !Number.isFinite(outcome.bound));
  if (bound !== undefined)
    return invalid(`Outcome "${bound.name}" has the bound ${bound.bound}.`, 'Give a finite one.');
  const names = objectives.map(({ name }) => name);
  return repeated(names, 'objectives') ?? first(objectives.map((objective) => () => checkObjective(objective)));
}

function checkObjective({ name, goal, target, reference, weight }: Objective): Failure | undefined {
  if ((goal === 'target') !== (target !== undefined)) {
    return invalid(
      `Objective "${name}" has goal "${goal}" and target ${target}.`,
      'A target goes with the goal "target".',
    );
  }
  if (weight !== undefined && !(weight > 0 && Number.isFinite(weight))) {
    return invalid(`Objective "${name}" has the weight ${weight}.`, 'Give a positive number.');
  }
  const bad = [target, reference].find((value) => value !== undefined && !Number.isFinite(value));
  return bad === undefined ? undefined : invalid(`Objective "${name}" holds the number ${bad}.`, 'Give a finite one.');
}

function checkConstraint(
  { terms, relation, bound }: LinearConstraint,
  parameters: readonly Parameter[],
): Failure | undefined {
  const text = `${Object.entries(terms)
    .map(([name, value]) => `${value} ${name}`)
    .join(' + ')} ${relation} ${bound}`;
  if (!Number.isFinite(bound) || !Object.values(terms).every(Number.isFinite)) {
    return invalid(`The constraint ${text} holds a number that is not finite.`, 'Mend it.');
  }
  let low = -bound;
  let high = -bound;
  let scale = Math.abs(bound);
  for (const [name, coefficient] of Object.entries(terms)) {
    const parameter = parameters.find((other) => other.name === name);
    if (parameter === undefined)
      return invalid(`The constraint ${text} names no known parameter "${name}".`, 'Correct the name.');
    if (parameter.type === 'categorical')
      return invalid(`The constraint ${text} holds the category "${name}".`, 'Use numbers only.');
    const ends = boundsOf(parameter).map((end) => coefficient * end);
    low += Math.min(...ends);
    high += Math.max(...ends);
    scale += Math.max(...ends.map(Math.abs));
  }
  const slack = 1e-9 * scale;
  if ((relation !== '>=' && low > slack) || (relation !== '<=' && high < -slack)) {
    return failure('space.infeasible', `No point satisfies ${text}.`, {
      mend: 'Widen a bound or relax the constraint.',
    });
  }
  return undefined;
}

function checkCost({ cost, parameters }: Problem): Failure | undefined {
  if (cost === undefined) return undefined;
  const names = [...Object.keys(cost.terms ?? {}), ...Object.keys(cost.levels ?? {})];
  const unknown = names.find((name) => !parameters.some((parameter) => parameter.name === name));
  if (unknown !== undefined) return invalid(`The cost names no known parameter "${unknown}".`, 'Correct the name.');
  const least = leastCost(cost, parameters);
  if (Number.isFinite(least) && least > 0) return undefined;
  return invalid(`An experiment could cost ${least}.`, 'Give a cost that is positive within all bounds.');
}

function checkDesigns(problem: Problem): Failure | undefined {
  const { designs } = problem;
  if (designs === undefined) return undefined;
  if (designs.length === 0) {
    return failure('space.infeasible', 'The table of allowed designs is empty.', { mend: 'List at least one.' });
  }
  if (designs.length > 100_000) return invalid(`The table has ${designs.length} designs.`, 'Keep to 100,000.');
  return first(
    designs.map((point, i) => () => checkPoint(problem, point, `Design ${i + 1}`) ?? checkWithin(problem, point, i)),
  );
}

function checkWithin({ parameters }: Problem, point: Point, i: number): Failure | undefined {
  for (const parameter of parameters) {
    if (parameter.type === 'categorical') {
      const level = String(point[parameter.name]);
      if (parameter.levels.includes(level)) continue;
      return invalid(
        `Design ${i + 1} has the retired level "${level}" for "${parameter.name}".`,
        'Leave the design out.',
      );
    }
    const value = Number(point[parameter.name]);
    const [min, max] = boundsOf(parameter);
    const listed = parameter.type !== 'ordinal' || parameter.levels.includes(value);
    if (value >= min && value <= max && listed && (parameter.type !== 'integer' || Number.isInteger(value))) continue;
    const message = `Design ${i + 1} has the value ${value} for "${parameter.name}", which is outside its range.`;
    return invalid(message, 'Widen the range or leave the design out.');
  }
  return undefined;
}

/** A point names every parameter; numbers may lie outside today's bounds, categories must be known. */
function checkPoint({ parameters }: Problem, point: Point, what: string): Failure | undefined {
  for (const parameter of parameters) {
    const value = point[parameter.name];
    const name = `"${parameter.name}"`;
    if (value === undefined) return invalid(`${what} has no value for ${name}.`, 'Give every parameter a value.');
    if (parameter.type === 'categorical') {
      if (![...parameter.levels, ...(parameter.retired ?? [])].includes(String(value))) {
        return invalid(`${what} has the unknown level "${value}" for ${name}.`, 'Add the level to the space.');
      }
    } else if (typeof value !== 'number' || !Number.isFinite(value)) {
      return invalid(`${what} has the value ${value} for ${name}.`, 'Give a finite number.');
    } else if (parameter.type === 'continuous' && parameter.scale === 'log' && value <= 0) {
      return invalid(
        `${what} has the value ${value} for ${name}, whose scale is logarithmic.`,
        'Give a positive number.',
      );
    }
  }
  return undefined;
}

function checkDatum(problem: Problem, datum: Datum, i: number): Failure | undefined {
  const what = `Observation ${i + 1}`;
  const point = checkPoint(problem, datum.point, what);
  if (point !== undefined || 'failed' in datum) return point;
  const wanted = [...problem.objectives, ...(problem.outcomes ?? [])];
  for (const { name } of wanted) {
    const value = datum.values[name];
    if (value !== undefined && !Number.isFinite(value)) {
      return invalid(
        `${what} has the value ${value} for "${name}".`,
        'Leave the value out or report the experiment as failed.',
      );
    }
    const noise = datum.noise?.[name];
    if (noise !== undefined && !(noise >= 0 && Number.isFinite(noise))) {
      return invalid(`${what} has the noise variance ${noise} for "${name}".`, 'Give a finite number, 0 or more.');
    }
  }
  if (wanted.some(({ name }) => datum.values[name] !== undefined)) return undefined;
  return invalid(`${what} has no value for any objective.`, 'Give a value or report the experiment as failed.');
}
