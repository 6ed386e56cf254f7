import type { CoreState } from '../control/core.ts';
import type { NewEvent, PlannedAct } from '../domain/event.ts';
import type { ExperimentId } from '../domain/ids.ts';
import type { Plan, SchedulingProblem } from '../scheduling/model.ts';

/** What a plan still has to start, as the ledger keeps it, and the steps that run, which may have to be tried again. */
export const orderOf = ({ assignments }: Pick<Plan, 'assignments'>): PlannedAct[] =>
  assignments.flatMap(({ fixed, ...act }) => (fixed === true && act.kind === 'move' ? [] : [act as PlannedAct]));

/** The order that a person has pinned, as a plan to be kept up; who was left out of the last plan is known already. */
export function pinnedPlan({ plan }: CoreState, last: Plan | undefined, ceiling: Plan['ceiling']): Plan | undefined {
  if (plan.value !== 'pinned') return undefined;
  const order = { assignments: plan.context.order as Plan['assignments'], makespan: 0 };
  return { ...order, unplanned: last?.unplanned ?? [], ...(ceiling === undefined ? {} : { ceiling }) };
}

/** What is to be told of a plan that is not the pinned one: samples came in, or some could not keep their places. */
export function changeOfPinned(state: CoreState, problem: SchedulingProblem, plan: Plan): NewEvent | undefined {
  if (state.plan.value !== 'pinned') return undefined;
  const { order } = state.plan.context;
  const next = orderOf(plan);
  const before = new Map(order.filter(isWork).map((act) => [nameOf(act), act]));
  const came = samplesOf(next.filter((act) => isWork(act) && !before.has(nameOf(act))));
  const lost = displaced(before, plan.assignments as readonly PlannedAct[], problem);
  if (came.length + lost.length === 0) return undefined;
  // Who cannot be planned at present, for want of a device, has its place when it can.
  const planned = new Set(next.map(({ sample }) => sample));
  const absent = order.filter(({ sample }) => !planned.has(sample) && state.experiments.has(sample));
  return { type: 'plan.changed', data: { came, displaced: lost, order: [...next, ...absent] } };
}

/** Samples that are to be worked on elsewhere, or after others that came after them. */
function displaced(
  before: ReadonlyMap<string, PlannedAct>,
  /** Those that run are among them: who was let past begins before. */
  planned: readonly PlannedAct[],
  { resources }: SchedulingProblem,
): ExperimentId[] {
  // Where several are worked on side by side, who begins first is nobody's loss.
  const inTurn = new Set(
    resources.filter(({ kind, concurrency }) => kind === 'batch' || concurrency === 1).map(({ id }) => id),
  );
  const latest = new Map<string, { readonly start: number; readonly key: number; readonly earlier: number }>();
  const lost: PlannedAct[] = [];
  for (const work of planned.filter(isWork).toSorted((a, b) => a.start - b.start)) {
    const known = before.get(nameOf(work));
    if (known === undefined) continue;
    if (known.resource !== work.resource) lost.push(work);
    else if (inTurn.has(work.resource)) {
      const { start, key, earlier } = latest.get(work.resource) ?? {
        start: -Infinity,
        key: -Infinity,
        earlier: -Infinity,
      };
      // Those who begin together overtake nobody.
      const overtook = work.start > start ? Math.max(key, earlier) : earlier;
      if (known.start < overtook) lost.push(work);
      const keys =
        work.start > start ? { key: known.start, earlier: overtook } : { key: Math.max(key, known.start), earlier };
      latest.set(work.resource, { start: work.start, ...keys });
    }
  }
  return samplesOf(lost);
}

const isWork = ({ kind }: PlannedAct): boolean => kind === 'process';
const nameOf = ({ sample, step }: PlannedAct): string => `${sample}/${step}`;
const samplesOf = (acts: readonly PlannedAct[]): ExperimentId[] => [...new Set(acts.map(({ sample }) => sample))];
