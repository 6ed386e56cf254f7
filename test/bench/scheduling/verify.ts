import type { Plan } from '../../../src/scheduling/model.ts';
import type { Protocol } from '../../scheduling/protocols.ts';
import type { Shop } from '../../scheduling/shops.ts';

/**
 * The rules of a job shop, flexible or not, on the numbers of its file: every operation once, on one of its machines, for
 * its duration, after the one before; a machine does one at a time. Gives the makespan, or throws with what is broken.
 */
export function verifyShop(jobs: Shop, { assignments, makespan }: Plan): number {
  const busy: Busy = new Map();
  let latest = 0;
  let seen = 0;
  jobs.forEach((job, j) => {
    let ready = 0;
    job.forEach((alternatives, i) => {
      const name = `operation ${i} of job ${j}`;
      const found = assignments.filter(({ sample, step }) => sample === `job-${j}` && step === `operation-${i}`);
      if (found.length !== 1) throw new Error(`${name} is planned ${found.length} times`);
      const { start, end, resource } = found[0]!;
      const duration = alternatives.find(([machine]) => `m${machine}` === resource)?.[1];
      if (duration === undefined) throw new Error(`${name} is on ${resource}`);
      if (end - start !== duration) throw new Error(`${name} takes ${end - start} instead of ${duration}`);
      if (start < ready) throw new Error(`${name} starts at ${start}, before ${ready}`);
      busy.set(resource, [...(busy.get(resource) ?? []), [start, end, name]]);
      ready = end;
      latest = Math.max(latest, end);
      seen += 1;
    });
  });
  if (seen !== assignments.length) throw new Error(`${assignments.length} assignments for ${seen} operations`);
  verifyMachines(busy);
  if (latest !== makespan) throw new Error(`the makespan is ${latest}, not ${makespan}`);
  return latest;
}

/** Every machine with what it does: from, until, name. */
type Busy = Map<string, (readonly [number, number, string])[]>;

function verifyMachines(busy: Busy): void {
  for (const [machine, list] of busy) {
    list.sort(([a], [b]) => a - b);
    list.forEach(([start, , name], k) => {
      const before = list[k - 1];
      if (before !== undefined && start < before[1]) throw new Error(`${name} and ${before[2]} overlap on ${machine}`);
    });
  }
}

/**
 * The rules of a protocol with mutual time limits, on its tables: every operation once on a machine of its type, the order
 * of operations, |point of one - point of the other| within its limit. Gives the makespan, or throws with what is broken.
 */
export function verifyProtocol(
  { operations, machines, order, limits }: Protocol,
  { assignments, makespan }: Plan,
): number {
  const busy: Busy = new Map();
  const timeOf = (job: string, operation: string, point: 'start' | 'end'): number => {
    const found = assignments.filter(({ sample, step }) => sample === `job-${job}` && step === operation);
    if (found.length !== 1) throw new Error(`operation ${operation} of job ${job} is planned ${found.length} times`);
    return found[0]![point];
  };
  if (assignments.length !== operations.length) throw new Error('the plan has more than the operations');
  for (const { job, id, type, duration } of operations) {
    const [start, end] = [timeOf(job, id, 'start'), timeOf(job, id, 'end')];
    const { resource } = assignments.find(({ sample, step }) => sample === `job-${job}` && step === id)!;
    const machine = machines.find((other) => `m${other.id}` === resource);
    if (machine?.type !== type || end - start !== duration || start < 0)
      throw new Error(`operation ${id} of job ${job}`);
    busy.set(resource, [...(busy.get(resource) ?? []), [start, end, `operation ${id} of job ${job}`]]);
  }
  verifyMachines(busy);
  for (const { job, before, after } of order)
    if (timeOf(job, before, 'end') > timeOf(job, after, 'start')) throw new Error(`${before}, ${after} of job ${job}`);
  for (const { job, from, to, limit } of limits) {
    const gap = Math.abs(timeOf(job, ...to) - timeOf(job, ...from));
    if (gap > limit) throw new Error(`${from.join(' ')} and ${to.join(' ')} of job ${job} are ${gap} apart`);
  }
  const latest = Math.max(...assignments.map(({ end }) => end));
  if (latest !== makespan) throw new Error(`the makespan is ${latest}, not ${makespan}`);
  return latest;
}
