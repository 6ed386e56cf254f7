import type { Resource, SampleTask, SchedulingProblem } from '../../../src/scheduling/model.ts';
import type { Deed, Run } from './player.ts';

export interface Verdict {
  /** Maximum waits that were not kept, those of samples given up for it included. */
  readonly missed: number;
  /** Maximum waits that a complete campaign has. */
  readonly waits: number;
  /** Sentences: everything else that went wrong. */
  readonly broken: readonly string[];
}

/** From when until when a sample has a place. */
interface Stay {
  readonly sample: string;
  readonly resource: string;
  readonly from: number;
  readonly until: number;
}

/**
 * Reads the record of a campaign and says which rules of the lab were broken in it. Knows the model and what happened;
 * shares nothing with planner, dispatcher or checker.
 */
export function judge(problem: SchedulingProblem, { deeds, discarded }: Run): Verdict {
  const broken: string[] = [];
  const given = new Set(discarded);
  const bySample = new Map(problem.samples.map(({ id }) => [id, [] as Deed[]]));
  for (const deed of deeds) bySample.get(deed.sample)!.push(deed);
  let [missed, waits] = [0, 0];
  const stays: Stay[] = [];
  for (const sample of problem.samples) {
    const own = bySample.get(sample.id)!;
    waits += sample.remaining.slice(1).filter(({ lag }) => lag.max !== undefined).length;
    missed += given.has(sample.id) ? 1 : 0;
    missed += judgeSample(problem, sample, own, given.has(sample.id), broken);
    stays.push(...staysOf(problem, sample, own));
  }
  for (const resource of problem.resources) {
    const here = stays.filter((stay) => stay.resource === resource.id);
    const works = deeds.filter((deed) => deed.kind === 'process' && deed.resource === resource.id);
    crowd(here, resource.capacity, `places of ${resource.id}`, broken);
    if (resource.kind === 'station') crowd(works.map(spanOf), resource.concurrency, `work on ${resource.id}`, broken);
    if (resource.setup !== undefined) judgeSetups(problem, resource, works, broken);
    if (resource.kind === 'batch') judgeRuns(problem, resource, works, here, deeds, broken);
  }
  const moves = deeds.filter(({ kind }) => kind === 'move');
  for (const arm of problem.transport?.transporters ?? [])
    crowd(moves.filter(({ resource }) => resource === arm).map(spanOf), 1, `moves of ${arm}`, broken);
  for (const { resource } of moves)
    if (!problem.transport!.transporters.includes(resource)) broken.push(`${resource} is no arm`);
  return { missed, waits, broken };
}

const spanOf = ({ sample, resource, start, end }: Deed): Stay => ({ sample, resource, from: start, until: end });

/** The steps of one sample, in order and with their waits; how many maximum waits were not kept. */
function judgeSample(
  { transport }: SchedulingProblem,
  { id, release, remaining, out, at: origin }: SampleTask,
  own: readonly Deed[],
  discarded: boolean,
  broken: string[],
): number {
  let [at, free, ended, done, missed] = [origin, release, -Infinity, 0, 0];
  for (const { kind, step, resource, from, to, start, end } of own) {
    if (start < free) broken.push(`${id} begins ${step} at ${start}, before ${free}`);
    free = end;
    if (kind === 'move') {
      if (from !== at) broken.push(`${id} is moved from ${from}, but is at ${at}`);
      at = to;
      continue;
    }
    const task = remaining[done++];
    if (task?.id !== step || !task.alternatives.some((one) => one.resource === resource))
      broken.push(`${id} does ${step} on ${resource} as number ${done}`);
    if (transport !== undefined && at !== undefined && at !== resource)
      broken.push(`${id} does ${step} on ${resource}, but is at ${at}`);
    if (start - ended < (task?.lag.min ?? 0)) broken.push(`${id} begins ${step} ${start - ended} after the one before`);
    if (start - ended > (task?.lag.max ?? Infinity) && ended > -Infinity) missed += 1;
    at = resource;
    ended = end;
  }
  if (!discarded && done < remaining.length) broken.push(`${id} has done ${done} of ${remaining.length} steps`);
  if (transport !== undefined && at !== undefined && out !== undefined && at !== out)
    broken.push(`${id} ends at ${at}`);
  return missed;
}

