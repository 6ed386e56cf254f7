import type { Prediction } from '../problem.ts';
import { bestAlone } from './alone.ts';
import type { Chain } from './chain.ts';
import type { Flight, Situation } from './decide.ts';
import { climbGain, emptyWalk, menusOf, screenDesigns } from './designs.ts';
import { heldOptions } from './held.ts';
import { idleSamples } from './first.ts';
import { walkOf } from './links.ts';
import { type Sample, isComplete, readyStages, stageCost } from './network.ts';
import { type Branching, type OpenWalk, Policies, type Setting, openWalk } from './policy.ts';
import { rankOf } from './runs.ts';
import type { Decision } from './staged.ts';

/** A decision in coordinates. */
export interface Action {
  readonly kind: 'start' | 'resume';
  readonly flight: Flight;
  readonly cost: number;
  readonly value?: number;
  readonly predicted?: Prediction;
  readonly reason: string;
}

/** A stage that could be run now, with the best rate found for it. */
export interface Option {
  readonly sample?: Sample;
  readonly walk: OpenWalk;
  readonly stage: number;
  readonly setting: Setting;
  readonly rate: number;
  /** Whether the stage runs alone, for what it teaches. */
  readonly alone?: boolean;
  /** Whether the sample joins a run that is open. */
  readonly joins?: boolean;
}

export interface Chosen {
  readonly action: Action;
  /** The best that could be done with every idle sample; its rate is 0 where the best policy is to leave it. */
  readonly held: ReadonlyMap<string, Option>;
  readonly forecast: (option: Option) => Prediction;
}

/** Draws, settings and designs looked at closely, by the number of stages: the tree of a start stays near a thousand leaves. */
const sizes = (
  stages: number,
): Branching & { readonly menu: number; readonly kept: number; readonly screen: Branching } =>
  stages <= 2
    ? { first: 32, further: 4, menu: 10, kept: 24, screen: { first: 12, further: 3 } }
    : stages === 3
      ? { first: 12, further: 4, menu: 5, kept: 14, screen: { first: 6, further: 3 } }
      : { first: 9, further: 2, menu: stages === 4 ? 3 : 2, kept: 8, screen: { first: 6, further: 1 } };

/** The action of the highest expected gain per expected cost; there must be a held sample or leave to start one. */
export function chooseAction(situation: Situation, chain: Chain, index: number): Chosen {
  const { network, random } = situation;
  const size = sizes(network.path.length);
  const near = bestSettings(situation, chain);
  const screen = new Policies(chain, size.screen, random(`screen/${index}`));
  const screened = screenDesigns(screen, near, random(`designs/${index}`), situation.screened);
  situation.screened.splice(0, Infinity, ...screened.slice(0, 100));
  const designs = screened.slice(0, size.kept);
  const policies = new Policies(chain, size, random(`tree/${index}`));
  policies.menus = menusOf(network, designs, near, size.menu);
  const climbed = climbWhole(situation, chain, near, index);
  const fresh = bestStart(
    policies,
    [...(climbed === undefined ? [] : [climbed]), ...designs.map(({ settings }) => settings)],
    designs[0]!.rate,
  );
  screen.menus = policies.menus;
  const held = heldOptions(situation, { rough: screen, fine: policies }, fresh.rate, index);
  const options: Option[] = [...held];
  if (situation.starts > 0) {
    const alone = bestAlone(screen, designs, random(`alone/${index}`));
    options.push(fresh, ...(alone ? [{ ...alone, stage: network.last, alone: true }] : []));
  }
  const best = options.reduce((a, b) => (rankOf(b) > rankOf(a) ? b : a));
  const forecast = ({ walk, stage, setting }: Option) => policies.forecast(openWalk(walk), stage, setting);
  const action = actionOf(situation, best, fresh, forecast(best));
  return { action, held: new Map(held.map((option) => [option.sample!.name, option])), forecast };
}

/** Parameters of the best complete samples, best first, by stage. */
function bestSettings({ network, samples }: Situation, chain: Chain): Float64Array[][] {
  const { last, nodes } = network;
  const complete = samples.filter((sample) => isComplete(network, sample));
  const worth = new Map(
    complete.map((sample) => {
      chain.look(walkOf(network, sample), last, 0, 0);
      return [sample, chain.worth(chain.mean)];
    }),
  );
  const best = [...complete].sort((a, b) => worth.get(b)! - worth.get(a)!).slice(0, 6);
  return nodes.map((_, k) => best.flatMap(({ x }) => x[k] ?? []));
}

