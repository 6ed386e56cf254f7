import { unwrap } from '../../../src/base/failure.ts';
import { stream } from '../../../src/base/random.ts';
import { decide } from '../../../src/optimizer/stages/decide.ts';
import type { PendingStage, StagedModel, StagedProblem, StagedRow } from '../../../src/optimizer/stages/staged.ts';
import { suggest } from '../../../src/optimizer/suggest.ts';
import type { Point, Problem } from '../../../src/optimizer/problem.ts';

/** A staged problem with its truth. Outputs of every stage are numbers in the order of the problem's outputs. */
export interface World {
  readonly name: string;
  readonly problem: StagedProblem;
  /** True hidden outputs of stage `k` given its parameters and the hidden outputs before; the next stage works on these. */
  readonly truth: (k: number, parameters: readonly number[], before: readonly number[]) => number[];
  /** What is measured of them, in the `at`-th measurement of a run. */
  readonly measure: (k: number, hidden: readonly number[], seed: number, at: number) => number[];
  readonly optimum: number;
  /** A typical final value, so that regrets can be compared: regret is 1 there. */
  readonly typical: number;
  readonly initial: number;
  readonly budget: number;
}

interface Track {
  row: {
    sample: string;
    stages: Record<string, { parameters: Point; outputs: Record<string, number> }>;
    closed?: boolean;
  };
  hidden: number[];
}

/** The state of one run: its rows and what they cost. */
export interface Run {
  readonly world: World;
  readonly seed: number;
  readonly tracks: Map<string, Track>;
  measured: number;
  cost: number;
  /** Best true final value of a complete sample. */
  best: number;
  /** CPU seconds of every call. */
  readonly times: number[];
  model?: StagedModel;
}

export const rowsOf = ({ tracks }: Run): StagedRow[] => [...tracks.values()].map(({ row }) => row);

/** Runs one stage of one sample and books it. */
export function perform(run: Run, sample: string, id: string, parameters: Point, free = false): void {
  const { stages } = run.world.problem;
  const k = stages.findIndex((stage) => stage.id === id);
  const track = run.tracks.get(sample) ?? { row: { sample, stages: {} }, hidden: [] };
  run.tracks.set(sample, track);
  const values = stages[k]!.space.parameters.map(({ name }) => Number(parameters[name]));
  track.hidden = run.world.truth(k, values, track.hidden);
  const measured = run.world.measure(k, track.hidden, run.seed, run.measured);
  run.measured += 1;
  const outputs = Object.fromEntries(stages[k]!.outputs.map(({ name }, i) => [name, measured[i]!]));
  track.row.stages[id] = { parameters, outputs };
  if (!free) run.cost += stages[k]!.cost.base;
  if (k === stages.length - 1) run.best = Math.max(run.best, track.hidden[0]!);
}

/** A run with its initial complete samples, spread by a design that all arms share; they are not charged. */
export function startRun(world: World, seed: number): Run {
  const run: Run = { world, seed, tracks: new Map(), measured: 0, cost: 0, best: -Infinity, times: [] };
  const whole = wholeProblem(world.problem);
  const { suggestions } = unwrap(
    suggest(whole, [], [], { count: world.initial, seed: `start/${seed}`, initial: world.initial }),
  );
  suggestions.forEach(({ point }, i) => {
    for (const { id, space } of world.problem.stages)
      perform(run, `initial-${i}`, id, pick(point, space.parameters), true);
  });
  return run;
}

const pick = (point: Point, parameters: readonly { name: string }[]): Point =>
  Object.fromEntries(parameters.map(({ name }) => [name, point[name]!]));

/** True final value of a design, by stage id. */
export function valueOf(
  { problem, truth }: Pick<World, 'problem' | 'truth'>,
  design: Readonly<Record<string, Point>>,
): number {
  return problem.stages.reduce(
    (hidden: number[], { id, space }, k) =>
      truth(
        k,
        space.parameters.map(({ name }) => Number(design[id]![name])),
        hidden,
      ),
    [],
  )[0]!;
}

