import { stream } from '../base/random.ts';
import { Calendar } from './calendar.ts';
import { operationsOf, linkedOf, planOfTiming, timingOf, type Linked, type Operations } from './linked.ts';
import type { Plan, SampleTask, SchedulingProblem, Unplanned } from './model.ts';
import { level } from './posting.ts';

/** Work (see `level`) for the order of the steps of one sample. */
const effort = 1e7;

/**
 * A plan of samples whose steps are bound by links, in work that grows with their number only: every sample is timed alone,
 * and then put as a whole where all its pools have room earliest. Those for which that cannot be are left out.
 */
export function insertLinked(problem: SchedulingProblem, operations: Operations): Plan {
  const busy = new Map(operations.pools.map(({ workers }) => [workers, new Calendar()]));
  const poolOf = new Map(operations.pools.flatMap(({ workers }) => workers.map((worker) => [worker, workers])));
  const fits: SampleTask[] = [];
  const starts: number[] = [];
  const unplanned: Unplanned[] = [];
  const running = problem.samples.filter((sample) => sample.running !== undefined);
  for (const sample of problem.samples) {
    const others = running.filter((other) => other !== sample).map((other) => ({ ...other, remaining: [] }));
    const form = linkedOf({ ...problem, samples: [sample, ...others] });
    const own = typeof form === 'string' ? undefined : place(form, (worker) => busy.get(poolOf.get(worker)!)!);
    const reason = typeof form === 'string' ? form : 'No plan was found that keeps all the time limits of the links.';
    if (own === undefined) unplanned.push({ sample: sample.id, reason, cause: 'blocked' });
    else {
      fits.push(sample);
      starts.push(...own);
    }
  }
  const left = problem.samples
    .filter((sample) => !fits.includes(sample))
    .map((sample) => ({ ...sample, remaining: [] }));
  const kept = { ...problem, samples: [...fits, ...left] };
  const form = operationsOf(kept) as Operations;
  return { ...planOfTiming(kept, form, timingOf(form, Float64Array.from(starts))), unplanned };
}

/** The starts of the operations of one sample, which are booked; undefined when there is no way to do them. */
function place(form: Linked, busyOf: (worker: string) => Calendar): number[] | undefined {
  const { network, duration, pools } = form;
  const alone = level(form, network, stream(0, 'links of one sample'), { left: effort });
  if (alone === undefined) return undefined;
  // As a whole it can start so much later, if anything binds it to now.
  let latest = Infinity;
  alone.start.forEach((start, o) => (latest = Math.min(latest, -network.least(o + 1, 0) - start)));
  const works = pools.flatMap(({ workers, operations }) =>
    operations.map((o) => ({ o, calendar: busyOf(workers[0]!), limit: workers.length })),
  );
  for (let shift = 0; shift <= latest;) {
    const booked: typeof works = [];
    const before = shift;
    for (const work of works) {
      const start = alone.start[work.o]! + before;
      const free = work.calendar.fit(start, duration[work.o]!, work.limit);
      shift = Math.max(shift, before + free - start);
      if (shift > before) break;
      work.calendar.add(start, start + duration[work.o]!, 1);
      booked.push(work);
    }
    if (shift === before) return [...alone.start].map((start) => start + shift);
    for (const { o, calendar } of booked)
      calendar.add(alone.start[o]! + before, alone.start[o]! + before + duration[o]!, -1);
  }
  return undefined;
}
