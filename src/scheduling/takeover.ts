import { confined } from './ceiling.ts';
import { compile } from './compile.ts';
import type { Assignment, Plan, SchedulingProblem } from './model.ts';
import { compareCosts, costOf, isGain, realGain, type Cost } from './objective.ts';
import { retime } from './retime.ts';
import { sortedBy } from './sorted.ts';

/** No more of the steps that have been announced and have not begun are moved. */
const mostMoved = 0.1;

/**
 * Whether `other` is worth to be carried out instead of `plan`; both are plans of this very problem. It has to save 3 % of the
 * cost, leave nobody out, and move (see `movedSteps`) a tenth of the steps of samples in `announced` at most.
 */
export function isWorthTaking(
  problem: SchedulingProblem,
  plan: Plan,
  other: Plan,
  announced: ReadonlySet<string>,
): boolean {
  if (other.unplanned.length > plan.unplanned.length) return false;
  const [cost, old] = [costOfPlan(problem, other), costOfPlan(problem, plan)];
  if (cost === undefined || old === undefined || !isGain(cost, old, realGain)) return false;
  const { moved, of } = movedSteps(plan, other, announced);
  return moved <= mostMoved * of;
}

/** The part of the cost of `plan` that `other` saves, in the first sum of the objective in which they differ; less than 0 where it costs more. */
export function savingOf(problem: SchedulingProblem, plan: Plan, other: Plan): number {
  const [cost, old] = [costOfPlan(problem, other), costOfPlan(problem, plan)];
  const pairs = cost === undefined || old === undefined ? [] : cost.map((sum, i) => [sum, old[i]!] as const);
  const [sum, before] = pairs.find(([a, b]) => compareCosts([a], [b]) !== 0) ?? [
    other.makespan - problem.now,
    plan.makespan - problem.now,
  ];
  return sum === before ? 0 : (before - sum) / before;
}

/** By the objective of the problem; undefined when the plan does not fit it any more. */
function costOfPlan(problem: SchedulingProblem, plan: Plan): Cost | undefined {
  const lab = compile(confined(problem, plan.ceiling));
  const tracks = retime(lab, plan);
  const planned = new Set(plan.assignments.flatMap(({ sample, fixed }) => (fixed === true ? [] : [sample])));
  return tracks.size === planned.size ? costOf(lab, tracks, lab.objective) : undefined;
}

/**
 * Of the steps of these samples that `plan` still has to begin (`of`), how many `other` does on another resource, or would have to
 * take out of their order on a resource for that to be the order of before (`moved`). Who begins together overtakes nobody.
 */
export function movedSteps(plan: Plan, other: Plan, samples: ReadonlySet<string>) {
  const before = new Map(worksOf(plan, samples).map((work) => [nameOf(work), work]));
  const byResource = new Map<string, Assignment[]>();
  for (const work of worksOf(other, samples)) {
    const known = before.get(nameOf(work));
    if (known?.resource !== work.resource) continue;
    const list = byResource.get(work.resource);
    if (list === undefined) byResource.set(work.resource, [work]);
    else list.push(work);
  }
  let kept = 0;
  for (const works of byResource.values()) {
    const inOldOrder = sortedBy(works, (work) => before.get(nameOf(work))!.start);
    const startsBefore = sortedBy(inOldOrder, ({ start }) => start).map((work) => before.get(nameOf(work))!.start);
    kept += longestRising(startsBefore);
  }
  return { moved: before.size - kept, of: before.size };
}

const worksOf = ({ assignments }: Plan, samples: ReadonlySet<string>): Assignment[] =>
  assignments.filter(({ kind, fixed, sample }) => kind === 'process' && fixed !== true && samples.has(sample));

const nameOf = ({ sample, step }: Assignment): string => `${sample}/${step}`;

/** The length of the longest part that nowhere falls, by patience sorting (Schensted 1961). */
function longestRising(values: readonly number[]): number {
  const least: number[] = [];
  for (const value of values) {
    let [low, high] = [0, least.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (least[middle]! <= value) low = middle + 1;
      else high = middle;
    }
    least[low] = value;
  }
  return least.length;
}
