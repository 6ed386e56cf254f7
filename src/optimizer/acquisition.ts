import type { Belief } from './belief.ts';
import { type Box, nondominatedBoxes } from './hypervolume.ts';
import { type Gain, gainAbove, gainBetween, gainNear } from './improvement.ts';
import { type Space, warpSlope, warped } from './space.ts';

/** One objective in standardised units, turned so that more is better, or with a value to come near to. */
export interface Goal {
  readonly belief: Belief;
  readonly target?: number;
}

/** A factor of the acquisition: its logarithm at x (model coordinates), the derivative added to `gradient`. */
export interface Gate {
  (x: Float64Array, gradient?: Float64Array): number;
}

/** One draw of the undecided values: what the front then is, and the draw itself for every goal. */
export interface Scene {
  /** Distinct edges of the boxes, per goal. */
  readonly levels: readonly (readonly number[])[];
  /** Per box and goal: index of the lower and of the upper level, -1 for no upper one. */
  readonly boxes: readonly Int32Array[];
  readonly draws: readonly Float64Array[];
}

/** The scene in which `front` (goal values, more is better) is reached and `reference` is worth nothing. */
export function makeScene(
  front: readonly Float64Array[],
  reference: Float64Array,
  draws: readonly Float64Array[],
): Scene {
  const boxes = nondominatedBoxes(front, reference);
  const levels = Array.from(reference, (_, m) => [
    ...new Set(boxes.flatMap(({ lower, upper }) => [lower[m]!, upper[m]!]).filter(Number.isFinite)),
  ]);
  const index = ({ lower, upper }: Box) =>
    Int32Array.from({ length: 2 * levels.length }, (_, k) =>
      levels[k >> 1]!.indexOf(k % 2 === 0 ? lower[k >> 1]! : upper[k >> 1]!),
    );
  return { levels, boxes: boxes.map(index), draws };
}

const newGain = (): Gain => ({ log: 0, byMean: 0, bySd: 0 });

/**
 * Logarithm of the expected (hypervolume) improvement of one further point over noisy observations and pending points:
 *
 *   log E over draws [ E[ improvement(f(x)) | draw ] ] + sum of gates.
 *
 * The inner expectation is exact: log EI for one objective (Ament et al. 2023), for several the sum over boxes of the
 * products of one-dimensional gains (Emmerich et al. 2016; Daulton, Balandat and Bakshy 2021 for noisy fronts). Only the
 * undecided values are sampled, by quasi-random normal draws, so the surface is smooth and its gradient exact; greedy
 * batches reuse the draws. Without undecided points one draw is enough and the value is closed form. Natural logarithm,
 * in standardised outcome units.
 */
export class Acquisition {
  readonly #space: Space;
  readonly #goals: readonly Goal[];
  readonly #scenes: readonly Scene[];
  readonly #gates: readonly Gate[];
  readonly #gains: Gain[][];
  readonly #factors: Gain[];
  readonly #logs: Float64Array;
  readonly #byMean: Float64Array;
  readonly #bySd: Float64Array;
  readonly #model: Float64Array;

  constructor(space: Space, goals: readonly Goal[], scenes: readonly Scene[], gates: readonly Gate[]) {
    this.#space = space;
    this.#goals = goals;
    this.#scenes = scenes;
    this.#gates = gates;
    this.#gains = goals.map(() => []);
    this.#factors = goals.map(newGain);
    this.#logs = new Float64Array(scenes.length);
    this.#byMean = new Float64Array(scenes.length * goals.length);
    this.#bySd = new Float64Array(scenes.length * goals.length);
    this.#model = new Float64Array(space.dimensions.length);
  }

