import { defectOfSetup } from './setup.ts';
import type { ClosedStretch, DurationBand, SampleTask, SchedulingProblem, StepTask } from './model.ts';

/**
 * What makes a problem meaningless, as one sentence: the model's own conditions on its numbers and names, which neither a
 * plan nor a check of one can be founded without. Undefined when it is sound. What is wrong with one sample only is told by
 * `defectOfSample`, and does not keep the others from being planned.
 */
export function defectOf({ now, resources, transport, samples }: SchedulingProblem): string | undefined {
  if (!Number.isFinite(now)) return `The time now is ${now}, which is no time.`;
  const twice = repeated(resources.map(({ id }) => id));
  if (twice !== undefined) return `The lab has two resources named ${twice}.`;
  for (const resource of resources) {
    const { id, kind, capacity, concurrency, closed = [] } = resource;
    const wrong = defectOfHours(id, closed) ?? defectOfSetup(resource);
    if (wrong !== undefined) return wrong;
    // Of a rack whose places are all held by samples that nobody plans nothing is left.
    if (kind === 'rack' ? Number.isNaN(capacity) : !(capacity >= 1))
      return `${id} has ${capacity} places, but it needs one at least.`;
    if (kind !== 'rack' && !(concurrency >= 1))
      return `${id} works on ${concurrency} samples at once, but it needs to work on one at least.`;
  }
  const sample = repeated(samples.map(({ id }) => id));
  if (sample !== undefined) return `There are two samples named ${sample}.`;
  for (const { id, running } of samples)
    if (running !== undefined && ![running.start, running.expectedEnd].every(Number.isFinite))
      return `${running.step} of ${id} runs from ${running.start} to ${running.expectedEnd}, which is no span of time.`;
  return transport && defectOfTransport(transport);
}

/** Closed stretches are spans of time in order, of which none reaches into the next. */
function defectOfHours(id: string, closed: readonly ClosedStretch[]): string | undefined {
  for (const [i, { from, to }] of closed.entries()) {
    if (!(from < to)) return `${id} is closed from ${from} to ${to}, which is no span of time.`;
    const before = closed[i - 1]?.to ?? -Infinity;
    if (from < before) return `${id} closes at ${from}, but is closed already until ${before}.`;
  }
  return undefined;
}

function defectOfTransport({ transporters, travel, pickMs, closed = {} }: NonNullable<SchedulingProblem['transport']>) {
  if (transporters.length === 0) return 'Samples are to be moved, but this lab has no transporter.';
  const twice = repeated(transporters);
  if (twice !== undefined) return `The lab has two transporters named ${twice}.`;
  if (!(pickMs >= 0 && pickMs < Infinity)) return `Picking a sample up takes ${pickMs} ms, which is no time.`;
  for (const [id, stretches] of Object.entries(closed)) {
    const hours = defectOfHours(id, stretches);
    if (hours !== undefined) return hours;
  }
  for (const [from, ways] of Object.entries(travel))
    for (const [to, band] of Object.entries(ways))
      if (!isBand(band)) return `The way from ${from} to ${to} takes ${shown(band)}.`;
  return undefined;
}

/** What is wrong with the numbers and names of one sample, as one sentence; undefined when nothing is. */
export function defectOfSample({ id, release, priority, remaining, links }: SampleTask): string | undefined {
  if (!Number.isFinite(release)) return `${id} is released at ${release}, which is no time.`;
  if (!Number.isFinite(priority)) return `${id} has the priority ${priority}, which is no number.`;
  for (let i = 0; i < remaining.length; i++) {
    const step = remaining[i]!;
    for (let k = 0; k < i; k++) if (remaining[k]!.id === step.id) return `${id} has two steps named ${step.id}.`;
    const defect = defectOfStep(id, step);
    if (defect !== undefined) return defect;
  }
  for (const { from, to, min = 0, max = Infinity } of links ?? [])
    if (!Number.isFinite(min) || Number.isNaN(max))
      return `The link of ${id} from ${from.step} to ${to.step} asks for a time from ${min} to ${max} ms.`;
  return undefined;
}

function defectOfStep(sample: string, { id, alternatives, lag }: StepTask): string | undefined {
  for (const { resource, duration } of alternatives)
    if (!isBand(duration)) return `On ${resource} ${id} of ${sample} takes ${shown(duration)}.`;
  if (!Number.isFinite(lag.min) || !((lag.max ?? 0) >= 0))
    return `${id} of ${sample} has a wait from ${lag.min} to ${lag.max ?? Infinity} ms, which is no span of time.`;
  return undefined;
}

const isBand = ({ low, typical, high }: DurationBand): boolean =>
  0 <= low && low <= typical && typical <= high && high < Infinity;

const shown = ({ low, typical, high }: DurationBand): string =>
  `${low}, ${typical} or ${high} ms, but needs times that are finite, not negative, and in this order`;

/** The first name that comes twice. */
function repeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.has(name) || seen.add(name) === undefined);
}
