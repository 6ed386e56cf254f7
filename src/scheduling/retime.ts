import type { Lab, Task } from './compile.ts';
import type { Plan } from './model.ts';
import { Replay, type Floors } from './replay.ts';
import { scriptsOf, type Act } from './script.ts';
import { sortedBy } from './sorted.ts';
import type { Track } from './world.ts';

/** How often the order is timed again to keep maximum waits, before the samples concerned are taken out. */
const rounds = 8;

/**
 * The earlier plan in its own order, fitted to what has happened since: the tracks of the samples that it still suits, by
 * index. Samples that it does not suit any more are left out and keep their places; they have to be inserted anew.
 */
export const retime = (lab: Lab, previous: Plan): Map<number, Track> => timeScripts(lab, scriptsOf(lab, previous));

/** The tracks of all samples whose acts can be done in the order of their keys; takes the others out of `scripts`. */
export function timeScripts(lab: Lab, scripts: Map<number, Act[]>): Map<number, Track> {
  const floors: Floors = new Map();
  const urgent = new Map<number, number>();
  const apart = new Set<string>();
  let order: ReturnType<typeof inOrder> | undefined;
  for (let round = 0; scripts.size > 0; round++) {
    order ??= inOrder(scripts, urgent);
    const tracks = new Replay(lab, scripts, floors).run(...order);
    const stuck = [...scripts.keys()].filter((index) => !tracks.has(index));
    const late = stuck.length > 0 ? [] : lateWorks(lab, scripts, tracks);
    if (stuck.length + late.length === 0) return tracks;
    const hurried = new Set(urgent.keys());
    if (stuck.length > 0) order = undefined;
    for (const index of stuck) scripts.delete(index);
    for (const { index, before, floor } of late) {
      if (round < rounds && before !== undefined) {
        floors.set(before, Math.max(floor, floors.get(before) ?? -Infinity));
        continue;
      }
      order = undefined;
      if (round < rounds && !hurried.has(index)) hurry(lab, scripts, urgent);
      else if (round >= rounds || !leaveBehind(lab, scripts, index, apart)) scripts.delete(index);
    }
  }
  return new Map();
}

/** A step that starts after its maximum wait, and the step before it, unless that has started already. */
interface Late {
  readonly index: number;
  readonly before: Act | undefined;
  readonly floor: number;
}

function lateWorks(lab: Lab, scripts: ReadonlyMap<number, Act[]>, tracks: ReadonlyMap<number, Track>): Late[] {
  const late: Late[] = [];
  for (const [index, { works }] of tracks) {
    const { steps, lastEnd } = lab.tasks[index]!;
    let end = lastEnd;
    for (const work of works) {
      const { maxLag } = steps[work.step]!;
      if (end > -Infinity && work.start > end + maxLag) {
        const before = scripts.get(index)!.find((act) => act.kind === 'process' && act.step === work.step - 1);
        const floor = work.start - maxLag - (before?.duration ?? 0);
        late.push({ index, before, floor });
        break;
      }
      end = work.end;
    }
  }
  return late;
}

/** True when a maximum wait of the sample runs, or will run whatever happens. */
const isLimited = ({ deadline }: Task): boolean => deadline < Infinity;

/** All whose maximum waits run go first, those that are late and those that could be late then. */
function hurry(lab: Lab, scripts: ReadonlyMap<number, unknown>, urgent: Map<number, number>): void {
  for (const index of scripts.keys()) {
    const task = lab.tasks[index]!;
    if (isLimited(task)) urgent.set(index, task.deadline);
  }
}

/**
 * A run does not wait for members that make one late whose maximum wait runs: they get another. False when there is no such
 * run, or it has been tried.
 */
function leaveBehind(lab: Lab, scripts: Map<number, Act[]>, index: number, apart: Set<string>): boolean {
  const batch = scripts.get(index)!.find(({ kind }) => kind === 'process')?.batch;
  if (batch === undefined || apart.has(batch)) return false;
  apart.add(batch);
  let left = false;
  for (const [other, acts] of scripts) {
    if (isLimited(lab.tasks[other]!) || !acts.some((act) => act.batch === batch)) continue;
    const later = acts.map((act) => (act.batch === batch ? { ...act, batch: `${batch}/later` } : act));
    scripts.set(other, later);
    left = true;
  }
  return left;
}

/** By the earlier plan's starts; and, the most urgent first, what running maximum waits ask for. */
function inOrder(
  scripts: ReadonlyMap<number, readonly Act[]>,
  urgent: ReadonlyMap<number, number>,
): [order: readonly Act[], urgent: readonly Act[]] {
  const all: Act[] = [];
  for (const script of scripts.values()) for (const act of script) all.push(act);
  const acts = sortedBy(all, ({ key }) => key);
  if (urgent.size === 0) return [acts, []];
  const deadline = ({ task, step }: Act) => {
    const least = urgent.get(task.index);
    return least !== undefined && task.steps.slice(0, step + 1).every(({ maxLag }) => maxLag < Infinity)
      ? least
      : Infinity;
  };
  const first = acts.filter((act) => deadline(act) < Infinity).sort((a, b) => deadline(a) - deadline(b));
  return [acts.filter((act) => deadline(act) === Infinity), first];
}
