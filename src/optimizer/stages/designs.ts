import type { Stream } from '../../base/random.ts';
import { candidates, isTaken, listPoints, maximize } from '../search.ts';
import { compileSpace, modelPoint, satisfies, warpSlope } from '../space.ts';
import type { Chain } from './chain.ts';
import { type Network, modelOf, readyStages, stageCost } from './network.ts';
import { type OpenWalk, Policies, type Setting, openWalk } from './policy.ts';

/** Settings of all stages that lead to the objective, by stage index. */
export interface Design {
  readonly settings: readonly Setting[];
  /** Gain per cost of a new sample that follows it, dropped where it does not pay to go on. */
  readonly rate: number;
}

/** A setting; of a stage that is shared it costs the sample's part of a full run. */
export const settingOf = ({ nodes }: Network, stage: number, x: Float64Array): Setting => ({
  x,
  model: modelOf(nodes[stage]!, x),
  cost: stageCost(nodes[stage]!, x) / (nodes[stage]!.shared?.capacity ?? 1),
});

export const emptyWalk = ({ nodes }: Network): OpenWalk => ({
  x: nodes.map(() => undefined),
  y: nodes.map(() => undefined),
});

/** Allowed settings of one stage: some spread over its space, then some around each of the given ones. */
export function settingsAround(
  network: Network,
  stage: number,
  near: readonly Float64Array[],
  random: Stream,
): Setting[] {
  const { space } = network.nodes[stage]!;
  if (space.dimensions.length === 0) return [settingOf(network, stage, new Float64Array(0))];
  const list = listPoints(space, random);
  if (list !== undefined) {
    const some = list.length <= listed ? list : Array.from({ length: listed }, () => random.pick(list));
    return [...some, ...near].filter((x) => satisfies(space, x)).map((x) => settingOf(network, stage, x));
  }
  return candidates(space, { random, near, taken: [] }).map((x) => settingOf(network, stage, x));
}

/** Raw designs that are tried. */
const most = 280;

/** Settings of a stage that is a table or a grid; a random part where there are more. */
const listed = 400;

/**
 * Whole designs for a new sample, the best first: settings of every stage fixed beforehand, rated through the chain, then
 * searched again around the best. `near` are complete designs worth varying, best first, by stage; `earlier` designs of the
 * same batch spare the search of the whole space.
 */
export function screenDesigns(
  policies: Policies,
  near: readonly (readonly Float64Array[])[],
  random: Stream,
  earlier: readonly Design[],
): Design[] {
  const { network } = policies.chain;
  const raw = earlier.length > 0 ? earlier.map(({ settings }) => settings) : pairUp(network, near, random, most);
  let rated = rateDesigns(policies, raw, 0);
  for (const round of earlier.length > 0 ? [1] : [0, 1]) {
    const around = network.nodes.map((_, k) =>
      rated.slice(0, round === 0 ? 6 : 2).map(({ settings }) => settings[k]?.x ?? new Float64Array(0)),
    );
    const again = pairUp(network, around, random, 100, true);
    rated = [...rated, ...rateDesigns(policies, again, rated[0]!.rate)].sort((a, b) => b.rate - a.rate);
  }
  return rated;
}

/** Joins settings of the stages to designs; those around the same known design stay together. */
export function pairUp(
  network: Network,
  near: readonly (readonly Float64Array[])[],
  random: Stream,
  count: number,
  only = false,
) {
  const lists = network.nodes.map((_, k) =>
    network.path.includes(k) ? settingsAround(network, k, near[k]!, random) : [],
  );
  const longest = Math.max(...lists.map((list) => list.length));
  const from = only ? Math.max(0, longest - count) : 0;
  const step = Math.max(1, (longest - from) / count);
  const designs: Setting[][] = [];
  for (let i = from; i < longest; i += step) {
    // Counted from the end, since that is where the settings around the known ones are.
    const back = longest - Math.floor(i);
    designs.push(lists.map((list) => list[list.length - 1 - ((back - 1) % list.length)]!));
  }
  return designs;
}

