import type { Stream } from '../../base/random.ts';
import { Belief } from '../belief.ts';
import { type Gain, gainAbove, gainNear } from '../improvement.ts';
import type { Prediction } from '../problem.ts';
import { sobolNormals } from '../sobol.ts';
import { type Link, type Walk, readInput } from './links.ts';
import type { Network } from './network.ts';

/** Joint draws of everything in flight. */
const mostScenes = 8;

/** One link with its undecided points. */
interface Strand {
  readonly link: Link;
  readonly belief: Belief;
  /** Row-major scenes x room: the standard normal draw of every undecided point. */
  readonly draws: Float64Array;
  readonly input: Float64Array;
  /** Where it was looked at last, in turn, while nothing has been added. */
  readonly views: View[];
  turn: number;
}

/** What a strand says at an input: the mean in every scene. */
interface View {
  readonly input: Float64Array;
  readonly means: Float64Array;
  readonly sd: number;
}

/**
 * Views that a strand keeps. The search of policies asks for the same few settings in every scene and after every draw, and a
 * view costs O(n^2): more than comparing with all of these.
 */
const mostViews = 32;

/**
 * The surrogates of all stages joined to one belief about the final objective (Astudillo and Frazier 2021): the outputs of a
 * stage are drawn from its links at the outputs drawn before. Whatever is in flight counts by scenes: its outputs are
 * drawn once per scene, every belief is conditioned on them, and a final value in flight may raise the best so far.
 * Values are in the standardised unit of the objective's link unless said otherwise; more is better.
 */
export class Chain {
  readonly network: Network;
  readonly #strands: readonly (readonly Strand[])[];
  readonly #room: number;
  readonly #target: number | undefined;
  /** Best worth so far, by scene. */
  readonly incumbents: Float64Array;
  readonly #gain: Gain = { log: 0, byMean: 0, bySd: 0 };
  /** Of the last `look`, in standardised units of its link; the mean in the scene asked for. */
  mean = 0;
  sd = 0;

  constructor(network: Network, links: readonly (readonly Link[])[], room: number, incumbent: number, random: Stream) {
    this.network = network;
    this.#room = room;
    this.#strands = links.map((list) =>
      list.map((link) => ({
        ...{ link, belief: new Belief(link.gp, room), input: new Float64Array(link.pieces.length) },
        draws: sobolNormals(mostScenes, Math.max(1, room), random),
        ...{ views: [], turn: 0 },
      })),
    );
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
    this.#strands[stage]!.forEach(({ link, belief, draws, input, views }) => {
      readInput(link, walk, input);
      views.length = 0;
      const { whitened } = belief.gp;
      const weights = belief.add(input);
      if (stage !== this.network.last || alone) return;
      const known = belief.means.at(-1)! + sumOf(weights, whitened, whitened.length);
      for (let s = 0; s < mostScenes; s++) {
        let value = known;
        for (let k = whitened.length; k < weights.length; k++)
          value += weights[k]! * draws[s * this.#room + k - whitened.length]!;
        this.incumbents[s] = Math.max(this.incumbents[s]!, this.worth(value));
      }
    });
  }

  /** Looks at one output of a stage whose inputs are known; sets `mean` (in the scene) and `sd`. */
  look(walk: Walk, stage: number, output: number, scene: number): void {
    const { means, sd } = this.#viewOf(this.#strands[stage]![output]!, walk);
    this.mean = means[scene]!;
    this.sd = sd;
  }

  #viewOf(strand: Strand, walk: Walk): View {
    const { link, belief, input, views } = strand;
    readInput(link, walk, input);
    for (let i = 0; i < views.length; i++) if (sameInput(views[i]!.input, input)) return views[i]!;
    belief.look(input);
    const means = new Float64Array(mostScenes);
    for (let scene = 0; scene < mostScenes; scene++) means[scene] = this.#meanIn(strand, scene);
    const view = { input: Float64Array.from(input), means, sd: belief.sd };
    views[views.length < mostViews ? views.length : strand.turn++ % mostViews] = view;
    return view;
  }

  #meanIn({ belief, draws }: Strand, scene: number): number {
    let mean = belief.mean;
    for (let k = belief.observed; k < belief.size; k++)
      mean += belief.z[k]! * draws[scene * this.#room + k - belief.observed]!;
    return mean;
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
    const { means, sd } = this.#viewOf(strand, walk);
    let total = 0;
    for (let s = from; s < to; s++) {
      this.#improve(means[s]!, sd, this.incumbents[s]!);
      total += Math.exp(this.#gain.log) / (to - from);
    }
    return scale * total;
  }

  /** The mean gain of some scenes, standardised, with its derivative. */
  #climb(strand: Strand, walk: Walk, from: number, to: number, gradient: Float64Array): number {
    const { link, belief, draws, input } = strand;
    readInput(link, walk, input);
    belief.look(input);
    const byDraw = new Float64Array(belief.undecided);
    let total = 0;
    let byMean = 0;
    let bySd = 0;
    for (let s = from; s < to; s++) {
      this.#improve(this.#meanIn(strand, s), belief.sd, this.incumbents[s]!);
      const share = Math.exp(this.#gain.log) / (to - from);
      total += share;
      byMean += share * this.#gain.byMean;
      bySd += share * this.#gain.bySd;
      for (let k = 0; k < byDraw.length; k++) byDraw[k]! += share * this.#gain.byMean * draws[s * this.#room + k]!;
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

function sameInput(a: Float64Array, b: Float64Array): boolean {
  for (let j = 0; j < a.length; j++) if (a[j] !== b[j]) return false;
  return true;
}

function sumOf(weights: Float64Array, values: Float64Array, count: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += weights[k]! * values[k]!;
  return sum;
}
