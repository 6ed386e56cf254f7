import type { Lab, Step, Task } from './compile.ts';

/** In which order samples are inserted: below 0 when the first goes first. */
export type Order = (a: Task, b: Task) => number;

/** Orders to try beside that of urgency; none where they would not differ, or nothing could be gained. */
export function otherOrders(lab: Lab, open: readonly Task[]): Order[] {
  const differ = open.some(({ sample }) => sample.priority !== open[0]!.sample.priority);
  return [
    ...(differ ? prioritized(lab) : []),
    ...(mayCrowd(lab, open) ? [downstreamFirst] : []),
    ...(open.some(({ due }) => due < Infinity) ? [dueFirst] : []),
    ...alikeTogether(lab, open),
  ];
}

/** Whether it stands where others may have to go: in the lab, and in no rack. */
export const isInDevice = ({ stations }: Lab, { at }: Task): boolean => at >= 0 && stations[at]!.kind !== 'rack';

/** Those whose maximum wait runs out first, then running samples, then by priority, release and name. */
export function compareUrgency(a: Task, b: Task): number {
  const pressing = comparePressure(a, b);
  if (pressing !== 0) return pressing;
  if (a.sample.release !== b.sample.release) return a.sample.release - b.sample.release;
  return a.sample.id < b.sample.id ? -1 : a.sample.id > b.sample.id ? 1 : 0;
}

function comparePressure(a: Task, b: Task): number {
  if (a.deadline !== b.deadline) return a.deadline < b.deadline ? -1 : 1;
  const running = Number(b.sample.running !== undefined) - Number(a.sample.running !== undefined);
  return running !== 0 ? running : b.sample.priority - a.sample.priority;
}

/**
 * Another order to try where resources are set up between recipes: of those that are equally urgent, the ones with equal recipes
 * there one after the other, beginning with what a resource is set up for; none when all are alike.
 */
function alikeTogether({ stations }: Lab, open: readonly Task[]): Order[] {
  if (stations.every(({ setup }) => setup === undefined)) return [];
  const isSetUp = ({ alternatives }: Step) =>
    alternatives.some(({ resource }) => stations[resource]!.setup !== undefined);
  const recipes = new Map(open.map((task) => [task, task.steps.filter(isSetUp).map(({ recipe }) => recipe ?? '')]));
  const ready = new Set(stations.map(({ last }) => last?.recipe));
  const isReady = (task: Task) => Number(ready.has(recipes.get(task)![0]));
  const keyOf = (task: Task) => recipes.get(task)!.join('\n');
  const ranks = new Map<string, number>();
  for (const task of open.toSorted((a, b) => isReady(b) - isReady(a) || compareUrgency(a, b)))
    if (!ranks.has(keyOf(task))) ranks.set(keyOf(task), ranks.size);
  const rankOf = (task: Task) => ranks.get(keyOf(task))!;
  return ranks.size < 2 ? [] : [(a, b) => comparePressure(a, b) || rankOf(a) - rankOf(b) || compareUrgency(a, b)];
}

/**
 * Those with the least to do first, where samples stand in devices and may share runs: what they leave is free for the others,
 * and runs are filled with those who wait for them already.
 */
const downstreamFirst = (a: Task, b: Task): number => a.steps.length - b.steps.length || compareUrgency(a, b);

/** Those first that are due first (Jackson 1955: on one machine no order has a smaller maximum lateness). */
const dueFirst = (a: Task, b: Task): number => (a.due === b.due ? compareUrgency(a, b) : a.due - b.due);

/**
 * Other orders to try where samples differ in priority: by priority whatever waits run, which is as good as long as all of
 * them are kept; and so after those in devices, whose places the urgent ones may need.
 */
function prioritized(lab: Lab): Order[] {
  const inDevice = (task: Task) => Number(task.sample.running !== undefined || isInDevice(lab, task));
  const byPriority = (a: Task, b: Task) => b.sample.priority - a.sample.priority || compareUrgency(a, b);
  return [
    byPriority,
    (a, b) => inDevice(b) - inDevice(a) || (inDevice(a) === 1 ? compareUrgency(a, b) : byPriority(a, b)),
  ];
}

/** So many samples at most are tried in another order because some stand in devices: more are left to search. */
const mostCrowded = 100;

/** Whether samples stand in devices, some of which could go on together. */
function mayCrowd(lab: Lab, open: readonly Task[]): boolean {
  if (open.length > mostCrowded) return false;
  const isBatch = ({ resource }: Task['steps'][number]['alternatives'][number]) =>
    lab.stations[resource]!.kind === 'batch';
  const inDevice = open.filter((task) => isInDevice(lab, task));
  return inDevice.length > 1 && inDevice.some(({ steps }) => steps.some((step) => step.alternatives.some(isBatch)));
}
