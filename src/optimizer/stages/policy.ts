import type { Stream } from '../../base/random.ts';
import type { Prediction } from '../problem.ts';
import { sobolNormals } from '../sobol.ts';
import type { Chain } from './chain.ts';
import type { Walk } from './links.ts';
import { readyStages } from './network.ts';

/** What a policy is expected to gain (in the objective's unit) and to cost. */
export interface Worth {
  readonly gain: number;
  readonly cost: number;
}

/** Parameters of one stage: search and model coordinates, and what a run there costs. */
export interface Setting {
  readonly x: Float64Array;
  readonly model: Float64Array;
  readonly cost: number;
}

/** A walk that is written as the tree is searched. */
export interface OpenWalk extends Walk {
  readonly x: (Float64Array | undefined)[];
  readonly y: (Float64Array | undefined)[];
}

export const openWalk = ({ x, y }: Walk): OpenWalk => ({ x: [...x], y: [...y] });

/** Draws of a stage's outputs, the deeper in the tree the fewer. */
export interface Branching {
  readonly first: number;
  readonly further: number;
}

/**
 * The policies after one stage: run it, see its outputs, then choose the best of the settings of the next stage, or stop
 * where going on is not worth its cost at the given rate (gain per cost that the same money earns elsewhere). The best
 * rate of an action is a fractional program: rate = max over policies of E[gain] / E[cost], solved by Dinkelbach's
 * iteration (Dinkelbach 1967), which makes the action's rate the Gittins index of its sample (Weitzman 1979; Xie et al.
 * 2024) where samples do not teach about one another. Expectations over outputs are means over quasi-random draws.
 */
export class Policies {
  readonly chain: Chain;
  /** Settings to choose from, by stage. */
  menus: readonly (readonly Setting[])[] = [];
  readonly #branching: Branching;
  /** For the first stage of the tree and for further ones. */
  readonly #normals: readonly Float64Array[];
  /** For forecasts: as many as for the first stage, not widened. */
  readonly #plain: Float64Array;
  readonly #widths: readonly number[];
  readonly #read: readonly boolean[];

  constructor(chain: Chain, branching: Branching, random: Stream) {
    this.chain = chain;
    this.#branching = branching;
    const { nodes } = chain.network;
    this.#widths = nodes.map(({ stage }) => stage.outputs.length);
    this.#read = nodes.map((_, k) => chain.isRead(k));
    const width = Math.max(...this.#widths);
    const draws = [branching.first, branching.further].map((count) =>
      centred(sobolNormals(count, width, random), width),
    );
    this.#plain = draws[0]!;
    this.#normals = draws.map((normals) => widened(normals, width));
  }

  /** The worth of running a stage at a setting and going on as is best at a rate. */
  run(walk: OpenWalk, stage: number, setting: Setting, rate: number, depth = 0, scene?: number): Worth {
    walk.x[stage] = setting.model;
    const worth =
      stage === this.chain.network.last
        ? { gain: this.chain.gain(walk, scene), cost: setting.cost }
        : this.#through(walk, stage, setting.cost, rate, depth, scene);
    walk.x[stage] = undefined;
    return worth;
  }

  /** The same over the menu of a stage: the best setting at a rate, or nothing. */
  best(walk: OpenWalk, stage: number, rate: number, depth: number, scene?: number): Worth & { setting?: Setting } {
    let best: Worth & { setting?: Setting } = { gain: 0, cost: 0 };
    for (const setting of this.menus[stage]!) {
      if (this.#isBeaten(walk, stage, setting, rate, best, scene)) continue;
      const worth = this.run(walk, stage, setting, rate, depth, scene);
      if (worth.gain - rate * worth.cost > best.gain - rate * best.cost) best = { ...worth, setting };
    }
    return best;
  }

  /** Whether a setting of the last stage surely comes after the best so far, which saves working out its gain. */
  #isBeaten(walk: OpenWalk, stage: number, setting: Setting, rate: number, best: Worth, scene?: number): boolean {
    if (stage !== this.chain.network.last || scene === undefined) return false;
    walk.x[stage] = setting.model;
    const beaten = this.chain.isBelow(best.gain + rate * (setting.cost - best.cost), walk, scene);
    walk.x[stage] = undefined;
    return beaten;
  }

  #through(walk: OpenWalk, stage: number, cost: number, rate: number, depth: number, scene?: number): Worth {
    const { first, further } = this.#branching;
    const read = this.#read[stage]!;
    const scenes = scene === undefined ? this.chain.scenes : 1;
    const draws = read ? (depth === 0 ? first : further) : scenes;
    const normals = this.#normals[depth === 0 ? 0 : 1]!;
    const width = normals.length / (depth === 0 ? first : further);
    let gain = 0;
    let spent = 0;
    let next: number | undefined;
    const outlooks: ReturnType<Chain['outlook']>[] = [];
    for (let i = 0; i < draws; i++) {
      const at = scene ?? i % scenes;
      const y = new Float64Array(this.#widths[stage]!);
      if (read) {
        const { mean, sd } = (outlooks[at] ??= this.chain.outlook(walk, stage, at));
        for (let o = 0; o < y.length; o++) y[o] = mean[o]! + sd[o]! * normals[i * width + o]!;
      }
      walk.y[stage] = y;
      next ??= readyStages(this.chain.network, walk)[0]!;
      const worth = this.best(walk, next, rate, depth + 1, at);
      gain += worth.gain / draws;
      spent += worth.cost / draws;
    }
    walk.y[stage] = undefined;
    return { gain, cost: cost + spent };
  }

  /** The final objective after one stage at a setting and the settings of most gain afterwards. */
  forecast(walk: OpenWalk, stage: number, setting: Setting): Prediction {
    const { chain } = this;
    const { first } = this.#branching;
    const draws = stage === chain.network.last ? chain.scenes : first;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < draws; i++) {
      const { mean, sd } = this.#carry(openWalk(walk), stage, setting, i);
      sum += mean / draws;
      squares += (mean * mean + sd * sd) / draws;
    }
    return chain.finalOf(sum, Math.sqrt(Math.max(0, squares - sum * sum)));
  }

