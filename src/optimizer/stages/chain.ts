import type { Stream } from '../../base/random.ts';
import { type Gain, gainAbove, gainNear } from '../improvement.ts';
import type { Prediction } from '../problem.ts';
import type { Link, Walk } from './links.ts';
import type { Network } from './network.ts';
import { Strand, mostScenes } from './strand.ts';

/**
 * The surrogates of all stages joined to one belief about the final objective (Astudillo and Frazier 2021): the outputs of a
 * stage are drawn from its links at the outputs drawn before. Whatever is in flight counts by scenes: its outputs are
 * drawn once per scene, every belief is conditioned on them, and a final value in flight may raise the best so far.
 * Values are in the standardised unit of the objective's link unless said otherwise; more is better.
 */
export class Chain {
  readonly network: Network;
  readonly #strands: readonly (readonly Strand[])[];
  readonly #target: number | undefined;
  /** Best worth so far, by scene. */
  readonly incumbents: Float64Array;
  readonly #gain: Gain = { log: 0, byMean: 0, bySd: 0 };
  /** Of the last `look`, in standardised units of its link; the mean in the scene asked for. */
  mean = 0;
  sd = 0;

  constructor(network: Network, links: readonly (readonly Link[])[], room: number, incumbent: number, random: Stream) {
    this.network = network;
    this.#strands = links.map((list) => list.map((link) => new Strand(link, room, random)));
    const { offset, scale } = this.objective;
    const { target } = network.objectives[0]!;
    const several = network.objectives.length > 1;
    this.#target = several || target === undefined ? undefined : (target - offset) / scale;
    this.incumbents = new Float64Array(mostScenes).fill(incumbent);
  }

  /** The link of the final objective. */
  get objective(): Link {
    return this.#strands[this.network.last]![0]!.link;
  }

  get scenes(): number {
    return this.#strands.some((list) => list.some(({ belief }) => belief.undecided > 0)) ? mostScenes : 1;
  }

  /** Worth of a standardised final value. */
  worth(value: number): number {
    return this.#target === undefined ? value : -Math.abs(value - this.#target);
  }

  /** Whether anything predicts from the outputs of a stage. */
  isRead(stage: number): boolean {
    return this.#strands.some((list) =>
      list.some(({ link }) => link.pieces.some((p) => p.output && p.stage === stage)),
    );
  }

  /** Whether a walk has all that the links of a stage read; a stage run alone lacks the parameters before it. */
  canRead(walk: Walk, stage: number): boolean {
    return this.#strands[stage]!.every(({ link }) =>
      link.pieces.every((piece) => (piece.output ? walk.y : walk.x)[piece.stage] !== undefined),
    );
  }

  /** Tells that a stage is in flight, on a sample that could become the best or alone. */
  add(walk: Walk, stage: number, alone = false): void {
    for (const strand of this.#strands[stage]!) {
      const values = strand.add(walk);
      if (stage !== this.network.last || alone) continue;
      for (let s = 0; s < mostScenes; s++) this.incumbents[s] = Math.max(this.incumbents[s]!, this.worth(values[s]!));
    }
  }

  /** Looks at one output of a stage whose inputs are known; sets `mean` (in the scene) and `sd`. */
  look(walk: Walk, stage: number, output: number, scene: number): void {
    const { means, sd } = this.#strands[stage]![output]!.look(walk);
    this.mean = means[scene]!;
    this.sd = sd;
  }

  /** Mean and standard deviation of what would be measured of every output of a stage, in their own units. */
  outlook(walk: Walk, stage: number, scene: number): { mean: Float64Array; sd: Float64Array } {
    const count = this.#strands[stage]!.length;
    const mean = new Float64Array(count);
    const sd = new Float64Array(count);
    this.#strands[stage]!.forEach(({ link }, output) => {
      this.look(walk, stage, output, scene);
      mean[output] = link.offset + link.scale * this.mean;
      sd[output] = Math.abs(link.scale) * Math.sqrt(this.sd * this.sd + link.noise);
    });
    return { mean, sd };
  }

  /**
   * Expected improvement on the best so far of the last stage at a walk, in the objective's unit; the mean over all scenes
   * where none is given. Adds the derivative by the link's input to `gradient` where given.
   */
  gain(walk: Walk, scene?: number, gradient?: Float64Array): number {
    const strand = this.#strands[this.network.last]![0]!;
    const scale = Math.abs(strand.link.scale);
    const from = scene ?? 0;
    const to = scene === undefined ? this.scenes : scene + 1;
    if (gradient !== undefined) return scale * this.#climb(strand, walk, from, to, gradient);
    const { means, sd } = strand.look(walk);
    let total = 0;
    for (let s = from; s < to; s++) {
      this.#improve(means[s]!, sd, this.incumbents[s]!);
      total += Math.exp(this.#gain.log) / (to - from);
    }
    return scale * total;
  }

  /** Whether the gain in a scene is surely not above a bar, by a bound that costs little; where it is not told, it may be. */
  isBelow(bar: number, walk: Walk, scene: number): boolean {
    // Only the plain improvement rises with the mean and the spread.
    if (this.#target !== undefined) return false;
    const strand = this.#strands[this.network.last]![0]!;
    const { known, highest, widest } = strand.glance(walk, scene);
    if (known !== 'bounds') return false;
    this.#improve(highest[scene]!, widest, this.incumbents[scene]!);
    return Math.abs(strand.link.scale) * Math.exp(this.#gain.log) < bar;
  }

  /** The mean gain of some scenes, standardised, with its derivative. */
  #climb(strand: Strand, walk: Walk, from: number, to: number, gradient: Float64Array): number {
    const { belief, draws, room } = strand;
    strand.lookAnew(walk);
    const byDraw = new Float64Array(belief.undecided);
    let total = 0;
    let byMean = 0;
    let bySd = 0;
    for (let s = from; s < to; s++) {
      this.#improve(strand.meanIn(s), belief.sd, this.incumbents[s]!);
      const share = Math.exp(this.#gain.log) / (to - from);
      total += share;
      byMean += share * this.#gain.byMean;
      bySd += share * this.#gain.bySd;
      for (let k = 0; k < byDraw.length; k++) byDraw[k]! += share * this.#gain.byMean * draws[s * room + k]!;
    }
    belief.addGradient(byMean, byDraw, bySd, gradient);
    return total;
  }

  #improve(mean: number, sd: number, incumbent: number): void {
    if (this.#target === undefined) gainAbove(incumbent, mean, sd, this.#gain);
    else gainNear(this.#target, incumbent, mean, sd, this.#gain);
  }

  /** The final objective in its own unit, as a mixture of normals over draws of the outputs still to come. */
  finalOf(mean: number, sd: number): Prediction {
    const { offset, scale } = this.objective;
    return { mean: offset + scale * mean, sd: Math.abs(scale) * sd };
  }
}
