import type { Alternative, Lab, Task } from './compile.ts';
import type { Act } from './script.ts';

/** Looks at no more than this many states of the lab. */
const effort = 600;

/**
 * An order in which samples that stand in each other's way can all be brought to their ends, one move at a time and without
 * regard to time: a depth-first search over the states of the lab, which goes on with the sample moved last as long as it
 * can. Gives the acts of every sample, their keys being the order; undefined when none is found with bounded effort.
 */
export function untangle(lab: Lab, tasks: readonly Task[], held: readonly Task[]): Map<number, Act[]> | undefined {
  const modes: readonly Parking[] = lab.racks.length > 0 ? ['never', 'late', 'first'] : ['never'];
  for (const parking of modes) {
    const search = new Untangle(lab, tasks, held, parking);
    if (search.solve()) return search.scripts();
  }
  return undefined;
}

/** Whether racks are used, and then rather than the way to the next step or only when that is taken. */
type Parking = 'never' | 'late' | 'first';

class Untangle {
  readonly #lab: Lab;
  readonly #tasks: readonly Task[];
  readonly #parking: Parking;
  readonly #at: number[];
  readonly #done: number[];
  readonly #room: number[];
  /** Samples that do not move at all, by resource. */
  readonly #strangers: number[];
  readonly #acts: Act[] = [];
  readonly #seen = new Set<string>();

  constructor(lab: Lab, tasks: readonly Task[], held: readonly Task[], parking: Parking) {
    this.#parking = parking;
    this.#lab = lab;
    this.#tasks = tasks;
    this.#at = tasks.map(({ at }) => at);
    this.#done = tasks.map(() => 0);
    this.#room = lab.stations.map(({ capacity }) => capacity);
    this.#strangers = lab.stations.map(() => 0);
    for (const { at } of [...tasks, ...held]) if (at >= 0) this.#room[at]! -= 1;
    for (const { at } of held) if (at >= 0) this.#strangers[at]! += 1;
  }

  solve(): boolean {
    return this.#settle(() => this.#search(0));
  }

  scripts(): Map<number, Act[]> {
    const scripts = new Map<number, Act[]>(this.#tasks.map(({ index }) => [index, []]));
    for (const act of this.#acts) scripts.get(act.task.index)!.push(act);
    return scripts;
  }

  #search(last: number): boolean {
    if (this.#at.every((at) => at < 0)) return true;
    const state = `${this.#at.join()};${this.#done.join()}`;
    if (this.#seen.has(state)) return false;
    this.#seen.add(state);
    for (let i = 0; i < this.#tasks.length && this.#seen.size < effort; i++) {
      const x = (last + i) % this.#tasks.length;
      if (this.#at[x]! >= 0 && this.#targets(x).some((to) => this.#seen.size < effort && this.#move(x, to)))
        return true;
    }
    return false;
  }

  /**
   * Where the sample may go next: to its step, or else into a rack. Once there for its step it stays until that is done.
   * Samples prefer different alternatives, because this search does not see that a resource is busy.
   */
  #targets(x: number): number[] {
    const { stations, racks, travel } = this.#lab;
    const { steps, out, at: origin } = this.#tasks[x]!;
    const at = this.#at[x]!;
    const step = steps[this.#done[x]!];
    const ready = this.#alternativeAt(x) === undefined;
    const parks =
      this.#parking !== 'never' && stations[at]!.kind !== 'rack' && (ready || (this.#done[x] === 0 && at === origin));
    const ways = step === undefined ? [out] : step.alternatives.map(({ resource }) => resource);
    const turn = x % ways.length;
    const wanted = ready ? [...ways.slice(turn), ...ways.slice(0, turn)] : [];
    const rest = parks ? racks.filter((rack) => !wanted.includes(rack)) : [];
    const targets = this.#parking === 'first' ? [...rest, ...wanted] : [...wanted, ...rest];
    return targets.filter((to) => to !== at && this.#room[to]! > 0 && travel[at]![to]! < Infinity);
  }

  #move(x: number, to: number): boolean {
    const task = this.#tasks[x]!;
    const from = this.#at[x]!;
    const length = this.#acts.length;
    const duration = this.#lab.travel[from]![to]!;
    this.#acts.push(this.#act({ task, kind: 'move', resource: to, step: this.#done[x]!, duration }));
    this.#room[from]! += 1;
    const leaves = this.#done[x] === task.steps.length && to === task.out;
    this.#at[x] = leaves ? -1 : to;
    if (!leaves) this.#room[to]! -= 1;
    if (this.#settle(() => this.#search(x))) return true;
    this.#at[x] = from;
    this.#room[from]! -= 1;
    if (!leaves) this.#room[to]! += 1;
    this.#acts.length = length;
    return false;
  }

  /** Lets every sample do the step for which it has arrived, goes on, and takes that back if it leads nowhere. */
  #settle(next: () => boolean): boolean {
    const done = [...this.#done];
    const at = [...this.#at];
    const room = [...this.#room];
    while (this.#tasks.some((_, x) => this.#work(x)));
    if (next()) return true;
    done.forEach((value, x) => (this.#done[x] = value));
    at.forEach((value, x) => (this.#at[x] = value));
    room.forEach((value, resource) => (this.#room[resource] = value));
    return false;
  }

  #work(x: number): boolean {
    const at = this.#at[x]!;
    const alternative = this.#alternativeAt(x);
    if (alternative === undefined) return false;
    let crew = [x];
    if (this.#lab.stations[at]!.kind === 'batch') {
      crew = this.#at.flatMap((place, y) => (place === at ? [y] : []));
      if (this.#strangers[at]! > 0 || !crew.every((y) => this.#together(x, y))) return false;
    }
    const batch =
      this.#lab.stations[at]!.kind === 'batch' ? `${this.#lab.stations[at]!.id}+${this.#acts.length}` : undefined;
    for (const y of crew) this.#process(y, alternative, batch);
    return true;
  }

  #alternativeAt(x: number): Alternative | undefined {
    const step = this.#tasks[x]!.steps[this.#done[x]!];
    return step?.alternatives.find(({ resource }) => resource === this.#at[x]);
  }

  #together(x: number, y: number): boolean {
    const [mine, other] = [this.#alternativeAt(x), this.#alternativeAt(y)];
    const recipe = (z: number) => this.#tasks[z]!.steps[this.#done[z]!]?.recipe;
    return other !== undefined && other.duration === mine!.duration && recipe(x) === recipe(y);
  }

  #process(x: number, { resource, duration }: Alternative, batch: string | undefined): void {
    const task = this.#tasks[x]!;
    this.#acts.push(this.#act({ task, kind: 'process', resource, step: this.#done[x]!, duration, batch }));
    this.#done[x]! += 1;
    if (this.#done[x] !== task.steps.length || (task.out >= 0 && task.out !== resource)) return;
    this.#at[x] = -1;
    this.#room[resource]! += 1;
  }

  #act(act: Omit<Act, 'key' | 'batch'> & { readonly batch?: string | undefined }): Act {
    return { batch: undefined, ...act, key: this.#acts.length };
  }
}
