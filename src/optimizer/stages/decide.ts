import { type Result, failed, ok } from '../../base/failure.ts';
import { type Stream, stream } from '../../base/random.ts';
import { Chain } from './chain.ts';
import { checkStaged } from './check.ts';
import { type Action, chooseAction, holdings } from './choose-action.ts';
import { idleSamples, initialAction, isInitial } from './first.ts';
import { type Design, climbGain } from './designs.ts';
import { type Link, type Walk, walkOf } from './links.ts';
import { type Network, type Sample, compileNetwork, isComplete, pendingSample, samplesOf } from './network.ts';
import { openWalk } from './policy.ts';
import { decode } from '../space.ts';
import type { Decision, DecideOptions, PendingStage, StagedAnswer, StagedProblem, StagedRow } from './staged.ts';
import { fitLinks } from './surrogates.ts';

/** A stage in flight on a sample. */
export interface Flight {
  readonly sample: string;
  readonly stage: number;
  readonly walk: Walk;
  /** Search coordinates of the stage's parameters. */
  readonly x: Float64Array;
  /** Whether it runs alone, on no sample that could be carried through. */
  readonly alone: boolean;
  /** Whether its run has not begun. */
  readonly open: boolean;
}

/** Everything one call works with; flights grow by every decision. */
export interface Situation {
  readonly network: Network;
  readonly samples: readonly Sample[];
  readonly flights: Flight[];
  readonly dropped: Set<string>;
  /** Samples in flight as they are expected to end. */
  readonly wholes: Map<Flight, Walk>;
  /** Designs that the decisions of one call have rated before, the best first. */
  readonly screened: Design[];
  readonly links: readonly (readonly Link[])[] | undefined;
  readonly options: DecideOptions;
  /** New samples that may still be started. */
  starts: number;
  readonly random: (name: string) => Stream;
}

/**
 * Chooses what to do next: start a new sample with parameters of its first stage, resume a held one with parameters of its
 * next stage, or drop a held one; by the expected gain on the best final objective per expected cost, over policies that
 * may give a sample up after every stage. Everything in flight counts. Pure: equal arguments give equal answers, and the
 * order of the rows does not matter.
 *
 * Failures: `input.invalid` for input that makes no sense.
 */
export function decide(
  problem: StagedProblem,
  rows: readonly StagedRow[],
  pending: readonly PendingStage[],
  options: DecideOptions,
): Result<StagedAnswer> {
  const wrong = checkStaged(problem, rows, pending, options);
  if (wrong !== undefined) return failed(wrong);
  const network = compileNetwork(problem);
  const all = samplesOf(network, rows);
  const size = `${rows.length}/${rows.reduce((sum, { stages }) => sum + Object.keys(stages).length, 0)}/${pending.length}`;
  const random = (name: string) => stream(options.seed, `stages/${name}/${size}`);
  const links = fitLinks(network, all, random('weights'), options.model);
  const samples = all.filter(trustedBy(links?.[network.last]));
  const flights = [...pending].sort(byName).map((flight) => flightOf(network, samples, flight));
  const { starts = Infinity } = options;
  const noted = { dropped: new Set<string>(), wholes: new Map<Flight, Walk>(), screened: [] };
  const situation: Situation = { network, samples, flights, ...noted, links, options, starts, random };
  const decisions: Decision[] = [];
  for (let index = 0; index < options.count; index++) {
    const found = next(situation, index);
    if (found === undefined) break;
    const { action, drops } = found;
    for (const drop of drops) {
      situation.dropped.add(drop.sample);
      decisions.push(drop);
    }
    decisions.push(decisionOf(situation, action, decisions));
    flights.push({ ...action.flight, sample: decisions.at(-1)!.sample });
    if (action.kind === 'start') situation.starts -= 1;
  }
  return ok({ decisions, model: { links: (links ?? []).flatMap((list) => list.map(({ report }) => report)) } });
}

/** Own samples, and those of the sources that the objective is learned from. */
const trustedBy =
  (links: readonly Link[] = []) =>
  ({ source }: Sample): boolean =>
    source === undefined || links.some(({ report }) => report.sources?.includes(source) === true);

const byName = (a: PendingStage, b: PendingStage): number => (a.sample + a.stage < b.sample + b.stage ? -1 : 1);