  /** One draw of a new sample carried through by the menus, all its stages settled and all outputs but the last drawn. */
  carried(draw: number): OpenWalk {
    const { network } = this.chain;
    const walk: OpenWalk = { x: network.nodes.map(() => undefined), y: network.nodes.map(() => undefined) };
    const [start] = readyStages(network, walk);
    this.#carry(walk, start!, this.menus[start!]![0]!, draw);
    return walk;
  }

  /** One draw of a sample carried through; the last stage's mean and standard deviation there. */
  #carry(walk: OpenWalk, stage: number, setting: Setting, draw: number): { mean: number; sd: number } {
    const { chain } = this;
    const scene = draw % chain.scenes;
    walk.x[stage] = setting.model;
    if (stage === chain.network.last) {
      chain.look(walk, stage, 0, scene);
      return { mean: chain.mean, sd: chain.sd };
    }
    const { mean, sd } = chain.outlook(walk, stage, scene);
    const normals = this.#plain;
    const { first } = this.#branching;
    const width = normals.length / first;
    const row = (draw + 7 * stage) % first;
    walk.y[stage] = mean.map((value, o) => value + sd[o]! * normals[row * width + o]!);
    const [next] = readyStages(chain.network, walk);
    const following = this.best(walk, next!, 0, 1, scene).setting ?? this.menus[next!]![0]!;
    return this.#carry(walk, next!, following, draw);
  }

  /** The best rate of running a stage at a setting, from a first guess. */
  rateOf(walk: OpenWalk, stage: number, setting: Setting, guess: number): number {
    let rate = guess;
    let found = 0;
    for (let round = 0; round < 5; round++) {
      const { gain, cost } = this.run(walk, stage, setting, rate);
      const next = gain / cost;
      if (round > 0 && next <= found * (1 + 1e-3)) return Math.max(found, next);
      found = next;
      rate = next;
    }
    return found;
  }
}

/** Moves every column to mean 0, so that a few draws do not shift a mean. */
function centred(normals: Float64Array, width: number): Float64Array {
  const rows = normals.length / width;
  for (let o = 0; o < width; o++) {
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += normals[i * width + o]! / rows;
    for (let i = 0; i < rows; i++) normals[i * width + o]! -= mean;
  }
  return normals;
}

/** Of so many draws one comes from a belief so many times as wide. */
const wideEvery = 3;
const width = 4;

/**
 * Draws from a mixture with heavier tails: hyperparameters are points where they should be distributions, so that a process
 * is too sure far from its data, and a cheap stage would never be tried there.
 */
function widened(normals: Float64Array, columns: number): Float64Array {
  return normals.map((z, k) => (Math.floor(k / columns) % wideEvery === wideEvery - 1 ? width * z : z));
}
