import { unwrap } from '../../../src/base/failure.ts';
import { stream } from '../../../src/base/random.ts';
import type { Datum, Point, Problem, SuggestOptions } from '../../../src/optimizer/problem.ts';
import { suggest } from '../../../src/optimizer/suggest.ts';

/** How a run is asked for: how much is tried before it ends, from which points, with which sources. */
export interface Plan {
  readonly problem: Problem;
  readonly evaluate: (point: Point, index: number) => Readonly<Record<string, number>>;
  readonly start?: readonly Point[];
  readonly limit: number;
  readonly options: Omit<SuggestOptions, 'count'>;
  /** Ends the run early. */
  readonly enough?: (point: Point) => boolean;
}

/** CPU seconds of every call, to be filled. */
export type Times = number[];

/** The experiments of one run, one at a time, in order. */
export function runOne({ problem, evaluate, start = [], limit, options, enough }: Plan, times: Times): Datum[] {
  const data: Datum[] = [];
  const tell = (point: Point) => {
    data.push({ point, values: evaluate(point, data.length) });
    return enough?.(point) === true;
  };
  for (const point of start) if (tell(point)) return data;
  while (data.length < limit) {
    const before = process.cpuUsage();
    const { suggestions } = unwrap(suggest(problem, data, [], { count: 1, ...options }));
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1e6);
    if (tell(suggestions[0]!.point)) break;
  }
  return data;
}

/** The number of the first experiment that is good; one more than the limit where none is. */
export function firstHit(plan: Plan, good: (point: Point) => boolean, times: Times): number {
  const data = runOne({ ...plan, enough: good }, times);
  const hit = data.findIndex(({ point }) => good(point));
  return hit < 0 ? plan.limit + 1 : hit + 1;
}

/** Some distinct items in random order. */
export function drawn<T>(items: readonly T[], count: number, seed: number, name: string): T[] {
  const random = stream(seed, `bench/${name}`);
  const left = [...items];
  const taken: T[] = [];
  while (taken.length < count && left.length > 0) taken.push(left.splice(random.integer(left.length), 1)[0]!);
  return taken;
}
