import { opensAt } from './closings.ts';
import type { Lab, Task } from './compile.ts';
import type { Obstacle } from './obstacle.ts';
import type { Assignment, ClosedStretch, Plan, SchedulingProblem, Unplanned, UnplannedCause } from './model.ts';
import { sortedBy } from './sorted.ts';
import type { Move, Run, World } from './world.ts';

/** A move has no transporter before all of them are known. */
type Draft = { -readonly [Key in keyof Assignment]: Assignment[Key] };

/** The plan as plain data, in order of starts. */
export function emit(problem: SchedulingProblem, world: World, failed: ReadonlyMap<number, Obstacle>): Plan {
  const { lab } = world;
  const carriers = new Carriers(problem);
  let makespan = problem.now;
  // Moves get their transporters in the order of their starts.
  const assignments = sortedBy<Draft>(draftsOf(world), ({ start }) => start);
  for (const one of assignments) {
    if (one.kind === 'move' && one.fixed !== true) one.resource = carriers.take(one.start, one.end);
    makespan = Math.max(makespan, one.end);
  }
  return {
    assignments,
    makespan,
    unplanned: [...failed].map(([index, obstacle]) => leftOut(lab.tasks[index]!, obstacle)),
  };
}

/** What runs, all work, and then the moves; but those of a sample that is moved in no time in the order of its way. */
function draftsOf(world: World): Draft[] {
  const { lab } = world;
  const names = new Names(world);
  const drafts: Draft[] = lab.tasks.flatMap((task) => runningOf(lab, task));
  const last: Draft[] = [];
  for (const [index, track] of world.tracks) {
    const task = lab.tasks[index]!;
    const sample = task.sample.id;
    const atOnce = track.moves.some(({ start, end }) => start === end);
    let moved = 0;
    for (const { step: index, resource: place, start, end, run } of track.works) {
      while (atOnce && moved < track.moves.length && track.moves[moved]!.step <= index)
        drafts.push(moveOf(lab, task, track.moves[moved++]!));
      const step = task.steps[index]!.id;
      const resource = lab.stations[place]!.id;
      drafts.push(
        run === undefined
          ? { sample, step, kind: 'process', resource, start, end }
          : { sample, step, kind: 'process', resource, start, end, batch: names.of(run) },
      );
    }
    const rest = atOnce ? drafts : last;
    while (moved < track.moves.length) rest.push(moveOf(lab, task, track.moves[moved++]!));
  }
  for (const move of last) drafts.push(move);
  return drafts;
}

/** A plan that leaves all samples out, for one reason. */
export function nothingPlanned({ now, samples }: SchedulingProblem, reason: string, cause: UnplannedCause): Plan {
  return { assignments: [], makespan: now, unplanned: samples.map(({ id }) => ({ sample: id, reason, cause })) };
}

function leftOut({ sample, deadline }: Task, { reason, cause }: Obstacle): Unplanned {
  const hopeless = cause === 'missed' || cause === 'incapable' || deadline === Infinity;
  return { sample: sample.id, reason, cause, ...(hopeless ? {} : { until: deadline }) };
}

function runningOf({ now, stations }: Lab, { sample }: Task): Assignment[] {
  const { running, at, id } = sample;
  if (running === undefined) return [];
  const { step, kind, resource, start } = running;
  const common = { sample: id, step, kind, resource, start, end: Math.max(now, running.expectedEnd), fixed: true };
  if (kind === 'move') return [{ ...common, ...(at === undefined ? {} : { from: at }), to: running.to }];
  const batch = stations.find((station) => station.id === resource)?.kind === 'batch';
  return [batch ? { ...common, batch: `${resource}/running` } : common];
}

function moveOf({ stations }: Lab, { sample, steps }: Task, { from, to, step, start, end }: Move): Draft {
  return {
    sample: sample.id,
    step: steps[step]?.id ?? 'out',
    kind: 'move',
    resource: '',
    from: stations[from]!.id,
    to: stations[to]!.id,
    start,
    end,
  };
}

/** Gives every move a transporter; the moves come in order of their starts, and never more at once than there are. */
class Carriers {
  readonly #free: { readonly id: string; readonly closed: readonly ClosedStretch[]; at: number }[];

  constructor({ transport, samples, now }: SchedulingProblem) {
    const { transporters = [], closed = {} } = transport ?? {};
    this.#free = transporters.map((id) => ({ id, closed: closed[id] ?? [], at: now }));
    for (const { running } of samples) {
      const busy = running?.kind === 'move' ? this.#free.find(({ id }) => id === running.resource) : undefined;
      if (busy !== undefined) busy.at = Math.max(busy.at, running!.expectedEnd);
    }
  }

  take(start: number, end: number): string {
    const carrier = this.#free.find(({ at, closed }) => at <= start && opensAt(closed, start, end - start) === start)!;
    carrier.at = end;
    return carrier.id;
  }
}

/** Names of batches: the one of the earlier plan where there is one, otherwise after the first member. */
class Names {
  readonly #names = new Map<Run, string>();

  constructor({ lab, runs }: World) {
    const used = new Set<string>();
    for (const run of runs.flat().sort((a, b) => Number(a.name === undefined) - Number(b.name === undefined))) {
      const { sample, steps } = lab.tasks[Math.min(...run.members)]!;
      const base = run.name ?? `${lab.stations[run.resource]!.id}/${sample.id}/${steps[0]?.id ?? ''}`;
      let name = base;
      for (let n = 2; used.has(name); n++) name = `${base}/${n}`;
      used.add(name);
      this.#names.set(run, name);
    }
  }

  of(run: Run): string {
    return this.#names.get(run)!;
  }
}