/** A place is held from the start of the move that brings the sample until it is picked up by the next. */
function staysOf({ transport, now }: SchedulingProblem, sample: SampleTask, own: readonly Deed[]): Stay[] {
  const { id, at: origin } = sample;
  if (transport === undefined)
    return own.map(({ resource, start, end }) => ({ sample: id, resource, from: start, until: end }));
  const stays: Stay[] = [];
  let [at, from, end] = [origin, now, now];
  for (const deed of own) {
    if (deed.kind === 'move') {
      stays.push({ sample: id, resource: at!, from, until: deed.start + transport.pickMs });
      [at, from] = [deed.to, deed.start];
    } else if (at === undefined) [at, from] = [deed.resource, deed.start];
    end = deed.end;
  }
  if (at !== undefined) stays.push({ sample: id, resource: at, from, until: end });
  return stays;
}

/** At the beginning of every stay, how many there are. */
function crowd(stays: readonly Stay[], limit: number, what: string, broken: string[]): void {
  if (stays.length <= limit) return;
  for (const { from } of stays) {
    const there = stays.filter((other) => other.from <= from && from < other.until).length;
    if (there > limit) broken.push(`${there} at once: ${what} at ${from}`);
  }
}

/** Every work comes so long after each before it of another recipe as the change takes. */
function judgeSetups(problem: SchedulingProblem, resource: Resource, works: readonly Deed[], broken: string[]): void {
  const { id, setup = 0, changes = [], last } = resource;
  const recipes = new Map(problem.samples.flatMap((s) => s.remaining.map((t) => [`${s.id}/${t.id}`, t.recipe])));
  const done = works.map(({ sample, step, start, end }) => ({ recipe: recipes.get(`${sample}/${step}`), start, end }));
  for (const work of done)
    for (const { recipe, end } of [
      ...(last === undefined ? [] : [{ start: -Infinity, ...last }]),
      ...done.filter(({ start }) => start < work.start),
    ]) {
      const known = changes.find((change) => change.from === recipe && change.to === work.recipe);
      const least = recipe === work.recipe ? 0 : (known?.time ?? setup);
      if (work.start - end < least)
        broken.push(`${id} begins ${work.recipe} ${work.start - end} after ${recipe}, but needs ${least}`);
    }
}

/** Runs: together from beginning to end, one recipe, nobody else inside, the door closed. */
function judgeRuns(
  problem: SchedulingProblem,
  { id, capacity }: Resource,
  works: readonly Deed[],
  here: readonly Stay[],
  deeds: readonly Deed[],
  broken: string[],
): void {
  const recipes = new Map(problem.samples.flatMap((s) => s.remaining.map((t) => [`${s.id}/${t.id}`, t.recipe])));
  const passages = deeds.flatMap(({ kind, from, to, start, end, sample }) => [
    ...(kind === 'move' && from === id ? [{ sample, from: start, until: start + problem.transport!.pickMs }] : []),
    ...(kind === 'move' && to === id ? [{ sample, from: start, until: end }] : []),
  ]);
  for (const a of works) {
    const run = works.filter((b) => b.start < a.end && a.start < b.end);
    if (run.length > capacity) broken.push(`${run.length} run in ${id} at ${a.start}`);
    const recipe = recipes.get(`${a.sample}/${a.step}`);
    for (const b of run)
      if (b.start !== a.start || b.end !== a.end || recipes.get(`${b.sample}/${b.step}`) !== recipe)
        broken.push(`${a.sample} and ${b.sample} run in ${id} at ${a.start}, but not together`);
    const members = new Set(run.map(({ sample }) => sample));
    for (const { sample, from, until } of here)
      if (!members.has(sample) && from < a.end && a.start < until)
        broken.push(`${sample} is in ${id} while ${a.sample} runs at ${a.start}`);
    for (const { sample, from, until } of passages)
      if (from < a.end && a.start < until) broken.push(`${sample} passes the door of ${id} at ${from}`);
  }
}
