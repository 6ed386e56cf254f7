import type { Reading, SampleInput } from './check-sample.ts';
import type { Assignment, StepLink, StepPoint } from './model.ts';

/** A sample whose steps are bound by links only: each once, on a resource that can do it, and every link kept. */
export function readLinked({ problem, resources, sample, own, unplanned }: SampleInput, faults: string[]): Reading {
  const reading: Reading = { sample, held: [], passages: [], works: [], moves: [] };
  const fault = (text: string) => faults.push(`${sample.id}: ${text}.`);
  if (unplanned) {
    for (const { step, start } of own) fault(`${step} is planned at ${start}, but the sample is left out of the plan`);
    return reading;
  }
  if (problem.transport !== undefined) fault('its steps are bound by links, which a lab with transport does not have');
  const planned = new Map<string, Assignment>();
  for (const work of own) {
    const { step: id, start, end, resource } = work;
    const step = sample.remaining.find((other) => other.id === id);
    if (step === undefined || work.kind !== 'process' || work.fixed === true) {
      fault(`${work.kind} ${id} at ${start} is more than was asked for`);
      continue;
    }
    if (planned.has(id)) fault(`${id} is planned twice`);
    planned.set(id, work);
    const earliest = Math.max(problem.now, sample.release);
    if (start < earliest) fault(`${id} starts at ${start}, before it can at ${earliest}`);
    const duration = step.alternatives.find((alternative) => alternative.resource === resource)?.duration.typical;
    if (duration === undefined) fault(`${id} is planned on ${resource}, which cannot do it`);
    else if (end - start !== duration) fault(`${id} takes ${end - start} on ${resource} instead of ${duration}`);
    if (resources.get(resource)?.available !== true) fault(`${id} is planned on ${resource}, which is not available`);
    reading.works.push(work);
    reading.held.push({ sample: sample.id, resource, from: start, until: end, given: false });
  }
  for (const { id } of sample.remaining) if (!planned.has(id)) fault(`${id} is missing in the plan`);
  for (const link of sample.links!) checkLink(link, planned, fault);
  return reading;
}

function checkLink(link: StepLink, planned: ReadonlyMap<string, Assignment>, fault: (text: string) => void): void {
  const timeOf = ({ step, point }: StepPoint) => planned.get(step)?.[point] ?? NaN;
  const { from, to, min = -Infinity, max = Infinity } = link;
  const gap = timeOf(to) - timeOf(from);
  const what = `from the ${from.point} of ${from.step} to the ${to.point} of ${to.step} it is ${gap}`;
  if (gap < min) fault(`${what}, but at least ${min} are asked for`);
  if (gap > max) fault(`${what}, but at most ${max} are allowed`);
}
