import type { Lab, Step, Task } from './compile.ts';
import type { Assignment, Plan } from './model.ts';

/** One thing that a sample still does by an earlier plan; its times are to be found anew. */
export interface Act {
  readonly task: Task;
  readonly kind: 'move' | 'process';
  /** Where it leads to, or where it is worked on. */
  readonly resource: number;
  /** Index of the step; the number of steps for the way out. */
  readonly step: number;
  readonly duration: number;
  /** Its start in the earlier plan, which gives the order. */
  readonly key: number;
  readonly batch: string | undefined;
}

/** What is left of an earlier plan: for every sample that it still suits, all its acts in order. */
export function scriptsOf(lab: Lab, previous: Plan): Map<number, Act[]> {
  const bySample = new Map<string, Assignment[]>();
  for (const assignment of previous.assignments) {
    const list = bySample.get(assignment.sample);
    if (list === undefined) bySample.set(assignment.sample, [assignment]);
    else list.push(assignment);
  }
  const scripts = new Map<number, Act[]>();
  for (const task of lab.tasks) {
    const list = bySample.get(task.sample.id);
    if (list === undefined || task.done || task.obstacle !== undefined || task.sample.frozen === true) continue;
    const script = scriptOf(lab, task, list);
    if (script !== undefined) scripts.set(task.index, script);
  }
  return scripts;
}

function scriptOf(lab: Lab, task: Task, list: readonly Assignment[]): Act[] | undefined {
  const acts: Act[] = [];
  let at = task.at;
  for (let index = 0; index < task.steps.length; index++) {
    const step = task.steps[index]!;
    const work = workOf(list, step);
    const act = work && processAct(lab, task, index, step, work);
    if (act === undefined) return undefined;
    if (!travelTo(lab, acts, list, { task, step: index, id: step.id, from: at, to: act.resource, key: act.key }))
      return undefined;
    acts.push(act);
    at = act.resource;
  }
  if (task.out >= 0) {
    const leg = { task, step: task.steps.length, id: 'out', from: at, to: task.out, key: Infinity };
    if (!travelTo(lab, acts, list, leg)) return undefined;
  }
  return acts;
}

/** A function for every comparison would cost more than all else here. */
function workOf(list: readonly Assignment[], { id }: Step): Assignment | undefined {
  for (const assignment of list) if (assignment.kind === 'process' && assignment.step === id) return assignment;
  return undefined;
}

function processAct(lab: Lab, task: Task, index: number, step: Step, work: Assignment): Act | undefined {
  const resource = lab.indexOf.get(work.resource);
  const alternative = step.alternatives.find((candidate) => candidate.resource === resource);
  if (alternative === undefined) return undefined;
  const { duration } = alternative;
  return {
    task,
    kind: 'process',
    resource: alternative.resource,
    step: index,
    duration,
    key: work.start,
    batch: work.batch,
  };
}

interface Leg {
  readonly task: Task;
  readonly step: number;
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly key: number;
}

/** Adds the moves that lead to a step, with the stop in a rack that was planned. False when there is no way. */
function travelTo(lab: Lab, acts: Act[], list: readonly Assignment[], leg: Leg): boolean {
  const { task, step, id, to } = leg;
  let { from } = leg;
  if (!lab.moved || from < 0 || from === to) return true;
  for (const planned of list) {
    // A way that is being gone already, perhaps to where the sample waited, is not gone again.
    if (planned.kind !== 'move' || planned.fixed === true || planned.step !== id || from === to) continue;
    const next = planned.to === undefined ? undefined : lab.indexOf.get(planned.to);
    if (next === undefined || planned.from !== lab.stations[from]!.id) continue;
    const usable = lab.stations[next]!.available && lab.travel[from]![next]! < Infinity;
    if (!usable || (next !== to && lab.stations[next]!.kind !== 'rack')) continue;
    const duration = lab.travel[from]![next]!;
    acts.push({ task, kind: 'move', resource: next, step, duration, key: planned.start, batch: undefined });
    from = next;
  }
  if (from === to) return true;
  const duration = lab.travel[from]![to]!;
  if (duration === Infinity || !lab.stations[to]!.available) return false;
  acts.push({ task, kind: 'move', resource: to, step, duration, key: leg.key - duration, batch: undefined });
  return true;
}