function rateDesigns(policies: Policies, designs: readonly (readonly Setting[])[], floor: number): Design[] {
  const { network } = policies.chain;
  let rate = floor;
  const [first] = readyStages(network, emptyWalk(network));
  const rated = designs.map((settings) => {
    policies.menus = settings.map((setting) => [setting]);
    const { gain, cost } = policies.run(emptyWalk(network), first!, settings[first!]!, rate);
    rate = Math.max(rate, gain / cost);
    return { settings, rate: gain / cost };
  });
  return rated.sort((a, b) => b.rate - a.rate);
}

/** Distinct settings of every stage: of the best designs and of the best samples, `size` of each stage. */
export function menusOf(
  network: Network,
  designs: readonly Design[],
  near: readonly (readonly Float64Array[])[],
  size: number,
) {
  return network.nodes.map((_, k): Setting[] => {
    if (!network.path.includes(k)) return [];
    const menu: Setting[] = [];
    const known = near[k]!.slice(0, Math.ceil(size / 3)).map((x) => settingOf(network, k, x));
    for (const setting of [...known, ...designs.map(({ settings }) => settings[k]!)]) {
      if (
        menu.length < size &&
        !isTaken(
          setting.x,
          menu.map(({ x }) => x),
        )
      )
        menu.push(setting);
    }
    return menu;
  });
}

/**
 * The settings of most expected gain where every output the objective's link reads is known or none is read: gradients
 * are then exact, and the mixed-space search of the plain optimizer applies. `stages` are chosen together.
 */
export function climbGain(
  chain: Chain,
  walk: OpenWalk,
  stages: readonly number[],
  near: readonly Float64Array[],
  random: Stream,
): Setting[] | undefined {
  const { network } = chain;
  const spaces = stages.map((k) => network.nodes[k]!.stage.space);
  const space =
    stages.length === 1
      ? network.nodes[stages[0]!]!.space
      : compileSpace({
          parameters: spaces.flatMap(({ parameters }) => parameters),
          constraints: spaces.flatMap(({ constraints }) => constraints),
          cardinality: spaces.flatMap(({ cardinality = [] }) => cardinality),
          forbidden: spaces.flatMap(({ forbidden = [] }) => forbidden),
          objectives: [],
        });
  if (space.dimensions.length === 0) return stages.map((k) => settingOf(network, k, new Float64Array(0)));
  const starts: number[] = [];
  stages.reduce((at, k, i) => ((starts[i] = at), at + network.nodes[k]!.space.dimensions.length), 0);
  const partOf = (x: Float64Array, i: number) =>
    x.slice(starts[i], starts[i]! + network.nodes[stages[i]!]!.space.dimensions.length);
  const trial = openWalk(walk);
  const { pieces } = chain.objective;
  const byInput = new Float64Array(pieces.length);
  const surface = (x: Float64Array, gradient?: Float64Array): number => {
    const model = modelPoint(space, x);
    stages.forEach((k, i) => (trial.x[k] = partOf(model, i)));
    byInput.fill(0);
    const gain = Math.max(chain.gain(trial, undefined, gradient && byInput), 1e-300);
    gradient?.fill(0);
    if (gradient !== undefined) {
      pieces.forEach(({ stage, column, output }, j) => {
        const i = output ? -1 : stages.indexOf(stage);
        if (i < 0) return;
        const at = starts[i]! + column;
        gradient[at]! +=
          ((byInput[j]! * Math.abs(chain.objective.scale)) / gain) * warpSlope(x[at]!, space.dimensions[at]!.warp);
      });
    }
    return Math.log(gain);
  };
  const found = maximize(space, surface, { random, near, taken: [] });
  return found && stages.map((k, i) => settingOf(network, k, partOf(found.x, i)));
}
