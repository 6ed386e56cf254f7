import { stream } from '../../../src/base/random.ts';
import type { DurationBand, SchedulingProblem } from '../../../src/scheduling/model.ts';
import { problemOf, readInstance } from '../../scheduling/instances.ts';
import { randomLab, withSetups, type RandomLab } from '../../scheduling/random-lab.ts';

/** The same problem with every duration, ways included, `share` (0 to 1) shorter or longer at most. */
export function withBands(problem: SchedulingProblem, share: number): SchedulingProblem {
  const band = ({ typical }: DurationBand): DurationBand => ({
    low: Math.round(typical * (1 - share)),
    typical,
    high: Math.round(typical * (1 + share)),
  });
  const { transport } = problem;
  const samples = problem.samples.map((sample) => ({
    ...sample,
    remaining: sample.remaining.map((step) => ({
      ...step,
      alternatives: step.alternatives.map(({ resource, duration }) => ({ resource, duration: band(duration) })),
    })),
  }));
  if (transport === undefined) return { ...problem, samples };
  const travel = Object.fromEntries(
    Object.entries(transport.travel).map(([from, ways]) => [
      from,
      Object.fromEntries(Object.entries(ways).map(([to, way]) => [to, band(way)])),
    ]),
  );
  return { ...problem, samples, transport: { ...transport, travel } };
}

export const instanceLab = (n: number, share: number): SchedulingProblem =>
  withBands(problemOf(readInstance(n)), share);

/** A random lab whose samples are all known from the beginning and come when they are released. */
export const randomProblem = (seed: number, share: number): SchedulingProblem =>
  problemIn(randomLab(stream(seed, 'lab')), share);

/** The same with devices that are set up between recipes. */
export const setupProblem = (seed: number, share: number): SchedulingProblem =>
  problemIn(withSetups(randomLab(stream(seed, 'lab')), stream(seed, 'setups')), share);

function problemIn({ resources, transport, arrivals }: RandomLab, share: number): SchedulingProblem {
  const samples = arrivals.map(({ id, time, priority, at, out, steps }) => ({
    id,
    priority,
    release: time,
    remaining: steps,
    ...(at === undefined ? {} : { at }),
    ...(out === undefined ? {} : { out }),
  }));
  return withBands({ now: 0, resources, samples, ...(transport === undefined ? {} : { transport }) }, share);
}
