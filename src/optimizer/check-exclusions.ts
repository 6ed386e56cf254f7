import { type Failure, failure } from '../base/failure.ts';
import type { Cardinality, Forbidden, Parameter, Problem } from './problem.ts';
import { boundsOf } from './space.ts';

const invalid = (message: string, mend: string): Failure => failure('input.invalid', message, { mend });

/** What is wrong with limits of cardinality and forbidden combinations; undefined where nothing is. */
export function checkExclusions({ parameters, cardinality = [], forbidden = [] }: Problem): Failure | undefined {
  for (const limit of cardinality) {
    const found = checkCardinality(limit, parameters);
    if (found !== undefined) return found;
  }
  for (const combination of forbidden) {
    const found = checkForbidden(combination, parameters);
    if (found !== undefined) return found;
  }
  return undefined;
}

function checkCardinality({ parameters: names, atMost }: Cardinality, parameters: readonly Parameter[]) {
  if (!Number.isInteger(atMost) || atMost < 0) {
    return invalid(`A limit of cardinality allows ${atMost} parameters.`, 'Give a whole number, 0 or more.');
  }
  for (const [i, name] of names.entries()) {
    const parameter = parameters.find((other) => other.name === name);
    if (parameter === undefined || names.indexOf(name) !== i) {
      return invalid(`A limit of cardinality names "${name}", which is unknown or named twice.`, 'Correct the name.');
    }
    if (!canBeZero(parameter)) {
      return invalid(`A limit of cardinality holds "${name}", which cannot be zero.`, 'Let its range include zero.');
    }
  }
  return undefined;
}

function canBeZero(parameter: Parameter): boolean {
  if (parameter.type === 'categorical') return false;
  if (parameter.type === 'ordinal') return parameter.levels.includes(0);
  const [min, max] = boundsOf(parameter);
  return min <= 0 && max >= 0;
}

function checkForbidden(combination: Forbidden, parameters: readonly Parameter[]): Failure | undefined {
  const entries = Object.entries(combination);
  if (entries.length === 0) return invalid('A forbidden combination is empty.', 'Name at least one parameter.');
  for (const [name, part] of entries) {
    const parameter = parameters.find((other) => other.name === name);
    if (parameter === undefined) {
      return invalid(`A forbidden combination names no known parameter "${name}".`, 'Correct the name.');
    }
    if (!('in' in part) && parameter.type === 'categorical') {
      return invalid(`A forbidden combination gives a range for the category "${name}".`, 'List its levels with "in".');
    }
  }
  return undefined;
}
