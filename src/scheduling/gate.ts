import { closingAt, opensAt } from './closings.ts';
import type { Assignment, Opening, Resource } from './model.ts';
import type { Scene } from './scene.ts';
import { setUpAt } from './setup.ts';

/** Why something may not start yet. */
export interface Obstacle {
  readonly reason: string;
  /** When what it waits for is expected to be over. */
  readonly due?: number;
  /** It goes away at this time by itself; undefined when something has to happen first. */
  readonly until?: number;
  readonly opening?: Opening;
}

/** punctual: it also waits for its time in the plan; prompt: for its turn; urgent: only for what it needs itself. */
export type Haste = 'punctual' | 'prompt' | 'urgent';

/** What keeps this assignment, the next of its sample, from starting now, given what is started at the same time. */
export function obstacleTo(
  scene: Scene,
  assignment: Assignment,
  started: readonly Assignment[],
  haste: Haste,
): Obstacle | undefined {
  const busy = ownActivity(scene, assignment);
  if (busy !== undefined) return busy;
  if (assignment.kind === 'move') return moveObstacle(scene, assignment, started, haste);
  const urgent = haste === 'urgent';
  const obstacle =
    assignment.batch === undefined
      ? workObstacle(scene, assignment, started, urgent)
      : batchObstacle(scene, assignment, started, urgent);
  return (
    obstacle ??
    notSetUp(scene, assignment) ??
    notOpen(scene, assignment) ??
    (haste === 'punctual' ? tooEarly(scene, assignment) : notRested(scene, assignment, urgent))
  );
}

function ownActivity({ samples }: Scene, { sample }: Assignment): Obstacle | undefined {
  const { running } = samples.get(sample)!;
  if (running === undefined) return undefined;
  const due = running.expectedEnd;
  return running.kind === 'move'
    ? { reason: `${sample} is being moved to ${running.to}.`, due }
    : { reason: `${running.step} of ${sample} is running on ${running.resource}.`, due };
}

function moveObstacle(
  scene: Scene,
  move: Assignment,
  started: readonly Assignment[],
  haste: Haste,
): Obstacle | undefined {
  return (
    notReleased(scene, move) ??
    doorObstacle(scene, move.from!, started) ??
    doorObstacle(scene, move.to!, started) ??
    (haste === 'urgent' ? undefined : turnObstacle(scene, move, started)) ??
    placeObstacle(scene, move, started) ??
    carrierBusy(scene, move, started) ??
    notOpen(scene, move) ??
    (haste === 'punctual' ? carrierOrder(scene, move) : undefined)
  );
}

function notReleased({ samples, problem }: Scene, { sample }: Assignment): Obstacle | undefined {
  const { release } = samples.get(sample)!;
  if (release <= problem.now) return undefined;
  return { reason: `${sample} waits for its release.`, until: release };
}

/** Nothing arrives at or leaves a batch resource that runs. */
function doorObstacle(scene: Scene, resource: string, started: readonly Assignment[]): Obstacle | undefined {
  if (kindOf(scene, resource) !== 'batch') return undefined;
  const run = scene.running.find(({ activity }) => activity.kind === 'process' && activity.resource === resource);
  if (run !== undefined) {
    const { step, expectedEnd: due } = run.activity;
    return { reason: `${resource} is closed while ${step} of ${run.sample} runs.`, due };
  }
  const starts = started.find((other) => other.kind === 'process' && other.resource === resource);
  return starts && { reason: `${resource} is closed: ${starts.step} of ${starts.sample} starts now.` };
}