/** Where the objective's link reads no output, all stages can be chosen together as one experiment. */
function climbWhole(
  { network, random }: Situation,
  chain: Chain,
  near: readonly (readonly Float64Array[])[],
  index: number,
) {
  const { path, nodes } = network;
  if (chain.objective.inputs !== 'parameters' || path.some((k) => nodes[k]!.stage.space.designs !== undefined))
    return undefined;
  const whole = near[network.last]!.map((_, i) => Float64Array.from(path.flatMap((k) => [...near[k]![i]!])));
  const settings = climbGain(chain, emptyWalk(network), path, whole, random(`whole/${index}`));
  return settings && nodes.map((_, k) => settings[path.indexOf(k)]!);
}

function bestStart(policies: Policies, designs: readonly (readonly Setting[])[], guess: number): Option {
  const { network } = policies.chain;
  const walk = emptyWalk(network);
  let best: Option | undefined;
  for (const stage of readyStages(network, walk)) {
    const menus = policies.menus;
    designs.forEach((settings, i) => {
      const setting = settings[stage]!;
      // A design's own later settings compete beside the menu.
      policies.menus = menus.map((menu, k) =>
        settings[k] === undefined || k === stage ? menu : [settings[k], ...menu.slice(0, -1)],
      );
      const { gain, cost } = policies.run(walk, stage, setting, best?.rate ?? guess);
      if (i > 0 && gain - best!.rate * cost <= 0) return;
      const rate = policies.rateOf(walk, stage, setting, best?.rate ?? guess);
      if (best === undefined || rate > best.rate) best = { walk, stage, setting, rate };
    });
    policies.menus = menus;
  }
  return best!;
}

function actionOf(situation: Situation, best: Option, fresh: Option, predicted: Prediction): Action {
  const { sample, walk, stage, setting, rate, alone = false, joins = false } = best;
  const kind = sample === undefined ? 'start' : 'resume';
  return {
    kind,
    flight: {
      ...{ sample: sample?.name ?? '', stage, x: setting.x, alone, open: true },
      walk: { x: walk.x.map((point, k) => (k === stage ? setting.model : point)), y: [...walk.y] },
    },
    cost: joins ? 0 : stageCost(situation.network.nodes[stage]!, setting.x),
    value: rate,
    predicted,
    reason: reasonOf(situation, best, fresh),
  };
}

const round = (value: number): string => String(Number(value.toPrecision(3)));

function reasonOf(
  { network, starts }: Situation,
  { sample, stage, rate, alone = false, joins = false }: Option,
  fresh: Option,
): string {
  const { id } = network.nodes[stage]!.stage;
  if (joins) return `Joins a run of ${id} that has not begun, and promises ${round(rate)} of gain per cost.`;
  if (starts <= 0) return `Going on with ${id} promises ${round(rate)} of gain per cost; no new sample may be started.`;
  if (alone) return `Running ${id} alone teaches ${round(rate)} per cost, a new sample promises ${round(fresh.rate)}.`;
  if (sample === undefined) return `A new sample promises ${round(rate)} of gain per cost, more than any held one.`;
  return `Going on with ${id} promises ${round(rate)} of gain per cost, a new sample ${round(fresh.rate)}.`;
}

/** A held sample that promises less than this share of the best action's rate is given up. */
const hopeless = 1e-6;

/** Held samples to drop: those that promise next to nothing, and the least promising where places run out. */
export function holdings(situation: Situation, { action, held, forecast }: Chosen): Decision[] {
  const { network, options, flights } = situation;
  const waiting = idleSamples(situation).filter(({ name }) => name !== action.flight.sample);
  const rateOf = ({ name }: Sample): number => held.get(name)!.rate;
  waiting.sort((a, b) => rateOf(a) - rateOf(b));
  const places = options.places ?? Infinity;
  // Whatever is in flight before the last stage will need a place as well.
  const coming = [...flights, action.flight].filter(({ stage, alone }) => stage !== network.last && !alone).length;
  const excess = Math.max(0, waiting.length + coming - places);
  return waiting.flatMap((sample, i): Decision[] => {
    const rate = rateOf(sample);
    // A rate of 0 says that stopping beats going on at today's prices, not that there is nothing to gain.
    const none = rate > 0 && rate < hopeless * action.value!;
    if (!none && i >= excess) return [];
    const option = held.get(sample.name)!;
    const reason = none
      ? 'Promises next to nothing.'
      : `The ${places} places are full, and this one promises the least.`;
    return [
      {
        ...{ kind: 'drop', sample: sample.name, stage: network.nodes[option.stage]!.stage.id, parameters: {} },
        ...{ predicted: forecast(option), value: rate, cost: 0, reason },
      },
    ];
  });
}
