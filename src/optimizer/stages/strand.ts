import type { Stream } from '../../base/random.ts';
import { Belief } from '../belief.ts';
import { sobolNormals } from '../sobol.ts';
import { type Link, type Walk, readInput } from './links.ts';

/** Joint draws of everything in flight. */
export const mostScenes = 8;

/** What a strand says at an input, in standardised units of its link: in full, or only by bounds. */
interface View {
  readonly input: Float64Array;
  /** Points that the belief had. */
  size: number;
  known: 'nothing' | 'bounds' | 'all';
  /** By scene. */
  readonly means: Float64Array;
  sd: number;
  /** Never below the means, by scene; NaN where it was not asked for. */
  readonly highest: Float64Array;
  /** Never below the standard deviation. */
  widest: number;
}

/**
 * Views that a strand keeps are two to the power of this. The search of policies asks for the same settings in every scene,
 * after every draw and at every rate, and a view costs O(n^2).
 */
const viewBits = 10;

/** Added to the bounds as a share of the prior standard deviation: far above what rounding does, far below what matters. */
const margin = 1e-5;

/** One link with the undecided points of everything in flight. */
export class Strand {
  readonly link: Link;
  readonly belief: Belief;
  /** Row-major scenes x room: the standard normal draw of every undecided point. */
  readonly draws: Float64Array;
  readonly room: number;
  readonly #input: Float64Array;
  /** The same memory, from which follows where a view is kept. */
  readonly #words: Uint32Array;
  readonly #views: (View | undefined)[] = [];
  /** Of every covariance in the mean, by scene; undefined after a point was added. */
  #weights: readonly Float64Array[] | undefined;
  /** The view that the belief glanced at last, while it has looked at nothing else. */
  #glanced: View | undefined;

  constructor(link: Link, room: number, random: Stream) {
    this.link = link;
    this.belief = new Belief(link.gp, room);
    this.room = room;
    this.draws = sobolNormals(mostScenes, Math.max(1, room), random);
    this.#input = new Float64Array(link.pieces.length);
    this.#words = new Uint32Array(this.#input.buffer);
  }

  /** Adds the undecided value at a walk, and returns it by scene. */
  add(walk: Walk): Float64Array {
    const { belief, draws, room } = this;
    const { whitened } = belief.gp;
    readInput(this.link, walk, this.#input);
    const weights = belief.add(this.#input);
    this.#weights = this.#glanced = undefined;
    let sum = 0;
    for (let k = 0; k < whitened.length; k++) sum += weights[k]! * whitened[k]!;
    const known = belief.means.at(-1)! + sum;
    return Float64Array.from({ length: mostScenes }, (_, scene) => {
      let value = known;
      for (let k = whitened.length; k < weights.length; k++)
        value += weights[k]! * draws[scene * room + k - whitened.length]!;
      return value;
    });
  }

  /** Means and standard deviation at a walk; costs O(n^2) where they are not kept. */
  look(walk: Walk): View {
    const view = this.#viewOf(walk);
    if (view.known === 'all') return view;
    this.#look();
    for (let scene = 0; scene < mostScenes; scene++) view.means[scene] = this.meanIn(scene);
    view.sd = this.belief.sd;
    view.known = 'all';
    return view;
  }

  /** The same or bounds in one scene; costs O(n). */
  glance(walk: Walk, scene: number): View {
    const view = this.#viewOf(walk);
    if (view.known === 'all' || (view.known === 'bounds' && view.highest[scene]! > -Infinity)) return view;
    const { belief } = this;
    const rounding = margin * Math.sqrt(belief.gp.kernel.variance);
    if (this.#glanced !== view) {
      belief.glance(this.#input);
      this.#glanced = view;
      view.widest = belief.widest + rounding;
    }
    if (view.known === 'nothing') view.highest.fill(NaN);
    this.#weights ??= this.#weightsByScene();
    view.highest[scene] = belief.meanBy(this.#weights[scene]!) + rounding;
    view.known = 'bounds';
    return view;
  }

  /** Looks past all views, with the belief ready for a gradient. */
  lookAnew(walk: Walk): void {
    readInput(this.link, walk, this.#input);
    this.#look();
  }

  #look(): void {
    this.#glanced = undefined;
    this.belief.look(this.#input);
  }

  /** Mean in a scene where the belief looked last. */
  meanIn(scene: number): number {
    const { belief, draws, room } = this;
    let mean = belief.mean;
    for (let k = belief.observed; k < belief.size; k++)
      mean += belief.z[k]! * draws[scene * room + k - belief.observed]!;
    return mean;
  }

  #weightsByScene(): Float64Array[] {
    const { belief, draws, room } = this;
    return Array.from({ length: mostScenes }, (_, scene) =>
      belief.weightsGiven(draws.subarray(scene * room, scene * room + belief.undecided)),
    );
  }

  /** The view at a walk, or an empty one in the place of another. */
  #viewOf(walk: Walk): View {
    const input = this.#input;
    readInput(this.link, walk, input);
    let hash = 0;
    for (let j = 0; j < this.#words.length; j++) {
      hash = Math.imul(hash ^ this.#words[j]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    const at = hash >>> (32 - viewBits);
    const view = (this.#views[at] ??= emptyView(input.length));
    if (view.size !== this.belief.size || !sameInput(view.input, input)) {
      if (this.#glanced === view) this.#glanced = undefined;
      view.input.set(input);
      view.size = this.belief.size;
      view.known = 'nothing';
    }
    return view;
  }
}

const emptyView = (width: number): View => ({
  ...{ input: new Float64Array(width), size: 0, known: 'nothing', sd: 0, widest: 0 },
  means: new Float64Array(mostScenes),
  highest: new Float64Array(mostScenes),
});

function sameInput(a: Float64Array, b: Float64Array): boolean {
  for (let j = 0; j < a.length; j++) if (a[j] !== b[j]) return false;
  return true;
}
