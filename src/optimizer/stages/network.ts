import { costOf } from '../cost.ts';
import type { Problem } from '../problem.ts';
import { type Space, compileSpace, encode, modelPoint } from '../space.ts';
import type { AimedObjective, FinishedStage, PendingStage, Stage, StagedProblem, StagedRow } from './staged.ts';

/** A stage with everything that does not depend on data worked out; stages are named by their index. */
export interface Node {
  readonly stage: Stage;
  readonly space: Space;
  readonly parents: readonly number[];
  /** All stages before it, the parents included, in topological order. */
  readonly ancestors: readonly number[];
  readonly problem: Problem;
  /** Runs of the stage that take several samples with equal values in these columns; absent where one run takes one. */
  readonly shared?: { readonly capacity: number; readonly columns: readonly number[] };
}

export interface Network {
  /** In topological order, cheaper ones first where the order is free. */
  readonly nodes: readonly Node[];
  readonly index: ReadonlyMap<string, number>;
  /** The stage that holds the objective. */
  readonly last: number;
  /** It and its ancestors, which a sample must finish, in order. */
  readonly path: readonly number[];
  readonly objectives: readonly AimedObjective[];
}

/** One sample in coordinates: search coordinates of the parameters and raw outputs of every finished stage. */
export interface Sample {
  readonly name: string;
  readonly x: (Float64Array | undefined)[];
  readonly y: (Float64Array | undefined)[];
  readonly closed: boolean;
  /** Index of a stage that ran alone, with the proxies that were set in `y` of its parents. */
  readonly alone?: number;
  /** The earlier campaign that it is from. */
  readonly source?: string;
}

/** A stage as a problem of its own, which the checks and spaces of the plain optimizer understand. */
export const stageProblem = ({ space, outputs, cost }: Stage): Problem => ({
  ...space,
  objectives: outputs.map(({ name }) => ({ name, goal: 'maximize' })),
  cost,
});

export function compileNetwork(problem: StagedProblem): Network {
  const order: Stage[] = [];
  const left = [...problem.stages].sort((a, b) => a.cost.base - b.cost.base);
  while (left.length > 0) {
    const next = left.findIndex(({ after }) => after.every((id) => order.some((stage) => stage.id === id)));
    order.push(...left.splice(next, 1));
  }
  const index = new Map(order.map(({ id }, k) => [id, k]));
  const nodes: Node[] = [];
  for (const stage of order) {
    const parents = stage.after.map((id) => index.get(id)!);
    const above = new Set(parents.flatMap((k) => [...nodes[k]!.ancestors, k]));
    const ancestors = [...above].sort((a, b) => a - b);
    const own = stageProblem(stage);
    nodes.push({ stage, space: compileSpace(own), parents, ancestors, problem: own, ...sharedOf(stage) });
  }
  const wanted = problem.objectives[0]!.name;
  const last = nodes.findIndex(({ stage }) => stage.outputs.some(({ name }) => name === wanted));
  return { nodes, index, last, path: [...nodes[last]!.ancestors, last], objectives: problem.objectives };
}

/** New samples come one by one, so that runs of a first stage are not shared. */
function sharedOf({ shared, space, after }: Stage): Pick<Node, 'shared'> {
  if (shared === undefined || shared.capacity < 2 || after.length === 0) return {};
  const columns = space.parameters.flatMap(({ name }, j) => (shared.parameters.includes(name) ? [j] : []));
  return { shared: { capacity: shared.capacity, columns } };
}

const outputsOf = ({ stage }: Node, values: Readonly<Record<string, number>>): Float64Array =>
  Float64Array.from(stage.outputs, ({ name }) => values[name] ?? NaN);

/** The samples in an order of their own, by what was measured, so that nothing depends on that of the rows. */
export function samplesOf(network: Network, rows: readonly StagedRow[]): Sample[] {
  const samples = rows.map((row) => sampleOf(network, row));
  const keys = new Map(samples.map((sample) => [sample, keyOf(sample)]));
  return samples.sort((a, b) => (keys.get(a)! < keys.get(b)! ? -1 : keys.get(a)! > keys.get(b)! ? 1 : 0));
}

const keyOf = ({ name, x, y }: Sample): string => JSON.stringify([x.map(list), y.map(list), name]);
const list = (values: Float64Array | undefined): number[] => [...(values ?? [])];

function sampleOf({ nodes, index }: Network, { sample, stages, closed = false, source }: StagedRow): Sample {
  const x = nodes.map((): Float64Array | undefined => undefined);
  const y = nodes.map((): Float64Array | undefined => undefined);
  let alone: number | undefined;
  for (const [id, { parameters, outputs, inputs }] of Object.entries(stages)) {
    const k = index.get(id)!;
    const node = nodes[k]!;
    x[k] = encode(node.space, parameters);
    y[k] = outputsOf(node, outputs);
    if (inputs === undefined) continue;
    alone = k;
    for (const parent of node.parents) y[parent] = outputsOf(nodes[parent]!, inputs);
  }
  const origin = source === undefined ? {} : { source };
  return {
    name: sample,
    x,
    y,
    closed: closed || source !== undefined,
    ...origin,
    ...(alone === undefined ? {} : { alone }),
  };
}

/** A sample as if the pending stage were about to be run on it. */
export function pendingSample(network: Network, samples: readonly Sample[], pending: PendingStage): Sample {
  const { sample, stage, parameters, inputs } = pending;
  const known = samples.find(({ name }) => name === sample);
  const outputs: FinishedStage['outputs'] = {};
  const own = sampleOf(network, {
    sample,
    stages: { [stage]: { parameters, outputs, ...(inputs === undefined ? {} : { inputs }) } },
  });
  const k = network.index.get(stage)!;
  own.y[k] = undefined;
  if (known === undefined) return own;
  return { ...own, x: known.x.map((x, i) => (i === k ? own.x[k] : x)), y: [...known.y] };
}

/** Whether a sample has been carried through to the objective; what ran alone is no candidate. */
export const isComplete = ({ last }: Network, { y, alone }: Sample): boolean =>
  y[last] !== undefined && alone === undefined;

/** Stages that a sample could run now, of those that lead to the objective. */
export function readyStages({ nodes, path }: Network, { y, alone }: Pick<Sample, 'y' | 'alone'>): number[] {
  if (alone !== undefined) return [];
  return path.filter((k) => y[k] === undefined && nodes[k]!.parents.every((parent) => y[parent] !== undefined));
}

/** Cost of running a stage at search coordinates. */
export function stageCost({ stage, space }: Node, x: Float64Array): number {
  const { cost } = stage;
  if (cost.terms === undefined && cost.levels === undefined) return cost.base;
  return costOf(cost, Object.fromEntries(space.dimensions.map(({ name, decode }, j) => [name, decode(x[j]!)])));
}

export const modelOf = ({ space }: Node, x: Float64Array): Float64Array =>
  space.dimensions.length === 0 ? x : modelPoint(space, x);
