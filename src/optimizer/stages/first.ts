import { initialPoints } from '../initial.ts';
import { samplePoints } from '../sample.ts';
import { stream } from '../../base/random.ts';
import type { Action } from './choose-action.ts';
import type { Situation } from './decide.ts';
import { settingOf, emptyWalk } from './designs.ts';
import { walkOf } from './links.ts';
import { type Sample, isComplete, readyStages, stageCost } from './network.ts';
import { openRuns, settingsIn } from './runs.ts';

/** Samples to be carried through before the model decides: twice the parameters of all stages plus one, 4 to 24. */
function wanted({ options, network: { nodes, path } }: Situation): number {
  const dimensions = path.reduce((sum, k) => sum + nodes[k]!.space.dimensions.length, 0);
  return options.initial ?? Math.min(24, Math.max(4, 2 * dimensions + 1));
}

/** Open samples that wait for a decision. */
export function idleSamples({ network, samples, flights, dropped }: Situation): Sample[] {
  const busy = new Set(flights.map(({ sample }) => sample));
  return samples.filter(
    (sample) =>
      !sample.closed && !busy.has(sample.name) && !dropped.has(sample.name) && readyStages(network, sample).length > 0,
  );
}

export const isInitial = (situation: Situation): boolean =>
  situation.samples.filter((sample) => isComplete(situation.network, sample)).length < wanted(situation);

/**
 * The next action of the initial design: carry a held sample on, else start one while fewer than wanted are under way, each
 * stage at the next point of a space-filling sequence. Undefined where enough are under way, unless one is a `must`.
 */
export function initialAction(situation: Situation, index: number, must: boolean): Action | undefined {
  const { network, samples, flights, options } = situation;
  const [held] = idleSamples(situation);
  const under = new Set([
    ...samples
      .filter((sample) => sample.source === undefined && (isComplete(network, sample) || !sample.closed))
      .map(({ name }) => name),
    ...flights.filter(({ alone }) => !alone).map(({ sample }) => sample),
  ]).size;
  if (held === undefined && ((!must && under >= wanted(situation)) || situation.starts <= 0)) return undefined;
  const from = held ?? { y: network.nodes.map(() => undefined) };
  const stage = readyStages(network, from)[0]!;
  const {
    space,
    stage: { id },
  } = network.nodes[stage]!;
  const known = [
    ...samples.flatMap(({ x }) => x[stage] ?? []),
    ...flights.filter((flight) => flight.stage === stage).map(({ x }) => x),
  ];
  const design = { skip: known.length, size: wanted(situation), design: 'sobol' } as const;
  const next =
    space.dimensions.length === 0
      ? new Float64Array(0)
      : (initialPoints(space, 1, known, stream(options.seed, `stages/initial/${id}`), design)[0] ??
        samplePoints(space, 1, situation.random(`spare/${index}`))[0]!);
  const run = held && openRuns(situation, stage)[0];
  const joined = run && settingsIn(network.nodes[stage]!, run, [next])[0];
  const x = joined ?? next;
  const setting = settingOf(network, stage, x);
  const walk = held === undefined ? emptyWalk(network) : walkOf(network, held);
  return {
    kind: held === undefined ? 'start' : 'resume',
    flight: {
      ...{ sample: held?.name ?? '', stage, x, alone: false, open: true },
      walk: { x: walk.x.map((point, k) => (k === stage ? setting.model : point)), y: walk.y },
    },
    cost: joined === undefined ? stageCost(network.nodes[stage]!, x) : 0,
    reason: 'Initial design: fills the space before the model decides.',
  };
}
