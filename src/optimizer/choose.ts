import type { Stream } from '../base/random.ts';
import { Acquisition } from './acquisition.ts';
import { Belief } from './belief.ts';
import { confidenceSurface } from './confidence.ts';
import type { Row } from './data.ts';
import { drawJointly } from './draws.ts';
import { worthOf } from './explain.ts';
import type { Models } from './models.ts';
import type { SuggestOptions } from './problem.ts';
import { samplePoints } from './sample.ts';
import { chebyshev, drawWeights, idealOf, scalarAim } from './scalarize.ts';
import { type Aim, addUndecided, scenesOf, startBatch } from './scenes.ts';
import { type Found, type Surface, isTaken, listPoints, maximize } from './search.ts';
import { type Space, modelPoint } from './space.ts';
import { backward, slopeAt } from './transform.ts';

/** What a choice is made from. */
export interface Choice {
  readonly space: Space;
  readonly models: Models;
  readonly rows: readonly Row[];
  /** Indices of the rows that count. */
  readonly incumbents: readonly number[];
  readonly options: SuggestOptions;
  readonly random: (name: string) => Stream;
  /** Another belief about the same outcomes, with which the gain is averaged; its probability, 0 to 1. */
  readonly other?: { readonly models: Models; readonly weight: number };
}

/** Chooses the next points one after the other; what was added is taken into account. */
export interface Chooser {
  /** Tells of a pending or chosen point, in search coordinates. */
  add(x: Float64Array): void;
  /** The best point that is none of the taken ones; undefined where all are taken. */
  choose(taken: readonly Float64Array[], index: number): Found | undefined;
}

export function chooserOf(choice: Choice, room: number): Chooser {
  const { acquisition = 'gain', scalarize = false } = choice.options;
  const several = choice.models.aims.length > 1;
  if (acquisition === 'thompson') return thompsonChooser(choice);
  if (acquisition === 'ucb') return confidenceChooser(choice, room);
  return several && scalarize ? scalarChooser(choice, room) : gainChooser(choice, choice.models.aims, room, 'draws');
}

const objectivesOf = ({ aims }: Models) => aims.map(({ objective }) => objective);

const climb = (
  { space, models, rows, random }: Choice,
  surface: Surface,
  taken: readonly Float64Array[],
  index: number,
) => maximize(space, surface, { random: random(`search/${index}`), near: bestRows(models.aims, rows), taken });

/** By expected (hypervolume) improvement. */
function gainChooser(choice: Choice, aims: readonly Aim[], room: number, draws: string): Chooser {
  const { space, models, rows, incumbents, random, other } = choice;
  const start = (sides: readonly Aim[]) => startBatch(sides, incumbents, (i) => rows[i]!.model, room, random(draws));
  const batch = start(aims);
  const second = other && { ...other, batch: start(other.models.aims), odds: logOdds(aims, other, incumbents) };
  return {
    add: (x) => {
      addUndecided(batch, modelPoint(space, x));
      if (second !== undefined) addUndecided(second.batch, modelPoint(space, x));
    },
    choose: (taken, index) => {
      const acquisition = new Acquisition(space, batch.goals, scenesOf(batch), models.gates);
      const own: Surface = (x, gradient) => acquisition.at(x, gradient);
      if (second === undefined) return climb(choice, own, taken, index);
      const { goals } = second.batch;
      const beside = new Acquisition(space, goals, scenesOf(second.batch), second.models.gates);
      return climb(
        choice,
        averaged(own, (x, gradient) => beside.at(x, gradient), second),
        taken,
        index,
      );
    },
  };
}

/** Log odds of the other belief, times the unit in which it measures gain over that of `aims`. */
function logOdds(
  aims: readonly Aim[],
  { models, weight }: NonNullable<Choice['other']>,
  incumbents: readonly number[],
) {
  const unit = (sides: readonly Aim[]) => sides.reduce((sum, aim) => sum + logUnit(aim, incumbents), 0);
  return Math.log(weight / (1 - weight)) + unit(models.aims) - unit(aims);
}

/** Log of what a unit on the scale of the model is worth in the objective's, where it is transformed near the best so far. */
function logUnit({ outcome, at }: Aim, incumbents: readonly number[]): number {
  const { transform, scale, rows } = outcome;
  if (transform === undefined || incumbents.length === 0) return Math.log(Math.abs(scale));
  const best = Math.max(...incumbents.map((row) => at.mean[rows.indexOf(row)]!));
  return Math.log(Math.abs(scale) / slopeAt(transform, backward(transform, best)));
}

