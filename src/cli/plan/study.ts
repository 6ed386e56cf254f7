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
  readonly seconds: number;
  /** The end of the plan that a campaign begins with. */
  readonly atOnceMs: number;
  /** The end of the best plan, and who has found it. */
  readonly bestMs: number;
  readonly by: 'plan' | 'search' | 'cp-sat';
  /** What the best plan saves of what plans are to serve: a part of the first aim in which it differs. */
  readonly saves: number;
  /** No plan ends earlier, and why: these devices have as much to do, or one sample alone takes as long; or it was proven. */
  readonly boundMs: number;
  readonly busy: readonly string[];
  readonly proven: boolean;
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
  const { samples, seconds, seed, startAt } = options;
  const task = { ...firstTask(definition, samples, startAt), seed, patience: Infinity };
  const { problem, plan: atOnce } = task;
  const [searched, answer] = await Promise.all([search(task, options), askCpSat(task, options)]);
  const found: readonly (readonly [Study['by'], Plan | undefined])[] = [
    ['search', searched],
    ['cp-sat', answer.plan],
  ];
  let [by, best]: readonly [Study['by'], Plan] = ['plan', atOnce];
  for (const [name, plan] of found) {
    if (plan === undefined || check(problem, plan).length > 0 || plan.unplanned.length > best.unplanned.length)
      continue;
    if (savingOf(problem, best, plan) > 0) [by, best] = [name, plan];
  }
  const least = leastEnd(problem);
  const proven = (answer.bound ?? -Infinity) > least.end;
  const bound = proven ? answer.bound! : least.end;
  return {
    ...{ campaign: definition.campaign.campaign, samples, startAt, seed, seconds, by },
    ...untilOf(definition, problem),
    atOnceMs: atOnce.makespan - problem.now,
    bestMs: best.makespan - problem.now,
    saves: by === 'plan' ? 0 : savingOf(problem, atOnce, best),
    boundMs: bound - problem.now,
    busy: proven ? [] : least.busy,
    proven,
    cpSat: answer.status,
    use: useOf(best, problem),
    unplanned: best.unplanned,
    assignments: best.assignments,
  };
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
      searcher = workerSearcher(realClock(), (message) => fail(new Error(message)), 1000 * seconds);
      searcher.search(task, found);
      enough.addEventListener('abort', searcher.enough);
      if (enough.aborted) searcher.enough();
    });
  } finally {
    await searcher?.close();
  }
}

async function askCpSat({ problem, seed }: SearchTask, { seconds, enough }: StudyOptions): Promise<Answer> {
  const missing = missingSolver();
  return missing === undefined ? solveByCpSat(problem, seconds, seed, enough) : { status: missing };
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
