import type { SchedulingProblem, StepLink } from '../../src/scheduling/model.ts';
import { readKnown, readTable } from './shops.ts';
import { exact, resource, sample } from './small-lab.ts';

/** A laboratory protocol with mutual time limits, as its tables have it. */
export interface Protocol {
  readonly operations: readonly { job: string; id: string; type: string; duration: number }[];
  readonly machines: readonly { id: string; type: string }[];
  readonly order: readonly { job: string; before: string; after: string }[];
  readonly limits: readonly {
    job: string;
    from: [string, 'start' | 'end'];
    to: [string, 'start' | 'end'];
    limit: number;
  }[];
}

const pointOf = (word: string): 'start' | 'end' => (word === 'start' ? 'start' : 'end');

export function readTables(name: string): Protocol {
  const table = (file: string) => readTable(`s-lab/${name}/${file}.tsv`);
  return {
    operations: table('operations').map(([job, id, type, time]) => ({
      job: job!,
      id: id!,
      type: type!,
      duration: Number(time),
    })),
    machines: table('machines').map(([id, type]) => ({ id: id!, type: type! })),
    order: table('dependency').map(([job, before, after]) => ({ job: job!, before: before!, after: after! })),
    limits: table('tcmb').map(([job, a, from, b, to, limit]) => ({
      ...{ job: job!, from: [a!, pointOf(from!)], to: [b!, pointOf(to!)], limit: Number(limit) },
    })),
  };
}

/** In the model: a sample per job, a station per machine; one time unit is 1 ms. */
export function readProtocol(name: string): { problem: SchedulingProblem; best: number; bound: number } {
  const { operations, machines, order, limits } = readTables(name);
  const jobs = [...new Set(operations.map(({ job }) => job))];
  const samples = jobs.map((job) => {
    const steps = operations
      .filter((other) => other.job === job)
      .map(({ id, type, duration }) => {
        const able = machines.filter((machine) => machine.type === type);
        return {
          id,
          lag: { min: 0 },
          alternatives: able.map((m) => ({ resource: `m${m.id}`, duration: exact(duration) })),
        };
      });
    const links: StepLink[] = [
      ...order
        .filter((other) => other.job === job)
        .map(({ before, after }) => ({
          from: { step: before, point: 'end' as const },
          to: { step: after, point: 'start' as const },
          min: 0,
        })),
      ...limits
        .filter((other) => other.job === job)
        .map(({ from, to, limit }) => ({
          ...{ from: { step: from[0], point: from[1] }, to: { step: to[0], point: to[1] }, min: -limit, max: limit },
        })),
    ];
    return sample(`job-${job}`, steps, { links });
  });
  const { ub, lb } = readKnown()[name]!;
  const resources = machines.map(({ id }) => resource(`m${id}`, 'station'));
  return { problem: { now: 0, resources, samples }, best: ub!, bound: lb! };
}
