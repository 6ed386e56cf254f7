import { type Failure, failure } from '../../base/failure.ts';
import { checkInput } from '../check.ts';
import type { Datum, Point } from '../problem.ts';
import { stageProblem } from './network.ts';
import type { DecideOptions, PendingStage, Stage, StagedProblem, StagedRow } from './staged.ts';

const invalid = (message: string, mend: string): Failure => failure('input.invalid', message, { mend });

/** Refuses what no decision could be made on: a sentence that says what is wrong and one that says how to mend it. */
export function checkStaged(
  problem: StagedProblem,
  rows: readonly StagedRow[],
  pending: readonly PendingStage[],
  options: DecideOptions,
): Failure | undefined {
  return (
    checkOptions(options) ??
    checkGraph(problem) ??
    checkObjectives(problem) ??
    first(rows, (row) => checkRow(problem, row)) ??
    first(problem.stages, (stage) => checkStage(stage, rows, pending)) ??
    checkNames(rows) ??
    first(pending, (flight) => checkPending(problem, rows, flight))
  );
}

function first<T>(items: readonly T[], check: (item: T) => Failure | undefined): Failure | undefined {
  for (const item of items) {
    const found = check(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

const firstRepeated = (names: readonly string[]) => names.find((name, i) => names.indexOf(name) !== i);

function checkOptions({ count, starts, initial, places }: DecideOptions): Failure | undefined {
  if (!Number.isInteger(count) || count < 1 || count > 100)
    return invalid(`The count of decisions is ${count}.`, 'Ask for a whole number from 1 to 100.');
  if (starts !== undefined && (!Number.isInteger(starts) || starts < 0))
    return invalid(`The limit of new samples is ${starts}.`, 'Give a whole number, 0 or more, or leave it out.');
  if (initial !== undefined && (!Number.isInteger(initial) || initial < 0))
    return invalid(`The size of the initial design is ${initial}.`, 'Give a whole number, 0 or more.');
  if (places !== undefined && (!Number.isInteger(places) || places < 1))
    return invalid(`The number of places is ${places}.`, 'Give a whole number, 1 or more, or leave it out.');
  return undefined;
}

function checkGraph({ stages }: StagedProblem): Failure | undefined {
  const ids = stages.map(({ id }) => id);
  const twice = firstRepeated(ids);
  if (twice !== undefined) return invalid(`There are two stages called "${twice}".`, 'Give each its own name.');
  const names = stages.flatMap(({ space, outputs }) => [...space.parameters, ...outputs].map(({ name }) => name));
  const shared = firstRepeated(names);
  if (shared !== undefined)
    return invalid(`"${shared}" names two parameters or outputs.`, 'Give each its own name over all stages.');
  for (const { id, after, space } of stages) {
    const unknown = after.find((other) => !ids.includes(other));
    if (unknown !== undefined) return invalid(`Stage "${id}" comes after an unknown "${unknown}".`, 'Name a stage.');
    if (after.length === 0 && space.parameters.length === 0)
      return invalid(`Stage "${id}" has neither a parameter nor a stage before it.`, 'Give it a parameter.');
  }
  const done = new Set<string>();
  for (let found = true; found;) {
    const next = stages.find(({ id, after }) => !done.has(id) && after.every((other) => done.has(other)));
    found = next !== undefined;
    if (next !== undefined) done.add(next.id);
  }
  const stuck = ids.find((id) => !done.has(id));
  return stuck === undefined
    ? undefined
    : invalid(`Stage "${stuck}" comes after itself.`, 'Break the cycle of "after".');
}

function checkObjectives({ stages, objectives }: StagedProblem): Failure | undefined {
  if (objectives.length === 0) return invalid('There is no objective.', 'Name an output of the last stage.');
  const last = stages.find(({ outputs }) => outputs.some(({ name }) => name === objectives[0]!.name));
  const other = objectives.find(({ name }) => !last?.outputs.some((output) => output.name === name));
  if (other !== undefined)
    return invalid(`No one stage has the objective "${other.name}" and all others.`, 'Name outputs of the last stage.');
  const aimless = objectives.find(({ goal, target }) => (goal === 'target') !== (target !== undefined));
  if (aimless !== undefined)
    return invalid(`Objective "${aimless.name}" has a target without the goal, or the goal without one.`, 'Give both.');
  return undefined;
}

/** The stage's own space, cost and points, by the checks of the plain optimizer. */
function checkStage(stage: Stage, rows: readonly StagedRow[], pending: readonly PendingStage[]): Failure | undefined {
  const { id, space, outputs, cost, after, alone } = stage;
  if (!(cost.base > 0)) return invalid(`Stage "${id}" has a cost of ${cost.base}.`, 'Give a base cost above 0.');
  const noisy = outputs.find(({ noise = 0 }) => !(noise >= 0 && Number.isFinite(noise)));
  if (noisy !== undefined) return invalid(`The noise of "${noisy.name}" is no variance.`, 'Give a number, 0 or more.');
  if (alone !== undefined && after.length === 0)
    return invalid(`Stage "${id}" has nothing before it that it could run without.`, 'Leave "alone" out.');
  const wrong = checkShared(stage);
  if (wrong !== undefined || space.parameters.length === 0) return wrong;
  const data = rows.flatMap(({ stages }): Datum[] =>
    stages[id] === undefined ? [] : [{ point: stages[id].parameters, values: stages[id].outputs }],
  );
  const points: Point[] = pending.filter((flight) => flight.stage === id).map(({ parameters }) => parameters);
  const checked = checkInput(stageProblem(stage), data, points, { count: 1, seed: 0 });
  if (checked.ok) return undefined;
  return { ...checked.failure, message: `Stage "${id}": ${checked.failure.message}` };
}

function checkShared({ id, space, shared }: Stage): Failure | undefined {
  if (shared === undefined) return undefined;
  const { capacity, parameters } = shared;
  if (!Number.isInteger(capacity) || capacity < 1)
    return invalid(`A run of stage "${id}" takes ${capacity} samples.`, 'Give a whole number, 1 or more.');
  const unknown = parameters.find((name) => !space.parameters.some((parameter) => parameter.name === name));
  if (unknown === undefined) return undefined;
  return invalid(`Runs of stage "${id}" share an unknown "${unknown}".`, 'Name parameters of the stage.');
}

function checkRow({ stages }: StagedProblem, row: StagedRow): Failure | undefined {
  const what = `Sample "${row.sample}"`;
  for (const [id, { outputs, inputs }] of Object.entries(row.stages)) {
    const stage = stages.find((other) => other.id === id);
    if (stage === undefined) return invalid(`${what} has finished an unknown stage "${id}".`, 'Name a stage.');
    const missing = stage.outputs.find(({ name }) => !Number.isFinite(outputs[name]));
    if (missing !== undefined)
      return invalid(
        `${what} lacks a number for "${missing.name}" of stage "${id}".`,
        'Give it, or leave the stage out.',
      );
    if (inputs !== undefined) {
      const wrong =
        checkInputs(stages, stage, inputs, what) ?? (Object.keys(row.stages).length > 1 ? 'other' : undefined);
      if (wrong === 'other')
        return invalid(`${what} ran "${id}" alone and other stages too.`, 'Use a sample of its own.');
      if (wrong !== undefined) return wrong;
      continue;
    }
    const early = stage.after.find((other) => row.stages[other] === undefined);
    if (early !== undefined)
      return invalid(`${what} has finished "${id}" but not "${early}" before it.`, 'Give the earlier stage as well.');
  }
  return undefined;
}

function checkInputs(stages: readonly Stage[], stage: Stage, inputs: Readonly<Record<string, number>>, what: string) {
  const needed = stages.filter(({ id }) => stage.after.includes(id)).flatMap(({ outputs }) => outputs);
  const missing = needed.find(({ name }) => !Number.isFinite(inputs[name]));
  if (missing === undefined) return undefined;
  return invalid(
    `${what} ran "${stage.id}" alone without a value of "${missing.name}".`,
    'Give every proxy that was set.',
  );
}

function checkNames(rows: readonly StagedRow[]): Failure | undefined {
  const twice = firstRepeated(rows.map(({ sample }) => sample));
  return twice === undefined
    ? undefined
    : invalid(`There are two rows of sample "${twice}".`, 'Join what one sample has finished in one row.');
}

function checkPending(
  { stages }: StagedProblem,
  rows: readonly StagedRow[],
  { sample, stage: id, inputs }: PendingStage,
): Failure | undefined {
  const stage = stages.find((other) => other.id === id);
  if (stage === undefined) return invalid(`Sample "${sample}" is at an unknown stage "${id}".`, 'Name a stage.');
  if (inputs !== undefined) return checkInputs(stages, stage, inputs, `Sample "${sample}"`);
  const row = rows.find((other) => other.sample === sample);
  if (row?.stages[id] !== undefined)
    return invalid(`Sample "${sample}" is pending at "${id}", which it has finished.`, 'Leave it out of pending.');
  const early = stage.after.find((other) => row?.stages[other] === undefined);
  return early === undefined
    ? undefined
    : invalid(`Sample "${sample}" is pending at "${id}" before "${early}".`, 'Give the earlier stage in a row.');
}
