import { type Goal, type Scene, makeScene } from './acquisition.ts';
import type { Stream } from '../base/random.ts';
import { Belief } from './belief.ts';
import { type Outcome, modelValue } from './data.ts';
import { inferReference } from './hypervolume.ts';
import type { Objective } from './problem.ts';
import type { AtObservations } from './report.ts';
import { sobolNormals } from './sobol.ts';

/** A goal with what its model says at the rows where every objective was measured. */
export interface Aim {
  readonly objective: Objective;
  readonly outcome: Outcome;
  readonly at: AtObservations;
}

/** The state of a greedy batch: beliefs that grow by one undecided point for every pending or chosen experiment. */
export interface Batch {
  readonly goals: readonly Goal[];
  /** Goal values (more is better) of the decided incumbents. */
  readonly decided: readonly Float64Array[];
  readonly reference: Float64Array;
  /** Weights of the undecided values, per goal in the order of addition. */
  readonly weights: Float64Array[][];
  readonly draws: readonly (readonly Float64Array[])[];
}

/** Observations whose value is surer than this (in standard deviations of the outcome) are not sampled. */
const sure = 0.02;
const mostUndecided = 12;

const standardTarget = ({ objective, outcome }: Aim): number | undefined =>
  objective.target === undefined ? undefined : modelValue(outcome, objective.target);

const worth = (value: number, target: number | undefined): number =>
  target === undefined ? value : -Math.abs(value - target);

/**
 * Starts a batch from the rows that count as incumbents (their indices in `rows`; may be empty, then only gates decide).
 * Noisy rows that may be the best become undecided; all others stand at their posterior mean.
 */
export function startBatch(
  aims: readonly Aim[],
  incumbents: readonly number[],
  models: (row: number) => Float64Array,
  room: number,
  random: Stream,
): Batch {
  const targets = aims.map(standardTarget);
  const at = aims.map(({ outcome }) => new Map(outcome.rows.map((row, i) => [row, i])));
  const valueOf = (row: number) =>
    Float64Array.from(aims, (aim, m) => worth(aim.at.mean[at[m]!.get(row)!]!, targets[m]));
  const unsure = chooseUndecided(aims, incumbents, (m, row) => at[m]!.get(row)!, valueOf);
  const decided = incumbents.filter((row) => !unsure.includes(row)).map(valueOf);
  const goals = aims.map(({ outcome }, m) => {
    const belief = new Belief(outcome.gp, unsure.length + room);
    return targets[m] === undefined ? { belief } : { belief, target: targets[m] };
  });
  const samples = [0, 32, 32, 16, 8][aims.length]!;
  const columns = unsure.length + room;
  const normals = sobolNormals(samples, columns * aims.length, random);
  const draws = Array.from({ length: samples }, (_, s) =>
    aims.map((_aim, m) => normals.slice((s * aims.length + m) * columns, (s * aims.length + m + 1) * columns)),
  );
  const reference = referenceOf(aims, targets, incumbents.map(valueOf));
  const batch: Batch = { goals, decided, reference, weights: aims.map(() => []), draws };
  for (const row of unsure) addUndecided(batch, models(row));
  return batch;
}

/** Rows that may yet turn out to be the best in some objective, the most promising first. */
function chooseUndecided(
  aims: readonly Aim[],
  incumbents: readonly number[],
  index: (m: number, row: number) => number,
  valueOf: (row: number) => Float64Array,
): number[] {
  const spread = (row: number) => Float64Array.from(aims, ({ at }, m) => Math.sqrt(at.variance[index(m, row)]!));
  const floor = aims.map((_, m) => Math.max(...incumbents.map((row) => valueOf(row)[m]! - 2 * spread(row)[m]!)));
  const promise = (row: number) => {
    const sds = spread(row);
    const value = valueOf(row);
    if (aims.length === 1) return value[0]! + 2 * sds[0]! - floor[0]!;
    const beaten = incumbents.some((other) =>
      valueOf(other).every((v, m) => v - spread(other)[m]! > value[m]! + sds[m]!),
    );
    return beaten ? -1 : Math.max(...sds);
  };
  return incumbents
    .filter((row) => Math.max(...spread(row)) > sure)
    .map((row) => ({ row, score: promise(row) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, mostUndecided)
    .map(({ row }) => row);
}

/** The given reference values in standardised units, inferred ones where none is given; -Infinity for one objective. */
function referenceOf(
  aims: readonly Aim[],
  targets: readonly (number | undefined)[],
  values: Float64Array[],
): Float64Array {
  if (aims.length === 1) return Float64Array.of(-Infinity);
  const inferred = values.length > 0 ? inferReference(values) : new Float64Array(aims.length).fill(-3);
  return inferred.map((value, m) => {
    const { objective, outcome } = aims[m]!;
    if (objective.reference === undefined) return value;
    return worth(modelValue(outcome, objective.reference), targets[m]);
  });
}

/** Adds a pending or just chosen experiment (model coordinates): its value is unknown but will count. */
export function addUndecided(batch: Batch, model: Float64Array): void {
  batch.goals.forEach(({ belief }, m) => batch.weights[m]!.push(belief.add(model)));
}

/** The scenes of the batch as it stands; one is enough while nothing is undecided. */
export function scenesOf(batch: Batch): Scene[] {
  const undecided = batch.weights[0]!.length;
  if (undecided === 0) {
    if (batch.decided.length === 0) return [];
    return [
      makeScene(
        batch.decided,
        batch.reference,
        batch.goals.map(() => new Float64Array(0)),
      ),
    ];
  }
  return batch.draws.map((draws) => {
    const drawn = Array.from({ length: undecided }, () => new Float64Array(batch.goals.length));
    batch.goals.forEach(({ belief, target }, m) => {
      const { whitened } = belief.gp;
      batch.weights[m]!.forEach((weights, i) => {
        let value = belief.means[i]!;
        for (let k = 0; k < weights.length; k++) {
          value += weights[k]! * (k < whitened.length ? whitened[k]! : draws[m]![k - whitened.length]!);
        }
        drawn[i]![m] = worth(value, target);
      });
    });
    return makeScene(
      [...batch.decided, ...drawn],
      batch.reference,
      draws.map((draw) => draw.slice(0, undecided)),
    );
  });
}
