import type { Stream } from '../../base/random.ts';
import type { Option } from './choose-action.ts';
import type { Situation } from './decide.ts';
import { climbGain, settingOf, settingsAround } from './designs.ts';
import { idleSamples } from './first.ts';
import { walkOf } from './links.ts';
import { type Sample, readyStages } from './network.ts';
import { type OpenWalk, type Policies, type Setting, type Worth, openWalk } from './policy.ts';
import { isSameRun, openRuns, rankOf, rateOfRun, settingsIn } from './runs.ts';

/** A stage that a held sample could go on with. */
interface Place {
  readonly sample: Sample;
  readonly walk: OpenWalk;
  readonly stage: number;
}

interface Offer extends Place {
  readonly setting: Setting;
  /** Whether the sample joins a run that is open. */
  readonly joins: boolean;
  readonly worth: Worth;
}

type HeldOption = Place & Option & Pick<Offer, 'joins'>;

/** How the offers of one decision are valued: the rate at which they are compared goes into policies that may stop. */
interface Valuing {
  readonly situation: Situation;
  readonly policies: Policies;
  readonly guess: number;
}

/** Every idle sample at its best setting; the most promising have it refined. */
export function heldOptions(
  situation: Situation,
  { rough, fine }: { rough: Policies; fine: Policies },
  guess: number,
  index: number,
): Option[] {
  const roughly = { situation, policies: rough, guess };
  const offers = idlePlaces(situation).map((places) => places.flatMap((place) => offersAt(roughly, place)));
  const all = offers.flat();
  const options = offers.map((list) =>
    list.map((offer) => optionOf(situation, offer, all)).reduce((a, b) => (rankOf(b) > rankOf(a) ? b : a)),
  );
  options.sort((a, b) => rankOf(b) - rankOf(a));
  const finely = { situation, policies: fine, guess };
  return options.map((option, i) =>
    i < 3 ? refine(finely, option, situation.random(`refine/${index}/${i}`)) : option,
  );
}

/** The stages that every idle sample is ready for. */
const idlePlaces = (situation: Situation): Place[][] =>
  idleSamples(situation).map((sample) => {
    const walk = openWalk(walkOf(situation.network, sample));
    return readyStages(situation.network, sample).map((stage) => ({ sample, walk, stage }));
  });

const isOpen = (situation: Situation, stage: number, { x }: Setting): boolean =>
  openRuns(situation, stage).some((run) => isSameRun(situation.network.nodes[stage]!, x, run));

/** A held sample at every setting of the menu, and in every open run. */
function offersAt({ situation, policies, guess }: Valuing, place: Place): Offer[] {
  const { stage, walk } = place;
  const { network } = situation;
  const node = network.nodes[stage]!;
  const runs = openRuns(situation, stage);
  const menu = policies.menus[stage]!;
  const given = menu.map(({ x }) => x);
  const joining = runs.flatMap((run) => settingsIn(node, run, given)).map((x) => settingOf(network, stage, x));
  const opening = menu.filter((setting) => !isOpen(situation, stage, setting));
  const offer = (joins: boolean) => (setting: Setting) => ({
    ...{ ...place, setting, joins },
    worth: policies.run(walk, stage, setting, guess),
  });
  return [...opening.map(offer(false)), ...joining.map(offer(true))];
}

/** An offer with its rate; one that opens a run is joined by the others that are offered the same. */
function optionOf({ network }: Situation, offer: Offer, all: readonly Offer[]): HeldOption {
  const { sample, stage, setting, joins, worth } = offer;
  const node = network.nodes[stage]!;
  if (joins || node.shared === undefined) return { ...offer, rate: worth.gain / worth.cost };
  const best = new Map<Sample, Worth>();
  for (const other of all) {
    if (other.stage !== stage || other.sample === sample || other.joins) continue;
    if (!isSameRun(node, other.setting.x, setting.x)) continue;
    if (other.worth.gain > (best.get(other.sample)?.gain ?? 0)) best.set(other.sample, other.worth);
  }
  return { ...offer, rate: rateOfRun(worth, [...best.values()], setting.cost, node.shared.capacity) };
}

/** The rate of an option at another setting. */
function rateAt(valuing: Valuing, option: HeldOption, setting: Setting): number {
  const { situation, policies, guess } = valuing;
  const { walk, stage, sample } = option;
  const node = situation.network.nodes[stage]!;
  const worth = policies.run(walk, stage, setting, guess);
  if (option.joins || node.shared === undefined) return worth.gain / worth.cost;
  const others = idlePlaces(situation)
    .flat()
    .filter((place) => place.stage === stage && place.sample !== sample)
    .map((place) => policies.run(place.walk, stage, setting, guess));
  return rateOfRun(worth, others, setting.cost, node.shared.capacity);
}

function refine(valuing: Valuing, option: HeldOption, random: Stream): HeldOption {
  const { situation, policies, guess } = valuing;
  const { network } = situation;
  const { stage, walk, setting, joins } = option;
  const node = network.nodes[stage]!;
  const free = node.space.dimensions.length > 0;
  if (!free && node.shared === undefined) return { ...option, rate: policies.rateOf(walk, stage, setting, guess) };
  if (free && stage === network.last && !joins) {
    const [found] = climbGain(policies.chain, walk, [stage], [setting.x], random) ?? [];
    const rate = found === undefined || isOpen(situation, stage, found) ? 0 : rateAt(valuing, option, found);
    return rate > option.rate ? { ...option, setting: found!, rate } : option;
  }
  const around = free ? settingsAround(network, stage, [setting.x], random).slice(-24) : [];
  const kept = joins
    ? settingsIn(
        node,
        setting.x,
        around.map(({ x }) => x),
      ).map((x) => settingOf(network, stage, x))
    : around.filter((other) => !isOpen(situation, stage, other));
  const tried = [setting, ...kept].map((other) => ({
    ...{ ...option, setting: other },
    rate: rateAt(valuing, option, other),
  }));
  return tried.reduce((a, b) => (b.rate > a.rate ? b : a));
}