  /** The value at a search point; fills `gradient` (search coordinates) where given. */
  at(x: Float64Array, gradient?: Float64Array): number {
    const { dimensions } = this.#space;
    for (let j = 0; j < x.length; j++) this.#model[j] = warped(x[j]!, dimensions[j]!.warp);
    gradient?.fill(0);
    let value = this.#scenes.length === 0 ? 0 : this.#improvement(gradient);
    for (const gate of this.#gates) value += gate(this.#model, gradient);
    if (gradient !== undefined)
      for (let j = 0; j < x.length; j++) gradient[j]! *= warpSlope(x[j]!, dimensions[j]!.warp);
    return value;
  }

  #improvement(gradient: Float64Array | undefined): number {
    for (const { belief } of this.#goals) belief.look(this.#model);
    let top = -Infinity;
    for (let s = 0; s < this.#scenes.length; s++) {
      const log = this.#sceneValue(this.#scenes[s]!, s * this.#goals.length);
      this.#logs[s] = log;
      if (log > top) top = log;
    }
    if (!Number.isFinite(top)) return -1e300;
    let total = 0;
    for (let s = 0; s < this.#logs.length; s++) total += Math.exp(this.#logs[s]! - top);
    if (gradient !== undefined) this.#addGradient(top + Math.log(total), gradient);
    return top + Math.log(total / this.#logs.length);
  }

  /** Log of the exact gain in one scene; its derivatives by every goal's mean and sd go to `at`. */
  #sceneValue(scene: Scene, at: number): number {
    const goals = this.#goals;
    for (let m = 0; m < goals.length; m++) this.#fillGains(scene, m);
    if (goals.length === 1) {
      const gain = this.#gains[0]![0]!;
      this.#byMean[at] = gain.byMean;
      this.#bySd[at] = gain.bySd;
      return gain.log;
    }
    let log = -Infinity;
    for (let m = 0; m < goals.length; m++) {
      this.#byMean[at + m] = 0;
      this.#bySd[at + m] = 0;
    }
    for (const box of scene.boxes) log = this.#addBox(box, at, log);
    return log;
  }

  #fillGains(scene: Scene, m: number): void {
    const { belief, target } = this.#goals[m]!;
    const draw = scene.draws[m]!;
    const { z, observed, sd } = belief;
    let mean = belief.mean;
    for (let k = 0; k < draw.length; k++) mean += z[observed + k]! * draw[k]!;
    const levels = scene.levels[m]!;
    const gains = this.#gains[m]!;
    while (gains.length < levels.length) gains.push(newGain());
    for (let l = 0; l < levels.length; l++) {
      if (target === undefined) gainAbove(levels[l]!, mean, sd, gains[l]!);
      else gainNear(target, levels[l]!, mean, sd, gains[l]!);
    }
  }

  /** Adds a box to the running log-sum; the derivatives are kept as weighted means. */
  #addBox(box: Int32Array, at: number, sum: number): number {
    const goals = this.#goals.length;
    let log = 0;
    for (let m = 0; m < goals; m++) {
      const low = this.#gains[m]![box[2 * m]!]!;
      const factor = this.#factors[m]!;
      const upper = box[2 * m + 1]!;
      if (upper < 0) Object.assign(factor, low);
      else gainBetween(low, this.#gains[m]![upper]!, factor);
      log += factor.log;
    }
    if (!(log > -Infinity)) return sum;
    const top = Math.max(sum, log);
    const next = top + Math.log(Math.exp(sum - top) + Math.exp(log - top));
    const keep = Math.exp(sum - next);
    const share = Math.exp(log - next);
    for (let m = 0; m < goals; m++) {
      this.#byMean[at + m] = keep * this.#byMean[at + m]! + share * this.#factors[m]!.byMean;
      this.#bySd[at + m] = keep * this.#bySd[at + m]! + share * this.#factors[m]!.bySd;
    }
    return next;
  }

  /** Weighted over scenes by their share of the total; the draws enter through the undecided part of z. */
  #addGradient(logTotal: number, gradient: Float64Array): void {
    const goals = this.#goals.length;
    this.#goals.forEach(({ belief }, m) => {
      const byDraw = new Float64Array(belief.undecided);
      let byMean = 0;
      let bySd = 0;
      for (let s = 0; s < this.#scenes.length; s++) {
        const weight = Math.exp(this.#logs[s]! - logTotal);
        const slope = weight * this.#byMean[s * goals + m]!;
        const draw = this.#scenes[s]!.draws[m]!;
        byMean += slope;
        bySd += weight * this.#bySd[s * goals + m]!;
        for (let k = 0; k < draw.length; k++) byDraw[k]! += slope * draw[k]!;
      }
      belief.addGradient(byMean, byDraw, bySd, gradient);
    });
  }
}
