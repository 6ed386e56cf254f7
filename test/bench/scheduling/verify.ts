import type { Plan } from '../../../src/scheduling/model.ts';
import type { Shop } from '../../scheduling/shops.ts';

/**
 * The rules of a job shop, flexible or not, on the numbers of its file: every operation once, on one of its machines, for
 * its duration, after the one before; a machine does one at a time. Gives the makespan, or throws with what is broken.
 */
export function verifyShop(jobs: Shop, { assignments, makespan }: Plan): number {
  const busy = new Map<string, (readonly [number, number, string])[]>();
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
  for (const [machine, list] of busy) {
    list.sort(([a], [b]) => a - b);
    list.forEach(([start, , name], k) => {
      const before = list[k - 1];
      if (before !== undefined && start < before[1]) throw new Error(`${name} and ${before[2]} overlap on ${machine}`);
    });
  }
  if (latest !== makespan) throw new Error(`the makespan is ${latest}, not ${makespan}`);
  return latest;
}