/** The design that final-only optimization would recommend: the best measured one. */
export function bestWhole({ problem }: World, rows: readonly StagedRow[]): Record<string, Point> {
  const objective = problem.objectives[0]!.name;
  const last = problem.stages.at(-1)!.id;
  const best = rows.reduce((a, b) => {
    const value = ({ stages }: StagedRow) => stages[last]?.outputs[objective] ?? -Infinity;
    return value(b) > value(a) ? b : a;
  });
  return Object.fromEntries(Object.entries(best.stages).map(([id, { parameters }]) => [id, parameters]));
}

/** All stages as one experiment, which is how an optimizer that sees only the end has it. */
export const wholeProblem = ({ stages, objectives }: StagedProblem): Problem => ({
  parameters: stages.flatMap(({ space }) => space.parameters),
  constraints: [],
  objectives,
});

const wholeCost = ({ stages }: StagedProblem): number => stages.reduce((sum, { cost }) => sum + cost.base, 0);

function timed<T>(run: Run, work: () => T): T {
  const start = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(start);
  run.times.push((user + system) / 1e6);
  return value;
}

/** Called after every completed stage. */
export type Watch = (run: Run) => void;

/** The staged optimizer with `q` stages in flight at any time; a stage takes as long as it costs, or all equally long. */
export function runStaged(run: Run, q: number, watch: Watch, even = false): void {
  const { problem, budget } = run.world;
  const flights: (PendingStage & { end: number })[] = [];
  let clock = 0;
  let committed = 0;
  let started = 0;
  for (;;) {
    while (flights.length < q) {
      const wanted = q - flights.length;
      const options = { seed: run.seed, count: wanted, initial: 0, ...(run.model && { model: run.model }) };
      const pending = flights.map(({ sample, stage, parameters }) => ({ sample, stage, parameters }));
      const { decisions, model } = timed(run, () => unwrap(decide(problem, rowsOf(run), pending, options)));
      run.model = model;
      let room = true;
      for (const { kind, sample, stage, parameters, cost } of decisions) {
        if (kind === 'drop') {
          run.tracks.get(sample)!.row.closed = true;
          continue;
        }
        room = committed + cost <= budget * (1 + 1e-9);
        if (!room) break;
        committed += cost;
        flights.push({
          sample: kind === 'start' ? `sample-${started++}` : sample,
          stage,
          parameters,
          end: clock + (even ? 1 : cost),
        });
      }
      if (!room) break;
    }
    if (flights.length === 0) return;
    flights.sort((a, b) => a.end - b.end);
    const { sample, stage, parameters, end } = flights.shift()!;
    clock = end;
    perform(run, sample, stage, parameters);
    watch(run);
  }
}

/** Bayesian optimization of whole experiments, `q` in flight; or random ones. */
export function runWhole(run: Run, q: number, watch: Watch, random = false): void {
  const { problem, budget } = run.world;
  const whole = wholeProblem(problem);
  const each = wholeCost(problem);
  const draws = stream(run.seed, 'bench/random');
  const last = problem.stages.at(-1)!;
  const queue: Point[] = [];
  const choose = (): Point => {
    if (random)
      return Object.fromEntries(
        whole.parameters.map((p) => [p.name, p.type === 'continuous' ? p.min + draws.next() * (p.max - p.min) : 0]),
      );
    const data = rowsOf(run).map(({ stages }) => ({
      point: Object.assign({}, ...Object.values(stages).map(({ parameters }) => parameters)) as Point,
      values: stages[last.id]!.outputs,
    }));
    const { suggestions } = timed(run, () =>
      unwrap(suggest(whole, data, queue, { count: 1, seed: run.seed, initial: 0 })),
    );
    return suggestions[0]!.point;
  };
  for (let i = 0; run.cost + each * (queue.length + 1) <= budget * (1 + 1e-9) || queue.length > 0;) {
    while (queue.length < q && run.cost + each * (queue.length + 1) <= budget * (1 + 1e-9)) queue.push(choose());
    const point = queue.shift()!;
    for (const { id, space } of problem.stages) perform(run, `whole-${i}`, id, pick(point, space.parameters));
    i += 1;
    watch(run);
  }
}
