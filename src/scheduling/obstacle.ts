import { durationText } from '../base/duration-text.ts';
import type { Shape, Task } from './compile.ts';
import { defectOfSample } from './defect.ts';
import type { SampleTask, StepTask, UnplannedCause } from './model.ts';
import { missingWay } from './ways.ts';

/** Why a sample cannot be planned. */
export interface Obstacle {
  readonly cause: UnplannedCause;
  readonly reason: string;
  /** Other samples are in its way, whatever the maximum waits are. */
  readonly tangled?: boolean;
}

/** What is known before any search: something that the lab does not have, a lost resource, a wait that has passed. */
export function obstacleOf(task: Omit<Task, 'obstacle'>, place: string | undefined, lab: Shape): Obstacle | undefined {
  const { sample, steps, deadline } = task;
  const defect = defectOfSample(sample);
  if (defect !== undefined) return { cause: 'incapable', reason: defect };
  if (place !== undefined && task.at < 0)
    return { cause: 'incapable', reason: `${sample.id} is at ${place}, which this lab does not have.` };
  if (sample.out !== undefined && !lab.indexOf.has(sample.out)) {
    const reason = `${sample.id} goes to ${sample.out} at the end, which this lab does not have.`;
    return { cause: 'incapable', reason };
  }
  const first = sample.remaining[0];
  if (first !== undefined && deadline < lab.now) {
    const [limit, late] = [durationText(first.lag.max!), durationText(1000 * Math.ceil((lab.now - deadline) / 1000))];
    const reason = `${sample.id} can no longer keep its maximum wait of ${limit} before ${first.id}: it is ${late} late.`;
    return { cause: 'missed', reason };
  }
  const contradiction = sample.remaining.find(({ lag }) => lag.max !== undefined && lag.max < lag.min);
  if (contradiction !== undefined) {
    const [min, max] = [durationText(contradiction.lag.min), durationText(contradiction.lag.max!)];
    const reason = `${contradiction.id} of ${sample.id} has a minimum wait of ${min} and a maximum wait of ${max}.`;
    return { cause: 'incapable', reason };
  }
  const lost = steps.findIndex(({ alternatives }) => alternatives.length === 0);
  if (lost >= 0) return lostStep(sample, sample.remaining[lost]!, lab);
  const missing = missingWay(task, lab);
  return missing === undefined ? undefined : { cause: 'incapable', reason: missing };
}

function lostStep(sample: SampleTask, step: StepTask, lab: Shape): Obstacle {
  const known = step.alternatives.filter(({ resource }) => {
    const index = lab.indexOf.get(resource);
    return index !== undefined && lab.stations[index]!.kind !== 'rack';
  });
  if (known.length === 0)
    return { cause: 'incapable', reason: `No resource of this lab can do ${step.id} of ${sample.id}.` };
  const open = known.filter(({ resource, duration }) => duration.typical <= openingOf(resource, lab));
  if (open.length === 0) return tooLong(sample, step, known, lab);
  const names = open.map(({ resource }) => resource).join(' or ');
  const verb = open.length > 1 ? 'are' : 'is';
  return { cause: 'unavailable', reason: `${sample.id} needs ${names} for ${step.id}, which ${verb} not available.` };
}

const openingOf = (resource: string, { stations, indexOf }: Shape): number =>
  stations[indexOf.get(resource)!]!.longestOpen;

function tooLong(sample: SampleTask, step: StepTask, known: StepTask['alternatives'], lab: Shape): Obstacle {
  const [best] = known.toSorted((a, b) => openingOf(b.resource, lab) - openingOf(a.resource, lab));
  const [takes, open] = [durationText(best!.duration.typical), durationText(openingOf(best!.resource, lab))];
  const reason = `${step.id} of ${sample.id} takes ${takes}, but ${best!.resource} is never open for longer than ${open}.`;
  return { cause: 'incapable', reason };
}

/** What a search has not found: for the maximum waits, or because places stay taken. */
export function blocked({ sample, steps }: Task, tangled: boolean): Obstacle {
  const what = `${sample.id} cannot be brought to ${steps[0]?.id ?? 'its end'} and through what follows`;
  return tangled
    ? { cause: 'blocked', tangled, reason: `${what}: a place on its way stays taken.` }
    : { cause: 'blocked', reason: `${what}: at present that would break a maximum wait.` };
}
