import type { Stream } from '../../base/random.ts';
import { Belief } from '../belief.ts';
import { normalQuantile } from '../special.ts';
import { sobol } from '../sobol.ts';
import type { Chain } from './chain.ts';
import { type Design, emptyWalk, settingsAround } from './designs.ts';
import { readInput } from './links.ts';
import { stageCost } from './network.ts';
import { type OpenWalk, Policies, type Setting } from './policy.ts';

/** A run of the last stage alone: on material set to proxy values, which `walk` holds. */
export interface AloneRun {
  readonly walk: OpenWalk;
  readonly setting: Setting;
  /** Expected rise of the best posterior mean per cost, in the objective's unit. */
  readonly rate: number;
}

/** Runs that are rated, draws of every design's proxies, and designs among which the best is sought. */
const trials = 48;
const draws = 6;
const rivals = 14;

/**
 * The run of the last stage alone that teaches most per cost, by its knowledge gradient (Frazier, Powell and Dayanik 2009;
 * for networks Buathong et al. 2024): how much the highest posterior mean among the promising designs is expected to rise
 * once it is observed. The mean of a design is that of the last link over draws of its proxies, so an observation moves it
 * by a multiple of one standard normal variable, over which the maximum is averaged. Undefined where the last stage cannot
 * run alone, or its link reads parameters of stages that then would not run.
 */
export function bestAlone(policies: Policies, designs: readonly Design[], random: Stream): AloneRun | undefined {
  const { chain } = policies;
  const { network, objective } = chain;
  const node = network.nodes[network.last]!;
  const ranges = node.stage.alone;
  if (ranges === undefined || objective.inputs !== 'proxies') return undefined;
  const points = designs.slice(0, rivals).map(({ settings }) => inputsOf(policies, settings));
  const wanted = node.parents.flatMap((k) => network.nodes[k]!.stage.outputs.map(({ name }) => ({ k, name })));
  const values = sobol(trials, wanted.length, random);
  const settings = settingsAround(network, network.last, [], random);
  let best: AloneRun | undefined;
  for (let i = 0; i < trials; i++) {
    const walk = emptyWalk(network);
    for (const k of node.parents) walk.y[k] = new Float64Array(0);
    wanted.forEach(({ k, name }, j) => {
      const { min, max } = ranges[name]!;
      walk.y[k] = Float64Array.of(...walk.y[k]!, min + (max - min) * values[i * wanted.length + j]!);
    });
    const setting = settings[i % settings.length]!;
    const known = knowledgeOf(chain, { ...walk, x: walk.x.with(network.last, setting.model) }, points);
    const rate = known / stageCost(node, setting.x);
    if (best === undefined || rate > best.rate) best = { walk, setting, rate };
  }
  return best;
}

/** Inputs of the last link when a design is followed, one for every draw of its proxies. */
function inputsOf(policies: Policies, settings: readonly Setting[]): Float64Array[] {
  const { objective } = policies.chain;
  policies.menus = settings.map((setting) => [setting]);
  return Array.from({ length: draws }, (_, i) => {
    const input = new Float64Array(objective.pieces.length);
    readInput(objective, policies.carried(i), input);
    return input;
  });
}

/** Quantiles over which an expectation is a plain mean. */
const outcomes = Float64Array.from({ length: 16 }, (_, i) => normalQuantile((i + 0.5) / 16));

/** E[max over designs of the posterior mean after one run] - max of today's, in the objective's unit. */
function knowledgeOf(chain: Chain, walk: OpenWalk, points: readonly (readonly Float64Array[])[]): number {
  const { objective } = chain;
  const input = new Float64Array(objective.pieces.length);
  readInput(objective, walk, input);
  const belief = new Belief(objective.gp, 1);
  belief.add(input);
  // The factor's last row makes `z` there the covariance with the run over its standard deviation.
  const lines = points.map((inputs) => {
    let mean = 0;
    let slope = 0;
    for (const x of inputs) {
      belief.look(x);
      mean += belief.mean / inputs.length;
      slope += belief.z[belief.observed]! / inputs.length;
    }
    return { mean, slope };
  });
  const now = Math.max(...lines.map(({ mean }) => chain.worth(mean)));
  const then = outcomes.reduce(
    (sum, z) => sum + Math.max(...lines.map(({ mean, slope }) => chain.worth(mean + slope * z))),
    0,
  );
  return Math.max(0, then / outcomes.length - now) * Math.abs(objective.scale);
}
