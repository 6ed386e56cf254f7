import { union } from '../domain/hours.ts';
import { longestOpening } from './closings.ts';
import type { ClosedStretch, Rate, SchedulingProblem } from './model.ts';

/** Rates that might not be exceeded: no more than so many are tried. */
const mostCeilings = 4;

/** A rate above which nothing that draws power runs; undefined: whatever a joule costs. */
export type Ceiling = number | undefined;

/** What is worth trying where energy counts and does not cost the same at all times. */
export function ceilingsOf({ objective, rates = [] }: SchedulingProblem): readonly Ceiling[] {
  const counts = objective?.some(({ energy = 0 }) => energy > 0) === true;
  const levels = counts ? [...new Set(rates.map(({ perJoule }) => perJoule))].sort((a, b) => a - b).slice(0, -1) : [];
  const every = Math.ceil(levels.length / mostCeilings);
  return [undefined, ...levels.filter((_, i) => i % every === 0)];
}

/**
 * The problem in which all that draws power is closed while a joule costs more than `ceiling`, but where something is to be done
 * that takes longer than it ever costs no more.
 */
export function confined(problem: SchedulingProblem, ceiling: Ceiling): SchedulingProblem {
  const { rates = [], resources, samples, now } = problem;
  if (ceiling === undefined) return problem;
  const dear = dearStretches(rates, ceiling);
  // What is known of the rates comes again: it is not cheap for longer after it.
  const beyond = { from: rates.at(-1)!.from, to: Infinity };
  const cheap = longestOpening([...dear, beyond], rates[0]!.from);
  const drawing = new Set<string>();
  const long = new Set<string>();
  for (const { remaining } of samples)
    for (const { alternatives } of remaining)
      for (const { resource, duration, power = 0 } of alternatives) {
        if (power > 0) drawing.add(resource);
        if (power > 0 && duration.typical > cheap) long.add(resource);
      }
  const confine = (resource: (typeof resources)[number]) => {
    const closed: readonly ClosedStretch[] = union([...(resource.closed ?? []), ...dear]);
    const longestOpen = Math.min(resource.longestOpen ?? Infinity, longestOpening([...closed, beyond], now));
    return { ...resource, closed, longestOpen };
  };
  const isConfined = ({ id }: (typeof resources)[number]) => drawing.has(id) && !long.has(id);
  return { ...problem, resources: resources.map((one) => (isConfined(one) ? confine(one) : one)) };
}

const dearStretches = (rates: readonly Rate[], ceiling: number): ClosedStretch[] =>
  rates.flatMap(({ from, perJoule }, i) => (perJoule > ceiling ? [{ from, to: rates[i + 1]?.from ?? Infinity }] : []));
