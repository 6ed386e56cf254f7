import type { ObjectiveView, ResultView } from '../server/contract.ts';
import { withUnit, words } from './format.ts';

export interface Convergence {
  readonly numbers: readonly number[];
  readonly values: readonly number[];
  /** Best so far, in the order of the experiments' numbers. */
  readonly best: readonly number[];
}

export function convergenceOf(results: Iterable<ResultView>, objective: ObjectiveView): Convergence {
  const sorted = [...results]
    .filter((result) => result.values[objective.name] !== undefined)
    .sort((a, b) => a.number - b.number);
  const values = sorted.map((result) => result.values[objective.name]!);
  let best: number | undefined;
  return {
    numbers: sorted.map((result) => result.number),
    values,
    best: values.map((value) => (best = best === undefined ? value : better(objective, best, value))),
  };
}

export function better({ goal, target = 0 }: ObjectiveView, a: number, b: number): number {
  if (goal === 'target') return Math.abs(b - target) < Math.abs(a - target) ? b : a;
  return goal === 'minimize' ? Math.min(a, b) : Math.max(a, b);
}

export function goalSentence({ name, goal, target, unit }: ObjectiveView): string {
  return goal === 'target' ? `bring ${words(name)} to ${withUnit(target ?? 0, unit)}` : `${goal} ${words(name)}`;
}
