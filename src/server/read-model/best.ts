import type { BestView, ObjectiveView, ProgressView, ResultView } from '../contract.ts';
import type { Model } from './model.ts';

type Best = ProgressView['best'];

/** The best value of every objective with one more result. */
export function betterOf(objectives: readonly ObjectiveView[], known: Best, { number, values }: ResultView): Best {
  const best: Record<string, BestView> = { ...known };
  for (const objective of objectives) {
    const value = values[objective.name];
    if (value === undefined) continue;
    const before = best[objective.name];
    if (before === undefined || shortfall(objective, value) < shortfall(objective, before.value))
      best[objective.name] = { value, number };
  }
  return best;
}

/** The best values of all results, by what the campaign wants now. */
export function bestOf({ sections: { campaign, results } }: Model): Best {
  const [{ objectives } = { objectives: [] }] = campaign.values();
  return [...results.values()].reduce<Best>((best, result) => betterOf(objectives, best, result), {});
}

/** Smaller is better, whatever the goal. */
function shortfall({ goal, target = 0 }: ObjectiveView, value: number): number {
  if (goal === 'target') return Math.abs(value - target);
  return goal === 'minimize' ? value : -value;
}
