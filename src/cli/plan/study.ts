import { realClock } from '../../base/clock.ts';
import type { Definition } from '../../domain/campaign.ts';
import { workerSearcher, type WorkerSearcher } from '../../engine/search-worker.ts';
import { leastEnd } from '../../scheduling/bound.ts';
import type { SearchTask } from '../../scheduling/bounded-search.ts';
import { check } from '../../scheduling/checker.ts';
import type { Assignment, Plan, SchedulingProblem, Unplanned } from '../../scheduling/model.ts';
import { savingOf } from '../../scheduling/takeover.ts';
import { missingSolver, solveByCpSat, type Answer } from './cp-sat/solve.ts';
import { firstTask } from './first-task.ts';

export interface StudyOptions {
  readonly samples: number;
  /** Of search, on the wall. */
  readonly seconds: number;
  readonly seed: number;
  /** Lab time at which the samples are there, ms. */
  readonly startAt: number;
  /** Ends the search with what it has found. */
  readonly enough: AbortSignal;
}

/** What `labwright plan --json` prints; times in ms from when the samples are there, unless said otherwise. */
export interface Study {
  readonly campaign: string;
  readonly samples: number;
  /** The step up to which they are planned, where the optimizer is to decide how they go on. */
  readonly until?: string;
  /** Lab time, ms since 1970. */
  readonly startAt: number;
  readonly seed: number;
  /** Searched on the wall: what was asked for, or until Ctrl-C. */
  readonly seconds: number;
  /** So many of the samples have a place in the best plan. */
  readonly planned: number;
  /** The end of the plan that a campaign begins with. */
  readonly atOnceMs: number;
  /** The end of the best plan, and who has found it. */
  readonly bestMs: number;
  readonly by: 'plan' | 'search' | 'cp-sat';
  /** What the best plan saves of what plans are to serve: a part of the first aim in which it differs. */
  readonly saves: number;
  /** No plan ends earlier, because these devices have as much to do, or, where there are none, one sample alone takes as long. Of all samples. */
  readonly bound?: { readonly ms: number; readonly busy: readonly string[] };
  /** CP-SAT has proven that no plan ends earlier in which no sample is put aside between two steps. */
  readonly provenMs?: number;
  /** What CP-SAT has come to: its status, or a sentence that says why it was not asked. */
  readonly cpSat: string;
  /** The part of that time in which each device is at work, on as many samples as it can at once; the busiest first. */
  readonly use: readonly { readonly device: string; readonly share: number }[];
  readonly unplanned: readonly Unplanned[];
  /** Of the best plan; times in ms since 1970. */
  readonly assignments: readonly Assignment[];
}

/** How long so many samples take together, by the plan that is made at once and by the best that is found in the time given. */
export async function study(definition: Definition, options: StudyOptions): Promise<Study> {
  const { samples, seed, startAt } = options;
  const task = { ...firstTask(definition, samples, startAt), seed, patience: Infinity };
  const { problem, plan: atOnce } = task;
  const begun = performance.now();
  const [searched, answer] = await together(task, options);
  const seconds = Math.min(options.seconds, (performance.now() - begun) / 1000);
  const [by, best] = bestOf(problem, atOnce, searched, answer.plan);
  const whole = best.unplanned.length === 0;
  const least = leastEnd(problem);
  return {
    ...{ campaign: definition.campaign.campaign, samples, startAt, seed, seconds, by },
    ...untilOf(definition, problem),
    planned: samples - best.unplanned.length,
    atOnceMs: atOnce.makespan - problem.now,
    bestMs: best.makespan - problem.now,
    saves: by === 'plan' ? 0 : savingOf(problem, atOnce, best),
    ...(whole ? { bound: { ms: least.end - problem.now, busy: least.busy } } : {}),
    ...(whole ? provenBy(answer, problem, best, least.end) : { cpSat: answer.status }),
    use: useOf(best, problem),
    unplanned: best.unplanned,
    assignments: best.assignments,
  };
}

/** When one fails the other is ended. */
async function together(task: SearchTask, options: StudyOptions): Promise<[Plan | undefined, Answer]> {
  const failing = new AbortController();
  const solving = askCpSat(task, options, AbortSignal.any([options.enough, failing.signal]));
  try {
    return [await search(task, options), await solving];
  } finally {
    failing.abort();
  }
}

function bestOf(problem: SchedulingProblem, atOnce: Plan, searched?: Plan, solved?: Plan): [Study['by'], Plan] {
  let [by, best]: [Study['by'], Plan] = ['plan', atOnce];
  for (const [name, plan] of [
    ['search', searched],
    ['cp-sat', solved],
  ] as const) {
    if (plan === undefined || check(problem, plan).length > 0) continue;
    if (plan.unplanned.length <= best.unplanned.length && savingOf(problem, best, plan) > 0) [by, best] = [name, plan];
  }
  return [by, best];
}

/** What CP-SAT has proven beyond the bound that is known anyway. It knows no plans in which a sample is put aside between two steps. */
function provenBy({ status, bound }: Answer, problem: SchedulingProblem, best: Plan, least: number) {
  if (bound === undefined || bound <= least) return { cpSat: status };
  if (bound <= best.makespan) return { cpSat: status, provenMs: bound - problem.now };
  const why =
    problem.transport === undefined
      ? 'its bound is above a plan that holds, and is not used'
      : 'a better plan puts samples aside between their steps, which it is not told of';
  return { cpSat: `${status}; ${why}` };
}

function untilOf({ protocol }: Definition, { samples }: SchedulingProblem): Pick<Study, 'until'> {
  const steps = protocol.stages.flatMap((stage) => stage.steps);
  const planned = Math.max(...samples.map(({ remaining }) => remaining.length));
  return planned < steps.length ? { until: steps[planned - 1]!.id } : {};
}

async function search(task: SearchTask, { seconds, enough }: StudyOptions): Promise<Plan | undefined> {
  let searcher: WorkerSearcher | undefined;
  try {
    return await new Promise((found, fail) => {
      const lose = (why: string) => fail(new Error(`the search ended: ${why}`));
      searcher = workerSearcher(realClock(), lose, 1000 * seconds);
      searcher.search(task, found);
      enough.addEventListener('abort', searcher.enough);
      if (enough.aborted) searcher.enough();
    });
  } finally {
    await searcher?.close();
  }
}

async function askCpSat({ problem, seed }: SearchTask, { seconds }: StudyOptions, stop: AbortSignal): Promise<Answer> {
  const missing = missingSolver();
  return missing === undefined ? solveByCpSat(problem, seconds, seed, stop) : { status: missing };
}

function useOf({ assignments, makespan }: Plan, { now, resources }: SchedulingProblem): Study['use'] {
  const busy = new Map<string, number>();
  const runs = new Set<string>();
  for (const { resource, start, end, batch } of assignments) {
    if (batch !== undefined && runs.has(batch)) continue;
    if (batch !== undefined) runs.add(batch);
    busy.set(resource, (busy.get(resource) ?? 0) + end - start);
  }
  const all = Math.max(1, makespan - now);
  const atOnce = new Map(resources.map(({ id, kind, concurrency }) => [id, kind === 'batch' ? 1 : concurrency]));
  return [...busy]
    .map(([device, ms]) => ({ device, share: ms / all / (atOnce.get(device) ?? 1) }))
    .sort((a, b) => b.share - a.share);
}