/** Whose turn it is to use a place: samples that come earlier in the plan must still find room after this one. */
function turnObstacle(scene: Scene, arrival: Assignment, started: readonly Assignment[]): Obstacle | undefined {
  const target = arrival.kind === 'move' ? arrival.to! : arrival.resource;
  const starting = new Set(started);
  let room = roomAt(scene, target) - startedTo(scene, target, started);
  let first: Assignment | undefined;
  for (const other of scene.comingTo.get(target) ?? []) {
    if (other === arrival) break;
    if (other.sample === arrival.sample || !arrives(scene, other) || starting.has(other)) continue;
    first ??= other;
    room -= 1;
    if (room <= 0)
      return { reason: `${arrival.sample} waits for ${target}: ${first.sample} comes first for ${first.step}.` };
  }
  return foreignRun(scene, arrival, target);
}

/** A batch that is planned before this sample's own use of the resource must have run first. */
function foreignRun(scene: Scene, arrival: Assignment, target: string): Obstacle | undefined {
  if (kindOf(scene, target) !== 'batch') return undefined;
  const toTarget = scene.comingTo.get(target)!;
  const own = toTarget.find((other) => other.kind === 'process' && other.sample === arrival.sample);
  for (const other of toTarget) {
    if (other === own) return undefined;
    if (other.kind === 'process' && other.batch !== own?.batch)
      return { reason: `${arrival.sample} waits for ${target}: the batch with ${other.sample} comes first.` };
  }
  return undefined;
}

/** True when the assignment brings a sample to its resource, rather than working on one that is there. */
function arrives({ samples, problem }: Scene, { kind, sample, resource }: Assignment): boolean {
  if (kind === 'move' || problem.transport === undefined) return true;
  const { at, running } = samples.get(sample)!;
  return at === undefined && running === undefined && resource !== undefined;
}

function roomAt({ problem, holders }: Scene, resource: string): number {
  return capacityOf(problem.resources, resource) - (holders.get(resource)?.length ?? 0);
}

const capacityOf = (resources: readonly Resource[], id: string): number =>
  resources.find((r) => r.id === id)?.capacity ?? 0;

const kindOf = ({ problem }: Scene, id: string): Resource['kind'] | undefined =>
  problem.resources.find((r) => r.id === id)?.kind;

/** How many come to a resource with what is started now; who works there already is there. */
const startedTo = (scene: Scene, target: string, started: readonly Assignment[]): number =>
  started.filter((other) => (other.kind === 'move' ? other.to : other.resource) === target && arrives(scene, other))
    .length;

function placeObstacle(scene: Scene, move: Assignment, started: readonly Assignment[]): Obstacle | undefined {
  const target = move.to!;
  if (roomAt(scene, target) - startedTo(scene, target, started) > 0) return undefined;
  const holders = scene.holders.get(target) ?? [];
  const first = holders.toSorted((a, b) => a.until - b.until)[0];
  if (first === undefined) return { reason: `${move.sample} waits for a place at ${target}.` };
  const reason = `${move.sample} waits for a place at ${target}, which ${first.sample} holds.`;
  return first.until === Infinity ? { reason } : { reason, until: first.until };
}

function carrierBusy(scene: Scene, move: Assignment, started: readonly Assignment[]): Obstacle | undefined {
  const { resource, sample } = move;
  const taken = started.find((other) => other.kind === 'move' && other.resource === resource);
  if (taken !== undefined) return { reason: `${sample} waits for ${resource}, which moves ${taken.sample} first.` };
  const busy = scene.running.find(({ activity }) => activity.kind === 'move' && activity.resource === resource);
  if (busy === undefined) return undefined;
  return { reason: `${sample} waits for ${resource}, which moves ${busy.sample}.`, due: busy.activity.expectedEnd };
}

/** A move planned earlier is not due yet; one that should have gone by now and cannot does not hold up the others. */
function carrierOrder(scene: Scene, move: Assignment): Obstacle | undefined {
  const { resource, sample } = move;
  const { now } = scene.problem;
  if (move.start <= now) return undefined;
  for (const other of scene.coming) {
    if (other === move) return undefined;
    if (other.kind !== 'move' || other.resource !== resource || other.start >= move.start) continue;
    if (other.start <= now) continue;
    const reason = `${sample} waits for ${resource}, which moves ${other.sample} first.`;
    return { reason, due: other.start, until: Math.min(other.start, move.start) };
  }
  return undefined;
}

