import { type Failure, failure } from '../../base/failure.ts';
import type { Problem, SuggestOptions } from '../problem.ts';
import type { Expectation, Source } from './source.ts';

const invalid = (message: string, mend: string): Failure => failure('input.invalid', message, { mend });

/** A source's model costs the cube of its observations once. */
const mostObservations = 2000;

/** What is wrong with the sources or the expectation: the first fault found. */
export function checkWarm(
  problem: Problem,
  { sources = [], expectation }: Pick<SuggestOptions, 'sources' | 'expectation'>,
): Failure | undefined {
  const names = sources.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) return invalid(`There are two sources called "${twice}".`, 'Give each its own name.');
  for (const source of sources) {
    const found = checkSource(problem, source);
    if (found !== undefined) return found;
  }
  return expectation === undefined ? undefined : checkExpectation(problem, expectation);
}

function checkSource(problem: Problem, { name, data, cap, renames = {}, levels = {} }: Source): Failure | undefined {
  const what = `Source "${name}"`;
  if (cap !== undefined && !(cap >= 0 && cap <= 1)) {
    return invalid(`${what} has the cap ${cap}.`, 'Give a number from 0 (not used) to 1.');
  }
  if (data.length > mostObservations) {
    const mend = `Keep to ${mostObservations}: its best ones and an even part of the others.`;
    return invalid(`${what} has ${data.length} observations.`, mend);
  }
  const parameters = problem.parameters.map((parameter) => parameter.name);
  const known = [...parameters, ...[...problem.objectives, ...(problem.outcomes ?? [])].map((outcome) => outcome.name)];
  const strange =
    Object.keys(renames).find((other) => !known.includes(other)) ??
    Object.keys(levels).find((other) => !parameters.includes(other));
  if (strange !== undefined) {
    return invalid(`${what} renames "${strange}", which the problem does not have.`, 'Write the present name first.');
  }
  const odd = data.findIndex(
    (datum) => 'values' in datum && !Object.values(datum.values).every((value) => Number.isFinite(value)),
  );
  if (odd < 0) return undefined;
  return invalid(`${what} has a value that is no finite number in observation ${odd + 1}.`, 'Leave it out.');
}

function checkExpectation(
  { parameters }: Problem,
  { parameters: expected, strength }: Expectation,
): Failure | undefined {
  if (strength !== undefined && !(strength > 0 && Number.isFinite(strength))) {
    return invalid(`The strength of the expectation is ${strength}.`, 'Give a positive number of observations.');
  }
  for (const [name, value] of Object.entries(expected)) {
    const parameter = parameters.find((other) => other.name === name);
    if (parameter === undefined)
      return invalid(`The expectation names no known parameter "${name}".`, 'Correct the name.');
    const categorical = parameter.type === 'categorical';
    if (categorical !== 'weights' in value) {
      const mend = categorical ? 'Give weights of its levels.' : 'Give near and within.';
      return invalid(`The expectation of "${name}" does not fit its type.`, mend);
    }
    const positive = parameter.type === 'continuous' && parameter.scale === 'log';
    if ('near' in value && !(Number.isFinite(value.near) && value.within > 0 && (!positive || value.near > 0))) {
      return invalid(
        `The expectation of "${name}" is no number with a spread.`,
        'Give a finite near and a positive within.',
      );
    }
    if ('weights' in value && !goodWeights(value.weights, categorical ? parameter.levels : [])) {
      const mend = 'Give known levels weights of 0 or more, one of them positive.';
      return invalid(`The expectation of "${name}" has no usable weights.`, mend);
    }
  }
  return undefined;
}

const goodWeights = (weights: Readonly<Record<string, number>>, levels: readonly string[]): boolean =>
  Object.entries(weights).every(
    ([level, weight]) => levels.includes(level) && weight >= 0 && Number.isFinite(weight),
  ) && Object.values(weights).some((weight) => weight > 0);
