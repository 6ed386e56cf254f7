import { isLinked } from './linked.ts';
import { LinkedSearch } from './linked-search.ts';
import type { Objective, Plan, SchedulingProblem } from './model.ts';
import { NeighbourhoodSearch } from './neighbourhood-search.ts';
import { isMakespan, makespanFirst } from './objective.ts';
import { Relinking } from './relinking.ts';

/** A search that goes on for as long as its caller likes, because it has no clock of its own. */
export interface Improver {
  /** Does a small piece of work, mostly a few milliseconds; true when `plan` has become better. */
  step(): boolean;
  /** The best plan so far, at the beginning the one that was given. */
  readonly plan: Plan;
  /** Its makespan (ms on the axis of the problem), cheaper to ask for than the plan. */
  readonly makespan: number;
}

/**
 * Looks for better plans than `plan`, which has to be one of this very problem, as `plan()` gives it; samples that it leaves
 * out stay out. Where nothing blocks and the makespan counts most, it shortens that alone, by tabu search; so does the search
 * for steps that links bind, whatever the objective; all others are large-neighbourhood searches. Deterministic for a seed and a number of steps.
 */
export function improve(
  problem: SchedulingProblem,
  plan: Plan,
  seed: number,
  objective: Objective = problem.objective ?? makespanFirst,
): Improver {
  if (isLinked(problem))
    return LinkedSearch.of(problem, plan, seed) ?? { step: () => false, plan, makespan: plan.makespan };
  const relinking = isMakespan(objective) ? Relinking.of(problem, plan, seed) : undefined;
  return relinking ?? new NeighbourhoodSearch(problem, plan, seed, objective);
}