/** Log of the gain expected under two beliefs: log((1 - weight) e^a + weight e^b) with b in the unit of a. */
function averaged(a: Surface, b: Surface, { weight, odds }: { weight: number; odds: number }): Surface {
  return (x, gradient) => {
    const beside = gradient && new Float64Array(gradient.length);
    const first = a(x, gradient);
    const second = b(x, beside) + odds;
    const top = Math.max(first, second);
    const total = top + Math.log(Math.exp(first - top) + Math.exp(second - top));
    const share = Math.exp(second - total);
    beside?.forEach((slope, j) => (gradient![j] = (1 - share) * gradient![j]! + share * slope));
    return total + Math.log(1 - weight);
  };
}

/** By expected improvement of a Chebyshev scalarisation with new weights for every point (Knowles 2006); of one belief. */
function scalarChooser({ other: _other, ...choice }: Choice, room: number): Chooser {
  const { space, models, rows, incumbents, random } = choice;
  const added: Float64Array[] = [];
  return {
    add: (x) => void added.push(x),
    choose: (taken, index) => {
      const weights = drawWeights(objectivesOf(models), random(`weights/${index}`));
      const aim = scalarAim(space, models.aims, rows, weights, idealOf(models.aims, incumbents));
      const chooser = gainChooser(choice, aim === undefined ? models.aims : [aim], room, `draws/${index}`);
      added.forEach((x) => chooser.add(x));
      return chooser.choose(taken, index);
    },
  };
}

/** By the upper confidence bound, its spread that which is left once all added points are measured. */
function confidenceChooser(choice: Choice, room: number): Chooser {
  const { space, models, incumbents, options, random } = choice;
  const beliefs = models.aims.map(({ outcome }) => new Belief(outcome.gp, room));
  return {
    add: (x) => beliefs.forEach((belief) => belief.add(modelPoint(space, x))),
    choose: (taken, index) => {
      const weights = drawWeights(objectivesOf(models), random(`weights/${index}`));
      const ideal = idealOf(models.aims, incumbents);
      const surface = confidenceSurface({
        ...{ space, aims: models.aims, beliefs, gates: models.gates, weights, ideal },
        confidence: options.confidence ?? 2,
      });
      return climb(choice, surface, taken, index);
    },
  };
}

/** Points at which the function is drawn. */
const stage = 200;

/** Where one joint draw of the function is highest among the most promising points (Thompson sampling). */
function thompsonChooser(choice: Choice): Chooser {
  const { space, models, incumbents, random } = choice;
  const beliefs = models.aims.map(({ outcome }) => new Belief(outcome.gp, 0));
  const promise = (x: Float64Array) => {
    const model = modelPoint(space, x);
    const chance = models.gates.reduce((sum, gate) => sum + gate(model), 0);
    return beliefs.reduce((sum, belief, m) => {
      belief.look(model);
      const aim = models.aims[m]!;
      return sum + Math.max(...[-2, 0, 2].map((step) => worthOf(aim, belief.mean + step * belief.sd)));
    }, chance);
  };
  return {
    add: () => undefined,
    choose: (taken, index) => {
      const drawing = random(`thompson/${index}`);
      const pool = listPoints(space, drawing) ?? samplePoints(space, 1500, drawing);
      const free = pool.filter((x) => !isTaken(x, taken)).map((x) => ({ x, promise: promise(x) }));
      const candidates = free.sort((a, b) => b.promise - a.promise).slice(0, stage);
      if (candidates.length === 0) return climb(choice, promise, taken, index);
      const points = candidates.map(({ x }) => modelPoint(space, x));
      const drawn = models.aims.map(({ outcome }) => drawJointly(outcome.gp, points, 1, drawing)[0]!);
      const weights = drawWeights(objectivesOf(models), drawing);
      const ideal = idealOf(models.aims, incumbents);
      const value = (i: number) => {
        const goals = models.aims.map((aim, m) => worthOf(aim, drawn[m]![i]!));
        const worth = goals.length === 1 ? goals[0]! : chebyshev(weights, ideal, goals);
        return models.gates.reduce((sum, gate) => sum + gate(points[i]!), worth);
      };
      const rated = candidates.map(({ x }, i) => ({ x: Float64Array.from(x), value: value(i) }));
      return rated.reduce((a, b) => (b.value > a.value ? b : a));
    },
  };
}

/** The five best rows of every objective, by posterior mean. */
function bestRows(aims: readonly Aim[], rows: readonly Row[]): Float64Array[] {
  return aims.flatMap((aim) => {
    const { at, outcome } = aim;
    const order = outcome.rows.map((_, i) => i).sort((a, b) => worthOf(aim, at.mean[b]!) - worthOf(aim, at.mean[a]!));
    return order.slice(0, 5).map((i) => rows[outcome.rows[i]!]!.x);
  });
}
