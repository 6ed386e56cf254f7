import type { Held, Reading } from './check-sample.ts';
import type { Assignment, ClosedStretch, SchedulingProblem } from './model.ts';

/** Places, workers and transporters: never more users at once than there is room for. */
export function checkShared(problem: SchedulingProblem, readings: readonly Reading[], faults: string[]): void {
  const held = group(readings.flatMap((reading) => reading.held));
  const works = group(readings.flatMap((reading) => reading.works).map(use));
  for (const { id, kind, capacity, concurrency } of problem.resources) {
    crowd(held.get(id) ?? [], capacity, (n, who, at) =>
      faults.push(`${id} holds ${n} samples at ${at} with ${who}, but has ${capacity} places.`),
    );
    if (kind === 'station')
      crowd(works.get(id) ?? [], concurrency, (n, who, at) =>
        faults.push(`${id} works on ${n} samples at ${at} with ${who}, but can on ${concurrency}.`),
      );
    if (kind === 'rack' && works.has(id))
      faults.push(`${id} is a rack, but is to work on ${works.get(id)![0]!.sample}.`);
  }
  const moves = readings.flatMap((reading) => reading.moves);
  checkTransporters(problem, moves, faults);
  checkClosed(
    problem,
    readings.flatMap((reading) => reading.works),
    moves,
    faults,
  );
}

/** Nothing that has not begun yet overlaps a stretch in which what works or moves is closed. */
function checkClosed(
  { resources, transport }: SchedulingProblem,
  works: readonly Assignment[],
  moves: readonly Assignment[],
  faults: string[],
): void {
  const closed = new Map(resources.map((resource) => [resource.id, resource.closed ?? []]));
  const overlap = ({ sample, step, resource, start, end }: Assignment, hours: readonly ClosedStretch[]) => {
    for (const { from, to } of hours)
      if (start < to && (end > from || start >= from))
        faults.push(
          `${resource} has ${step} of ${sample} from ${start} to ${end}, but is closed from ${from} to ${to}.`,
        );
  };
  for (const work of works) if (work.fixed !== true) overlap(work, closed.get(work.resource) ?? []);
  for (const move of moves) if (move.fixed !== true) overlap(move, transport?.closed?.[move.resource] ?? []);
}

const use = ({ sample, resource, start, end, fixed }: Assignment): Held => ({
  sample,
  resource,
  from: start,
  until: end,
  given: fixed === true,
});

function group(items: readonly Held[]): Map<string, Held[]> {
  const groups = new Map<string, Held[]>();
  for (const item of items) {
    const list = groups.get(item.resource);
    if (list === undefined) groups.set(item.resource, [item]);
    else list.push(item);
  }
  return groups;
}

/** Calls `report` for every planned use that begins when there is no room; what is given is not the plan's fault. */
function crowd(uses: readonly Held[], limit: number, report: (n: number, who: string, at: number) => void): void {
  const begins = uses
    .filter(({ from, until }) => from < until)
    .sort((a, b) => a.from - b.from || Number(b.given) - Number(a.given));
  const ends: number[] = [];
  for (const { sample, from, until, given } of begins) {
    for (let i = ends.length - 1; i >= 0; i--) if (ends[i]! <= from) ends.splice(i, 1);
    ends.push(until);
    if (!given && ends.length > limit) report(ends.length, sample, from);
  }
}

function checkTransporters({ transport }: SchedulingProblem, moves: readonly Assignment[], faults: string[]): void {
  const last = new Map<string, Assignment>();
  for (const move of moves.toSorted((a, b) => a.start - b.start)) {
    if (transport?.transporters.includes(move.resource) !== true && move.fixed !== true)
      faults.push(`${move.sample} is moved at ${move.start} by ${move.resource}, which is no transporter.`);
    const before = last.get(move.resource);
    if (before !== undefined && move.start < before.end && move.fixed !== true)
      faults.push(
        `${move.resource} moves ${move.sample} at ${move.start}, but moves ${before.sample} until ${before.end}.`,
      );
    if (before === undefined || before.end < move.end) last.set(move.resource, move);
  }
}
