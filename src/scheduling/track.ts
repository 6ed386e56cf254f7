import type { Task } from './compile.ts';
import type { Node } from './reach.ts';
import type { Move, Run, Stay, Track, Work, World } from './world.ts';

/** The way that leads to `last`, as what is to be booked; the place at its beginning is held since `since`. */
export function trackOf(world: World, task: Task, last: Node, since = world.lab.now): Track {
  const nodes: Node[] = [];
  for (let node: Node | undefined = last; node !== undefined; node = node.parent) nodes.push(node);
  nodes.reverse();
  return {
    stays: world.lab.moved ? staysOf(world, nodes, since) : workStays(nodes),
    works: nodes.filter(({ kind }) => kind === 'process').map((node) => workOf(world, task, node)),
    moves: movesOf(world, nodes),
    end: last.ready,
  };
}

/** Without transport a place is held only while the work lasts. */
const workStays = (nodes: readonly Node[]): Stay[] =>
  nodes
    .filter(({ kind }) => kind === 'process')
    .map(({ resource, start, ready }) => ({ resource, lo: start, hi: ready }));

/** A place is held from the start of the move in until it is picked from, through all that is done there. */
function staysOf(world: World, nodes: readonly Node[], since: number): Stay[] {
  const { pick } = world.lab;
  const stays: Stay[] = [];
  let lo = since;
  nodes.forEach((node, i) => {
    const next = nodes[i + 1];
    const { resource } = node;
    if (next === undefined) {
      if (resource >= 0) stays.push({ resource, lo, hi: node.ready });
    } else if (resource < 0) {
      lo = next.arrive;
    } else if (next.leave >= 0) {
      stays.push({ resource, lo, hi: next.leave + pick });
      lo = next.leave;
    }
  });
  return stays;
}

function workOf(world: World, task: Task, node: Node): Work {
  const { resource, start, ready, done, run } = node;
  const work = { resource, step: done - 1, start, end: ready };
  if (world.lab.stations[resource]!.kind !== 'batch') return work;
  return { ...work, run: run ?? openRun(resource, task.steps[done - 1]!.recipe, start, ready) };
}

const openRun = (resource: number, recipe: string | undefined, start: number, end: number): Run => ({
  resource,
  recipe,
  start,
  end,
  members: new Set(),
  fixed: false,
});

function movesOf(world: World, nodes: readonly Node[]): Move[] {
  const moves: Move[] = [];
  nodes.forEach(({ kind, resource, leave, done }, i) => {
    const from = nodes[i - 1]?.resource;
    if (from === undefined || !(leave >= 0)) return;
    const end = leave + world.lab.travel[from]![resource]!;
    moves.push({ from, to: resource, step: kind === 'process' ? done - 1 : done, start: leave, end });
  });
  return moves;
}

/** The same tracks with runs of their own, which know no members yet. */
export function copyOf(tracks: ReadonlyMap<number, Track>): Map<number, Track> {
  const runs = new Map<Run, Run>();
  const twin = (run: Run): Run => {
    const known = runs.get(run) ?? { ...run, members: new Set<number>() };
    runs.set(run, known);
    return known;
  };
  return new Map(
    [...tracks].map(([index, track]) => {
      const works = track.works.map((work) => (work.run === undefined ? work : { ...work, run: twin(work.run) }));
      return [index, { ...track, works }];
    }),
  );
}