function workObstacle(
  scene: Scene,
  work: Assignment,
  started: readonly Assignment[],
  urgent: boolean,
): Obstacle | undefined {
  const { resource, sample } = work;
  const { problem, running } = scene;
  const { concurrency } = problem.resources.find(({ id }) => id === resource)!;
  const atWork = running.filter(({ activity }) => activity.kind === 'process' && activity.resource === resource);
  const starting = started.filter((other) => other.kind === 'process' && other.resource === resource);
  const first = atWork.toSorted((a, b) => a.activity.expectedEnd - b.activity.expectedEnd)[0];
  if (first !== undefined && atWork.length + starting.length >= concurrency) {
    const { step, expectedEnd: due } = first.activity;
    return { reason: `${sample} waits for ${resource}, busy with ${step} of ${first.sample}.`, due };
  }
  if (starting.length >= concurrency)
    return { reason: `${sample} waits for ${resource}: ${starting[0]!.step} of ${starting[0]!.sample} comes first.` };
  const begins = new Set(starting);
  let room = concurrency - atWork.length - starting.length;
  let earlier: Assignment | undefined;
  for (const other of urgent ? [] : scene.comingTo.get(resource)!) {
    if (other === work) break;
    if (other.kind !== 'process' || other.sample === sample || begins.has(other)) continue;
    earlier ??= other;
    room -= 1;
    if (room <= 0)
      return { reason: `${sample} waits for ${resource}: ${earlier.step} of ${earlier.sample} comes first.` };
  }
  if (!arrives(scene, work)) return undefined;
  const turn = urgent ? undefined : turnObstacle(scene, work, started);
  return turn ?? placeObstacle(scene, { ...work, to: resource }, started);
}

/**
 * Those of a run who start now: all; of an urgent one, those who are there.
 */
export function crewOf(scene: Scene, assignment: Assignment, urgent: boolean): readonly Assignment[] {
  if (assignment.kind !== 'process' || assignment.batch === undefined) return [assignment];
  const members = scene.batches.get(assignment.batch)!;
  return urgent ? members.filter((member) => isThere(scene, member)) : members;
}

function isThere({ samples, problem, next }: Scene, member: Assignment): boolean {
  const { at, running } = samples.get(member.sample)!;
  const outside = problem.transport === undefined || at === undefined;
  return running === undefined && next.get(member.sample) === member && (outside || at === member.resource);
}

/** A batch starts when all members are there, nobody else is inside, and no run before it is still to come. */
function batchObstacle(
  scene: Scene,
  work: Assignment,
  started: readonly Assignment[],
  urgent: boolean,
): Obstacle | undefined {
  const { resource, batch } = work;
  const members = crewOf(scene, work, urgent);
  const passing = started.find(({ kind, from, to }) => kind === 'move' && (from === resource || to === resource));
  if (passing !== undefined) return { reason: `The batch on ${resource} waits for the move of ${passing.sample}.` };
  const run = doorObstacle(scene, resource, started);
  if (run !== undefined) return run;
  const missing = members.find((member) => !isThere(scene, member));
  if (missing !== undefined) return { reason: `The batch on ${resource} waits for ${missing.sample}.` };
  const names = new Set(members.map(({ sample }) => sample));
  const other = scene.holders.get(resource)?.find(({ sample }) => !names.has(sample));
  if (other !== undefined) {
    const reason = `The batch on ${resource} waits until ${other.sample} has left.`;
    return other.until === Infinity ? { reason } : { reason, until: other.until };
  }
  if (urgent) return undefined;
  const before = scene.comingTo
    .get(resource)!
    .find(({ kind, batch: name }) => kind === 'process' && name !== undefined);
  if (before !== undefined && before.batch !== batch)
    return { reason: `The batch of ${work.sample} on ${resource} waits for the batch of ${before.sample}.` };
  return undefined;
}

