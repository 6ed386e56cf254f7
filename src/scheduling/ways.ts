import { durationText } from '../base/duration-text.ts';
import type { Shape, Task } from './compile.ts';
import type { StepTask } from './model.ts';
import { setupTime } from './setup.ts';

/** Places, and how they are reached: whether the transporters have a way for all that a sample still has to do. */

/**
 * Why the ways of this lab do not lead the sample through its steps, or not within its maximum waits, set-up between two steps
 * on one resource included, as one sentence; whatever stands where, and whatever is available. Undefined when they do.
 */
export function missingWay({ sample, at, out }: Omit<Task, 'obstacle'>, lab: Shape): string | undefined {
  const setsUp = lab.stations.some(({ setup }) => setup !== undefined);
  if (!lab.moved && !setsUp) return undefined;
  const { id, remaining } = sample;
  const name = (places: readonly number[]) => places.map((place) => lab.stations[place]!.id).join(' or ');
  let from: readonly number[] | undefined = at < 0 ? undefined : [at];
  for (let i = 0; i < remaining.length; i++) {
    const step = remaining[i]!;
    const to = stationsOf(step, lab);
    const before = remaining[i - 1];
    const stay = (place: number) =>
      before === undefined ? 0 : setupTime(lab.stations[place]!, before.recipe, step.recipe);
    const { reached, shortest } = advance(from, to, lab, stay);
    if (reached.length === 0) return `Nothing brings ${id} from ${name(from!)} to ${name(to)} for ${step.id}.`;
    const { max } = step.lag;
    if (before !== undefined && max !== undefined && shortest > max) {
      const included = to.some((place) => stay(place) > 0) ? ', set-up included' : '';
      return `${step.id} of ${id} must begin within ${durationText(max)} of ${before.id}, but the fastest way, from ${name(from!)} to ${name(to)}, takes ${durationText(shortest)}${included}.`;
    }
    from = reached;
  }
  if (
    !lab.moved ||
    out < 0 ||
    from === undefined ||
    from.some((place) => place === out || lab.travel[place]![out]! < Infinity)
  )
    return undefined;
  return `Nothing brings ${id} from ${name(from)} to ${lab.stations[out]!.id} at the end.`;
}

/** The stations that can do a step, available or not. */
function stationsOf({ alternatives }: StepTask, { indexOf, stations }: Shape): number[] {
  const found: number[] = [];
  for (const { resource } of alternatives) {
    const index = indexOf.get(resource);
    if (index !== undefined && stations[index]!.kind !== 'rack') found.push(index);
  }
  return found;
}

/**
 * Those that can be reached from any of `from`, over one rack at most, and the shortest way to any of them, ms; `stay` is the time
 * that going on at the same place takes.
 */
function advance(
  from: readonly number[] | undefined,
  to: readonly number[],
  lab: Shape,
  stay: (place: number) => number,
) {
  if (from === undefined) return { reached: to, shortest: 0 };
  const reached: number[] = [];
  let shortest = Infinity;
  for (const target of to) {
    let way = Infinity;
    for (const place of from) way = Math.min(way, place === target ? stay(place) : wayBetween(place, target, lab));
    if (way < Infinity) reached.push(target);
    shortest = Math.min(shortest, way);
  }
  return { reached, shortest };
}

function wayBetween(from: number, to: number, { moved, travel, stations }: Shape): number {
  if (!moved) return 0;
  const direct = travel[from]![to]!;
  if (direct < Infinity) return direct;
  let shortest = Infinity;
  for (const { kind, index } of stations)
    if (kind === 'rack') shortest = Math.min(shortest, travel[from]![index]! + travel[index]![to]!);
  return shortest;
}
