import type { Assignment, Plan, SampleTask, SchedulingProblem } from './model.ts';
import { longestSetup } from './setup.ts';
import { bandOf } from './standing.ts';

/** A wait is ample when it holds so many times over. */
const margin = 2;

/**
 * The problem without the maximum waits that need no guarding: those that hold although all that the plan does before, and all
 * that runs, were done one after the other, with every set-up, and each took as long as it can. The order of the plan can be
 * carried out so whatever happens, so that a wait of a day is not guarded like one of a minute. With closed stretches ahead every
 * wait is guarded.
 */
export function withoutAmpleWaits(problem: SchedulingProblem, { assignments }: Plan): SchedulingProblem {
  const { now, samples } = problem;
  const limited = samples.filter(({ remaining }) => remaining.some(({ lag }) => lag.max !== undefined));
  if (limited.length === 0 || hasClosings(problem)) return problem;
  const byId = new Map(samples.map((sample) => [sample.id, sample]));
  const ample = new Map<string, Set<string>>();
  const runs = new Set<string>();
  let latest = now + samples.reduce((sum, sample) => sum + leftOf(sample, now), 0);
  const setups = new Map(problem.resources.map((resource) => [resource.id, longestSetup(resource)]));
  for (const one of assignments.filter(({ fixed }) => fixed !== true).toSorted((a, b) => a.start - b.start)) {
    const task = byId.get(one.sample)!;
    const joins = one.batch !== undefined && runs.has(one.batch);
    if (!joins) latest += setups.get(one.resource) ?? 0;
    if (isAmple(task, one, latest, now)) ample.set(task.id, (ample.get(task.id) ?? new Set()).add(one.step));
    if (joins) continue;
    if (one.batch !== undefined) runs.add(one.batch);
    latest += bandOf(problem, task, one).high;
  }
  return ample.size === 0 ? problem : { ...problem, samples: samples.map((task) => relaxed(task, ample.get(task.id))) };
}

const hasClosings = ({ resources, transport, now }: SchedulingProblem): boolean =>
  [...resources.map(({ closed }) => closed), ...Object.values(transport?.closed ?? {})].some((closed) =>
    closed?.some(({ to }) => to > now),
  );

/** How long what runs may still take, ms. */
const leftOf = ({ running }: SampleTask, now: number): number =>
  running === undefined ? 0 : Math.max(0, (running.latestEnd ?? running.expectedEnd) - now);

function isAmple(task: SampleTask, { kind, step }: Assignment, latest: number, now: number): boolean {
  const max = kind === 'process' ? task.remaining.find(({ id }) => id === step)?.lag.max : undefined;
  if (max === undefined) return false;
  const isNext = task.remaining[0]?.id === step && task.running?.kind !== 'process';
  const since = isNext ? (task.lastStepEnd ?? now) : now;
  return margin * (latest - since) <= max;
}

/** A step that a guarded wait follows may be held back longer than the plan knows, so that the wait before it is guarded, too. */
function relaxed(task: SampleTask, steps: ReadonlySet<string> | undefined): SampleTask {
  if (steps === undefined) return task;
  const remaining = [...task.remaining];
  for (let i = remaining.length - 1; i >= 0; i--) {
    const { id, lag } = remaining[i]!;
    const isFollowed = remaining[i + 1]?.lag.max !== undefined;
    if (steps.has(id) && !isFollowed) remaining[i] = { ...remaining[i]!, lag: { min: lag.min } };
  }
  return { ...task, remaining };
}