function flightOf(network: Network, samples: readonly Sample[], pending: PendingStage): Flight {
  const sample = pendingSample(network, samples, pending);
  const stage = network.index.get(pending.stage)!;
  const alone = pending.inputs !== undefined;
  const { open = false } = pending;
  return { sample: pending.sample, stage, walk: walkOf(network, sample), x: sample.x[stage]!, alone, open };
}

/** The next action with the drops that go before it; undefined where nothing is held and nothing may be started. */
function next(situation: Situation, index: number): { action: Action; drops: readonly Decision[] } | undefined {
  const { links, samples, network, starts } = situation;
  if (starts <= 0 && idleSamples(situation).length === 0) return undefined;
  const complete = samples.filter((sample) => isComplete(network, sample)).length;
  const must = links === undefined || complete < 2;
  const first = must || isInitial(situation) ? initialAction(situation, index, must) : undefined;
  if (first !== undefined || must) return { action: first!, drops: [] };
  const chosen = chooseAction(situation, chainOf(situation, links), index);
  return { action: chosen.action, drops: holdings(situation, chosen) };
}

/**
 * The worth of the best sample of this campaign. Before there is one, the mean of the earlier ones: what was good in them
 * has still to prove itself.
 */
function incumbentOf({ network, samples }: Situation, chain: Chain): number {
  const own: number[] = [];
  const earlier: number[] = [];
  for (const sample of samples) {
    if (!isComplete(network, sample)) continue;
    chain.look(walkOf(network, sample), network.last, 0, 0);
    (sample.source === undefined ? own : earlier).push(chain.worth(chain.mean));
  }
  return own.length > 0 ? Math.max(...own) : earlier.reduce((sum, worth) => sum + worth / earlier.length, 0);
}

/** The chain with the best complete sample as incumbent and everything in flight undecided. */
function chainOf(situation: Situation, links: readonly (readonly Link[])[]): Chain {
  const { network, flights, options, random } = situation;
  const chain = new Chain(network, links, flights.length + options.count, -Infinity, random('scenes'));
  chain.incumbents.fill(incumbentOf(situation, chain));
  for (const flight of flights) {
    const { walk, stage, alone } = flight;
    const known = chain.canRead(walk, stage);
    if (network.path.includes(stage) && known) chain.add(walk, stage, alone);
    const whole = wholeOf(situation, chain, flight);
    if (whole !== undefined) chain.add(whole, network.last);
  }
  return chain;
}

/**
 * A sample in flight before the last stage as it will end, by the settings that now promise most. Where the objective's link
 * reads no output nothing else would tell it of the sample, and the same one would be started again.
 */
function wholeOf({ network, wholes, random }: Situation, chain: Chain, flight: Flight): Walk | undefined {
  const { stage, walk, alone, sample } = flight;
  if (stage === network.last || alone || chain.objective.inputs !== 'parameters') return undefined;
  const known = wholes.get(flight);
  const missing = network.path.filter((k) => walk.x[k] === undefined);
  if (known !== undefined || missing.some((k) => network.nodes[k]!.space.designs !== undefined)) return known;
  const found = climbGain(chain, openWalk(walk), missing, [], random(`whole/${sample}`));
  if (found === undefined) return undefined;
  const whole = { x: walk.x.map((x, k) => x ?? found[missing.indexOf(k)]?.model), y: walk.y };
  wholes.set(flight, whole);
  return whole;
}

function decisionOf({ network, samples, flights }: Situation, action: Action, before: readonly Decision[]): Decision {
  const { flight, value, predicted, reason, cost, kind } = action;
  const { stage, space } = network.nodes[flight.stage]!;
  const names = new Set([...samples.map(({ name }) => name), ...flights.map(({ sample }) => sample)]);
  let number = 1 + before.filter((decision) => decision.kind === 'start').length;
  while (names.has(`new-${number}`)) number += 1;
  return {
    kind,
    sample: kind === 'start' ? `new-${number}` : flight.sample,
    stage: stage.id,
    parameters: decode(space, flight.x),
    ...(flight.alone ? { inputs: inputsOf(network, flight) } : {}),
    ...(predicted === undefined ? {} : { predicted }),
    ...(value === undefined ? {} : { value }),
    cost,
    reason,
  };
}

/** The proxy values that a stage run alone is given, by output. */
const inputsOf = ({ nodes }: Network, { stage, walk }: Flight): Record<string, number> =>
  Object.fromEntries(
    nodes[stage]!.parents.flatMap((k) => nodes[k]!.stage.outputs.map(({ name }, o) => [name, walk.y[k]![o]!] as const)),
  );
