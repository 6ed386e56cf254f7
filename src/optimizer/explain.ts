import { costOf } from './cost.ts';
import { Belief } from './belief.ts';
import { modelValue, predictionOf, unitValue } from './data.ts';
import type { Models } from './models.ts';
import type { Prediction, Problem, Suggestion } from './problem.ts';
import type { Aim } from './scenes.ts';
import type { Found } from './search.ts';
import { type Space, decode, distance, modelPoint } from './space.ts';

/** Distance to the nearest of the known points, in parameter ranges; Infinity where nothing is known. */
export function nearest(space: Space, x: Float64Array, known: readonly Float64Array[]): number {
  return known.reduce((gap, other) => Math.min(gap, distance(space, x, other)), Infinity);
}

/** Value of a mean on the model's scale for an aim: more is better. */
export function worthOf({ objective, outcome }: Aim, mean: number): number {
  return objective.target === undefined ? mean : -Math.abs(mean - modelValue(outcome, objective.target));
}

/** The same in the objective's unit. */
export function unitWorth({ objective, outcome }: Aim, u: number): number {
  const value = unitValue(outcome, u);
  return objective.target === undefined ? Math.sign(outcome.scale) * value : -Math.abs(value - objective.target);
}

/** A found point with what the model expects there and why it was chosen. `incumbents` are indices of rows that count. */
export function explain(
  problem: Problem,
  space: Space,
  models: Models,
  found: Found,
  known: readonly Float64Array[],
  incumbents: readonly number[],
): Suggestion {
  const model = modelPoint(space, found.x);
  const views = models.aims.map((aim) => {
    const belief = new Belief(aim.outcome.gp, 0);
    belief.look(model);
    return { aim, mean: belief.mean, sd: belief.sd };
  });
  const predicted = Object.fromEntries(
    views.map(({ aim: { objective, outcome }, mean, sd }): [string, Prediction] => [
      objective.name,
      predictionOf(outcome, mean, sd),
    ]),
  );
  const point = decode(space, found.x);
  return {
    point,
    predicted,
    acquisition: found.value,
    distance: nearest(space, found.x, known),
    ...(problem.cost === undefined ? {} : { cost: costOf(problem.cost, point) }),
    reason:
      incumbents.length === 0
        ? 'Looks for a first success: nothing allowed has been measured yet.'
        : reasonOf(views, predicted, incumbents),
  };
}

interface View {
  readonly aim: Aim;
  readonly mean: number;
  readonly sd: number;
}

/** Exploits where the mean alone beats the best known (in some objective), explores where only the spread could. */
function reasonOf(
  views: readonly View[],
  predicted: Readonly<Record<string, Prediction>>,
  incumbents: readonly number[],
): string {
  const rated = views.map((view) => {
    const best = bestValue(view.aim, incumbents);
    return { view, best, lead: (worthOf(view.aim, view.mean) - best.worth) / view.sd };
  });
  const { view, best, lead } = rated.reduce((a, b) => (b.lead > a.lead ? b : a));
  const { name } = view.aim.objective;
  const { mean, sd } = predicted[name]!;
  const expected = `${name} ${round(mean)} with standard deviation ${round(sd)}, best so far ${round(best.value)}`;
  if (lead > 0) return `Exploits: expects ${expected}.`;
  if (lead > -1) return `Balances: near the best and still uncertain, expects ${expected}.`;
  return `Explores: uncertain enough to be better than expected, ${expected}.`;
}

/** The best incumbent by posterior mean: its goal value and its value in the outcome's unit. */
function bestValue(aim: Aim, incumbents: readonly number[]): { worth: number; value: number } {
  const means = incumbents.map((row) => aim.at.mean[aim.outcome.rows.indexOf(row)]!);
  const mean = means.reduce((a, b) => (worthOf(aim, b) > worthOf(aim, a) ? b : a));
  return { worth: worthOf(aim, mean), value: unitValue(aim.outcome, mean) };
}

const round = (value: number): string => String(Number(value.toPrecision(4)));
