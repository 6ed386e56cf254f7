import { bandOf, capabilityKey, learn, wayKey, type Experience } from '../../../src/domain/durations.ts';
import type { DurationBand, RunningActivity, SampleTask, SchedulingProblem } from '../../../src/scheduling/model.ts';
import type { Decision, Policy } from './player.ts';

interface Doing {
  readonly key: string;
  readonly declared: DurationBand;
  readonly activity: RunningActivity;
}

/** Shows a policy the durations that have been learned in place of the declared ones, as the engine does. */
export class Learning implements Policy {
  readonly #inner: Policy;
  readonly #known = new Map<string, Experience>();
  readonly #doing = new Map<string, Doing>();
  /** The step that each sample had next, with its declared bands. */
  readonly #next = new Map<string, SampleTask>();

  constructor(inner: Policy) {
    this.#inner = inner;
  }

  decide(problem: SchedulingProblem): Decision {
    const running = new Map(problem.samples.map(({ id, running }) => [id, running]));
    for (const [id, doing] of this.#doing)
      if (running.get(id)?.start !== doing.activity.start) this.#end(id, doing, problem.now);
    for (const sample of problem.samples) this.#begin(problem, sample);
    return this.#inner.decide(this.#experienced(problem));
  }

  #end(id: string, { key, declared, activity: { kind, resource, start } }: Doing, now: number): void {
    this.#doing.delete(id);
    const batch = kind === 'process' ? `${resource} ${start}` : undefined;
    this.#known.set(key, learn(this.#known.get(key), { declared, actual: now - start, batch })!);
  }

  #begin({ transport }: SchedulingProblem, sample: SampleTask): void {
    const { id, at, running } = sample;
    const before = this.#next.get(id);
    if (running === undefined) this.#next.set(id, sample);
    if (running === undefined || this.#doing.has(id)) return;
    const { kind, step, resource, to } = running;
    const task = before?.remaining.find((one) => one.id === step);
    const declared =
      kind === 'move'
        ? transport!.travel[at!]![to]!
        : task!.alternatives.find((one) => one.resource === resource)!.duration;
    const key = kind === 'move' ? wayKey(at!, to) : capabilityKey(resource, step);
    this.#doing.set(id, { key, declared, activity: running });
  }

  #experienced(problem: SchedulingProblem): SchedulingProblem {
    const { transport, now } = problem;
    const samples = problem.samples.map((sample) => {
      const doing = this.#doing.get(sample.id);
      return {
        ...sample,
        remaining: sample.remaining.map((step) => ({
          ...step,
          alternatives: step.alternatives.map(({ resource, duration }) => ({
            resource,
            duration: bandOf(duration, this.#known.get(capabilityKey(resource, step.id))),
          })),
        })),
        ...(doing === undefined ? {} : { running: this.#running(doing, now) }),
      };
    });
    if (transport === undefined) return { ...problem, samples };
    const travel = Object.fromEntries(
      Object.entries(transport.travel).map(([from, ways]) => [
        from,
        Object.fromEntries(
          Object.entries(ways).map(([to, way]) => [to, bandOf(way, this.#known.get(wayKey(from, to)))]),
        ),
      ]),
    );
    return { ...problem, samples, transport: { ...transport, travel } };
  }

  #running({ key, declared, activity }: Doing, now: number): RunningActivity {
    const { low, typical, high } = bandOf(declared, this.#known.get(key));
    const { start } = activity;
    const [earliestEnd, latestEnd] = [start + low, start + high];
    const expectedEnd =
      now < start + typical ? start + typical : now < latestEnd ? latestEnd : now + Math.max(1000, (now - start) / 10);
    return { ...activity, expectedEnd: Math.round(expectedEnd), earliestEnd, latestEnd };
  }
}
