import { type Result, failed, failure, ok } from '../../base/failure.ts';
import { stream } from '../../base/random.ts';
import type { Point, Prediction } from '../problem.ts';
import { decode } from '../space.ts';
import { Chain } from './chain.ts';
import { checkStaged } from './check.ts';
import { emptyWalk, pairUp, settingOf } from './designs.ts';
import { walkOf } from './links.ts';
import { compileNetwork, isComplete, readyStages, samplesOf } from './network.ts';
import { Policies, type Setting } from './policy.ts';
import type { StagedModel, StagedProblem, StagedRow } from './staged.ts';
import { fitLinks } from './surrogates.ts';

export interface Recommendation {
  /** By stage id. */
  readonly parameters: Readonly<Record<string, Point>>;
  readonly predicted: Prediction;
}

/**
 * The design whose final objective is best by the chain's mean less one standard deviation, so that a guess does not displace
 * what was measured: settings of every stage, fixed beforehand, that need not have been tried. Pure, and independent of the order of the rows.
 *
 * Failures: `input.invalid` for input that makes no sense, `optimizer.failed` before any sample is complete.
 */
export function recommend(
  problem: StagedProblem,
  rows: readonly StagedRow[],
  options: { readonly seed: number | string; readonly model?: StagedModel },
): Result<Recommendation> {
  const wrong = checkStaged(problem, rows, [], { ...options, count: 1 });
  if (wrong !== undefined) return failed(wrong);
  const network = compileNetwork(problem);
  const samples = samplesOf(network, rows);
  const random = (name: string) => stream(options.seed, `stages/${name}/${rows.length}`);
  const links = fitLinks(network, samples, random('weights'), options.model);
  if (links === undefined) {
    const mend = 'Carry some samples through to the last stage first.';
    return failed(failure('optimizer.failed', 'There is no model to recommend by yet.', { mend }));
  }
  const chain = new Chain(network, links, 0, 0, random('scenes'));
  const policies = new Policies(chain, { first: 16, further: 1 }, random('forecast'));
  const [start] = readyStages(network, emptyWalk(network));
  const { offset, scale } = chain.objective;
  const rated = ({ mean, sd }: Prediction, settings: readonly Setting[]): Rated => ({
    settings,
    predicted: { mean, sd },
    worth: chain.worth((mean - offset) / scale) - sd / Math.abs(scale),
  });
  const rate = (settings: readonly Setting[]): Rated => {
    policies.menus = settings.map((setting) => [setting]);
    return rated(policies.forecast(emptyWalk(network), start!, settings[start!]!), settings);
  };
  const tried = samples.flatMap((sample): Rated[] => {
    if (!isComplete(network, sample)) return [];
    chain.look(walkOf(network, sample), network.last, 0, 0);
    const settings = sample.x.map((x, k) => settingOf(network, k, x ?? new Float64Array(0)));
    return [rated(chain.finalOf(chain.mean, chain.sd), settings)];
  });
  let best = tried.sort(byWorth).slice(0, 6);
  for (const round of [0, 1, 2]) {
    const near = network.nodes.map((_, k) => best.slice(0, 6 - round).map(({ settings }) => settings[k]!.x));
    const designs = pairUp(network, near, random(`designs/${round}`), round === 0 ? 600 : 160, round > 0);
    best = [...best, ...designs.map(rate)].sort(byWorth).slice(0, 6);
  }
  const { settings, predicted } = best[0]!;
  const parameters = network.path.map((k): [string, Point] => {
    const { stage, space } = network.nodes[k]!;
    return [stage.id, decode(space, settings[k]!.x)];
  });
  return ok({ parameters: Object.fromEntries(parameters), predicted });
}

interface Rated {
  readonly settings: readonly Setting[];
  readonly predicted: Prediction;
  readonly worth: number;
}

const byWorth = (a: Rated, b: Rated): number => b.worth - a.worth;