/** What works has to be set up for another recipe first. */
function notSetUp({ problem: { now, resources }, samples }: Scene, work: Assignment): Obstacle | undefined {
  const { sample, step, resource: id } = work;
  const resource = resources.find((one) => one.id === id)!;
  if (resource.setup === undefined) return undefined;
  const recipe = samples.get(sample)!.remaining.find((one) => one.id === step)?.recipe;
  const until = setUpAt(resource, resource.last, recipe);
  if (until <= now) return undefined;
  const before = resource.last?.recipe ?? 'another use';
  return { reason: `${step} of ${sample} waits until ${id} is set up for it after ${before}.`, until };
}

/** What works or moves is closed, or would be before the end. */
function notOpen({ problem: { now, resources, transport } }: Scene, assignment: Assignment): Obstacle | undefined {
  const { kind, sample, resource, start, end } = assignment;
  const closed = kind === 'move' ? transport?.closed?.[resource] : resources.find(({ id }) => id === resource)?.closed;
  const closing = closed && closingAt(closed, now, end - start);
  if (closing === undefined) return undefined;
  const opens = opensAt(closed!, now, end - start);
  const reason = `${sample} waits until ${resource} is open for long enough.`;
  return { reason, until: opens, opening: { resource, closes: closing.from, opens } };
}

/** A minimum wait or a release of those who start together. */
function notRested(scene: Scene, assignment: Assignment, urgent: boolean): Obstacle | undefined {
  const { samples, problem } = scene;
  for (const { sample, step } of crewOf(scene, assignment, urgent)) {
    const task = samples.get(sample)!;
    const { min = 0 } = task.remaining.find(({ id }) => id === step)?.lag ?? {};
    const until = Math.max(task.release, (task.lastStepEnd ?? -Infinity) + min);
    if (until <= problem.now) continue;
    return { reason: `${step} of ${sample} waits for its minimum wait.`, until };
  }
  return undefined;
}

/** Only time is missing: a minimum wait, a release, or a wait that the plan makes so that a later maximum wait is kept. */
function tooEarly(scene: Scene, assignment: Assignment): Obstacle | undefined {
  const { problem, samples } = scene;
  const { start, sample, step } = assignment;
  if (start <= problem.now) return undefined;
  const opening = closedAfter(scene, assignment);
  if (opening !== undefined) {
    const { follows, resource } = opening;
    const reason = `${step} of ${sample} waits for its time, so that ${resource} is open when ${follows} has to follow.`;
    return { reason, until: start, opening };
  }
  const task = samples.get(sample)!;
  const first = task.remaining.find(({ id }) => id === step);
  const rested = (task.lastStepEnd ?? -Infinity) + (first?.lag.min ?? 0);
  const why = rested >= start ? 'its minimum wait' : task.release >= start ? 'its release' : 'its time in the plan';
  return { reason: `${step} of ${sample} waits for ${why}.`, until: start };
}

/** What would be closed when it had to follow within a maximum wait, if this started now and not as planned. */
function closedAfter({ problem, samples, ways }: Scene, work: Assignment): Opening | undefined {
  const { remaining: steps } = samples.get(work.sample)!;
  const way = ways.get(work.sample)!;
  const early = work.start - problem.now;
  for (const { kind, step, resource, start, end } of way.slice(way.indexOf(work) + 1)) {
    if (kind === 'move') continue;
    if (steps.find(({ id }) => id === step)?.lag.max === undefined) return undefined;
    const { closed = [] } = problem.resources.find(({ id }) => id === resource)!;
    const closing = closingAt(closed, start - early, end - start);
    if (closing === undefined) continue;
    return { resource, closes: closing.from, opens: opensAt(closed, closing.to, end - start), follows: step };
  }
  return undefined;
}
