import type { Gate } from './acquisition.ts';
import { Belief } from './belief.ts';
import { fitClassifier } from './classifier.ts';
import { costGate } from './cost.ts';
import { type Outcome, type Row, fitOutcome, modelValue } from './data.ts';
import { boundGate, successGate } from './gates.ts';
import type { ModelReport, Problem } from './problem.ts';
import { type AtObservations, atObservations, reportOutcome } from './report.ts';
import type { Aim } from './scenes.ts';
import type { Space } from './space.ts';

/** Models of everything measured that matters, fitted once per name. */
export interface Models {
  readonly aims: readonly Aim[];
  /** Log probabilities that an experiment succeeds and keeps its outcome constraints. */
  readonly chances: readonly Gate[];
  /** Those, and the cost. */
  readonly gates: readonly Gate[];
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly report: ModelReport['outcomes'];
}

/**
 * Improvement on the best is sought on any scale that keeps the order, and so are outcomes with a bound. Nearness to a
 * target and hypervolume are meant in the units given, so there the scale stays.
 */
const mayTransform = ({ objectives }: Problem, name: string): boolean => {
  const objective = objectives.find((other) => other.name === name);
  return objective === undefined || (objectives.length === 1 && objective.goal !== 'target');
};

/** Undefined where an outcome cannot be fitted, as by default one that was never measured. */
export function buildModels(
  problem: Problem,
  space: Space,
  rows: readonly Row[],
  fit: typeof fitOutcome = fitOutcome,
): Models | undefined {
  const outcomes = new Map<string, { outcome: Outcome; at: AtObservations }>();
  for (const { name, goal } of [...problem.objectives, ...(problem.outcomes ?? []).map((o) => ({ ...o, goal: '' }))]) {
    if (outcomes.has(name)) continue;
    const outcome = fit(space, rows, name, goal === 'minimize', mayTransform(problem, name));
    if (outcome === undefined) return undefined;
    outcomes.set(name, { outcome, at: atObservations(outcome) });
  }
  const aims = problem.objectives.map((objective) => ({ objective, ...outcomes.get(objective.name)! }));
  const chances: Gate[] = (problem.outcomes ?? []).map(({ name, relation, bound }) => {
    const { outcome } = outcomes.get(name)!;
    const side = (relation === '<=') === outcome.scale > 0;
    return boundGate(new Belief(outcome.gp, 0), modelValue(outcome, bound), side ? 1 : -1);
  });
  if (rows.some(({ datum }) => 'failed' in datum)) {
    const labels = Float64Array.from(rows, ({ datum }) => ('failed' in datum ? -1 : 1));
    chances.push(
      successGate(
        fitClassifier(
          space,
          rows.map(({ model }) => model),
          labels,
        ),
      ),
    );
  }
  const gates = problem.cost === undefined ? chances : [...chances, costGate(problem, problem.cost)];
  const measured = [...outcomes.values()].filter(({ outcome }) => outcome.rows.length > 0);
  const report = measured.map(({ outcome, at }) => reportOutcome(space, outcome, at));
  return {
    aims,
    chances,
    gates,
    outcomes: new Map([...outcomes].map(([name, { outcome }]) => [name, outcome])),
    report,
  };
}
