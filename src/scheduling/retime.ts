import type { Lab } from './compile.ts';
import type { Plan } from './model.ts';
import { Replay, type Floors } from './replay.ts';
import { scriptsOf, type Act } from './script.ts';
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
  for (let round = 0; scripts.size > 0; round++) {
    const tracks = new Replay(lab, scripts, floors).run(inOrder(scripts, urgent));
    const stuck = [...scripts.keys()].filter((index) => !tracks.has(index));
    const late = stuck.length > 0 ? [] : lateWorks(lab, scripts, tracks);
    if (stuck.length + late.length === 0) return tracks;
    for (const index of stuck) scripts.delete(index);
    for (const { index, before, floor, deadline } of late) {
      if (round < rounds && before !== undefined) floors.set(before, Math.max(floor, floors.get(before) ?? -Infinity));
      else if (round < rounds && !urgent.has(index)) urgent.set(index, deadline);
      else scripts.delete(index);
    }
  }
  return new Map();
}

/** A step that starts after its maximum wait, and the step before it, unless that has started already. */
interface Late {
  readonly index: number;
  readonly before: Act | undefined;
  readonly floor: number;
  readonly deadline: number;
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
        late.push({ index, before, floor, deadline: end + maxLag });
        break;
      }
      end = work.end;
    }
  }
  return late;
}

/** By the earlier plan's starts; what a running maximum wait asks for comes first, the shortest first. */
function inOrder(scripts: ReadonlyMap<number, readonly Act[]>, urgent: ReadonlyMap<number, number>): Act[] {
  const rank = ({ task, step }: Act) => (step === 0 ? (urgent.get(task.index) ?? Infinity) : Infinity);
  const acts = [...scripts.values()].flat();
  if (urgent.size === 0) return acts.sort((a, b) => a.key - b.key);
  return acts.sort((a, b) => (rank(a) === rank(b) ? a.key - b.key : rank(a) - rank(b)));
}
